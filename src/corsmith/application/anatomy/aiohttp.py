"""aiohttp: the router's routes, our layer, aiohttp-cors, and a handler that raises.

Read from ``app.router``, and from what the application keeps; a handler that raises is added
before the application is started, as its routes are fixed then.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from corsmith.application.anatomy.part import (
    Added,
    Anatomy,
    Fault,
    Route,
    Settings,
    class_names,
    crash,
    own,
    sample_path,
)
from corsmith.marks import UNMARKED, Mark, mark_of
from corsmith.policy import Policy

__all__ = ["examine"]

_APP: Final = "aiohttp.web_app.Application"
_OURS: Final = "corsmith.adapters.aiohttp.CORS"
_WEBSOCKET: Final = "WebSocketResponse"
_TEAPOT: Final = 418


def examine(app: Any) -> Anatomy | None:
    """Return what an aiohttp application tells; ``None`` if it is none."""
    if _APP not in class_names(app):
        return None
    layer = next(_own(app), None)
    added = Added(lambda path: _add(app, path, added))
    return Anatomy(
        framework="aiohttp",
        title="aiohttp",
        routes=tuple(_routes(app)),
        layers=("on_response_prepare", *_names(app)),
        cors=(*(() if layer is None else (own(layer),)), *_aiohttp_cors(app)),
        raising=added.raising(_error),
        prepare=added.prepare,
    )


def _own(app: Any) -> Iterator[Any]:
    return (app[key] for key in app if _OURS in class_names(app[key]))


def _names(app: Any) -> Iterator[str]:
    return (getattr(one, "__name__", type(one).__name__) for one in app.middlewares)


def _routes(app: Any) -> Iterator[Route]:
    inner = _inner_layers(app)
    outer = next(_own(app), None)
    for route in app.router.routes():  # those of applications inside, too
        if route.resource is None:  # a route of a class of the user's
            continue
        template = route.resource.canonical
        path, fixed = sample_path(template)
        names = frozenset({route.method} if route.method != "*" else _METHODS)
        opens = _opens_websocket(route.handler)
        if opens and names == {"HEAD"}:
            continue  # aiohttp adds it to every GET, and no handshake comes with it
        layer = inner.get(route)
        nearest: Any = layer or outer
        added = {} if nearest is None else nearest.added
        for methods, mark, given in _marks(route, names, added):
            one = Route(
                path=path,
                methods=methods,
                fixed=fixed,
                template=template,
                endpoint=route.handler,
                mark=mark,
                given=given,
                is_websocket=opens and "GET" in methods,
            )
            yield one if layer is None or mark is not UNMARKED else _inside(one, layer)


def _inner_layers(app: Any) -> dict[object, Any]:
    """Return the layer of the application inside that a route belongs to, if it has one."""
    found: dict[object, Any] = {}
    for resource in app.router.resources():
        inner = resource.get_info().get("app")
        if inner is not None:
            layer = next(_own(inner), None)
            found |= {} if layer is None else dict.fromkeys(inner.router.routes(), layer)
            found |= _inner_layers(inner)
    return found


def _inside(route: Route, layer: Any) -> Route:
    """Return a route of an application inside, which answers by a layer of its own."""
    mark = layer.policy if isinstance(layer.policy, Policy) else None
    return replace(route, mark=mark, given="the layer of the application inside")


_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _marks(
    route: Any,
    names: frozenset[str],
    added: Mapping[object, Mark],
) -> Iterator[tuple[frozenset[str], Mark, str]]:
    """Yield the methods of a route with their mark: a class may mark each of its own."""
    handler = route.handler
    if isinstance(handler, type):
        # A class-based view answers the methods that it has.
        names = frozenset(name for name in names if hasattr(handler, name.lower()))
    for routed in (route, route.resource):
        if routed in added:
            yield names, added[routed], "layer.add"
            return
    found: dict[Mark, set[str]] = {}
    for name in sorted(names):
        mark = mark_of(getattr(handler, name.lower(), None), handler)
        found.setdefault(mark, set()).add(name)
    for mark, methods in found.items():
        yield frozenset(methods), mark, "@cors"


def _opens_websocket(handler: Any) -> bool:
    """Return whether a handler makes what answers a handshake: no route tells that."""
    functions = (handler, getattr(handler, "get", None))
    codes = (getattr(one, "__code__", None) for one in functions)
    return any(code is not None and _WEBSOCKET in code.co_names for code in codes)


def _aiohttp_cors(app: Any) -> Iterator[Settings]:
    module = sys.modules.get("aiohttp_cors")
    if module is not None and getattr(module, "APP_CONFIG_KEY", "aiohttp_cors") in app:
        yield Settings(library="aiohttp-cors", title="aiohttp-cors", fields={}, known=False)


# ── a handler that raises ────────────────────────────────────────────────────


def _add(app: Any, path: str, added: Added) -> None:
    web = sys.modules["aiohttp.web"]

    async def fail(_request: object) -> Any:
        added.fail()
        raise web.HTTPNotFound

    app.router.add_get(path, fail)


def _error(fault: Fault) -> Exception:
    if fault == "crash":
        return crash()

    class Teapot(sys.modules["aiohttp.web"].HTTPClientError):  # type: ignore[misc]  # by name
        status_code = _TEAPOT

    raised: Exception = Teapot()
    return raised

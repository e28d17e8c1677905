"""Falcon, over WSGI and ASGI: routes, its CORS middleware, ours, and a resource that raises.

Read through ``falcon.inspect``, and from what the application holds, by the classes of that: it
has no public names for its router and its middleware. A resource that raises is added, which
Falcon cannot undo, and answers 404 otherwise.
"""

import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
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
from corsmith.marks import UNMARKED, mark_of

__all__ = ["examine"]

_APP: Final = "falcon.app.App"
_ASGI: Final = "falcon.asgi.app.App"
_ROUTER: Final = "falcon.routing.compiled.CompiledRouter"
_CORS: Final = "falcon.middleware.CORSMiddleware"
_OURS: Final = "corsmith.adapters.falcon.CORS"
_WORDS: Final[Mapping[str, str]] = {
    "origins": "allow_origins",
    "credentials": "allow_credentials",
    "expose": "expose_headers",
}
_DEEPEST: Final = 4


def examine(app: Any) -> Anatomy | None:
    """Return what a Falcon application tells; ``None`` if it is none."""
    names = class_names(app)
    if _APP not in names:
        return None
    held = list(_held(app))
    is_async = _ASGI in names
    added = Added(lambda path: _add(app, path, added, is_async=is_async))
    return Anatomy(
        framework="falcon",
        title="Falcon",
        routes=tuple(_routes(app, held)),
        layers=tuple(
            one.name
            for one in import_module("falcon.inspect").inspect_middleware(app).middleware_classes
        ),
        cors=tuple(_cors(held)),
        raising=added.raising(_error),
        prepare=added.prepare,
    )


def _held(app: Any) -> Iterator[Any]:
    """Yield what an application holds in its slots, and the owners of its methods."""
    seen: set[int] = set()
    for kind in type(app).__mro__:
        for name in getattr(kind, "__slots__", ()):
            yield from _inside(getattr(app, name, None), seen, 0)


def _inside(value: object, seen: set[int], depth: int) -> Iterator[Any]:
    if id(value) in seen or depth > _DEEPEST:
        return
    seen.add(id(value))
    if isinstance(value, tuple | list):
        for one in value:
            yield from _inside(one, seen, depth + 1)
        return
    yield value
    owner = getattr(value, "__self__", None)
    if owner is not None:
        yield from _inside(owner, seen, depth + 1)


# ── the routes ───────────────────────────────────────────────────────────────


def _routes(app: Any, held: list[Any]) -> Iterator[Route]:
    router = next((one for one in held if _ROUTER in class_names(one)), None)
    try:
        told = import_module("falcon.inspect").inspect_routes(app)
    except TypeError:  # a router of the user's, which nobody can ask
        return
    for one in told:
        path, fixed = sample_path(one.path)
        methods = frozenset(method.method for method in one.methods if not method.internal)
        found = None if router is None else router.find(path)
        resource = None if found is None else found[0]
        websocket = "WEBSOCKET" in methods
        for names, is_websocket in ((methods - {"WEBSOCKET"}, False), (frozenset[str](), True)):
            if names or (is_websocket and websocket):
                yield Route(
                    path=path,
                    methods=names,
                    fixed=fixed,
                    template=one.path,
                    endpoint=type(resource) if resource is not None else None,
                    mark=UNMARKED if resource is None else mark_of(resource),
                    given="cors_policy",
                    is_websocket=is_websocket,
                )


# ── the layers ───────────────────────────────────────────────────────────────


def _cors(held: list[Any]) -> Iterator[Settings]:
    told: set[int] = set()
    for one in held:
        names = class_names(one)
        if _CORS not in names or id(one) in told:
            continue
        told.add(id(one))
        yield own(one) if _OURS in names else _falcons(one)


def _falcons(layer: Any) -> Settings:
    origins, credentials = layer.allow_origins, layer.allow_credentials
    expose = layer.expose_headers
    fields = {
        "origins": ["*"] if origins == "*" else sorted(origins),
        "credentials": bool(credentials),
        "expose": [] if expose is None else [word.strip() for word in expose.split(",")],
    }
    # A list of those with credentials, beside any origin, is no hole.
    known = origins != "*" or credentials == "*" or not credentials
    return Settings(
        library="falcon",
        title="Falcon's CORSMiddleware",
        fields=fields,
        words=_WORDS,
        known=known,
    )


# ── a resource that raises ───────────────────────────────────────────────────


def _add(app: Any, path: str, added: Added, *, is_async: bool) -> None:
    falcon = sys.modules["falcon"]

    class Failing:
        def on_get(self, _req: object, _resp: object) -> None:
            added.fail()
            raise falcon.HTTPNotFound

    class FailingAsync:
        async def on_get(self, _req: object, _resp: object) -> None:
            Failing().on_get(None, None)

    app.add_route(path, FailingAsync() if is_async else Failing())


def _error(fault: Fault) -> Exception:
    if fault == "crash":
        return crash()
    raised: Exception = sys.modules["falcon"].HTTPError(418)
    return raised

"""Litestar: routes, ``cors_config``, our layer, and a handler that raises.

Read from ``app.routes``, ``app.cors_config``, ``app.plugins`` and ``app.state``; a handler
that raises is registered, which Litestar cannot undo, and answers 404 otherwise.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from corsmith.application.anatomy.part import (
    Added,
    Anatomy,
    Cookie,
    Fault,
    Route,
    Settings,
    class_names,
    crash,
    first_host,
    own,
    sample_path,
)
from corsmith.importers.readings import read_pattern
from corsmith.marks import Mark, mark_of, read_mark

__all__ = ["examine"]

_APP: Final = "litestar.app.Litestar"
_PLUGIN: Final = "corsmith.adapters.litestar.CORSPlugin"
_WEBSOCKET: Final = "litestar.handlers.websocket_handlers.route_handler.WebsocketRouteHandler"
_OPTION: Final = "cors"

# Litestar's words → a policy's
_WORDS: Final[Mapping[str, str]] = {
    "origins": "allow_origins",
    "origin_regex": "allow_origin_regex",
    "methods": "allow_methods",
    "headers": "allow_headers",
    "credentials": "allow_credentials",
    "expose": "expose_headers",
    "max_age": "max_age",
}


def examine(app: Any) -> Anatomy | None:
    """Return what a Litestar application tells; ``None`` if it is none."""
    if _APP not in class_names(app):
        return None
    added = Added(lambda path: _add(app, path, added))
    hosts = getattr(app.allowed_hosts, "allowed_hosts", app.allowed_hosts) or ()
    return Anatomy(
        framework="litestar",
        title="Litestar",
        routes=tuple(_routes(app)),
        layers=("CORSMiddleware", "ExceptionHandlerMiddleware", "router"),
        cors=tuple(_cors(app)),
        cookies=tuple(_cookies(app)),
        host=first_host(hosts),
        raising=added.raising(_error),
        prepare=added.prepare,
    )


# ── the routes ───────────────────────────────────────────────────────────────


def _routes(app: Any) -> Iterator[Route]:
    last: list[Route] = []
    schema = app.openapi_config
    docs = None if schema is None else (schema.path or "/schema")
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [route.route_handler]
        for handler in handlers:
            found = _route(route, handler)
            if docs is not None and found.template.startswith(docs):
                last.append(found)
            else:
                yield found
    # Their paths are a set.
    yield from sorted(last, key=lambda route: route.template)


def _route(route: Any, handler: Any) -> Route:
    path, fixed = sample_path(route.path)
    methods = frozenset(str(getattr(one, "value", one)) for one in _methods(handler))
    mark, given = _mark(handler)
    return Route(
        path=path,
        methods=methods,
        fixed=fixed,
        template=route.path,
        endpoint=handler.fn,
        mark=mark,
        given=given,
        is_websocket=_WEBSOCKET in class_names(handler),
    )


def _methods(handler: Any) -> Iterable[Any]:
    """Return the methods of a handler, which are text or members of an enumeration."""
    return getattr(handler, "http_methods", ())


def _mark(handler: Any) -> tuple[Mark, str]:
    if _OPTION in handler.opt:
        return read_mark(handler.opt[_OPTION]), f'opt["{_OPTION}"]'
    owners = []
    owner = handler.owner
    while owner is not None:
        owners.append(owner)
        owner = owner.owner
    return mark_of(handler, handler.fn, *owners), "@cors"


# ── the layers ───────────────────────────────────────────────────────────────


def _cors(app: Any) -> Iterator[Settings]:
    installed = getattr(app.state, "corsmith", None)
    plugins = [plugin for plugin in app.plugins if _PLUGIN in class_names(plugin)]
    if installed is not None:
        yield own(installed)
    else:
        yield from (own(plugin) for plugin in plugins)
    config = app.cors_config
    if config is not None:
        fields = {ours: getattr(config, theirs) for ours, theirs in _WORDS.items()}
        regex = fields.pop("origin_regex")
        reading = None if regex is None else read_pattern(regex, is_open=False)
        if regex is not None:
            fields["origin_regex"] = getattr(regex, "pattern", regex)
        yield Settings(
            library="litestar",
            title="Litestar's CORSConfig",
            fields=fields,
            words=_WORDS,
            readings=() if reading is None else (reading,),
        )


def _cookies(app: Any) -> Iterator[Cookie]:
    for layer in app.middleware:
        backend = getattr(layer, "kwargs", {}).get("backend")
        config: Any = getattr(backend, "config", None)
        if not hasattr(config, "samesite"):
            continue
        yield Cookie(
            name=str(config.key),
            setting="samesite",
            crosses=str(config.samesite).lower() == "none" and bool(config.secure),
            fix=f'{type(config).__name__}(…, samesite="none", secure=True)',
        )


# ── a handler that raises ────────────────────────────────────────────────────


def _add(app: Any, path: str, added: Added) -> None:
    litestar = sys.modules["litestar"]

    async def fail() -> None:
        added.fail()
        raise sys.modules["litestar.exceptions"].NotFoundException

    app.register(litestar.get(path, include_in_schema=False)(fail))


def _error(fault: Fault) -> Exception:
    if fault == "crash":
        return crash()
    raised: Exception = sys.modules["litestar.exceptions"].HTTPException(status_code=418)
    return raised

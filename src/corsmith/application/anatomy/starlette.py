"""FastAPI and Starlette: routes, middleware, and a route that raises.

Read from ``app.router`` and ``app.user_middleware``; nothing is imported but the adapter, which
knows how routes are marked.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, Final

from corsmith.application.anatomy.part import (
    Anatomy,
    Cookie,
    Fault,
    Raising,
    Route,
    Settings,
    Spot,
    class_names,
    crash,
    faulty_path,
    first_host,
    own,
    sample_path,
)
from corsmith.importers.objects import mro_names
from corsmith.importers.readings import read_pattern
from corsmith.marks import UNMARKED
from corsmith.policy import Policy

__all__ = ["examine", "settings_around"]

_CORS: Final = "starlette.middleware.cors.CORSMiddleware"
_OURS: Final = "corsmith.adapters.asgi.CORSMiddleware"
_OUTERMOST: Final = "corsmith.adapters.starlette.OutermostMiddleware"
_SESSIONS: Final = "starlette.middleware.sessions.SessionMiddleware"
_HOSTS: Final = "starlette.middleware.trustedhost.TrustedHostMiddleware"
_TITLE: Final = "Starlette's CORSMiddleware"

# Starlette's words → a policy's
_FIELDS: Final = {
    "allow_origins": "origins",
    "allow_origin_regex": "origin_regex",
    "allow_methods": "methods",
    "allow_headers": "headers",
    "allow_credentials": "credentials",
    "expose_headers": "expose",
    "max_age": "max_age",
}
_WORDS: Final[Mapping[str, str]] = {ours: theirs for theirs, ours in _FIELDS.items()}


def examine(app: Any) -> Anatomy | None:
    """Return what a Starlette or FastAPI application tells; ``None`` if it is neither."""
    names = class_names(app)
    if "starlette.applications.Starlette" not in names:
        return None
    is_fastapi = "fastapi.applications.FastAPI" in names
    middleware = list(getattr(app, "user_middleware", ()))
    layers = [getattr(one.cls, "__name__", "") for one in middleware]
    outermost = getattr(app.state, "corsmith", None)
    has_outermost = _OUTERMOST in class_names(outermost)
    return Anatomy(
        framework="fastapi" if is_fastapi else "starlette",
        title="FastAPI" if is_fastapi else "Starlette",
        routes=tuple(_routes(app)),
        layers=("ServerErrorMiddleware", *layers, "ExceptionMiddleware"),
        cors=_with_mounted(
            [*((own(outermost),) if has_outermost else ()), *_cors(middleware)], app
        ),
        above=() if has_outermost else tuple(_above(middleware)),
        cookies=tuple(_cookies(middleware)),
        host=_host(middleware),
        raising=_raising(app),
    )


def settings_around(layer: Any) -> Settings | None:
    """Return the settings of Starlette's CORSMiddleware where it is around an application."""
    if _CORS not in class_names(layer):
        return None
    fields = {"origins": layer.allow_origins, "credentials": layer.allow_credentials}
    if layer.allow_origin_regex is not None:
        fields["origin_regex"] = layer.allow_origin_regex.pattern
    return _settings(fields)


def _settings(fields: Mapping[str, Any]) -> Settings:
    regex = fields.get("origin_regex")
    reading = None if not isinstance(regex, str) else read_pattern(regex, is_open=False)
    readings = () if reading is None else (reading,)
    return Settings(
        library="starlette", title=_TITLE, fields=fields, words=_WORDS, readings=readings
    )


# ── the routes ───────────────────────────────────────────────────────────────


def _routes(app: Any) -> Iterator[Route]:
    docs = {
        getattr(app, name, None)
        for name in ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
    }
    table = import_module("corsmith.adapters.starlette.routes").RouteTable(app.router)
    found = list(_read(table.routes, Route(path="", methods=frozenset())))
    yield from sorted(found, key=lambda route: route.path in docs)


def _read(marked: Iterable[Any], around: Route) -> Iterator[Route]:
    """Yield the routes; ``around`` has the path and the mark of what they are in."""
    for one in marked:
        inside = replace(
            around,
            template=around.template + (getattr(one.route, "path", None) or ""),
            mark=around.mark if one.mark is UNMARKED else one.mark,
            endpoint=getattr(one.route, "endpoint", None),
        )
        if one.layer is not None:
            # What is mounted with a layer of its own answers by that.
            policy = one.layer.policy
            mark = policy if isinstance(policy, Policy) else None
            inside = replace(inside, mark=mark, given="the layer of what is mounted")
        if one.inner:
            yield from _read(one.inner, inside)
        else:
            yield from _by_method(one, inside)


_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def _by_method(one: Any, route: Route) -> Iterator[Route]:
    """Yield a route, and each method with a mark of its own as one."""
    kind = getattr(one.route, "original_route", one.route)
    is_websocket = "starlette.routing.WebSocketRoute" in class_names(kind)
    methods = frozenset(getattr(one.route, "methods", None) or ())
    if isinstance(route.endpoint, type) and not is_websocket and not methods:
        # A class-based endpoint answers the methods that it has.
        methods = frozenset(name for name in _METHODS if hasattr(route.endpoint, name.lower()))
    path, fixed = sample_path(route.template)
    route = replace(route, path=path, fixed=fixed, is_websocket=is_websocket)
    marks = {name: mark for name, mark in one.methods.items() if name in methods}
    if others := methods - marks.keys():
        yield replace(route, methods=others)
    elif is_websocket:
        yield route
    for name, mark in marks.items():
        yield replace(route, methods=frozenset({name}), mark=mark)


# ── the middleware ───────────────────────────────────────────────────────────


def _cors(middleware: Iterable[Any]) -> Iterator[Settings]:
    """Yield the settings of each CORS layer, the outermost first."""
    for one in middleware:
        names = mro_names(one.cls)
        if _CORS in names:
            given = {_FIELDS[key]: value for key, value in one.kwargs.items() if key in _FIELDS}
            yield _settings({"origins": (), **given})
        elif _OURS in names:
            unbuilt = import_module("corsmith.adapters.starlette.routes").unbuilt
            yield own(one.cls(unbuilt, *one.args, **one.kwargs))


def _with_mounted(whole: list[Settings], app: Any) -> tuple[Settings, ...]:
    """Return the layers with those of Starlette's own in what is mounted."""
    inner = [
        (f"{route.path}/", settings)
        for route in app.routes
        if hasattr(getattr(route, "app", None), "user_middleware")
        for settings in _cors(route.app.user_middleware)
        if settings.library == "starlette"
    ]
    if whole:
        titles = [(f"{one.title} in what is mounted at {path}", one) for path, one in inner]
        return (*whole, *(replace(one, title=title) for title, one in titles))
    rows = tuple((path, one.fields) for path, one in inner)
    return tuple(replace(one, rows=rows, known=False) for _, one in inner[:1])


def _above(middleware: Iterable[Any]) -> Iterator[object]:
    """Yield what stands outside of the outermost CORS layer: a class, or its own function."""
    found: list[object] = []
    for one in middleware:
        if {_CORS, _OURS} & mro_names(one.cls):
            yield from found
            return
        found.append(one.kwargs.get("dispatch") or one.cls)


def _cookies(middleware: Iterable[Any]) -> Iterator[Cookie]:
    for one in middleware:
        if _SESSIONS not in mro_names(one.cls):
            continue
        given = inspect.signature(one.cls.__init__).bind(None, None, *one.args, **one.kwargs)
        given.apply_defaults()
        values = given.arguments
        yield Cookie(
            name=str(values["session_cookie"]),
            setting="same_site",
            crosses=values["same_site"] == "none" and bool(values["https_only"]),
            fix='add_middleware(SessionMiddleware, …, same_site="none", https_only=True)',
        )


def _host(middleware: Iterable[Any]) -> str | None:
    for one in middleware:
        if _HOSTS in mro_names(one.cls):
            return first_host(one.kwargs.get("allowed_hosts") or ())
    return None


# ── a route that raises ──────────────────────────────────────────────────────


def _raising(app: Any) -> Raising:
    @contextmanager
    def raising(fault: Fault, spot: Spot = Spot(), /) -> Iterator[str | None]:  # noqa: B008  frozen
        async def endpoint(_request: object) -> None:
            if fault == "error":
                raise sys.modules["starlette.exceptions"].HTTPException(status_code=418)
            raise crash()

        path = faulty_path(spot)
        routes, rest = _inside_of(app, path)
        route = sys.modules["starlette.routing"].Route(rest, endpoint)
        routes.insert(0, route)
        try:
            yield path
        finally:
            routes.remove(route)

    return raising


def _inside_of(app: Any, path: str) -> tuple[list[Any], str]:
    """Return the routes that a path leads to, below what is mounted, and its rest there."""
    for route in app.routes:
        inner, begin = getattr(route, "app", None), getattr(route, "path", "")
        if hasattr(inner, "router") and begin and path.startswith(f"{begin}/"):
            return _inside_of(inner, path.removeprefix(begin))
    routes: list[Any] = app.router.routes
    return routes, path

"""FastAPI and Starlette: routes, middleware, and a route that raises.

Read from ``app.routes``, ``app.user_middleware`` and ``app.openapi()``; nothing is imported.
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from corsmith.application.anatomy.part import (
    Anatomy,
    Fault,
    Raising,
    Route,
    Settings,
    class_names,
    first_host,
    sample_path,
)

__all__ = ["FAULTY_PATH", "examine", "settings_around"]

FAULTY_PATH: Final = "/corsmith-raises"

_CORS: Final = "starlette.middleware.cors.CORSMiddleware"
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


def examine(app: Any) -> Anatomy | None:  # noqa: ANN401  a class that may not be installed
    """Return what a Starlette or FastAPI application tells; ``None`` if it is neither."""
    names = class_names(app)
    if "starlette.applications.Starlette" not in names:
        return None
    is_fastapi = "fastapi.applications.FastAPI" in names
    middleware = list(getattr(app, "user_middleware", ()))
    layers = [getattr(one.cls, "__name__", "") for one in middleware]
    return Anatomy(
        framework="fastapi" if is_fastapi else "starlette",
        title="FastAPI" if is_fastapi else "Starlette",
        routes=tuple(_routes(app, is_fastapi=is_fastapi)),
        layers=("ServerErrorMiddleware", *layers, "ExceptionMiddleware"),
        settings=_settings(middleware),
        host=_host(middleware),
        raising=_raising(app),
    )


def settings_around(layer: Any) -> Settings | None:  # noqa: ANN401
    """Return the settings of Starlette's CORSMiddleware where it is around an application."""
    if _CORS not in class_names(layer):
        return None
    fields = {"origins": layer.allow_origins, "credentials": layer.allow_credentials}
    if layer.allow_origin_regex is not None:
        fields["origin_regex"] = layer.allow_origin_regex.pattern
    return Settings(
        library="starlette",
        title=_TITLE,
        fields=fields,
        words={ours: theirs for theirs, ours in _FIELDS.items()},
    )


def _routes(app: Any, *, is_fastapi: bool) -> Iterator[Route]:  # noqa: ANN401
    docs = {
        getattr(app, name, None)
        for name in ("openapi_url", "docs_url", "redoc_url", "swagger_ui_oauth2_redirect_url")
    }
    seen: set[str] = set()
    last: list[Route] = []
    for route in _read(app.routes, ""):
        seen.add(route.path)
        if route.path in docs:
            last.append(route)
        else:
            yield route
    if is_fastapi:
        # Routers that are included show their paths only in the schema, in newer versions.
        yield from _from_schema(app, seen)
    yield from last


def _read(routes: Iterable[Any], prefix: str) -> Iterator[Route]:
    for route in routes:
        template = getattr(route, "path", None)
        if not isinstance(template, str):
            continue
        inner = getattr(route, "routes", None)
        if inner:
            yield from _read(inner, prefix + template)
        elif methods := getattr(route, "methods", None):
            path, fixed = sample_path(prefix + template)
            yield Route(path=path, methods=frozenset(methods), fixed=fixed)


def _from_schema(app: Any, seen: set[str]) -> Iterator[Route]:  # noqa: ANN401
    try:
        paths = app.openapi()["paths"]
    except Exception:  # noqa: BLE001  a model of theirs may have no schema
        return
    for template, methods in paths.items():
        path, fixed = sample_path(template)
        if path not in seen:
            names = frozenset(name.upper() for name in methods)
            yield Route(path=path, methods=names, fixed=fixed)


def _settings(middleware: Iterable[Any]) -> Settings | None:
    for one in middleware:
        kind = one.cls
        name = f"{getattr(kind, '__module__', '')}.{getattr(kind, '__name__', '')}"
        if name == _CORS:
            words = {ours: theirs for theirs, ours in _FIELDS.items()}
            given = {_FIELDS[key]: value for key, value in one.kwargs.items() if key in _FIELDS}
            fields = {"origins": (), **given}
            return Settings(library="starlette", title=_TITLE, fields=fields, words=words)
    return None


def _host(middleware: Iterable[Any]) -> str | None:
    for one in middleware:
        if getattr(one.cls, "__name__", "") == "TrustedHostMiddleware":
            return first_host(one.kwargs.get("allowed_hosts") or ())
    return None


def _raising(app: Any) -> Raising:  # noqa: ANN401
    @contextmanager
    def raising(fault: Fault) -> Iterator[str | None]:
        async def endpoint(_request: object) -> None:
            if fault == "error":
                raise sys.modules["starlette.exceptions"].HTTPException(status_code=418)
            raise RuntimeError("raised by corsmith, in place of an error in a handler")

        routes = app.router.routes
        route = sys.modules["starlette.routing"].Route(FAULTY_PATH, endpoint)
        routes.insert(0, route)
        try:
            yield FAULTY_PATH
        finally:
            routes.remove(route)

    return raising

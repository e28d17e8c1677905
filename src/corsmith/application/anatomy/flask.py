"""Flask and Quart: the URL map, flask-cors, the session's cookie, and a view that raises.

Read from ``app.url_map``, ``app.view_functions``, ``app.config`` and
``app.after_request_funcs``; nothing is imported but the adapter, which knows how views are
marked.
"""

import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import takewhile
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
    own,
    sample_path,
)
from corsmith.importers.objects import layers as layers_of
from corsmith.marks import UNMARKED, Mark

__all__ = ["examine"]

# flask-cors's words → a policy's
_FIELDS: Final = {
    "origins": "origins",
    "methods": "methods",
    "allow_headers": "headers",
    "supports_credentials": "credentials",
    "expose_headers": "expose",
    "max_age": "max_age",
}
_WORDS: Final[Mapping[str, str]] = {ours: theirs for theirs, ours in _FIELDS.items()}
_OURS: Final = frozenset(
    {"corsmith.adapters.asgi.CORSMiddleware", "corsmith.adapters.wsgi.CORSMiddleware"}
)
_KEY: Final = "corsmith"
_MODULE: Final = "flask_cors.extension"
_DECORATOR: Final = "flask_cors.decorator"
_TEAPOT: Final = 418
_SESSIONS: Final = ("flask_login", "flask_session", "quart_auth", "quart_session")
"""What uses the session for its author."""


def examine(app: Any) -> Anatomy | None:
    """Return what a Flask or Quart application tells; ``None`` if it is neither."""
    names = class_names(app)
    is_quart = "quart.app.Quart" in names
    if not is_quart and "flask.app.Flask" not in names:
        return None
    routes = tuple(_routes(app))
    ours = list(_own(app))
    return Anatomy(
        framework="quart" if is_quart else "flask",
        title="Quart" if is_quart else "Flask",
        routes=routes,
        layers=("Quart.asgi_app" if is_quart else "Flask.wsgi_app", "after_request"),
        cors=(*map(own, ours), *_extensions(app)),
        above=tuple(_above(app, ours)),
        cookies=tuple(_cookies(app)),
        host=app.config.get("SERVER_NAME"),
        raising=_raising(app, routes, "quart" if is_quart else "flask"),
    )


def _own(app: Any) -> Iterator[Any]:
    """Yield our layers around what the application serves, the outermost first."""
    found = [layer for layer in _around(app) if _OURS & class_names(layer)]
    installed = app.extensions.get(_KEY)
    yield from found
    # Somebody else's layer hides what is inside of it.
    if installed is not None and not any(layer is installed for layer in found):
        yield installed


def _around(app: Any) -> Iterator[Any]:
    served = getattr(app, "asgi_app", None) or app.wsgi_app
    return takewhile(lambda layer: layer is not app, layers_of(served))


def _above(app: Any, ours: list[Any]) -> Iterator[object]:
    """Yield the classes of what is around our layer."""
    if ours:
        yield from map(type, takewhile(lambda layer: layer is not ours[0], _around(app)))


# ── the views ────────────────────────────────────────────────────────────────


def _routes(app: Any) -> Iterator[Route]:
    last: list[Route] = []
    endpoints = import_module("corsmith.adapters.werkzeug").Endpoints(app)
    endpoints.read()
    urls = app.url_map.bind(app.config.get("SERVER_NAME") or "localhost")
    for rule in app.url_map.iter_rules():
        path, fixed = sample_path(rule.rule)
        methods: dict[Mark, set[str]] = {}
        for method in sorted(rule.methods or ()):
            # OPTIONS is asked by preflights, which have the mark of what they ask for.
            mark = UNMARKED if method == "OPTIONS" else endpoints.find(urls, method, path)
            methods.setdefault(mark, set()).add(method)
        # Flask answers OPTIONS by itself.
        if len(methods) > 1 and methods.get(UNMARKED) == {"OPTIONS"}:
            del methods[UNMARKED]
        for mark, names in methods.items() or [(UNMARKED, set[str]())]:
            route = Route(
                path=path,
                methods=frozenset(names),
                fixed=fixed,
                key=rule.endpoint,
                template=rule.rule,
                endpoint=app.view_functions.get(rule.endpoint),
                mark=mark,
                is_websocket=bool(getattr(rule, "websocket", False)),
            )
            if rule.endpoint == "static":
                last.append(route)
            else:
                yield route
    yield from last


# ── flask-cors ───────────────────────────────────────────────────────────────


def _extensions(app: Any) -> Iterator[Settings]:
    """Yield what each ``CORS(…)`` of the application says, and then one of a blueprint's."""
    found = {
        name: [one for one in functions if getattr(one, "__module__", "") == _MODULE]
        for name, functions in app.after_request_funcs.items()
    }
    whole = found.pop(None, [])
    yield from map(_settings, whole)
    parts = [function for functions in found.values() for function in functions]
    for function in parts[:1]:
        # Two blueprints are two places, a blueprint of the whole is in both.
        yield replace(_settings(function), known=False)
    if not (whole or parts) and any(map(_is_decorated, app.view_functions.values())):
        yield Settings(library="flask-cors", title="flask-cors", fields={}, known=False)


def _is_decorated(view: Any) -> bool:
    """Return whether a view is inside of ``@cross_origin``."""
    return inspect.getmodule(getattr(view, "__code__", None)) is sys.modules.get(_DECORATOR, view)


def _settings(function: Any) -> Settings:
    resources = inspect.getclosurevars(function).nonlocals.get("resources") or []
    options = resources[0][1] if resources else {}
    fields = {
        ours: value
        for theirs, ours in _FIELDS.items()
        if (value := _option(options, theirs)) is not None
    }
    origins = [_plain(origin) for origin in _listed(fields.get("origins", ()))]
    is_any = any(origin in {".*", "*"} for origin in origins)
    fields["origins"] = ["*"] if is_any else origins
    # flask-cors takes a string with one of these for a regular expression.
    regular = not is_any and any(set(str(origin)) & set("*\\]?$^[()") for origin in origins)
    for name in ("methods", "expose"):
        if isinstance(fields.get(name), str):
            words = [word.strip() for word in fields[name].split(",")]
            fields[name] = [word for word in words if word and word != "OPTIONS"]
    headers = [_plain(header) for header in _listed(fields.get("headers", ()))]
    fields["headers"] = ["*", "Authorization"] if {".*", "*"} & set(headers) else headers
    return Settings(
        library="flask-cors",
        title="flask-cors",
        fields=fields,
        words=_WORDS,
        known=len(resources) == 1 and not regular,
    )


def _option(options: Any, name: str) -> Any:
    return options.get(name) if hasattr(options, "get") else getattr(options, name, None)


def _listed(value: Any) -> Iterable[Any]:
    return [value] if isinstance(value, str) or hasattr(value, "pattern") else value


def _plain(origin: Any) -> Any:
    return getattr(origin, "pattern", origin)


# ── the session ──────────────────────────────────────────────────────────────


def _cookies(app: Any) -> Iterator[Cookie]:
    """Yield the session's cookie, where something uses the session."""
    same_site = app.config.get("SESSION_COOKIE_SAMESITE")
    if not app.secret_key or not _uses_session(app):
        return
    yield Cookie(
        name=app.config.get("SESSION_COOKIE_NAME", "session"),
        setting="SESSION_COOKIE_SAMESITE",
        crosses=str(same_site).lower() == "none"
        and same_site is not None
        and bool(app.config.get("SESSION_COOKIE_SECURE")),
        fix='app.config.update(SESSION_COOKIE_SAMESITE="None", SESSION_COOKIE_SECURE=True)',
    )


def _uses_session(app: Any) -> bool:
    if any(name in sys.modules for name in _SESSIONS):
        return True
    views = (inspect.unwrap(view) for view in app.view_functions.values())
    return any(
        "session" in code.co_names for view in views if (code := getattr(view, "__code__", None))
    )


# ── a view that raises ───────────────────────────────────────────────────────


def _raising(app: Any, routes: tuple[Route, ...], module: str) -> Raising:
    @contextmanager
    def raising(fault: Fault, spot: Spot = Spot(), /) -> Iterator[str | None]:  # noqa: B008  frozen
        candidates = [one for one in routes if "GET" in one.methods and not one.is_websocket]
        near = (one for one in candidates if one.path == spot.route)
        route = next(near, next(iter(candidates), None))
        if route is None:
            yield None
            return

        def fail(**_values: object) -> None:
            if fault == "error":
                sys.modules[module].abort(_TEAPOT)
            raise crash()

        async def fail_async(**values: object) -> None:
            fail(**values)

        views = app.view_functions
        before = views[route.key]
        views[route.key] = fail_async if module == "quart" else fail
        try:
            yield route.path
        finally:
            views[route.key] = before

    return raising

"""Flask: the URL map, flask-cors, and a view that raises.

Read from ``app.url_map``, ``app.view_functions``, ``app.config`` and
``app.after_request_funcs``; nothing is imported.
"""

import inspect
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
    sample_path,
)

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
_TEAPOT: Final = 418


def examine(app: Any) -> Anatomy | None:  # noqa: ANN401  a class that may not be installed
    """Return what a Flask application tells; ``None`` if it is none."""
    if "flask.app.Flask" not in class_names(app):
        return None
    routes = tuple(_routes(app))
    return Anatomy(
        framework="flask",
        title="Flask",
        routes=routes,
        layers=("Flask.wsgi_app", "after_request"),
        settings=_settings(app),
        host=app.config.get("SERVER_NAME"),
        raising=_raising(app, routes),
    )


def _routes(app: Any) -> Iterator[Route]:  # noqa: ANN401
    last: list[Route] = []
    for rule in app.url_map.iter_rules():
        path, fixed = sample_path(rule.rule)
        route = Route(path=path, methods=frozenset(rule.methods), fixed=fixed, key=rule.endpoint)
        if rule.endpoint == "static":
            last.append(route)
        else:
            yield route
    yield from last


def _settings(app: Any) -> Settings | None:  # noqa: ANN401
    for function in app.after_request_funcs.get(None, ()):
        if getattr(function, "__module__", "") != "flask_cors.extension":
            continue
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
            words={ours: theirs for theirs, ours in _FIELDS.items()},
            known=len(resources) == 1 and not regular,
        )
    return None


def _option(options: Any, name: str) -> Any:  # noqa: ANN401  a mapping, or an object in newer versions
    return options.get(name) if hasattr(options, "get") else getattr(options, name, None)


def _listed(value: Any) -> Iterable[Any]:  # noqa: ANN401
    return [value] if isinstance(value, str) or hasattr(value, "pattern") else value


def _plain(origin: Any) -> Any:  # noqa: ANN401  flask-cors takes regular expressions too
    return getattr(origin, "pattern", origin)


def _raising(app: Any, routes: tuple[Route, ...]) -> Raising:  # noqa: ANN401
    @contextmanager
    def raising(fault: Fault) -> Iterator[str | None]:
        route = next((one for one in routes if "GET" in one.methods), None)
        if route is None:
            yield None
            return

        def view(**_values: object) -> None:
            if fault == "error":
                sys.modules["flask"].abort(_TEAPOT)
            raise RuntimeError("raised by corsmith, in place of an error in a view")

        views = app.view_functions
        before = views[route.key]
        views[route.key] = view
        try:
            yield route.path
        finally:
            views[route.key] = before

    return raising

"""``install``: CORS for an application, whichever it is, in one line.

What lives here: finding the adapter of an application. What does not: the adapters.
"""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import Source

__all__ = ["FRAMEWORKS", "install", "is_asgi"]

FRAMEWORKS: Final[Mapping[str, str]] = {
    "aiohttp": "aiohttp",
    "django": "django",
    "falcon": "falcon",
    "fastapi": "fastapi",
    "flask": "flask",
    "litestar": "litestar",
    "mcp": "mcp",
    "quart": "quart",
    "sanic": "sanic",
    "starlette": "starlette",
    "tornado": "tornado",
}
"""The top-level package of an application's class, and the adapter's module."""

_WSGI_ARGUMENTS = 2  # environ, start_response
_ASGI_ARGUMENTS = 3  # scope, receive, send


def install(
    app: Any,  # noqa: ANN401  an application of any framework, or of a protocol alone
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> Any:  # noqa: ANN401  the same application, where its framework has a place for layers
    """Return ``app`` with ``policy`` outermost, so that its 404s and 500s carry it too.

    ``app`` is an application of a framework, or any ASGI or WSGI application; serve what is
    returned. The policy is a ``Policy``, ``Routes``, a function, or fields given directly.
    Raises ``PolicyError``, also for what is no application.

    >>> async def app(scope, receive, send): ...
    >>> app = install(app, origins=["https://app.example"])
    >>> type(app).__module__
    'corsmith.adapters.asgi'
    """
    if (name := _adapter_of(app)) is not None:
        framework = import_module(f"corsmith.adapters.{name}")
        return framework.install(app, policy, enforce=enforce, **fields)
    if is_asgi(app):
        from corsmith.adapters import asgi  # only the adapter that is needed is loaded

        return asgi.CORSMiddleware(app, policy, enforce=enforce, **fields)
    from corsmith.adapters import wsgi

    return wsgi.CORSMiddleware(app, policy, enforce=enforce, **fields)


def _adapter_of(app: object) -> str | None:
    """Return the adapter of the framework whose class ``app`` is of, if there is one."""
    for base in type(app).__mro__:
        if (name := FRAMEWORKS.get(base.__module__.partition(".")[0])) is not None:
            return name
    return None


def is_asgi(app: object) -> bool:
    """Return whether ``app`` speaks ASGI 3 rather than WSGI; raise for neither."""
    if callable(app):
        # A class is called to make its objects: what counts is not how those are called.
        call = app if isinstance(app, type) else getattr(app, "__call__", None)  # noqa: B004  as above
        if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
            return True
        count = _positional_arguments(app)
        if count == _ASGI_ARGUMENTS and not isinstance(app, type):
            return True
        if count == _WSGI_ARGUMENTS:
            return False
    message = f"{quote(app)} is no ASGI or WSGI application."
    fix = "Give the application object itself, or use corsmith.adapters.asgi or .wsgi."
    raise PolicyError([diagnose("wrong-type", "app", quote(app), message, fix)])


def _positional_arguments(app: Callable[..., object]) -> int | None:
    """Return how many arguments a call must give by position; ``None``: it is not told."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return sum(
        1
        for parameter in parameters
        if parameter.kind in positional and parameter.default is inspect.Parameter.empty
    )

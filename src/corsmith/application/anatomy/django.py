"""Django: the URL patterns, the settings, and a view that raises.

Read from ``django.conf.settings`` and the root resolver, which an application that is loaded
has made already; nothing is imported.
"""

import re
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

__all__ = ["examine"]

_HANDLERS: Final = frozenset(
    {"django.core.handlers.wsgi.WSGIHandler", "django.core.handlers.asgi.ASGIHandler"}
)
# django-cors-headers's words → a policy's
_FIELDS: Final = {
    "CORS_ALLOWED_ORIGINS": "origins",
    "CORS_ALLOW_METHODS": "methods",
    "CORS_ALLOW_HEADERS": "headers",
    "CORS_ALLOW_CREDENTIALS": "credentials",
    "CORS_EXPOSE_HEADERS": "expose",
    "CORS_PREFLIGHT_MAX_AGE": "max_age",
}
_CORS: Final = "corsheaders.middleware.CorsMiddleware"
_METHODS: Final = frozenset({"GET", "HEAD"})
_ANCHORS: Final = re.compile(r"\A\^|\\?[$Z]\Z")
_SPECIAL: Final = re.compile(r"[\\()\[\]*+?|^$]")


def examine(app: Any) -> Anatomy | None:  # noqa: ANN401  a class that may not be installed
    """Return what a Django application tells; ``None`` if it is none."""
    conf = sys.modules.get("django.conf")
    if conf is None or not (class_names(app) & _HANDLERS):
        return None
    settings = conf.settings
    routes = tuple(_routes())
    layers = tuple(settings.MIDDLEWARE)
    return Anatomy(
        framework="django",
        title="Django",
        routes=routes,
        layers=layers,
        settings=_settings(settings, layers),
        host=first_host(settings.ALLOWED_HOSTS),
        raising=_raising(routes),
    )


def _routes() -> Iterator[Route]:
    resolver = sys.modules["django.urls"].get_resolver()
    yield from sorted(_read(resolver.url_patterns, "/"), key=lambda route: not route.fixed)


def _read(patterns: Iterable[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        text = _ANCHORS.sub("", str(pattern.pattern))
        inner = getattr(pattern, "url_patterns", None)
        if inner is not None:
            yield from _read(inner, prefix + text)
            continue
        path, fixed = sample_path(prefix + text)
        if _SPECIAL.search(path) is None:
            yield Route(path=path, methods=_METHODS, fixed=fixed, key=pattern)


def _settings(settings: Any, layers: Iterable[str]) -> Settings | None:  # noqa: ANN401
    if _CORS not in layers:
        return None
    fields = {
        ours: getattr(settings, theirs)
        for theirs, ours in _FIELDS.items()
        if hasattr(settings, theirs)
    }
    fields.setdefault("origins", ())
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        fields["origins"] = ["*"]
    plain = not getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ())
    return Settings(
        library="django-cors-headers",
        title="django-cors-headers",
        fields=fields,
        words={ours: theirs for theirs, ours in _FIELDS.items()},
        known=plain and not hasattr(settings, "CORS_URLS_REGEX"),
    )


def _raising(routes: tuple[Route, ...]) -> Raising:
    @contextmanager
    def raising(fault: Fault) -> Iterator[str | None]:
        if not routes:
            yield None
            return
        pattern: Any = routes[0].key

        def view(_request: object, *_args: object, **_values: object) -> None:
            if fault == "error":
                raise sys.modules["django.http"].Http404("raised by corsmith")
            raise RuntimeError("raised by corsmith, in place of an error in a view")

        before = pattern.callback
        pattern.callback = view
        try:
            yield routes[0].path
        finally:
            pattern.callback = before

    return raising

"""Django: the URL patterns, the settings, and a view that raises.

Read from ``django.conf.settings`` and the root resolver, which an application that is loaded
has made already; nothing is imported but the adapter, which knows how views are marked.
"""

import re
import sys
from collections.abc import Iterable, Iterator
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
    first_host,
    own,
    sample_path,
)
from corsmith.importers.readings import read_pattern
from corsmith.marks import UNMARKED, Mark, Marks

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
_OURS: Final = frozenset(
    {
        "corsmith.adapters.django.CORSMiddleware",
        "corsmith.adapters.django.middleware.CORSMiddleware",
    }
)
_SECURITY: Final = "django.middleware.security.SecurityMiddleware"
"""It answers only where ``SECURE_SSL_REDIRECT`` is set."""
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ANCHORS: Final = re.compile(r"\A\^|\\?[$Z]\Z")
_SPECIAL: Final = re.compile(r"[\\()\[\]*+?|^$]")
_COOKIES: Final = {
    "SESSION": "django.contrib.sessions.middleware.SessionMiddleware",
    "CSRF": "django.middleware.csrf.CsrfViewMiddleware",
}


def examine(app: Any) -> Anatomy | None:
    """Return what a Django application tells; ``None`` if it is none."""
    conf = sys.modules.get("django.conf")
    if conf is None or not (class_names(app) & _HANDLERS):
        return None
    settings = conf.settings
    layers = tuple(settings.MIDDLEWARE)
    routes = tuple(_routes(layers))
    return Anatomy(
        framework="django",
        title="Django",
        routes=routes,
        layers=layers,
        cors=tuple(_cors(settings, layers)),
        above=tuple(_above(settings, layers)),
        cookies=tuple(_cookies(settings, layers)),
        host=first_host(settings.ALLOWED_HOSTS),
        raising=_raising(routes),
    )


# ── the views ────────────────────────────────────────────────────────────────


def _routes(layers: Iterable[str]) -> Iterator[Route]:
    resolver = sys.modules["django.urls"].get_resolver()
    find = _marks(layers)
    for route in sorted(_read(resolver.url_patterns, "/"), key=lambda route: not route.fixed):
        methods: dict[Mark, set[str]] = {}
        for method in sorted(route.methods):
            mark = UNMARKED if find is None else find(method, route.path)
            methods.setdefault(mark, set()).add(method)
        for mark, names in methods.items():
            yield replace(route, methods=frozenset(names), mark=mark)


def _marks(layers: Iterable[str]) -> Marks | None:
    """Return what finds the mark of a view, also where a setting exempts a path."""
    if _OURS.intersection(layers):
        marks: Marks | None = (
            import_module("corsmith.adapters.django.in_force").active.prepare().marks
        )
        return marks
    views = import_module("corsmith.adapters.django.views").Views()
    return views.find if views.is_marked else None


def _read(patterns: Iterable[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        text = _ANCHORS.sub("", str(pattern.pattern))
        inner = getattr(pattern, "url_patterns", None)
        if inner is not None:
            yield from _read(inner, prefix + text)
            continue
        path, fixed = sample_path(prefix + text)
        if _SPECIAL.search(path) is None:
            yield Route(
                path=path,
                methods=_methods(pattern.callback),
                fixed=fixed,
                key=pattern,
                template=prefix + text,
                endpoint=pattern.callback,
            )


def _methods(view: Any) -> frozenset[str]:
    """Return what a view answers: a class tells; a function answers whatever it is asked."""
    owner = getattr(view, "view_class", None) or getattr(view, "cls", None)
    names = getattr(view, "actions", None) or [name.lower() for name in _METHODS]
    if owner is None:
        return frozenset(_METHODS)
    found = {name.upper() for name in names if hasattr(owner, name) or name in _actions(view)}
    return frozenset(found | ({"HEAD"} if "GET" in found else set()))


def _actions(view: Any) -> Any:
    return getattr(view, "actions", None) or ()


# ── the settings ─────────────────────────────────────────────────────────────


def _cors(settings: Any, layers: Iterable[str]) -> Iterator[Settings]:
    """Yield the settings of each CORS layer, the outermost first."""
    for layer in layers:
        if layer in _OURS:
            yield own(import_module("corsmith.adapters.django.in_force").active)
        elif layer == _CORS:
            yield _corsheaders(settings)


def _corsheaders(settings: Any) -> Settings:
    fields = {
        ours: getattr(settings, theirs)
        for theirs, ours in _FIELDS.items()
        if hasattr(settings, theirs)
    }
    fields.setdefault("origins", ())
    if getattr(settings, "CORS_ALLOW_ALL_ORIGINS", False):
        fields["origins"] = ["*"]
    patterns = getattr(settings, "CORS_ALLOWED_ORIGIN_REGEXES", ())
    patterns = [patterns] if isinstance(patterns, str) else patterns
    found = [read_pattern(pattern, is_open=True) for pattern in patterns]
    return Settings(
        library="django-cors-headers",
        title="django-cors-headers",
        fields=fields,
        words={ours: theirs for theirs, ours in _FIELDS.items()},
        known=not patterns and not hasattr(settings, "CORS_URLS_REGEX"),
        readings=tuple(reading for reading in found if reading is not None),
    )


def _above(settings: Any, layers: Iterable[str]) -> Iterator[object]:
    """Yield the dotted names above the first CORS layer."""
    found: list[object] = []
    for layer in layers:
        if layer in _OURS or layer == _CORS:
            yield from found
            return
        if layer != _SECURITY or settings.SECURE_SSL_REDIRECT:
            found.append(layer)


def _cookies(settings: Any, layers: Iterable[str]) -> Iterator[Cookie]:
    for prefix, layer in _COOKIES.items():
        if layer not in layers or (prefix == "CSRF" and settings.CSRF_USE_SESSIONS):
            continue
        same_site = getattr(settings, f"{prefix}_COOKIE_SAMESITE")
        yield Cookie(
            name=getattr(settings, f"{prefix}_COOKIE_NAME"),
            setting=f"{prefix}_COOKIE_SAMESITE",
            crosses=same_site == "None" and bool(getattr(settings, f"{prefix}_COOKIE_SECURE")),
            fix=f'{prefix}_COOKIE_SAMESITE = "None" and {prefix}_COOKIE_SECURE = True',
        )


# ── a view that raises ───────────────────────────────────────────────────────


def _raising(routes: tuple[Route, ...]) -> Raising:
    @contextmanager
    def raising(fault: Fault, spot: Spot = Spot(), /) -> Iterator[str | None]:  # noqa: B008  frozen
        if not routes:
            yield None
            return
        route = next((one for one in routes if one.path == spot.route), routes[0])
        pattern: Any = route.key

        def view(_request: object, *_args: object, **_values: object) -> None:
            if fault == "error":
                raise sys.modules["django.http"].Http404("raised by corsmith")
            raise crash()

        before = pattern.callback
        pattern.callback = view
        try:
            yield route.path
        finally:
            pattern.callback = before

    return raising

"""django-cors-headers: its settings, from a live application or from a module of settings.

Read from ``django.conf.settings`` or from the names of the module; the middleware itself has
no state. Every release of version 4 reads them the same.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from corsmith.corsheaders import value_of
from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.importers.draft import (
    COMMON,
    Draft,
    Imported,
    Row,
    differs,
    inexpressible,
)
from corsmith.importers.objects import class_names, layers
from corsmith.importers.paths import ancestors, tabulate
from corsmith.importers.readings import Reading, examples, read_pattern, starts
from corsmith.prose import join_words

__all__ = ["MIDDLEWARE", "are_settings", "read_app", "read_settings"]

MIDDLEWARE: Final = "corsheaders.middleware.CorsMiddleware"
_TITLE: Final = "django-cors-headers"
_HANDLERS: Final = frozenset(
    {"django.core.handlers.wsgi.WSGIHandler", "django.core.handlers.asgi.ASGIHandler"}
)
_SETTINGS: Final = {
    "CORS_ALLOW_METHODS": "methods",
    "CORS_ALLOW_HEADERS": "headers",
    "CORS_PREFLIGHT_MAX_AGE": "max_age",
}
# Scheme, and what follows it up to the path: `urllib.parse.urlsplit` reads no more of it here.
_SPLIT: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<place>[^/?#]*))?")


def are_settings(values: object) -> bool:
    """Return whether an object has the names of settings: a module, or Django's own."""
    names = dir(values)
    own = any(name.startswith(("CORS_ALLOW", "CORS_ORIGIN")) for name in names)
    return own or {"MIDDLEWARE", "INSTALLED_APPS"} <= set(names)


def read_app(app: object) -> Imported | None:
    """Return the CORS of a Django application; ``None`` if it is none, or has none."""
    conf = sys.modules.get("django.conf")
    if conf is None or not any(_HANDLERS & class_names(layer) for layer in layers(app)):
        return None
    return read_settings(conf.settings)


def read_settings(settings: Any) -> Imported | None:
    """Return the CORS of settings; ``None`` where neither middleware nor a setting is."""
    middleware = [str(name) for name in getattr(settings, "MIDDLEWARE", ())]
    if MIDDLEWARE not in middleware and not any(map(_is_setting, dir(settings))):
        return None
    said = [*_of_place(middleware)]
    draft = _draft(settings)
    pattern = value_of(settings, "CORS_URLS_REGEX")
    rows = [Row(path="/", draft=draft)]
    where = read_pattern(pattern, is_open=True)
    if where is not None and getattr(pattern, "pattern", pattern) not in {r"^.*$", ".*", "", "^"}:
        rows, more = _of_paths(where, draft)
        said += more
    if _has_receivers():
        message = (
            "receivers of the signal check_request_enabled let requests in by code of yours. "
            "Nothing of it is here."
        )
        fix = "In Python, give install() a function in place of the policy."
        said.append(inexpressible("check_request_enabled", message, fix))
    found = (f"{_TITLE} in MIDDLEWARE" if MIDDLEWARE in middleware else "CORS_* settings",)
    return Imported(title=_TITLE, found=found, rows=tuple(rows), said=tuple(said))


def _is_setting(name: str) -> bool:
    return name.startswith(("CORS_ALLOW", "CORS_ORIGIN", "CORS_EXPOSE", "CORS_PREFLIGHT"))


def _of_place(middleware: Sequence[str]) -> Iterator[Diagnostic]:
    if MIDDLEWARE not in middleware:
        message = f"MIDDLEWARE does not list {MIDDLEWARE}: no answer has CORS headers there."
        yield differs("MIDDLEWARE", message)
        return
    outside = middleware[: middleware.index(MIDDLEWARE)]
    if outside:
        shown = ", ".join(name.rpartition(".")[2] for name in outside)
        message = f"the answers of {shown}, before it in MIDDLEWARE, have no headers there."
        yield differs("order", f"{message} Here the policy is outermost.")


def _has_receivers() -> bool:
    signals = sys.modules.get("corsheaders.signals")
    return signals is not None and bool(signals.check_request_enabled.receivers)


def _of_paths(where: Reading, draft: Draft) -> tuple[list[Row], list[Diagnostic]]:
    def elsewhere(path: str) -> Draft | None:
        return draft if where.admits(path) else None

    keys = [key for text in starts(where.text) for key in ancestors(text)]
    table = tabulate({}, keys, elsewhere, examples(where.text))
    said: list[Diagnostic] = []
    if not table.rows:
        message = f"CORS_URLS_REGEX {quote(where.text)} is no list of paths and what is below them."
        said.append(inexpressible("paths", message, "Write a [[routes]] for each path."))
    elif table.beyond:
        message = (
            f"CORS_URLS_REGEX is {quote(where.text)}; a row covers its path and what is below, so "
            f"these differ if they exist: {join_words(table.beyond)}."
        )
        said.append(differs("paths", message))
    rows = [Row(path=path, draft=draft) for path, draft in table.rows]
    return rows or [Row(path="/", draft=None)], said


# ── the fields ───────────────────────────────────────────────────────────────


def _draft(settings: Any) -> Draft:
    said: list[Diagnostic] = []
    is_any = bool(value_of(settings, "CORS_ALLOW_ALL_ORIGINS"))
    methods = _names(settings, "CORS_ALLOW_METHODS", said)
    headers = _names(settings, "CORS_ALLOW_HEADERS", said)
    return Draft(
        origins=("*",) if is_any else _origins(settings, said),
        readings=() if is_any else tuple(_readings(settings)),
        methods=methods,
        headers=headers,
        expose=_names(settings, "CORS_EXPOSE_HEADERS", said),
        credentials=bool(value_of(settings, "CORS_ALLOW_CREDENTIALS")),
        max_age=_age(value_of(settings, "CORS_PREFLIGHT_MAX_AGE"), said),
        is_literal=True,
        sent=frozenset({"methods", "headers", "expose"}),
        defaults=frozenset(
            ours for theirs, ours in _SETTINGS.items() if not hasattr(settings, theirs)
        ),
        said=(*said, *_differences(settings, is_any=is_any)),
    )


def _names(
    settings: Any,
    name: str,
    said: list[Diagnostic],
) -> tuple[str, ...]:
    value = value_of(settings, name)
    # Of a string the letters are joined, so that "*" is right by chance.
    if not isinstance(value, str) or value == "*":
        return tuple(str(one) for one in value)
    message = f"{name} is the string {quote(value)}, and its letters are sent as names."
    said.append(diagnose("never-matched", name, value, message, "Write a list of the names."))
    return ()


def _origins(settings: Any, said: list[Diagnostic]) -> tuple[str, ...]:
    """Return the origins as they are compared: scheme and host of each, all else left out."""
    value = value_of(settings, "CORS_ALLOWED_ORIGINS")
    if isinstance(value, str):
        message = f"CORS_ALLOWED_ORIGINS is the string {quote(value)}, whose letters are compared."
        said.append(
            diagnose("never-matched", "origins", value, message, "Write a list of origins.")
        )
        return ()
    found = []
    for text in map(str, value):
        parts = _SPLIT.match(text)
        assert parts is not None  # noqa: S101  every part of it may be missing
        scheme, place = (parts["scheme"] or "").lower(), parts["place"] or ""
        if not scheme and not place and text != "null":
            message = (
                f"{quote(text)} has neither scheme nor host, and so it equals every Origin that "
                'has none: "null" is admitted. It is left out.'
            )
            said.append(diagnose("null-origin", "origins", text, message, "Write https:// before."))
            continue
        found.append(f"{scheme}://{place}" if scheme and place else text)
    return tuple(found)


def _readings(settings: Any) -> Iterator[Reading]:
    for pattern in value_of(settings, "CORS_ALLOWED_ORIGIN_REGEXES"):
        reading = read_pattern(pattern, is_open=True)
        if reading is not None:
            yield reading


def _age(value: Any, said: list[Diagnostic]) -> int | None:
    if not value:
        return None  # then it sends none
    try:
        return int(value)
    except (TypeError, ValueError):
        shown = quote(str(value))
        message = f"Access-Control-Max-Age is {shown} there, no number of seconds: none here."
        said.append(diagnose("max-age-not-whole-seconds", "max_age", str(value), message))
        return None


def _differences(settings: Any, *, is_any: bool) -> Iterator[Diagnostic]:
    yield from COMMON
    yield differs(
        "preflight",
        "OPTIONS without Origin or without Access-Control-Request-Method is the application's "
        "here; there every OPTIONS has the lists, and one without Origin is a preflight too.",
    )
    if is_any:
        yield differs(
            "Access-Control-Allow-Origin",
            "* and Access-Control-Expose-Headers are on every answer here, there only on those to "
            "a request with Origin.",
        )
        yield differs("Vary", "there it is sent although * is for everyone; here it is not.")
    if value_of(settings, "CORS_ALLOW_PRIVATE_NETWORK"):
        yield differs(
            "Access-Control-Allow-Private-Network",
            "it is never sent here: no browser asks for it any more.",
        )

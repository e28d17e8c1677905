"""Starlette's ``CORSMiddleware``, around an application, in its list, or around a part of it.

Read from the middleware itself, which has every default in force; one that only stands in
``user_middleware`` is made once, around nothing. FastAPI has the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.importers.draft import (
    COMMON,
    Draft,
    Imported,
    Row,
    differs,
    inexpressible,
    safelisted,
)
from corsmith.importers.objects import class_names, layers, mro_names
from corsmith.importers.paths import ancestors, tabulate
from corsmith.importers.readings import read_pattern
from corsmith.origin import parse_origin
from corsmith.prose import join_words

__all__ = ["read_app"]

_CORS: Final = "starlette.middleware.cors.CORSMiddleware"
_APP: Final = "starlette.applications.Starlette"
_TITLE: Final = "Starlette's CORSMiddleware"
_ARGUMENTS: Final = {
    "allow_methods": "methods",
    "allow_headers": "headers",
    "max_age": "max_age",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layer:
    """One CORSMiddleware: the object, where it is, and what was written for it."""

    middleware: Any
    place: str
    given: Mapping[str, Any] | None = None
    outside: tuple[str, ...] = ()


def read_app(app: object) -> Imported | None:
    """Return the CORS of a Starlette or FastAPI application; ``None`` if it has none."""
    whole: list[_Layer] = []
    parts: list[tuple[str, _Layer | None]] = []
    for layer in layers(app):
        if _CORS in class_names(layer):
            whole.append(_Layer(middleware=layer, place="around the application"))
        if _APP in class_names(layer):
            whole += _listed(layer)
            parts = list(_parts(getattr(layer, "routes", ()), ""))
            break
    inner = [(path, layer) for path, layer in parts if layer is not None]
    if not (whole or inner):
        return None
    found = (
        *(f"{_TITLE} {layer.place}" for layer in whole),
        *(f"{_TITLE} {layer.place}" for _, layer in inner),
    )
    if whole:
        said = tuple(_hidden(whole[0], [*whole[1:], *(layer for _, layer in inner)]))
        rows: tuple[Row, ...] = (Row(path="/", draft=_draft(whole[0])),)
        return Imported(title=_TITLE, found=found, rows=rows, said=said)
    return _of_parts(parts, found)


def _listed(app: Any) -> Iterator[_Layer]:
    outside: list[str] = []
    for entry in app.user_middleware:
        if _CORS not in mro_names(entry.cls):
            outside.append(getattr(entry.cls, "__name__", "a middleware"))
            continue
        yield _Layer(
            middleware=entry.cls(None, *entry.args, **entry.kwargs),
            place="in app.user_middleware",
            given=dict(entry.kwargs),
            outside=tuple(outside),
        )


def _parts(routes: Iterable[Any], prefix: str) -> Iterator[tuple[str, _Layer | None]]:
    """Yield each path with the layer that is around it alone; a mount's path ends in a slash."""
    for route in routes:
        path = prefix + str(getattr(route, "path", ""))
        inner = getattr(route, "routes", None)
        layer = next(_around(getattr(route, "app", None), path), None)
        if layer is not None or inner is None:
            yield (path if inner is None else f"{path}/", layer)
        else:
            yield from _parts(inner, path)


def _around(app: object, path: str) -> Iterator[_Layer]:
    for layer in layers(app):
        if _CORS in class_names(layer):
            yield _Layer(middleware=layer, place=f"around {path}")
        elif _APP in class_names(layer):
            yield from (
                _Layer(
                    middleware=one.middleware,
                    place=f"in the application at {path}",
                    given=one.given,
                    outside=one.outside,
                )
                for one in _listed(layer)
            )


def _of_parts(parts: list[tuple[str, _Layer | None]], found: tuple[str, ...]) -> Imported:
    drafts = {path: None if layer is None else _draft(layer) for path, layer in parts}
    mounts = {path: draft for path, draft in drafts.items() if path.endswith("/") and draft}

    def elsewhere(path: str) -> Draft | None:
        # In the order of the routes, as Starlette looks for one.
        return next((draft for mount, draft in mounts.items() if path.startswith(mount)), None)

    routes = {path: draft for path, draft in drafts.items() if path not in mounts}
    keys = [key for path in mounts for key in ancestors(path)]
    table = tabulate(routes, keys, elsewhere)
    said = [*_around_routes(parts)]
    if table.mixed:
        said.append(_mixed(table.mixed))
    if table.beyond:
        said.append(
            differs(
                "paths",
                "a row covers what is below its path, so these are treated otherwise than by "
                f"Starlette, if they exist: {join_words(table.beyond)}.",
            )
        )
    rows = tuple(Row(path=path, draft=draft) for path, draft in table.rows)
    return Imported(title=_TITLE, found=found, rows=rows, said=tuple(said))


def _mixed(paths: Iterable[str]) -> Diagnostic:
    message = (
        f"{', '.join(paths)} shares its path with routes that have other CORS settings. They "
        "have none here."
    )
    return inexpressible("paths", message, "Mark the endpoints with @cors(policy).")


def _around_routes(parts: Iterable[tuple[str, _Layer | None]]) -> Iterator[Diagnostic]:
    paths = [path for path, layer in parts if layer is not None and not path.endswith("/")]
    if paths:
        message = (
            f"there the layer around a single route never sees a preflight ({', '.join(paths)}: "
            "405), and here the preflight is answered."
        )
        yield differs("preflight", message)


def _hidden(outer: _Layer, inner: Iterable[_Layer]) -> Iterator[Diagnostic]:
    """Yield what the layers inside another one still do."""
    for layer in inner:
        message = (
            f"a second layer, {layer.place}, adds its headers to what needs no preflight, also "
            f"for origins that the one {outer.place} refuses. Only that one is imported."
        )
        yield diagnose("two-layers", "origins", None, message, "Keep one layer.")


def _draft(layer: _Layer) -> Draft:
    cors = layer.middleware
    said: list[Diagnostic] = []
    methods = _methods(cors.allow_methods, said)
    regex = cors.allow_origin_regex
    reading = None if regex is None else read_pattern(regex, is_open=False)
    origins = _origins(cors, said)
    age = _age(cors.preflight_headers["Access-Control-Max-Age"], said)
    headers, expose = _headers(layer, said), _expose(layer, said)
    return Draft(
        origins=origins,
        readings=() if reading is None else (reading,),
        methods=methods,
        headers=headers,
        expose=expose,
        credentials=bool(cors.allow_credentials),
        max_age=age,
        sent=frozenset({"methods", "headers", "expose"}),
        defaults=_defaults(layer.given),
        said=(*said, *_differences(layer, methods)),
    )


def _defaults(given: Mapping[str, Any] | None) -> frozenset[str]:
    if given is None:
        return frozenset()
    return frozenset(ours for theirs, ours in _ARGUMENTS.items() if theirs not in given)


def _origins(cors: Any, said: list[Diagnostic]) -> tuple[str, ...]:
    given = cors.allow_origins
    if cors.allow_all_origins:
        return ("*",)
    if not isinstance(given, str):
        return tuple(str(origin) for origin in given)
    # `origin in "https://a.example,https://b.example"` looks for a part of the text.
    listed = tuple(word for word in given.replace(",", " ").split() if parse_origin(word))
    parts = (word[:end] for word in listed for end in range(len(word) - 1, 0, -1))
    stranger = next((part for part in parts if parse_origin(part) and part not in listed), None)
    shown = "" if stranger is None else f" Also admitted is {quote(stranger)}."
    message = f"{quote(given)} is one string, and any part of it is admitted.{shown}"
    said.append(diagnose("not-a-list", "origins", given, message, "It is a list here."))
    return listed


def _methods(given: Iterable[str], said: list[Diagnostic]) -> tuple[str, ...]:
    if not isinstance(given, str):
        return tuple(str(name) for name in given)
    message = f"{quote(given)} is one string; its letters are the Access-Control-Allow-Methods."
    said.append(diagnose("never-matched", "methods", given, message, "List the methods you mean."))
    return tuple(name for name in ("GET", "HEAD", "POST") if name in given)


def _headers(layer: _Layer, said: list[Diagnostic]) -> tuple[str, ...]:
    cors = layer.middleware
    if cors.allow_all_headers:
        return ("*", "Authorization")
    names = _names(cors.preflight_headers.get("Access-Control-Allow-Headers", ""))
    letters = _letters(layer, "allow_headers", "headers", said)
    return tuple(name for name in names if name not in letters)


def _expose(layer: _Layer, said: list[Diagnostic]) -> tuple[str, ...]:
    names = _names(layer.middleware.simple_headers.get("Access-Control-Expose-Headers", ""))
    letters = _letters(layer, "expose_headers", "expose", said)
    return tuple(name for name in names if name not in letters)


def _letters(layer: _Layer, argument: str, field: str, said: list[Diagnostic]) -> str:
    """Return the letters of one string where a list of names is meant; they are no names."""
    value = (layer.given or {}).get(argument)
    if not isinstance(value, str) or value == "*":
        return ""
    header = f"Access-Control-{argument.replace('_', '-').title()}"
    message = f"{quote(value)} is one string; its letters are the {header}. They are left out."
    said.append(diagnose("never-matched", field, value, message, "List the names you mean."))
    return value


def _names(value: str) -> tuple[str, ...]:
    return tuple(name for word in value.split(",") if (name := word.strip()))


def _age(text: str, said: list[Diagnostic]) -> int | None:
    try:
        return int(text)
    except ValueError:
        message = f"Access-Control-Max-Age is {quote(text)} there, no number of seconds: none here."
        said.append(diagnose("max-age-not-whole-seconds", "max_age", text, message))
        return None


def _differences(layer: _Layer, methods: Iterable[str]) -> Iterator[Diagnostic]:
    cors = layer.middleware
    yield from COMMON
    yield differs(
        "preflight",
        "one that is refused for its origin, method or headers is 400 there and 200 here, "
        "without what is not allowed: a browser refuses both.",
    )
    yield differs(
        "refused origin",
        "there it gets Access-Control-Allow-Credentials and Access-Control-Expose-Headers, and a "
        "preflight the lists of methods and headers; here only Vary.",
    )
    yield from safelisted(methods, "with 400 where a preflight asks for them")
    is_open = cors.allow_all_origins and not cors.allow_credentials
    if cors.allow_all_origins:
        yield differs(
            "Access-Control-Allow-Origin",
            "* and Access-Control-Expose-Headers are on every answer here, there only on those to "
            "a request with Origin"
            f"{'' if is_open else ', and as the origin itself'}.",
        )
    yield differs(
        "Vary",
        "there it is sent although the answer is * for everyone; here it is not."
        if cors.allow_all_origins
        else "it is Origin on every answer here; there a preflight's has three more names.",
    )
    if cors.allow_all_headers:
        yield differs(
            "Access-Control-Allow-Headers",
            "there whatever is asked is echoed; here it is *,Authorization, or with credentials "
            "an echo of at most 64 names and 4096 bytes.",
        )
    if hasattr(cors, "allow_private_network"):
        yield differs(
            "Access-Control-Allow-Private-Network",
            "it is never sent here, and what asks for it is not read: no browser does any more.",
        )
    if layer.outside:
        yield differs(
            "order",
            f"the answers of {', '.join(layer.outside)}, outside the CORS layer, have no headers "
            "there; here the policy is outermost.",
        )
    if type(cors).__module__ != "starlette.middleware.cors":
        message = f"{type(cors).__name__} is a class of its own, whose code may decide otherwise."
        yield inexpressible("code", message, "Compare it, or give install() a function.")

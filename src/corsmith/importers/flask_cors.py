"""flask-cors: the extension on an application or a blueprint, and its decorator.

Read from the functions that flask-cors leaves with Flask (``app.after_request_funcs`` and
``app.view_functions``), whose closures hold the options with every config key and default in
force; nothing is called.
"""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
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
from corsmith.importers.objects import class_names, layers
from corsmith.importers.paths import ancestors, sample, tabulate
from corsmith.importers.readings import Reading, examples, read_pattern, starts
from corsmith.prose import join_words

__all__ = ["read_app"]

_TITLE: Final = "flask-cors"
_HINTS: Final = frozenset("*\\]?$^[]()")
"""What flask-cors takes for the sign of a regular expression."""

_ANY: Final = frozenset({"*", ".*"})
_DEFAULTS: Final[Mapping[str, Any]] = {
    "origins": "*",
    "methods": "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
    "allow_headers": "*",
    "vary_header": True,
    "always_send": True,
    "automatic_options": True,
}
_UNKNOWN: Final = "/corsmith-no-such-path"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Resource:
    """A pattern of paths and the options for them."""

    pattern: Any
    options: Any

    def covers(self, path: str) -> bool:
        """Return whether a path is meant, as flask-cors decides it."""
        reading = self.reading
        return path == self.pattern if reading is None else reading.admits(path)

    @property
    def reading(self) -> Reading | None:
        """The expression that the pattern is; ``None`` where it is one path."""
        if isinstance(self.pattern, str) and _HINTS.isdisjoint(self.pattern):
            return None
        return read_pattern(self.pattern, is_open=True)

    @property
    def starts(self) -> tuple[str, ...]:
        """What of the pattern is written out; its ends may be rows."""
        reading = self.reading
        return (f"{self.pattern}/",) if reading is None else starts(reading.text)

    @property
    def examples(self) -> tuple[str, ...]:
        """Paths that are meant."""
        reading = self.reading
        return () if reading is None else examples(reading.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extension:
    """One ``CORS(…)``: of the application, or of the blueprint of a name."""

    resources: tuple[_Resource, ...]
    blueprint: str | None = None

    def options(self, path: str) -> Any:
        """Return the options of the first resource that covers a path, or ``None``."""
        return next((one.options for one in self.resources if one.covers(path)), None)


def read_app(app: object) -> Imported | None:
    """Return the CORS of a Flask application; ``None`` if it has none by flask-cors."""
    for layer in layers(app):
        if "flask.app.Flask" in class_names(layer):
            return _read(layer)
    return None


def _read(app: Any) -> Imported | None:
    extensions = list(_extensions(app))
    marked = {
        endpoint: options
        for endpoint, view in app.view_functions.items()
        if (options := _decorator(view)) is not None
    }
    if not (extensions or marked):
        return None
    places = [_place(one) for one in extensions]
    found = (*places, *(f"@cross_origin on {endpoint}" for endpoint in marked))
    whole = [one for one in extensions if one.blueprint is None]

    def elsewhere(path: str) -> Draft | None:
        return _draft([one.options(path) for one in whole])

    routes: dict[str, Draft | None] = {}
    shared: list[str] = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in marked:
            draft = _draft([_merged(app, marked[rule.endpoint])])
        else:
            path = sample(rule.rule)[0]
            near = [one for one in extensions if _reaches(one, rule.endpoint)]
            draft = _draft([one.options(path) for one in near])
        if rule.rule in routes and routes[rule.rule] != draft:
            shared.append(rule.rule)
            draft = None
        routes[rule.rule] = draft
    resources = [resource for one in whole for resource in one.resources]
    keys = [key for one in resources for text in one.starts for key in ancestors(text)]
    table = tabulate(routes, keys, elsewhere, [text for one in resources for text in one.examples])
    rows = tuple(Row(path=path, draft=draft) for path, draft in table.rows)
    said = [*_of_paths(dict.fromkeys([*shared, *table.mixed]), table.beyond), *_unanswered(app)]
    by_flask = [name for name, given in marked.items() if not given.get("automatic_options", True)]
    if by_flask:
        message = f"there Flask itself answers OPTIONS for {', '.join(by_flask)}, without headers."
        said.append(differs("preflight", f"{message} Here a preflight is answered with them."))
    return Imported(title=_TITLE, found=found, rows=rows, said=tuple(said))


# ── where the options are ────────────────────────────────────────────────────


def _extensions(app: Any) -> Iterator[_Extension]:
    """Yield each extension, in the order in which they see an answer."""
    named = sorted(app.after_request_funcs.items(), key=lambda one: one[0] is None)
    for blueprint, functions in named:
        for function in reversed(functions):
            if getattr(function, "__module__", "") != "flask_cors.extension":
                continue
            resources = inspect.getclosurevars(function).nonlocals.get("resources") or ()
            yield _Extension(
                resources=tuple(
                    _Resource(pattern=pattern, options=options) for pattern, options in resources
                ),
                blueprint=blueprint,
            )


def _place(extension: _Extension) -> str:
    patterns = [getattr(one.pattern, "pattern", one.pattern) for one in extension.resources]
    whose = "" if extension.blueprint is None else f" of the blueprint {extension.blueprint}"
    return f"CORS(…){whose} for {', '.join(map(str, patterns))}"


def _reaches(extension: _Extension, endpoint: str) -> bool:
    """Return whether an extension sees the answers of an endpoint: its blueprint's, nested too."""
    name = extension.blueprint
    return name is None or endpoint.startswith(f"{name}.")


def _decorator(view: Any) -> Mapping[str, Any] | None:
    """Return what ``@cross_origin`` was given, if it is around a view."""
    seen = 0
    while view is not None and seen < len(_UNKNOWN):
        home = getattr(view, "__globals__", {}).get("__name__", "")
        if home == "flask_cors.decorator":
            options: Mapping[str, Any] = inspect.getclosurevars(view).nonlocals["_options"]
            return options
        view = getattr(view, "__wrapped__", None)
        seen += 1
    return None


def _merged(app: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options of a decorator over the application's config and the defaults."""
    config = {
        key.lower().removeprefix("cors_"): value
        for key, value in app.config.items()
        if key.startswith("CORS_") and value is not None
    }
    return {**_DEFAULTS, **config, **given}


def _option(options: Any, name: str) -> Any:
    """Return an option; the versions before 6.0.2 have a mapping."""
    default = _DEFAULTS.get(name)
    if isinstance(options, Mapping):
        return options.get(name, default)
    return getattr(options, name, default)


# ── what they mean ───────────────────────────────────────────────────────────


def _draft(found: Iterable[Any]) -> Draft | None:
    """Return what the first of several layers means, and what the others add to it."""
    options = [one for one in found if one is not None]
    if not options:
        return None
    draft = _one(options[0])
    others = [_one(one) for one in options[1:]]
    if all(other.origins == draft.origins and other.readings == draft.readings for other in others):
        return draft
    shown = ", ".join(quote(origin) for other in others for origin in other.origins)
    message = (
        "a second CORS(…) covers this path and adds its headers for origins that the first "
        f"refuses ({shown or 'by an expression'}). Only the first is imported."
    )
    said = diagnose("two-layers", "origins", None, message, "Keep one layer.")
    return replace(draft, said=(said, *draft.said))


def _one(options: Any) -> Draft:
    said: list[Diagnostic] = []
    given = _listed(_option(options, "origins"))
    is_any = bool(_option(options, "allow_all_origins")) or any(_is_any(one) for one in given)
    names, readings = _split(given)
    methods = _methods(_option(options, "methods"), said)
    headers = _headers(_listed(_option(options, "allow_headers")), said)
    return Draft(
        # Literals are compared without case, and browsers write origins in lower case.
        origins=("*",) if is_any else tuple(name.lower() for name in names),
        readings=() if is_any else readings,
        methods=methods,
        headers=headers,
        expose=_words(_option(options, "expose_headers")),
        credentials=bool(_option(options, "supports_credentials")),
        max_age=_age(_option(options, "max_age"), said),
        sent=frozenset({"methods", "expose"}),
        said=(*said, *_differences(options, is_any=is_any, names=names, methods=methods)),
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [] if value is None else [value]
    return list(value)


def _is_any(value: Any) -> bool:
    return getattr(value, "pattern", value) in _ANY


def _split(values: Iterable[Any]) -> tuple[tuple[str, ...], tuple[Reading, ...]]:
    """Return the plain values and the expressions among them."""
    names: list[str] = []
    readings: list[Reading] = []
    for value in values:
        if isinstance(value, str) and _HINTS.isdisjoint(value):
            names.append(value)
            continue
        is_text = isinstance(value, str)
        if is_text or isinstance(value, re.Pattern):
            reading = read_pattern(value, is_open=True, ignore_case=is_text)
            readings += [] if reading is None else [reading]
    return tuple(names), tuple(readings)


def _words(value: Any) -> tuple[str, ...]:
    """Return the names of a list, or of a text with commas."""
    texts = [str(one) for one in _listed(value)]
    return tuple(name for text in texts for word in text.split(",") if (name := word.strip()))


def _methods(value: Any, said: list[Diagnostic]) -> tuple[str, ...]:
    names = tuple(name.upper() for name in _words(value))
    if "*" not in names:
        return names
    message = 'flask-cors looks for the method asked in the list, and no method is "*".'
    fix = "Write the methods that pages use."
    said.append(diagnose("never-matched", "methods", "*", f"{message} It is left out.", fix))
    return tuple(name for name in names if name != "*")


def _headers(given: list[Any], said: list[Diagnostic]) -> tuple[str, ...]:
    if any(_is_any(one) for one in given):
        return ("*", "Authorization")
    names, _ = _split(given)
    for pattern in (getattr(one, "pattern", one) for one in given if one not in names):
        message = (
            f"the request headers that match {quote(pattern)} are allowed there; a policy "
            "has names only. It is left out."
        )
        said.append(inexpressible("headers", message, "Write the names that pages send."))
    return names


def _age(value: Any, said: list[Diagnostic]) -> int | None:
    # Neither is sent: a header without a value is left out.
    if value is None or value in (0, ""):
        return None
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    try:
        return int(str(value))
    except ValueError:
        shown = quote(str(value))
        message = f"Access-Control-Max-Age is {shown} there, no number of seconds: none here."
        said.append(diagnose("max-age-not-whole-seconds", "max_age", str(value), message))
        return None


def _differences(
    options: Any,
    *,
    is_any: bool,
    names: tuple[str, ...],
    methods: tuple[str, ...],
) -> Iterator[Diagnostic]:
    yield from COMMON
    yield differs(
        "preflight",
        "there Flask answers OPTIONS, with 404 on an unknown path; here a preflight is "
        "answered with 200 on every path that has a policy, before the application.",
    )
    yield from safelisted(methods, "where a preflight asks for a header too")
    yield differs(
        "Access-Control-Allow-Methods",
        "here every preflight of an allowed origin has it, Access-Control-Allow-Headers and "
        "Access-Control-Max-Age; there only one that asks for a method in it, so that a browser "
        "refuses the others alike.",
    )
    yield differs(
        "Access-Control-Allow-Headers",
        "there it is what was asked and is allowed; here it is the whole list, or for any header "
        "*,Authorization, with credentials an echo of at most 64 names and 4096 bytes.",
    )
    if is_any:
        yield differs(
            "Access-Control-Allow-Origin",
            "* and Access-Control-Expose-Headers are on every answer here; there it may be the "
            "origin itself, and neither on an answer to a request without Origin.",
        )
    elif _option(options, "always_send") and names:
        yield differs(
            "Access-Control-Allow-Origin",
            "an answer to a request without Origin has none here, nor "
            "Access-Control-Allow-Credentials and Access-Control-Expose-Headers; there it has "
            "every origin that is listed, and both.",
        )
    yield from _of_vary(options, is_any=is_any, count=len(_listed(_option(options, "origins"))))
    if _option(options, "allow_private_network"):
        yield differs(
            "Access-Control-Allow-Private-Network",
            "it is never sent here: no browser asks for it any more.",
        )


def _of_vary(options: Any, *, is_any: bool, count: int) -> Iterator[Diagnostic]:
    if is_any:
        yield differs("Vary", "here the answer is * for everyone, without Vary; there it may vary.")
    elif not _option(options, "vary_header") or count == 1:
        message = (
            "there no Vary: Origin is sent, so that a cache may give the answer of one page to "
            "another; here it is on every answer."
        )
        yield diagnose("vary-missing", "Vary", None, message)
    else:
        yield differs(
            "Vary", "Origin is on every answer here; there not on one for a refused origin."
        )


def _of_paths(mixed: Iterable[str], beyond: Iterable[str]) -> Iterator[Diagnostic]:
    if shown := list(mixed):
        message = (
            f"{join_words(shown)} cannot be told by the path alone from routes with other CORS "
            "settings. It has none here."
        )
        yield inexpressible("paths", message, "Mark the view: @cors(policy).")
    if shown := list(beyond):
        message = (
            "a row covers its path and what is below, where the views and expressions there "
            f"do not end alike, so these differ if they exist: {join_words(shown)}."
        )
        yield differs("paths", message)


def _unanswered(app: Any) -> Iterator[Diagnostic]:
    rules = [rule.rule for rule in app.url_map.iter_rules() if "OPTIONS" not in rule.methods]
    if rules:
        message = f"there OPTIONS is no method of {join_words(rules)}; here it is answered."
        yield differs("preflight", message)

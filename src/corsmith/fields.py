"""Reading one field of a policy: its type, its groups, each of its values.

What lives here: a reader for each field, which appends what is wrong to a list of
diagnostics and goes on, so that all problems are told at once. What does not: what
fields mean together, such as ``*`` beside credentials (``lint``), and names that are no
field (``misnomers``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.headers import (
    FORBIDDEN_METHODS,
    FORBIDDEN_RESPONSE_HEADERS,
    OWNED_RESPONSE_HEADERS,
    REQUEST_HEADERS_OF_CORS,
    RESPONSE_HEADERS_OF_PREFLIGHT,
    is_forbidden_request_header,
    is_token,
    normalize_method,
)
from corsmith.misnomers import nearest_word

__all__ = [
    "MAX_AGE_LIMIT",
    "RISKS",
    "Declared",
    "expand",
    "first_spellings",
    "read_bool",
    "read_header",
    "read_max_age",
    "read_methods",
    "read_origins",
    "read_preflight_status",
    "read_regex",
    "read_response_header",
    "read_risks",
    "read_strings",
]

RISKS: Final = ("insecure-origin", "null-origin", "public-suffix", "wide-regex")
"""What a policy may do only knowingly, by ``accept_risks``."""

MAX_AGE_LIMIT: Final = 86_400
"""A day, in seconds: Firefox's cap, the highest of any engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The fields of a policy, read one by one: plain types, groups as written."""

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...]
    credentials: bool
    max_age: int | None
    origin_regex: str | None
    preflight_status: int
    accept_risks: frozenset[str]


def _wrong_type(field: str, value: object, wanted: str, fix: str) -> Diagnostic:
    kind = type(value).__name__
    message = f"{quote(value)} is of type {kind}; {field} takes {wanted}."
    return diagnose("wrong-type", field, quote(value), message, fix)


def _plain(text: str) -> str:
    """Return the text itself, also of an enum or another subclass with its own ``str()``."""
    return str.__str__(text)


def read_strings(field: str, value: object, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Return the strings of a list field, each once, in the order they were written."""
    if isinstance(value, str):
        return _read_star(field, _plain(value), problems)
    if not isinstance(value, (list, tuple, set, frozenset)):
        wanted = "a list, tuple or set of strings"
        problems.append(_wrong_type(field, value, wanted, f'Write {field}=["…"].'))
        return ()
    strings: dict[str, None] = {}
    items: Iterable[object] = value
    if isinstance(value, (set, frozenset)):
        # A set has no order of its own; sorted, the same policy gives the same answer.
        items = sorted(value, key=lambda item: item if isinstance(item, str) else quote(item))
    for item in items:
        if isinstance(item, str):
            strings[_plain(item)] = None
        else:
            message = f"{quote(item)} is of type {type(item).__name__}; {field} holds strings."
            fix = "Write each value as a string."
            problems.append(diagnose("wrong-type", field, quote(item), message, fix))
    return tuple(strings)


def _read_star(field: str, value: str, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Return ``*`` alone: it is the only string that stands for a list."""
    if value == "*":
        return ("*",)
    shown = ", ".join(quote(part.strip()) for part in value.split(",") if part.strip())
    message = f"{quote(value)} is one string; {field} takes a list of strings."
    problems.append(diagnose("not-a-list", field, value, message, f"Write {field}=[{shown}]."))
    return ()


def expand(
    field: str,
    values: Iterable[str],
    groups: Mapping[str, tuple[str, ...]],
    problems: list[Diagnostic],
) -> tuple[str, ...]:
    """Return the values, each ``@group`` replaced by what it stands for, and each once."""
    expanded: list[str] = []
    for value in values:
        if not value.startswith("@"):
            expanded.append(value)
        elif value in groups:
            expanded.extend(groups[value])
        else:
            names = ", ".join(sorted(groups))
            right = nearest_word(value, groups)
            fix = f"Write {quote(right)}." if right else f"The groups of {field} are {names}."
            message = f"{quote(value)} is no group of {field}."
            problems.append(diagnose("unknown-group", field, value, message, fix))
    return tuple(dict.fromkeys(expanded))


def _swallow(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return ``*`` alone where it stands among others: it says all that they say."""
    return ("*",) if "*" in values else values


def read_origins(value: object, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Return the origins, patterns and groups of a policy."""
    return _swallow(read_strings("origins", value, problems))


def read_methods(value: object, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Return the methods as Fetch normalises them, each once."""
    names = read_strings("methods", value, problems)
    for name in names:
        if not is_token(name):
            message = f"{quote(name)} is no method: a method is a token."
            fix = _token_fix(name)
            problems.append(diagnose("method-not-a-token", "methods", name, message, fix))
        elif name.upper() in FORBIDDEN_METHODS:
            message = f"{quote(name)} is forbidden: browsers let no page send it."
            problems.append(diagnose("method-forbidden", "methods", name, message, "Leave it out."))
        elif name.upper() == "PATCH" and not {"PATCH", "*"}.intersection(names):
            # Fetch normalises six methods, and this is not one of them.
            message = (
                f"{quote(name)} is not PATCH: browsers keep its case, and methods compare "
                "byte for byte."
            )
            fix = 'Write "PATCH".'
            problems.append(diagnose("method-lower-case", "methods", name, message, fix))
    return _swallow(tuple(dict.fromkeys(map(normalize_method, names))))


def _token_fix(name: str) -> str | None:
    parts = [part for part in name.replace(",", " ").split() if is_token(part)]
    if not parts or "".join(parts) != "".join(name.replace(",", " ").split()):
        return None
    return "Write " + ", ".join(quote(part) for part in parts) + "."


def read_header(name: str, problems: list[Diagnostic]) -> None:
    """Check one request header that pages may send."""
    lower = name.lower()
    if not is_token(name):
        message = f"{quote(name)} is no header name: a name is a token."
        problems.append(diagnose("header-not-a-token", "headers", name, message, _token_fix(name)))
    elif lower in OWNED_RESPONSE_HEADERS:
        message = f"{quote(name)} is a response header; headers are what a page may send."
        fix = "Leave it out: corsmith sends it where it belongs."
        problems.append(diagnose("header-is-response-header", "headers", name, message, fix))
    elif is_forbidden_request_header(name):
        message = f"{quote(name)} is forbidden: browsers let no page set it, so none asks for it."
        fix = (
            "Leave it out; cookies come with credentials=True."
            if lower in {"cookie", "cookie2"}
            else "Leave it out."
        )
        problems.append(diagnose("header-forbidden", "headers", name, message, fix))


def read_response_header(name: str, problems: list[Diagnostic]) -> None:
    """Check one response header that pages may read."""
    lower = name.lower()
    if not is_token(name):
        message = f"{quote(name)} is no header name: a name is a token."
        problems.append(diagnose("header-not-a-token", "expose", name, message, _token_fix(name)))
    elif lower in FORBIDDEN_RESPONSE_HEADERS:
        message = f"{quote(name)} is forbidden: browsers let no page read it."
        problems.append(diagnose("expose-forbidden", "expose", name, message, "Leave it out."))
    elif lower in RESPONSE_HEADERS_OF_PREFLIGHT:
        message = f"{quote(name)} is only on the answer to a preflight, which no page reads."
        problems.append(diagnose("expose-forbidden", "expose", name, message, "Leave it out."))
    elif lower in REQUEST_HEADERS_OF_CORS:
        message = f"{quote(name)} is a request header; expose is what a page may read."
        problems.append(
            diagnose("expose-is-request-header", "expose", name, message, "Leave it out.")
        )


def read_bool(field: str, value: object, problems: list[Diagnostic]) -> bool:
    """Return a truth value; nothing else is taken for one."""
    if not isinstance(value, bool):
        problems.append(
            _wrong_type(field, value, "True or False", f"Write {field}=True or {field}=False.")
        )
        return False
    return value


def read_max_age(value: object, problems: list[Diagnostic]) -> int | None:
    """Return the seconds that a preflight's answer may be kept."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        seconds, rest = divmod(value, timedelta(seconds=1))
        if rest:
            message = f"{value.total_seconds()} seconds is no whole number of seconds."
            fix = f"Write max_age={min(max(seconds, 0), MAX_AGE_LIMIT)}."
            problems.append(
                diagnose("max-age-not-whole-seconds", "max_age", quote(value), message, fix)
            )
            return None
    elif isinstance(value, int) and not isinstance(value, bool):
        seconds = int(value)
    else:
        wanted = "whole seconds, a timedelta or None"
        problems.append(_wrong_type("max_age", value, wanted, "Write max_age=600."))
        return None
    if not 0 <= seconds <= MAX_AGE_LIMIT:
        message = f"{quote(seconds)} is outside 0 to {MAX_AGE_LIMIT} seconds (a day)."
        fix = (
            "Write max_age=0 to have nothing kept."
            if seconds < 0
            else "Write max_age=7200, Chromium's cap."
        )
        problems.append(diagnose("max-age-out-of-range", "max_age", quote(seconds), message, fix))
        return None
    return seconds


def read_preflight_status(value: object, problems: list[Diagnostic]) -> int:
    """Return the status of a preflight's answer: one that Fetch calls ok."""
    if isinstance(value, bool) or not isinstance(value, int):
        problems.append(
            _wrong_type("preflight_status", value, "an integer", "Write preflight_status=204.")
        )
        return 200
    if not 200 <= value <= 299:  # noqa: PLR2004  Fetch, #ok-status
        message = f"{quote(value)} is no ok status: browsers refuse a preflight outside 200 to 299."
        problems.append(
            diagnose(
                "preflight-status-not-ok",
                "preflight_status",
                quote(value),
                message,
                "Write preflight_status=204.",
            )
        )
        return 200
    return int(value)


def read_regex(value: object, problems: list[Diagnostic]) -> str | None:
    """Return the regular expression as text; whether it is one is judged elsewhere."""
    if value is None:
        return None
    if isinstance(value, str):
        return _plain(value)
    problems.append(
        _wrong_type(
            "origin_regex", value, "one regular expression as a string", 'Write origin_regex="…".'
        )
    )
    return None


def read_risks(value: object, problems: list[Diagnostic]) -> frozenset[str]:
    """Return the names of the risks that are accepted."""
    if isinstance(value, str):
        message = f"{quote(value)} is one string; accept_risks takes a list of names."
        fix = f"Write accept_risks=[{quote(value if value in RISKS else RISKS[0])}]."
        problems.append(diagnose("not-a-list", "accept_risks", value, message, fix))
        return frozenset()
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        fix = f"Write accept_risks=[{quote(RISKS[0])}]."
        problems.append(_wrong_type("accept_risks", value, "a list of names", fix))
        return frozenset()
    accepted: set[str] = set()
    for name in value:
        if isinstance(name, str) and name in RISKS:
            accepted.add(_plain(name))
            continue
        right = nearest_word(name, RISKS) if isinstance(name, str) else None
        fix = f"Write {quote(right)}." if right else f"The risks are {', '.join(RISKS)}."
        message = f"{quote(name)} is no risk that can be accepted."
        problems.append(diagnose("unknown-risk", "accept_risks", quote(name), message, fix))
    return frozenset(accepted)


def first_spellings(names: Iterable[str]) -> tuple[str, ...]:
    """Return header names without repetitions, each as it was first written.

    >>> first_spellings(["X-Key", "x-key", "Content-Type"])
    ('X-Key', 'Content-Type')
    """
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(name.lower(), name)
    return tuple(spelled.values())

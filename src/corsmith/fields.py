"""Reading one field of a policy: its type, its groups, each of its values.

What lives here: a reader for each field, which appends what is wrong to a list of
diagnostics and goes on, so that all problems are told at once. What does not: what
fields mean together, such as ``*`` beside credentials (``policy``).
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
    is_forbidden_request_header,
    is_token,
    normalize_method,
)

__all__ = [
    "MAX_AGE_LIMIT",
    "RISKS",
    "Declared",
    "expand",
    "first_spellings",
    "nearest_word",
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
    "right_field",
    "unknown_field",
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


_FIELDS: Final = (
    "accept_risks",
    "credentials",
    "expose",
    "headers",
    "max_age",
    "methods",
    "origin_regex",
    "origins",
    "preflight_status",
)

# What the same thing is called elsewhere, in lower case: Starlette, flask-cors,
# django-cors-headers, Litestar, Falcon, expressjs/cors, rs/cors, Spring, nginx habits.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "access_control_allow_credentials": "credentials",
    "access_control_allow_headers": "headers",
    "access_control_allow_methods": "methods",
    "access_control_allow_origin": "origins",
    "access_control_expose_headers": "expose",
    "access_control_max_age": "max_age",
    "allow_all_origins": "origins",
    "allow_credentials": "credentials",
    "allow_headers": "headers",
    "allow_methods": "methods",
    "allow_origin": "origins",
    "allow_origin_regex": "origin_regex",
    "allow_origins": "origins",
    "allowed_headers": "headers",
    "allowed_methods": "methods",
    "allowed_origin_patterns": "origins",
    "allowed_origin_regexes": "origin_regex",
    "allowed_origins": "origins",
    "allowcredentials": "credentials",
    "allowedheaders": "headers",
    "allowedmethods": "methods",
    "allowedorigins": "origins",
    "expose_headers": "expose",
    "exposed_headers": "expose",
    "exposedheaders": "expose",
    "exposeheaders": "expose",
    "header": "headers",
    "max_age_seconds": "max_age",
    "maxage": "max_age",
    "method": "methods",
    "optionssuccessstatus": "preflight_status",
    "origin": "origins",
    "origin_allow_all": "origins",
    "origin_whitelist": "origins",  # the retired name of a django-cors-headers setting
    "preflight_max_age": "max_age",
    "regex": "origin_regex",
    "send_wildcard": "origins",
    "supports_credentials": "credentials",
    "with_credentials": "credentials",
}


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or ``None``."""
    from difflib import get_close_matches  # noqa: PLC0415  only when something is wrong

    matches = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return matches[0] if matches else None


def right_field(name: str) -> str | None:
    """Return the field that a name from elsewhere, or a misspelt one, stands for.

    >>> right_field("CORS_ALLOWED_ORIGINS"), right_field("credentails"), right_field("x")
    ('origins', 'credentials', None)
    """
    key = name.lower().replace("-", "_").removeprefix("cors_")
    return _ELSEWHERE.get(key) or nearest_word(key, _FIELDS)


def unknown_field(name: object) -> Diagnostic:
    """Return the problem of a keyword or key that a policy does not have."""
    right = right_field(name) if isinstance(name, str) else None
    fix = f"The fields are {', '.join(_FIELDS)}." if right is None else f"Here it is {right}=."
    message = f"a policy has no field {quote(name)}."
    return diagnose("unknown-field", None, quote(name), message, fix)


def _wrong_type(field: str, value: object, wanted: str, fix: str) -> Diagnostic:
    kind = type(value).__name__
    message = f"{quote(value)} is of type {kind}; {field} takes {wanted}."
    return diagnose("wrong-type", field, quote(value), message, fix)


def read_strings(field: str, value: object, problems: list[Diagnostic]) -> tuple[str, ...]:
    """Return the strings of a list field, each once, in the order they were written."""
    if isinstance(value, str):
        if value == "*":
            return ("*",)
        parts = [part.strip() for part in value.split(",") if part.strip()]
        shown = ", ".join(quote(part) for part in parts)
        message = f"{quote(value)} is one string; {field} takes a list of strings."
        problems.append(diagnose("not-a-list", field, value, message, f"Write {field}=[{shown}]."))
        return ()
    if not isinstance(value, (list, tuple, set, frozenset)):
        wanted = "a list, tuple or set of strings"
        problems.append(_wrong_type(field, value, wanted, f'Write {field}=["…"].'))
        return ()
    strings: dict[str, None] = {}
    # A set has no order of its own; sorted, the same policy gives the same answer.
    ordered = sorted(value, key=quote) if isinstance(value, (set, frozenset)) else value
    for item in ordered:
        if isinstance(item, str):
            strings[str(item)] = None
        else:
            message = f"{quote(item)} is of type {type(item).__name__}; {field} holds strings."
            problems.append(
                diagnose("wrong-type", field, quote(item), message, "Write each value as a string.")
            )
    return tuple(strings)


def expand(
    field: str,
    values: Iterable[str],
    groups: Mapping[str, tuple[str, ...]],
    problems: list[Diagnostic],
) -> tuple[str, ...]:
    """Return the values with each ``@group`` replaced by what it stands for."""
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
    return tuple(expanded)


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
            problems.append(
                diagnose("method-not-a-token", "methods", name, message, _token_fix(name))
            )
        elif name.upper() in FORBIDDEN_METHODS:
            message = f"{quote(name)} is forbidden: browsers let no page send it."
            problems.append(diagnose("method-forbidden", "methods", name, message, "Leave it out."))
        elif name == "patch":
            # Fetch normalises six methods, and this is not one of them.
            message = (
                '"patch" is not PATCH: browsers keep its case, and methods compare byte for byte.'
            )
            problems.append(
                diagnose("method-lower-case", "methods", name, message, 'Write "PATCH".')
            )
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
            fix = f"Write max_age={max(seconds, 0)}."
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
    if value is None or isinstance(value, str):
        return value
    problems.append(
        _wrong_type(
            "origin_regex", value, "one regular expression as a string", 'Write origin_regex="…".'
        )
    )
    return None


def read_risks(value: object, problems: list[Diagnostic]) -> frozenset[str]:
    """Return the names of the risks that are accepted."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        message = f"{quote(value)} is no list; accept_risks takes a list of names."
        shown = quote(value if isinstance(value, str) and value in RISKS else RISKS[0])
        problems.append(
            diagnose(
                "not-a-list",
                "accept_risks",
                quote(value),
                message,
                f"Write accept_risks=[{shown}].",
            )
        )
        return frozenset()
    accepted: set[str] = set()
    for name in value:
        if isinstance(name, str) and name in RISKS:
            accepted.add(str(name))
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

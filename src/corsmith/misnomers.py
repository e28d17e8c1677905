"""Names that a policy does not have, and the field that was meant.

What lives here: what the same thing is called by other libraries, and the nearest word.
What does not: the value that such a name was given (``fields``).
"""

from collections.abc import Iterable, Mapping
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote

__all__ = ["FIELDS", "misplaced_field", "nearest_word", "right_field", "unknown_field"]

FIELDS: Final = (
    "origins",
    "methods",
    "headers",
    "expose",
    "credentials",
    "max_age",
    "origin_regex",
    "preflight_status",
    "accept_risks",
)
"""The fields of a policy, in the order in which they are given and told."""

# What the same thing is called by Starlette, flask-cors, django-cors-headers, Litestar,
# Sanic, Falcon, asgi-cors, wsgicors, expressjs/cors, rs/cors, jub0bs/cors, gin, Spring,
# ASP.NET Core and in the header names; case, `_`, `-` and a leading `cors` do not matter.
_ELSEWHERE: Final[Mapping[str, str]] = {
    "origins": """
        origin allow_origin allow_origins allowed_origin allowed_origins allow_all
        allow_all_origins allow_any_origin allowed_origin_patterns allow_wildcard hosts
        host_wildcards origin_allow_all origin_whitelist send_wildcard with_origins
        access_control_allow_origin
        """,
    "methods": """
        method allow_method allow_methods allowed_method allowed_methods allow_any_method
        with_methods access_control_allow_methods
        """,
    "headers": """
        header allow_header allow_headers allowed_header allowed_headers allow_any_header
        request_headers with_headers access_control_allow_headers
        """,
    "expose": """
        expose_header expose_headers exposed_headers expose_all_headers response_headers
        with_exposed_headers access_control_expose_headers
        """,
    "credentials": """
        credentialed allow_credentials supports_credentials with_credentials
        access_control_allow_credentials
        """,
    "max_age": """
        max_age_seconds max_age_in_seconds preflight_max_age set_preflight_max_age
        access_control_max_age
        """,
    "origin_regex": """
        regex allow_origin_regex allowed_origin_regex allowed_origin_regexes
        origin_regex_whitelist
        """,
    "preflight_status": """
        options_success_status options_response_status_code preflight_success_status
        """,
}

# What other libraries have and a policy has not, and what takes its place.
_WITHOUT: Final[Mapping[str, str]] = {
    "Leave it out: Vary is sent wherever an answer can differ.": "vary vary_header",
    "Leave it out: no browser asks for it any more.": (
        "private_network allow_private_network access_control_allow_private_network"
    ),
    "Which path has which policy is what Routes says.": "resources urls_regex",
    "Leave it out: a preflight is answered here, any other OPTIONS by the application.": (
        "automatic_options options_passthrough preflight_continue"
    ),
    "Leave it out: every answer carries the headers.": "always_send intercept_exceptions",
}


def _squash(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "").removeprefix("cors")


_RIGHT: Final = {_squash(field): field for field in FIELDS} | {
    _squash(name): field for field, names in _ELSEWHERE.items() for name in names.split()
}
_NOT_HERE: Final = {_squash(name): fix for fix, names in _WITHOUT.items() for name in names.split()}


def nearest_word(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or ``None``."""
    from difflib import get_close_matches  # only when something is wrong

    matches = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return matches[0] if matches else None


def right_field(name: str) -> str | None:
    """Return the field that a name from elsewhere, or a misspelt one, stands for.

    >>> right_field("CORS_ALLOWED_ORIGINS"), right_field("credentails"), right_field("x")
    ('origins', 'credentials', None)
    """
    key = _squash(name)
    if key in _NOT_HERE:
        return None
    return _RIGHT.get(key) or _RIGHT.get(nearest_word(key, map(_squash, FIELDS)) or "")


def unknown_field(name: object) -> Diagnostic:
    """Return the problem of a keyword or key that a policy does not have."""
    right = right_field(name) if isinstance(name, str) else None
    fix = f"The fields are {', '.join(FIELDS)}."
    if right is not None:
        fix = f"Here it is {right}=."
    elif isinstance(name, str):
        fix = _NOT_HERE.get(_squash(name), fix)
    message = f"a policy has no field {quote(name)}."
    return diagnose("unknown-field", None, quote(name), message, fix)


def misplaced_field(place: int, value: object) -> Diagnostic:
    """Return the problem of a value that was given without the name of its field."""
    message = f"{quote(value)} has no name: the fields of a policy are given by name."
    if isinstance(value, Mapping):
        fix = f"Write Policy.from_mapping({quote(value)})."
    elif place < len(FIELDS):
        lists = {"origins", "methods", "headers", "expose", "accept_risks"}
        listed = isinstance(value, str) and value != "*" and FIELDS[place] in lists
        shown = f"[{quote(value)}]" if listed else quote(value)
        fix = f"Write {FIELDS[place]}={shown}."
    else:
        fix = f"The fields are {', '.join(FIELDS)}."
    return diagnose("positional-argument", None, quote(value), message, fix)

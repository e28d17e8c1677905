"""The checks of the CORS protocol on an answer, in the standard's order and words.

What lives here: one function for each algorithm, each naming its step. What does not: when
they are run (``fetch``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from corsmith.browser.engines import Engine
from corsmith.browser.verdict import Received
from corsmith.headers import (
    FORBIDDEN_RESPONSE_HEADERS,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    is_token,
)

__all__ = [
    "DEFAULT_MAX_AGE",
    "REDIRECTS",
    "Problem",
    "cors_check",
    "exposed_names",
    "extract_list",
    "max_age",
    "preflight_lists",
    "split_visible",
]

DEFAULT_MAX_AGE: Final = 5
"""Fetch, #cors-preflight-fetch, step 7.9: seconds, where no readable max-age is given."""

_DIGITS: Final = re.compile(r"[0-9]+\Z")
_MOST_DIGITS: Final = 9
_SIGNED: Final = re.compile(r"-[0-9]+\Z")

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
"""Fetch, #redirect-status."""

# URL Standard, as far as it decides whether a value can be an origin at all
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/?#\s*]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """A stable code, what was seen, and what the consoles tell of it."""

    code: str
    evidence: str
    values: Mapping[str, str] = field(default_factory=dict)


def cors_check(origin: str, credentials: str, response: Received) -> Problem | None:
    """Return why the answer may not be read (Fetch, #concept-cors-check), or ``None``."""
    allowed = response.get("access-control-allow-origin")
    status = str(response.status)
    if allowed is None:
        evidence = "there is no Access-Control-Allow-Origin"
        return Problem("allow-origin-missing", evidence, {"status": status})
    if allowed == "*" and credentials != "include":
        return None
    if allowed != origin:
        code, evidence = _origin_mismatch(allowed, origin, response)
        return Problem(code, evidence, {"value": allowed, "status": status})
    if credentials != "include":
        return None
    seen = response.get("access-control-allow-credentials")
    if seen == "true":
        return None
    values = {"value": seen or "", "status": status}
    if seen is None:
        evidence = "there is no Access-Control-Allow-Credentials"
        return Problem("allow-credentials-missing", evidence, values)
    evidence = f"Access-Control-Allow-Credentials is {seen!r}, not 'true'"
    return Problem("allow-credentials-not-true", evidence, values)


def _origin_mismatch(allowed: str, origin: str, response: Received) -> tuple[str, str]:
    if allowed == "*":
        return (
            "wildcard-with-credentials",
            "Access-Control-Allow-Origin is *, and the request includes credentials",
        )
    lines = len(response.values("access-control-allow-origin"))
    if lines > 1:
        return "allow-origin-twice", f"{lines} Access-Control-Allow-Origin lines: {allowed}"
    if "," in allowed or " " in allowed:
        return "allow-origin-list", f"Access-Control-Allow-Origin is a list: {allowed}"
    evidence = f"Access-Control-Allow-Origin is {allowed!r}, and the page is {origin}"
    if allowed != "null" and _URL.match(allowed) is None:
        return "allow-origin-invalid", evidence
    return "allow-origin-mismatch", evidence


def extract_list(name: str, response: Received) -> list[str] | bool | None:
    """Return the elements of a list of tokens; ``None``: absent; ``False``: no list.

    Fetch, #extract-header-list-values; RFC 9110, section 5.6.1: empty elements are ignored.
    """
    lines = response.values(name)
    if not lines:
        return None
    elements: list[str] = []
    for line in lines:
        for part in line.split(","):
            element = part.strip(" \t")
            if element and not is_token(element):
                return False
            if element:
                elements.append(element)
    return elements


def preflight_lists(
    method: str,
    unsafe: tuple[str, ...],
    credentials: str,
    response: Received,
    engine: Engine,
    *,
    forced: bool,
) -> Problem | tuple[list[str], list[str]]:
    """Return the methods and header names that a preflight's answer allows.

    Or the first problem (Fetch, #cors-preflight-fetch, steps 7.1 to 7.7).
    """
    methods = extract_list("access-control-allow-methods", response)
    names = extract_list("access-control-allow-headers", response)
    if methods is False:
        return _unreadable("methods", response)
    if names is False:
        return _unreadable("headers", response)
    forced = forced and engine.forced_preflight_allows_its_method
    allowed = methods if isinstance(methods, list) else [method] if forced else []
    wildcard = credentials != "include"
    if not (method in allowed or method in SAFELISTED_METHODS or (wildcard and "*" in allowed)):
        seen = response.get("access-control-allow-methods")
        evidence = f"{method} is not in Access-Control-Allow-Methods: {seen}"
        return Problem("method-not-allowed", evidence, {"method": method})
    listed = names if isinstance(names, list) else []
    lower = {name.lower() for name in listed}
    for name in unsafe:
        if name in lower:
            continue
        covered = wildcard and "*" in listed
        if name == "authorization" and covered and not engine.star_covers_authorization:
            evidence = "* in Access-Control-Allow-Headers never covers it"
            return Problem("authorization-not-covered", evidence, {"header": name})
        if not covered:
            seen = response.get("access-control-allow-headers")
            evidence = f"{name} is not in Access-Control-Allow-Headers: {seen}"
            return Problem("header-not-allowed", evidence, {"header": name})
    return allowed, listed


def _unreadable(kind: str, response: Received) -> Problem:
    header = f"Access-Control-Allow-{kind.title()}"
    seen = response.get(header) or ""
    what = "methods" if kind == "methods" else "names"
    elements = [element.strip(" \t") for element in seen.split(",")]
    bad = next(element for element in elements if element and not is_token(element))
    values = {"value": seen, "element": bad}
    return Problem(f"allow-{kind}-unreadable", f"{header} is no list of {what}", values)


def max_age(response: Received, engine: Engine) -> int:
    """Return how many seconds a preflight's answer is kept (steps 7.8 to 7.10)."""
    lines = response.values("access-control-max-age")
    if not lines:
        return DEFAULT_MAX_AGE
    if len(lines) == 1 and _DIGITS.match(lines[0]):
        # Compared as text first: int() refuses what is over 4300 digits.
        digits = lines[0].lstrip("0")
        return (
            engine.max_age_cap
            if len(digits) > _MOST_DIGITS
            else min(int(digits or "0"), engine.max_age_cap)
        )
    if engine.odd_max_age_is_no_cache:
        # An empty value counts as none in the one engine that reads it so.
        return DEFAULT_MAX_AGE if lines == ("",) else 0
    signed = len(lines) == 1 and _SIGNED.match(lines[0]) is not None
    return 0 if signed and engine.signed_max_age_is_no_cache else DEFAULT_MAX_AGE


def exposed_names(response: Received, credentials: str) -> set[str] | None:
    """Return the lower-case names exposed beyond the safelist; ``None``: every one.

    Fetch, main fetch, step 14: one unreadable element hides them all.
    """
    names = extract_list("access-control-expose-headers", response)
    if not isinstance(names, list):
        return set()
    if "*" in names and credentials != "include":
        return None
    return {name.lower() for name in names}


def split_visible(
    response: Received, exposed: set[str] | None
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the headers a script can read, and the names it cannot.

    Fetch, #concept-filtered-response-cors: forbidden response headers never show.
    """
    names = sorted({name.lower() for name, _ in response.headers})
    sees: Callable[[str], bool] = (
        (lambda _: True)
        if exposed is None
        else (lambda name: name in exposed or name in SAFELISTED_RESPONSE_HEADERS)
    )
    readable = [name for name in names if name not in FORBIDDEN_RESPONSE_HEADERS and sees(name)]
    visible = tuple((name, response.get(name) or "") for name in readable)
    return visible, tuple(name for name in names if name not in readable)

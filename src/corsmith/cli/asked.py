"""What a page asks for, read from the words of a command line.

What lives here: origins, methods and headers as ``check`` takes them, each refused with the
word to write instead. What does not: the options themselves (``check``).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.headers import (
    FORBIDDEN_METHODS,
    is_forbidden_request_header,
    is_token,
    normalize_method,
)

__all__ = ["Asking", "read_headers", "read_method", "read_origin"]

# What Headers and XMLHttpRequest take: Latin-1 without controls (Fetch, #header-value).
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What the pages of some origins do; a header's value is ``None`` where none was given."""

    origins: tuple[str, ...] = ()
    method: str = "GET"
    headers: tuple[tuple[str, str | None], ...] = ()
    cookies: bool = False


def read_origin(text: str) -> str:
    """Return the origin of a page, or raise ``UsageError``."""
    if text == "null":
        return text
    from corsmith.pattern import OriginPattern, parse_pattern

    pattern = parse_pattern(text)
    if isinstance(pattern, OriginPattern):
        if pattern.is_exact:
            return text
        raise UsageError(f"--from {text}: a page has one origin, not a pattern")
    problem = pattern[0]
    raise UsageError(f"--from: {problem.message}\n  {problem.fix or ''}".rstrip())


def read_method(text: str) -> str:
    """Return a method as a browser sends it, or raise ``UsageError``."""
    if not is_token(text):
        raise UsageError(f"-X {quote(text)} is no method: a method is a token")
    if text.upper() in FORBIDDEN_METHODS:
        raise UsageError(f"-X {text}: browsers let no page send {text.upper()}")
    return normalize_method(text)


def read_headers(headers: Iterable[str]) -> tuple[tuple[str, str | None], ...]:
    """Return names and values, ``None`` where only a name is given, or raise ``UsageError``."""
    return tuple(_header(header) for header in headers)


def _header(header: str) -> tuple[str, str | None]:
    name, colon, value = header.partition(":")
    name = name.strip()
    if not is_token(name):
        raise UsageError(f"-H {quote(header)} is no header; write -H 'X-Key: 1'")
    if is_forbidden_request_header(name):
        hint = "; cookies are --cookies" if name.lower() == "cookie" else ""
        raise UsageError(f"-H {name}: browsers let no page set it{hint}")
    if _VALUE.match(value) is None:
        raise UsageError(f"-H {name}: {quote(value.strip())} is no value that a browser sends")
    return name, value.strip() if colon else None

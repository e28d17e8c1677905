"""What a page may send without asking first: the CORS-safelisted request headers.

What lives here: the value rules of the Fetch Standard, byte for byte. What does not: the
names alone (``headers``), and who asks (``question`` for the server half).

Header values are text in which one character stands for one byte (Latin-1).
"""

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["LONGEST_VALUE", "is_safelisted_request_header", "unsafe_request_header_names"]

LONGEST_VALUE: Final = 128
"""Fetch, #cors-safelisted-request-header, step 1: the longest value, in bytes."""

_LONGEST_TOTAL: Final = 1024
"""Fetch, #cors-unsafe-request-header-names, step 6: the longest values together."""

_ESSENCES: Final = frozenset(
    {
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
    }
)

# Fetch, #cors-unsafe-request-header-byte
_UNSAFE_BYTE = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')

# Fetch, #cors-safelisted-request-header, step 2, `accept-language`
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*\Z")

# Fetch, #simple-range-header-value, without white space; a suffix range has no start
_RANGE = re.compile(r"bytes=(?P<start>[0-9]+)-(?P<end>[0-9]*)\Z")

_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# MIME Sniffing, #parse-a-mime-type: parameters do not change the essence
_ESSENCE = re.compile(rf"[\t\n\r ]*(?P<type>{_WORD})/(?P<subtype>{_WORD})[\t\n\r ]*(?:;|\Z)")


def is_safelisted_request_header(name: str, value: str) -> bool:
    """Return whether a header of this value needs no preflight.

    >>> is_safelisted_request_header("Content-Type", "text/plain;charset=utf-8")
    True
    >>> is_safelisted_request_header("Content-Type", "application/json")
    False

    Source: Fetch, #cors-safelisted-request-header.
    """
    if len(value) > LONGEST_VALUE:
        return False
    lower = name.lower()
    if lower == "accept":
        return _UNSAFE_BYTE.search(value) is None
    if lower in {"accept-language", "content-language"}:
        return _LANGUAGE.match(value) is not None
    if lower == "content-type":
        return _UNSAFE_BYTE.search(value) is None and _essence(value) in _ESSENCES
    if lower == "range":
        return _is_range_with_a_start(value)
    return False


def _essence(value: str) -> str | None:
    match = _ESSENCE.match(value)
    return None if match is None else f"{match['type']}/{match['subtype']}".lower()


def _is_range_with_a_start(value: str) -> bool:
    match = _RANGE.match(value)
    if match is None:
        return False
    start, end = match["start"].lstrip("0"), match["end"].lstrip("0")
    # Compared as text: int() refuses what is over 4300 digits.
    return not match["end"] or (len(start), start) <= (len(end), end)


def unsafe_request_header_names(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the names that a preflight must ask for: lower case, sorted, each once.

    >>> unsafe_request_header_names([("X-Key", "1"), ("Accept", "*/*")])
    ('x-key',)

    Source: Fetch, #cors-unsafe-request-header-names.
    """
    unsafe: set[str] = set()
    safelisted: set[str] = set()
    total = 0
    for name, value in headers:
        if is_safelisted_request_header(name, value):
            safelisted.add(name.lower())
            total += len(value)
        else:
            unsafe.add(name.lower())
    if total > _LONGEST_TOTAL:
        unsafe |= safelisted
    return tuple(sorted(unsafe))

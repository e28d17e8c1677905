"""``select``: which bytes of a file a Range header asks for (RFC 9110, section 14).

What lives here: the header's grammar, and what a multipart answer is made of. What does
not: whether the header counts at all (``conditions``), and reading the bytes (``serving``).
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

__all__ = ["MOST_RANGES", "Part", "Span", "multipart", "select"]


class Span(NamedTuple):
    """Bytes of a file, from ``start`` up to and without ``stop``."""

    start: int
    stop: int


Part = bytes | Span
"""A piece of a body: bytes as they are, or bytes of the file."""

_MOST_DIGITS: Final = 19
"""A position with more digits is beyond any file, and int() of thousands of them is slow."""

MOST_RANGES: Final = 200
"""The most ranges of one request, as Apache's MaxRanges; each costs a head of its own."""

_UNIT = re.compile(r"bytes=", re.IGNORECASE)
_USUAL = re.compile(r"bytes=([0-9]{1,18})-([0-9]{1,18})\Z")
"""One range of two positions, as nearly every reader writes it."""

_ONE = re.compile(r"([0-9]*)-([0-9]*)\Z")
_BEYOND: Final = 10**_MOST_DIGITS


def select(value: str, size: int) -> tuple[Span, ...] | None:
    """Return what is asked of ``size`` bytes, in the order in which it is asked.

    Nothing is asked that exists: an empty tuple, to be answered 416. The header is to be
    ignored: ``None``, for the whole file; so is one that is malformed, is in another unit,
    asks for more bytes together than there are, or for very many ranges (RFC 9110,
    section 17.15).

    >>> select("bytes=0-9", 100), select("bytes=-10", 100), select("bytes=100-", 100)
    ((Span(start=0, stop=10),), (Span(start=90, stop=100),), ())
    """
    usual = _USUAL.match(value)
    if usual is not None:
        first, last = int(usual[1]), int(usual[2])
        if first <= last:
            return (Span(first, min(last + 1, size)),) if first < size else ()
    unit = _UNIT.match(value)
    if unit is None:
        return None
    asked = [item for part in value[unit.end() :].split(",") if (item := part.strip(" \t"))]
    read = [_read(item, size) for item in asked]
    if not asked or len(asked) > MOST_RANGES or None in read:
        return None
    spans = tuple(span for span in read if span is not None and span.start < size)
    # The last bytes of nothing exist, but no Content-Range could say where they are.
    is_empty = not size and any(span == Span(0, 0) for span in read)
    return None if is_empty or sum(stop - start for start, stop in spans) > size else spans


def _read(item: str, size: int) -> Span | None:
    """Return one range as far as it exists; what does not begins at the end or after it.

    ``None`` is a range that is malformed.
    """
    found = _ONE.match(item)
    if found is None or item == "-":
        return None
    first, last = map(_number, found.groups())
    if first is None:
        length = last or 0
        return Span(max(0, size - length), size) if length else Span(size + 1, size + 1)
    if last is not None and _is_after(*found.groups()):
        return None
    stop = size if last is None else min(last + 1, size)
    return Span(first, stop) if first < size else Span(size + 1, size + 1)


def _is_after(first: str, last: str) -> bool:
    """Return whether one position is after another, however many digits they have."""
    first, last = first.lstrip("0"), last.lstrip("0")
    return (len(first), first) > (len(last), last)


def _number(digits: str) -> int | None:
    """Return a position; every one with too many digits is the same, beyond any file."""
    if not digits:
        return None
    significant = digits.lstrip("0")
    return _BEYOND if len(significant) > _MOST_DIGITS else int(significant or "0")


def multipart(spans: Sequence[Span], size: int, kind: str, boundary: str) -> tuple[list[Part], int]:
    """Return the body of several ranges and its length (RFC 9110, section 14.6)."""
    parts: list[Part] = []
    length = 0
    before = ""
    for start, stop in spans:
        head = (
            f"{before}--{boundary}\r\nContent-Type: {kind}\r\n"
            f"Content-Range: bytes {start}-{stop - 1}/{size}\r\n\r\n"
        ).encode()
        parts += [head, Span(start, stop)]
        length += len(head) + stop - start
        before = "\r\n"
    end = f"\r\n--{boundary}--\r\n".encode()
    return [*parts, end], length + len(end)

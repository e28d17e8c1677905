"""``reply_to``: what a GET or HEAD of a file is answered with, before any byte is read.

What lives here: the status, the header lines and the parts of the file. What does not: the
file itself (``tree``), what its ranges and conditions mean (``ranges``, ``conditions``), and
the sending (``serving``, ``parts``).
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from corsmith.server.folder.conditions import (
    CONDITIONS,
    NOT_MODIFIED,
    allows_range,
    judge,
    write_date,
)
from corsmith.server.folder.media import type_of
from corsmith.server.folder.ranges import Part, Span, multipart, select
from corsmith.server.folder.tree import Opened, Version, tag_of

__all__ = ["Line", "Replies", "Reply", "asked_of", "reply_to"]

Line: TypeAlias = tuple[bytes, bytes]

_KEYS: Final = {name: name.decode() for name in CONDITIONS}

_RANGE_ALONE: Final = {"range"}

_REMEMBERED: Final = 1_024
"""The most whole files whose header lines are kept, of half a kilobyte each."""


class Reply(NamedTuple):
    """What a file is answered with; ``parts`` is ``None`` where a status says it all."""

    status: int
    lines: list[Line]
    parts: Sequence[Part] | None
    length: int = 0


def asked_of(lines: Iterable[Line]) -> dict[str, str]:
    """Return the header lines that matter here; several of one name are one list."""
    found: dict[str, str] = {}
    for name, value in lines:
        if (key := _KEYS.get(name)) is not None:
            text = value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
    return found


class Replies:
    """The answers of one application, each of which has the same ``extra`` lines.

    The lines of a whole file depend on nothing but its name and the version of it that was
    opened, so they are made once for each version.
    """

    def __init__(self, extra: Iterable[Line]) -> None:
        """Remember nothing yet."""
        self._extra = list(extra)
        self._whole: dict[tuple[str, Version], Reply] = {}

    def of(
        self, name: str, opened: Opened, method: str, lines: Iterable[Line], now: float
    ) -> Reply:
        """Return the answer to a request for a file; nobody changes its lines.

        ``lines`` are the request's, at least its ``CONDITIONS``.
        """
        asked = asked_of(lines)
        if asked:
            return self._complete(reply_to(name, opened, method, asked, now))
        known = self._whole.get((name, opened.version))
        if known is None:
            known = self._complete(reply_to(name, opened, method, asked, now))
            # A time to come is told as now, which is another one the next time.
            if opened.modified <= now:
                if len(self._whole) >= _REMEMBERED:
                    self._whole.clear()
                self._whole[name, opened.version] = known
        return known

    def _complete(self, reply: Reply) -> Reply:
        reply.lines.extend(self._extra if reply.parts is not None else ())
        return reply


def reply_to(name: str, opened: Opened, method: str, asked: Mapping[str, str], now: float) -> Reply:
    """Return the answer to a GET or HEAD of a file, whose ``asked`` headers are in lower case."""
    size = opened.size
    # A time to come would be taken for a change that never ends (RFC 9110, section 8.8.2.1).
    modified = int(max(0.0, min(opened.modified, now)))
    lines = [*_lines_of(opened.version, modified)]
    spans = None
    if asked.keys() == _RANGE_ALONE:
        spans = select(asked["range"], size)
    elif asked:
        tag = opened.tag
        ended = judge(asked, tag, modified)
        if ended is not None:
            return Reply(ended, lines, () if ended == NOT_MODIFIED else None)
        if "range" in asked and allows_range(asked.get("if-range"), tag, modified, now):
            spans = select(asked["range"], size)
    # A range is GET's alone (RFC 9110, section 14.2), and HEAD tells the whole length. Of
    # one that asks for everything a 206 tells both, which DuckDB takes for its proof.
    if method == "HEAD" and spans != (Span(0, size),):
        spans = None
    if spans == ():
        lines.append((b"content-range", f"bytes */{size}".encode()))
        return Reply(416, lines, None)
    kind = type_of(name)
    parts: Sequence[Part] = spans or (Span(0, size),)
    length = size
    if spans is not None and len(spans) == 1:
        ((start, stop),) = spans
        length = stop - start
        lines.append((b"content-range", f"bytes {start}-{stop - 1}/{size}".encode()))
    elif spans is not None:
        import secrets  # only for several ranges

        boundary = secrets.token_hex(16)
        parts, length = multipart(spans, size, kind, boundary)
        kind = f"multipart/byteranges; boundary={boundary}"
    lines += [(b"content-type", kind.encode()), (b"content-length", str(length).encode())]
    return Reply(200 if spans is None else 206, lines, parts, length)


@lru_cache(maxsize=256)
def _lines_of(version: Version, modified: int) -> tuple[Line, ...]:
    """Return the lines that every answer about one version of a file has."""
    return (
        (b"etag", tag_of(version).encode()),
        (b"last-modified", write_date(modified).encode()),
        (b"accept-ranges", b"bytes"),
    )

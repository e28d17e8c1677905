"""``send_parts``: a body that is read from a file while it is sent.

What lives here: how much is in memory, and what happens when the file or the client is not
what it was. What does not: which parts, and the head before them (``serving``).

One entity tag stands for one version, so no answer mixes two: a file that is written to
while it is sent ends the answer, unless it only grew. What cannot be read from the start
is told before an answer begins.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from corsmith.adapters.asgi import Message, Receive, Send
from corsmith.server.folder.ranges import Part, Span
from corsmith.server.folder.tree import Opened, version_of

__all__ = ["AT_ONCE", "CutError", "leave", "read_parts", "send_parts"]

AT_ONCE: Final = 65_536
"""What is read without a thread, in bytes: it takes less time than to ask one.

What is sent at a time, too: larger pieces leave the processor's caches on their way.
"""

_STRETCH: Final = 262_144
"""What a thread reads at a time, in bytes: it costs as much to ask one as to read it."""

_TURNS: Final = 4
"""How many pieces are sent before others get their turn."""

_NOW: Final = getattr(os, "RWF_NOWAIT", None)
"""Reads what is in memory, and fails where a disk would have to be asked; Linux only."""


class CutError(Exception):
    """A file cannot be sent as it was promised.

    ``word`` is for the request's line; ``begun`` says that the client has had some of it.
    """

    def __init__(self, word: str, message: str) -> None:
        """Say why; nothing has begun yet."""
        super().__init__(message)
        self.word = word
        self.begun = False


async def send_parts(
    opened: Opened,
    parts: Sequence[Part],
    length: int,
    start: Message,
    send: Send,
    receive: Receive | None,
) -> None:
    """Send ``start`` and a body of ``length`` bytes, parts of it from the open file.

    ``receive`` tells when nobody is there to read the rest. Raises ``CutError``.
    """
    # A server goes on taking what is sent to a client that left: it has to be asked.
    left = None if receive is None else asyncio.create_task(leave(receive))
    before: tuple[Span, bytes] | None = None
    begun = False
    try:
        for turn, piece in enumerate(_pieces(opened.descriptor, parts)):
            # What is read without waiting lets nobody else on, not even the news.
            if not turn % _TURNS:
                await asyncio.sleep(0)
            if left is not None and left.done():
                return
            if isinstance(piece, bytes):
                body = piece
            else:
                if piece.stop - piece.start <= AT_ONCE:
                    body = _read_same(opened, piece, before)
                else:
                    body = await asyncio.to_thread(_read_same, opened, piece, before)
                before = piece, body
            if not begun:
                await send(start)
                begun = True
            length -= len(body)
            await send({"type": "http.response.body", "body": body, "more_body": length > 0})
    except CutError as error:
        error.begun = begun
        raise
    finally:
        if left is not None:
            left.cancel()


async def leave(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _pieces(descriptor: int, parts: Iterable[Part]) -> Iterator[Part]:
    """Yield what is sent at a time; only what is larger than ``AT_ONCE`` needs a thread."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        for start in range(part.start, part.stop, _STRETCH):
            stretch = Span(start, min(start + _STRETCH, part.stop))
            if not _is_at_hand(descriptor, stretch):
                yield stretch
                continue
            for at in range(stretch.start, stretch.stop, AT_ONCE):
                yield Span(at, min(at + AT_ONCE, stretch.stop))


def _is_at_hand(descriptor: int, stretch: Span) -> bool:
    """Return whether bytes are in memory, so that reading them waits for nothing.

    The system reads ahead: where it has the last byte, it has those before it.
    """
    if _NOW is None:
        return False
    try:
        return os.preadv(descriptor, [bytearray(1)], stretch.stop - 1, _NOW) > 0
    except OSError:  # it has not, or cannot tell
        return False


def read_parts(opened: Opened, parts: Sequence[Part]) -> bytes:
    """Return a whole body that is small; raises ``CutError``."""
    if len(parts) == 1 and isinstance(parts[0], Span):
        return _read(opened.descriptor, parts[0])
    return b"".join(
        [part if isinstance(part, bytes) else _read(opened.descriptor, part) for part in parts]
    )


def _read_same(opened: Opened, span: Span, before: tuple[Span, bytes] | None) -> bytes:
    """Return these bytes of the version that was opened.

    ``before`` is what was read last: where it is still the same, a file that is longer
    than it was has only grown.
    """
    found = _read(opened.descriptor, span)
    status = os.fstat(opened.descriptor)
    if version_of(status) == opened.version:
        return found
    has_grown = status.st_size > opened.size
    if not has_grown or (before and _read(opened.descriptor, before[0]) != before[1]):
        raise CutError("file-changed", "the file was written to")
    return found


def _read(descriptor: int, span: Span) -> bytes:
    """Return exactly these bytes."""
    start, stop = span
    found = _read_some(descriptor, start, stop) if start < stop else b""
    while start + len(found) < stop:
        found += _read_some(descriptor, start + len(found), stop)
    return found


def _read_some(descriptor: int, start: int, stop: int) -> bytes:
    """Return these bytes, or as many of the first of them as come at once."""
    try:
        found = os.pread(descriptor, stop - start, start)
    except OSError as error:
        raise CutError("file-unreadable", f"it cannot be read: {error.strerror}") from None
    if not found:
        raise CutError("file-changed", "the file became shorter")
    return found

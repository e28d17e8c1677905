"""``send_parts``: a body that is read from a file while it is sent.

What lives here: how much is in memory, and what happens when the file or the client is not
what it was. What does not: which parts, and the head before them (``files``).
"""

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from corsmith.adapters.asgi import Receive, Send
from corsmith.server.ranges import Part, Span

__all__ = ["ShorterError", "send_parts"]

_AT_ONCE: Final = 65_536
"""What is read without a thread, in bytes: it takes less time than to ask one."""

_PART: Final = 262_144
"""What is read and sent at a time, in bytes: each time a thread is asked; Granian 128 KiB."""


class ShorterError(Exception):
    """A file became shorter while it was sent, so what was promised cannot be kept."""


async def send_parts(
    descriptor: int, parts: Sequence[Part], length: int, send: Send, receive: Receive | None
) -> None:
    """Send a body of ``length`` bytes, parts of it from the open file.

    ``receive`` tells when nobody is there to read the rest. Raises ``ShorterError``.
    """
    if length <= _AT_ONCE:
        body = b"".join(
            part if isinstance(part, bytes) else _read(descriptor, part) for part in parts
        )
        await send({"type": "http.response.body", "body": body})
        return
    # A server goes on taking what is sent to a client that left: it has to be asked.
    left = None if receive is None else asyncio.create_task(_leave(receive))
    try:
        for piece in _pieces(parts):
            if left is not None and left.done():
                return
            if isinstance(piece, bytes):
                body = piece
            else:
                body = await asyncio.to_thread(_read, descriptor, piece)
            length -= len(body)
            await send({"type": "http.response.body", "body": body, "more_body": length > 0})
    finally:
        if left is not None:
            left.cancel()


async def _leave(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _pieces(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield what is sent at a time."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        for start in range(part.start, part.stop, _PART):
            yield Span(start, min(start + _PART, part.stop))


def _read(descriptor: int, span: Span) -> bytes:
    """Return exactly these bytes."""
    found = os.pread(descriptor, span.stop - span.start, span.start)
    while len(found) < span.stop - span.start:
        at = span.start + len(found)
        more = os.pread(descriptor, span.stop - at, at)
        if not more:
            raise ShorterError("a file became shorter while it was sent")
        found += more
    return found

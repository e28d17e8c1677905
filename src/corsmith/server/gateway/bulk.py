"""The rest of a long body whose length is known, taken from its connection as it comes.

What lives here: a protocol in the place of the client library's while such a body lasts, and
giving the connection back. What does not: bodies that are short, or whose end only their chunks
or their connection tell: those the library reads (``relay``).

The library's parser has nothing to find in a body of known length, and copies it: with that, a
body of 10 MB took a fifth longer (``docs/decisions/0014-what-a-gateway-costs.md``).

What always holds: what comes after the last byte is no part of the body, and a connection with
such bytes, or one that ended before, is not used again.
"""

import asyncio
from collections import deque
from typing import Final, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler

from corsmith.server.gateway.request import READ_BYTES, Answer, Begun, prepare

__all__ = ["WORTH", "Bulk"]

WORTH: Final = 262_144
"""How much is left of a body where this begins to be worth it, in bytes."""


class Bulk(asyncio.Protocol):
    """What is left of one body; ``is_over`` once all of it was read."""

    def __init__(
        self,
        handler: ResponseHandler,
        transport: asyncio.Transport,
        content: aiohttp.StreamReader,
        left: int,
    ) -> None:
        """Take the place of ``handler`` for the next ``left`` bytes."""
        self._handler = handler
        self._transport = transport
        self._content = content
        self._left = left
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._is_paused = False
        self._is_lost = False
        self._waiter: asyncio.Future[None] | None = None
        transport.set_protocol(self)

    @classmethod
    def of(cls, answer: Begun) -> Self | None:
        """Return the rest of an answer's body, of which nothing is left to be read elsewhere.

        ``None``: the library reads it to its end.
        """
        if not isinstance(answer, Answer) or answer.connection is None:
            return None
        handler = answer.connection.protocol
        transport = None if handler is None else handler.transport
        if handler is None or transport is None or transport.is_closing():
            return None
        left = _length(answer) - answer.content.total_bytes
        return cls(handler, transport, answer.content, left) if left >= WORTH else None

    @property
    def is_over(self) -> bool:
        """Whether all of the body was read."""
        return not self._left and not self._parts

    async def read(self) -> bytes:
        """Return the next part; ``ClientPayloadError`` where the connection ended before."""
        while not self._parts:
            if self._is_lost:
                raise aiohttp.ClientPayloadError("the connection is gone")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        part = self._parts.popleft()
        self._size -= len(part)
        if self._is_paused and self._left and self._size < READ_BYTES:
            self._is_paused = False
            self._transport.resume_reading()
        return part

    def data_received(self, data: bytes) -> None:
        """Take a part as it comes."""
        if len(data) > self._left:
            # Nobody has asked for it yet: it is the answer to nothing.
            self._handler.force_close()
            data = data[: self._left]
        self._left -= len(data)
        self._parts.append(data)
        self._size += len(data)
        if not self._left:
            self._give_back()
        elif self._size > 2 * READ_BYTES and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def _give_back(self) -> None:
        """Have the library read the connection again, and its next answer."""
        self._transport.set_protocol(self._handler)
        prepare(self._handler)
        self._content.feed_eof()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits, and the library, for which the connection is over too."""
        self._is_lost = True
        self._handler.connection_lost(exc)
        self._wake()

    def pause_writing(self) -> None:
        """Leave what is written to the library."""
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        """Leave what is written to the library."""
        self._handler.resume_writing()


def _length(answer: Answer) -> int:
    """Return the length of an answer's body, or 0 where its head does not tell it."""
    for name, value in answer.raw_headers:
        if name.lower() == b"content-length":
            return int(value)
    return 0

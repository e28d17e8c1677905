"""A request whose body the application reads by itself, held to the server's limits.

What lives here: how long a client may be silent inside a body, how much a body may be, and
what the application then sees. What does not: bodies that the server reads for it (``front``).

An application whose client breaks a limit sees ``http.disconnect``, as it does when a client
goes away; what it says to that is dropped, and the server answers.
"""

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from corsmith.adapters.asgi import Message, Receive, Send
from corsmith.server.body import TOO_SLOW, Patience, too_large

if TYPE_CHECKING:
    from corsmith.server.limits import Problem

__all__ = ["Streamed"]

_GONE: Message = {"type": "http.disconnect"}


class Streamed:
    """The two channels of one request; ``problem`` says which limit it broke, if it did."""

    __slots__ = (
        "_limit",
        "_patience",
        "_receive",
        "_send",
        "_size",
        "_whole",
        "problem",
        "started",
    )

    def __init__(self, receive: Receive, send: Send, patience: Patience, limit: int | None) -> None:
        """Hold ``receive`` to ``limit`` bytes and to the server's patience."""
        self._receive = receive
        self._send = send
        self._patience = patience
        self._limit = limit
        self._size = 0
        self._whole = False
        self.started = False
        self.problem: Problem | None = None

    async def receive(self) -> Message:
        """Return the next message of the client."""
        if self.problem is not None:
            return _GONE
        if self._whole:
            return await self._receive()  # only that the client went away can come now
        task = self._patience.begin()
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if not self._patience.is_over(task):
                raise
            self.problem = TOO_SLOW
            return _GONE
        finally:
            self._patience.end(task)
        if message["type"] != "http.request":
            return message
        self._whole = not message.get("more_body")
        self._size += len(message.get("body", b""))
        if self._limit is not None and self._size > self._limit:
            self.problem = too_large(self._limit)
            return _GONE
        return message

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message of the application, unless the server answers in its place."""
        if self.problem is not None and not self.started:
            return _nothing()
        self.started = True
        return self._send(message)

    @property
    def is_unread(self) -> bool:
        """Whether the client may still be sending."""
        return not self._whole


async def _nothing() -> None:
    """Do what sending to nobody does."""

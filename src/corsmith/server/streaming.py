"""A request whose body the application reads by itself, held to the server's limits.

What lives here: how long a client may be silent inside a body, how much a body may be, and
what the application then sees. What does not: bodies that the server reads for it (``front``).

An application whose client breaks a limit sees ``http.disconnect``, as it does when a client
goes away; what it says to that is dropped, and the server answers.
"""

import asyncio
from collections.abc import Awaitable
from typing import Final

from corsmith.adapters.asgi import Message, Receive, Send
from corsmith.server.body import BROKEN_OFF, TOO_SLOW, Patience, too_large
from corsmith.server.limits import Problem

__all__ = ["CLIENT_LEFT", "NO_ANSWER", "NO_TUNNEL", "UNFINISHED", "Streamed"]

CLIENT_LEFT: Final = "client-left"
"""The word for an answer that ended because nobody was there to read it."""

UNFINISHED: Final = "unfinished"
"""The word for an answer whose end the application did not send."""

NO_ANSWER: Final = Problem(
    status=500,
    word="no-answer",
    sentence="The application ended without an answer.",
)

NO_TUNNEL: Final = Problem(
    status=501,
    word="no-tunnel",
    sentence="CONNECT opens a tunnel, and this server has none.",
)
"""No application is asked: of what it answers with 200 the server makes a connection that is
closed before the answer is sent."""

_GONE: Final[Message] = {"type": "http.disconnect"}


class Streamed:
    """The two channels of one request; ``problem`` says which limit it broke, if it did."""

    __slots__ = (
        "_limit",
        "_patience",
        "_receive",
        "_send",
        "_size",
        "_whole",
        "ending",
        "problem",
        "started",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        patience: Patience,
        limit: int | None,
        *,
        whole: bool = False,
    ) -> None:
        """Hold ``receive`` to ``limit`` bytes and to the server's patience.

        ``whole`` says that there is no body to wait for.
        """
        self._receive = receive
        self._send = send
        self._patience = patience
        self._limit = limit
        self._size = 0
        self._whole = whole
        self.started = False
        self.ending = UNFINISHED
        self.problem: Problem | None = None

    async def receive(self) -> Message:
        """Return the next message of the client."""
        if self.problem is not None:
            return _GONE
        if self._whole:
            message = await self._receive()  # that there is no body, and that the client left
            if message["type"] == "http.disconnect":
                self.ending = CLIENT_LEFT
            return message
        task = self._patience.begin()
        try:
            message = await self._receive()
        except asyncio.CancelledError:
            if not self._patience.is_over(task):
                raise
            return self._break(TOO_SLOW)
        finally:
            self._patience.end(task)
        if message["type"] != "http.request":
            # Malformed chunks look the same; whoever has really gone reads no answer.
            return self._break(BROKEN_OFF)
        self._whole = not message.get("more_body")
        self._size += len(message.get("body", b""))
        if self._limit is not None and self._size > self._limit:
            return self._break(too_large(self._limit))
        return message

    def _break(self, problem: Problem) -> Message:
        """Note which limit was broken; the application is told that the client left."""
        self.problem = problem
        self.ending = problem.word
        return _GONE

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message of the application, unless the server answers in its place."""
        if self.problem is not None and not self.started:
            return _nothing()
        self.started = True
        return self._send(message)

    def end(self) -> tuple[Receive, Send]:
        """Let go of the server's channels; returns them.

        What an application leaves behind may hold this for long, in a cycle: as long as the
        channels are held, the server may keep a connection whose body was not read.
        """
        channels = self._receive, self._send
        self._receive, self._send = _left, _drop
        return channels

    @property
    def is_unread(self) -> bool:
        """Whether the client may still be sending."""
        return not self._whole


async def _nothing() -> None:
    """Do what sending to nobody does."""


async def _left() -> Message:
    return _GONE


async def _drop(_message: Message) -> None:
    """Do what sending after the end does."""

"""The limits of a request's body, and reading away one that nobody wants.

What lives here: how long, how much, and what is wrong with a body. What does not: the
reading itself (``front``); what a body says, nobody here parses.

The server hands over what is already unchunked; a body that breaks off, or whose chunks
are malformed, arrives as ``http.disconnect``.
"""

import asyncio
from asyncio import current_task
from time import monotonic
from typing import Any, Final, NamedTuple, TypeAlias

from corsmith.adapters.asgi import Receive, Scope
from corsmith.server.limits import BODY_SECONDS, DRAIN_BYTES, DRAIN_SECONDS, Problem

__all__ = [
    "BROKEN_OFF",
    "EMPTY",
    "TOO_SLOW",
    "Body",
    "Patience",
    "drain",
    "has_body",
    "too_large",
]

_Task: TypeAlias = "asyncio.Task[Any]"  # Any: what a server's task returns is its own affair

BROKEN_OFF: Final = Problem(
    status=400,
    word="body-incomplete",
    sentence="The body broke off, or its chunks are malformed.",
)
TOO_SLOW: Final = Problem(
    status=408,
    word="body-too-slow",
    sentence=f"No more of the body came for {BODY_SECONDS:g} seconds.",
)

_LOOKS: Final = 10
"""How often silence is looked for within its limit."""


class Body(NamedTuple):
    """A whole body: how it begins, and how many bytes it has.

    A tuple: one is made for each request, at a third of the cost of a frozen dataclass.
    """

    beginning: bytes
    size: int


EMPTY: Final = Body(b"", 0)


def has_body(scope: Scope) -> bool:
    """Return whether the head of a request announces a body."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def too_large(limit: int) -> Problem:
    """Return the problem of a body over the limit."""
    return Problem(
        status=413,
        word="body-too-large",
        sentence=f"The body has more than {limit} bytes, the limit set by --limit-body.",
    )


async def drain(receive: Receive) -> None:
    """Read what is left of a body, so far and so long as it is worth it."""
    size = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while size <= DRAIN_BYTES:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                size += len(message["body"])
    except TimeoutError:
        return


class Patience:
    """Ends the waiting for a body whose client has been silent too long.

    One timer for all requests, which runs only while one of them reads: a timer for each,
    or ``asyncio.timeout``, would cost a tenth of a small request. So a silence may be
    longer than its limit by the time between two looks.
    """

    __slots__ = ("_heard", "_loop", "_over", "_seconds")

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        """Allow so many seconds of silence."""
        self._seconds = seconds
        self._heard: dict[_Task, float] = {}
        self._over: set[_Task] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> "_Task":
        """Watch the task that calls this; returns it, for the other methods."""
        task = current_task()
        if task is None:
            raise RuntimeError("a body is read by a task")
        self._heard[task] = monotonic()
        if self._loop is None:
            self._loop = task.get_loop()
            self._look_later(self._loop)
        return task

    def renew(self, task: "_Task") -> None:
        """Note that the client was heard."""
        self._heard[task] = monotonic()

    def end(self, task: "_Task") -> None:
        """Watch the task no longer."""
        del self._heard[task]

    def is_over(self, task: "_Task") -> bool:
        """Return whether it was this that cancelled the task, and take that back."""
        if task not in self._over:
            return False
        self._over.discard(task)
        return task.uncancel() == 0

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.call_later(self._seconds / _LOOKS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        longest = monotonic() - self._seconds
        silent = [task for task, heard in self._heard.items() if heard <= longest]
        for task in silent:
            if task not in self._over:
                self._over.add(task)
                task.cancel()
        if self._heard:
            self._look_later(loop)
        else:
            self._loop = None

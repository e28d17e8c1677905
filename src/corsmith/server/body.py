"""The limits of a request's body, and reading away one that nobody wants.

What lives here: how long, how much, and what is wrong with a body. What does not: the
reading itself (``front``); what a body says, nobody here parses.

The server hands over what is already unchunked; a body that breaks off, or whose chunks
are malformed, arrives as ``http.disconnect``.
"""

import asyncio
import contextlib
import threading
from asyncio import current_task
from time import monotonic, sleep
from typing import Any, Final, NamedTuple, TypeAlias

from corsmith.adapters.asgi import Receive, Scope
from corsmith.server.limits import BODY_SECONDS, DRAIN_BYTES, DRAIN_SECONDS, Problem, unframed

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
    """Return whether the head of a request announces a body, or leaves it open."""
    told = False
    for name, value in scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
        told = told or name == b"content-length"
    return not told and scope["http_version"] == "2" and unframed(scope) is None


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

    One thread looks for all requests, and only while one of them reads: a timer in the
    event loop, which then has an eye on the clock at every turn, would cost a small
    request a twentieth of its time. So a silence may be longer than its limit by the time
    between two looks.
    """

    __slots__ = ("_heard", "_over", "_seconds", "_watched")

    def __init__(self, seconds: float = BODY_SECONDS) -> None:
        """Allow so many seconds of silence."""
        self._seconds = seconds
        self._heard: dict[_Task, float] = {}
        self._over: set[_Task] = set()
        self._watched = False

    def begin(self) -> "_Task":
        """Watch the task that calls this; returns it, for the other methods."""
        task = current_task()
        if task is None:
            raise RuntimeError("a body is read by a task")
        self._heard[task] = monotonic()
        if not self._watched:
            self._watched = True
            threading.Thread(
                target=self._watch, args=(task.get_loop(),), name="corsmith-patience", daemon=True
            ).start()
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

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look again and again until nobody reads, or the loop has ended."""
        with contextlib.suppress(RuntimeError):
            while self._is_needed():
                sleep(self._seconds / _LOOKS)
                longest = monotonic() - self._seconds
                # The copy is made in one step, so that the loop's thread may go on.
                heard = list(self._heard.items())
                silent = [task for task, when in heard if when <= longest]
                if silent:
                    loop.call_soon_threadsafe(self._give_up, silent, longest)
        self._watched = False  # after a loop that has ended, too

    def _is_needed(self) -> bool:
        """Return whether somebody reads; in an order that lets no reader be overlooked.

        Who begins after the first line starts a thread, and who began before it is seen
        in the second. Two threads at once do no harm.
        """
        self._watched = False
        self._watched = bool(self._heard)
        return self._watched

    def _give_up(self, silent: "list[_Task]", longest: float) -> None:
        """Cancel the tasks that still are as silent as they were; called in the loop."""
        for task in silent:
            heard = self._heard.get(task)
            if heard is not None and heard <= longest and task not in self._over:
                self._over.add(task)
                task.cancel()

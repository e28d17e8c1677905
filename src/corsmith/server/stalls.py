"""Answers over HTTP/2 that nobody takes.

What lives here: noticing and ending them. What does not: finding a connection (``silence``),
and HTTP/1.1, where the system ends a connection whose client takes nothing (``ports``).

Over HTTP/2 a client may acknowledge every packet and answer every ping, and still open no
window for its answers: the system sees nothing. Measured with Granian 2.8: what it holds of such
an answer stays until the connection ends, whatever becomes of the application. So the answer is
ended, and the connection too once no other answer on it moves.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from corsmith.adapters.asgi import App, Message, Receive, Scope, Send
from corsmith.server.limits import TAKE_SECONDS
from corsmith.server.serving import CUT
from corsmith.server.streaming import CLIENT_LEFT

__all__ = ["Stalls"]

_LOOKS: Final = 10
"""How often it is looked within the time that an answer has: it may last a tenth longer."""

_Peer: TypeAlias = tuple[str, int]


class _Answer:
    """One answer over HTTP/2; ``since`` is when the part that now waits was given."""

    __slots__ = ("has_stalled", "scope", "since", "task")

    def __init__(self, scope: Scope, task: "asyncio.Task[None]") -> None:
        self.scope = scope
        self.task = task
        self.since: float | None = None
        self.has_stalled = False

    def end(self) -> None:
        """End it, unless that was done."""
        if not self.has_stalled:
            self.has_stalled = True
            self.scope[CUT] = CLIENT_LEFT
            self.task.cancel()


class Stalls:
    """Ends answers over HTTP/2 of which a part is not taken within ``seconds``.

    ``close`` is told which connections have no other answers, by who is at their other end.
    """

    def __init__(
        self,
        close: Callable[[set[_Peer]], object],
        seconds: float = TAKE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nobody; used by one event loop."""
        self._close = close
        self._seconds = seconds
        self._clock = clock
        self._answers: dict[_Peer, set[_Answer]] = {}
        self._looks = False

    def listen(self, app: App) -> App:
        """Return an application that is ``app``, but for answers over HTTP/2 that stall."""

        def listening(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            client = scope.get("client")
            if scope.get("http_version") != "2" or client is None:
                return app(scope, receive, send)
            return self._watch(app, scope, receive, send, (client[0], int(client[1])))

        return listening

    async def _watch(
        self, app: App, scope: Scope, receive: Receive, send: Send, peer: _Peer
    ) -> None:
        """Have an answer given that is ended if it stalls."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an answer is given by a task")
        answer = _Answer(scope, task)
        self._answers.setdefault(peer, set()).add(answer)
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_later(self._seconds / _LOOKS, self._look)

        async def send_watched(message: Message) -> None:
            answer.since = self._clock()
            try:
                await send(message)
            finally:
                answer.since = None

        try:
            await app(scope, receive, send_watched)
        except asyncio.CancelledError:
            if not answer.has_stalled or task.uncancel():
                raise
        finally:
            # One that stalled is kept: something of it is held until the connection ends.
            if not answer.has_stalled:
                self._leave(peer, answer)

    def _leave(self, peer: _Peer, answer: _Answer) -> None:
        answers = self._answers[peer]
        answers.remove(answer)
        if not answers:
            del self._answers[peer]

    def _look(self) -> None:
        """End what has stalled by now, and close what nothing else happens on."""
        longest = self._clock() - self._seconds
        closed: set[_Peer] = set()
        for peer, answers in self._answers.items():
            stalled = [
                one
                for one in answers
                if one.has_stalled or (one.since is not None and one.since <= longest)
            ]
            for one in stalled:
                one.end()
            if len(stalled) == len(answers):
                closed.add(peer)
        for peer in closed:
            del self._answers[peer]
        if closed:
            self._close(closed)
        self._looks = bool(self._answers)
        if self._looks:
            asyncio.get_running_loop().call_later(self._seconds / _LOOKS, self._look)

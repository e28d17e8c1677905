"""``Echo``: the API of the tutorial, which answers ``{"status": "OK"}`` to everything.

What lives here: an ASGI application without any CORS in it. What does not: CORS
(``adapters.asgi``), the limits of a head (``limits``), and the log.

=====================  ============================================================
GET, HEAD              200; at ``/status/NNN`` that status, 200 to 599
POST                   the same, once its body is read; the body is never parsed
OPTIONS, no preflight  200, no body, ``Allow``
anything else          405, ``Allow``
=====================  ============================================================
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from corsmith.adapters.asgi import Receive, Scope, Send
from corsmith.server.answers import (
    ALLOW,
    NO_BODY,
    NOT_ALLOWED,
    OK,
    STATUSES,
    Answer,
    make_answer,
    phrase_of,
)
from corsmith.server.body import (
    BROKEN_OFF,
    TOO_SLOW,
    Body,
    Patience,
    drain,
    known_before,
    may_have_body,
    too_large,
)
from corsmith.server.limits import USUAL_BODY, Problem

__all__ = ["PROBLEM", "Echo", "OnBody", "answer_problem"]

PROBLEM: Final = "corsmith.problem"
"""Where a scope holds what its request was answered instead of being served."""

OnBody: TypeAlias = Callable[[Scope, Body], None]
"""Is told each body that was read."""

# With OPTIONS, the methods whose body is not even looked for: no page can send one.
_READING: Final = frozenset({"GET", "HEAD"})


class Echo:
    """The echo API; bodies over ``limit`` bytes are refused.

    ``on_body`` is told of each body, with its first ``keep`` bytes.
    """

    def __init__(
        self, limit: int = USUAL_BODY, on_body: OnBody | None = None, keep: int = 0
    ) -> None:
        """Make the application."""
        self._limit = limit
        self._on_body = on_body
        self._keep = keep
        self._patience = Patience()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        method = scope["method"]
        if method == "POST":
            return self._post(scope, receive, send)
        if method in _READING:
            answer = STATUSES.get(scope["path"], OK)
        else:
            answer = ALLOW if method == "OPTIONS" else NOT_ALLOWED
        return _answer(answer, scope, receive, send)

    async def _post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body within its limits, and answer.

        One coroutine does both: another around what waits costs a request twice, when it
        begins to wait and when it goes on, and a fiftieth of its time in all.
        """
        limit = self._limit
        found = known_before(scope["headers"], limit)
        if found is None:
            beginning = b""
            size = 0
            task = self._patience.begin()
            try:
                while found is None:
                    message = await receive()
                    if message["type"] != "http.request":
                        found = BROKEN_OFF
                        break
                    part = message.get("body", b"")
                    size += len(part)
                    beginning += part[: self._keep - len(beginning)]
                    if size > limit:
                        found = too_large(limit)
                    elif not message.get("more_body"):
                        found = Body(beginning, size)
                    else:
                        self._patience.renew(task)
            except asyncio.CancelledError:
                if not self._patience.is_over(task):
                    raise
                found = TOO_SLOW
            finally:
                self._patience.end(task)
        if isinstance(found, Problem):
            await answer_problem(found, scope, receive, send)
            return
        if self._on_body is not None:
            self._on_body(scope, found)
        answer = STATUSES.get(scope["path"], OK)
        await send(answer.start)
        await send(answer.body)


async def _answer(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    await send(answer.start)
    await send(NO_BODY if scope["method"] == "HEAD" else answer.body)
    if answer is NOT_ALLOWED and may_have_body(scope):
        await drain(receive)


async def answer_problem(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that is not served, then read away what it still sends."""
    scope[PROBLEM] = problem
    fields = {"status": phrase_of(problem.status), "detail": problem.sentence}
    answer = make_answer(problem.status, fields, close=True)
    await send(answer.start)
    await send(NO_BODY if scope["method"] == "HEAD" else answer.body)
    if may_have_body(scope):
        await drain(receive)

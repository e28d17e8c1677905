"""``echo``: the API of the tutorial, which answers ``{"status": "OK"}`` to everything.

What lives here: an ASGI application without any CORS in it. What does not: CORS
(``adapters.asgi``), limits, bodies and the log (``front``).

=====================  ============================================================
GET, HEAD, POST        200; at ``/status/NNN`` that status, 200 to 599
OPTIONS, no preflight  200, no body, ``Allow``
anything else          405, ``Allow``
=====================  ============================================================
"""

from typing import TYPE_CHECKING, Final

from corsmith.adapters.asgi import Receive, Scope, Send
from corsmith.server.answers import (
    ALLOW,
    NO_BODY,
    NOT_ALLOWED,
    OK,
    STATUSES,
    make_answer,
    phrase_of,
)

if TYPE_CHECKING:
    from corsmith.server.limits import Problem

__all__ = ["PROBLEM", "answer_problem", "echo"]

PROBLEM: Final = "corsmith.problem"
"""Where a scope holds what its request is answered instead of being served."""

_SERVED: Final = frozenset({"GET", "HEAD", "POST"})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI's own signature
    """Answer one request; its body, if it has one, was read before."""
    method = scope["method"]
    if method in _SERVED:
        answer = STATUSES.get(scope["path"], OK)
    else:
        answer = ALLOW if method == "OPTIONS" else NOT_ALLOWED
    await send(answer.start)
    await send(NO_BODY if method == "HEAD" else answer.body)


async def answer_problem(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  as above
    """Answer a request that is not served, and end its connection."""
    problem: Problem = scope[PROBLEM]
    fields = {"status": phrase_of(problem.status), "detail": problem.sentence}
    answer = make_answer(problem.status, fields, close=True)
    await send(answer.start)
    await send(NO_BODY if scope["method"] == "HEAD" else answer.body)

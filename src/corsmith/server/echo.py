"""``echo``: the API of the tutorial, which answers ``{"status": "OK"}`` to everything.

What lives here: an ASGI application without any CORS in it. What does not: CORS
(``adapters.asgi``), limits, bodies and the log (``front``).

=====================  ============================================================
GET, HEAD, POST        200; at ``/status/NNN`` that status, 200 to 599
OPTIONS, no preflight  200, no body, ``Allow``
anything else          405, ``Allow``
=====================  ============================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from corsmith.adapters.asgi import App, Receive, Scope, Send
from corsmith.server.answers import (
    ALLOW,
    NO_BODY,
    NOT_ALLOWED,
    OK,
    STATUS,
    make_answer,
    phrase_of,
    statuses,
)
from corsmith.server.source import SEED

if TYPE_CHECKING:
    from corsmith.server.limits import Problem

__all__ = ["PROBLEM", "Echo", "answer_problem", "echo"]

PROBLEM: Final = "corsmith.problem"
"""Where a scope holds what its request is answered instead of being served."""

_AT: Final = len(STATUS)
_SERVED: Final = frozenset({"GET", "HEAD", "POST"})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001  ASGI's own signature
    """Answer one request; its body, if it has one, was read before."""
    method = scope["method"]
    if method in _SERVED:
        path = scope["path"]
        answer = statuses().get(path, OK) if path[:_AT] == STATUS else OK
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """The tutorial's API as something to serve."""

    title: str = '{"status": "OK"}'
    seed: Mapping[str, object] = field(default_factory=lambda: SEED)
    streams: bool = False
    has_lifespan: bool = False
    enforces: bool = False

    def notes(self, url: str) -> list[tuple[str, str]]:  # noqa: ARG002  every kind is asked so
        """Return nothing: what it is, its title says."""
        return []

    def open(self) -> App:
        """Return the application."""
        return echo

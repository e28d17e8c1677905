"""``Passage``: a short way through the server for requests that came before.

What lives here: which requests may take it, and what then is done for them in the place of the
layers. What does not: whether anything is wrong with a request, which ``front`` says, what the
upstream is asked for it (``written``), and the asking (``forward``).

A page in development sends the same few heads again and again. The Host check, the limits of a
head, the policy and the words of the log follow from the head alone, and are decided once for
each head and policy. Whatever has a body, is to be refused, or is a preflight goes through all
layers; so does the first request of each head. A policy that is edited is another one.
"""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, TypeAlias

from corsmith.adapters.asgi import Message, Receive, Scope, Send
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.echo import PROBLEM
from corsmith.server.exchange import PRESS_PARAMETER
from corsmith.server.gateway.forward import Forwarder
from corsmith.server.gateway.layer import EnforcingLayer
from corsmith.server.gateway.written import Standing, Written
from corsmith.server.log import Log
from corsmith.server.serving import CUT, NOTE
from corsmith.server.shortened import Welcoming
from corsmith.server.streaming import UNFINISHED

__all__ = ["Passage"]

_MARK: Final = PRESS_PARAMETER.encode() + b"="
"""In the query of a request that the try page is to be told of."""

_LONGEST_TARGET: Final = 1_024
"""The longest path and query about which nothing is to be asked: far from every limit."""

_FAILURE: Final = b"Internal Server Error\n"

_Line: TypeAlias = tuple[bytes, bytes]


class Passage:
    """A gateway behind its ``front``, past which some requests go."""

    def __init__(
        self, front: Welcoming, app: Forwarder, layer: type[EnforcingLayer], log: Log | None
    ) -> None:
        """Pass on to ``app``; ``layer`` and ``log`` are the front's."""
        self._front = front
        self._app = app
        self._dress = layer.dress
        self._log = log

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request, by the short way where it may take that."""
        if scope["type"] == "http" and _MARK not in scope["query_string"]:
            written = self._app.recognize(scope)
            if written is not None and written.passes:
                policy = self._front.policy
                standing = written.standing
                if standing is None or standing.policy is not policy:
                    standing = self._judge(written, policy, scope)
                if standing.verdict is not None:
                    return self._pass(written, standing, scope, receive, send)
        return self._front(scope, receive, send)

    def _judge(self, written: Written, policy: Policy | Routes, scope: Scope) -> Standing:
        """Return what a head gets under a policy, and remember it."""
        # One policy says the same of all paths, as far as no limit is near.
        shared = isinstance(policy, Policy) and len(written.target) <= _LONGEST_TARGET
        standing = written.kind.standing if shared else None
        if standing is None or standing.policy is not policy:
            standing = Standing(policy)
            welcome = self._front.welcome(policy, scope)
            if welcome is not None:
                standing.pairs, standing.verdict = welcome
            if shared:
                written.kind.standing = standing
        written.standing = standing
        return standing

    async def _pass(
        self, written: Written, standing: Standing, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Have the upstream's answer sent, with the policy's headers, and write its line."""
        status = 0
        ended = False

        def send_dressed(message: Message) -> Awaitable[None]:
            nonlocal status, ended
            if not status:
                status = message["status"]
                headers = written.dress(message["headers"], standing, self._dress)
                return send({**message, "headers": headers})
            sent = send(message)
            if not message.get("more_body"):
                ended = True
                self._note(standing, status, scope)
            return sent

        try:
            await self._app.forward(written, scope, receive, send_dressed)
        except Exception:
            if not status:
                # The server's own answer would look like a CORS error.
                with suppress(Exception):  # the client may be gone: the first one counts
                    await _fail(send_dressed)
            raise
        finally:
            if status and not ended:
                scope.setdefault(CUT, UNFINISHED)
                self._note(standing, status, scope)

    def _note(self, standing: Standing, status: int, scope: Scope) -> None:
        """Write the line of a request, as the front does."""
        verdict = standing.verdict
        if self._log is not None and verdict is not None:
            said = [text for text in (_word(scope), scope.get(NOTE)) if text]
            self._log.request(scope, status, verdict, " ".join(said) or None)


def _word(scope: Scope) -> str | None:
    """Return the word of the line for what went wrong, if anything did."""
    problem = scope.get(PROBLEM)
    word: str | None = scope.get(CUT) if problem is None else problem.word
    return word


async def _fail(send: Send) -> None:
    headers: list[_Line] = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(_FAILURE)).encode()),
    ]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": _FAILURE})

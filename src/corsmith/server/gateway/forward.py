"""``Forwarder``: the application that sends requests on to the upstream, without CORS in it.

What lives here: which requests are sent on, and what becomes of the answer's head. What does
not: whether an Origin is allowed, which was judged before (``adapters.asgi``, enforcing), the
headers (``hops``), bodies (``relay``) and WebSockets (``sockets``).
"""

import logging
import time
from collections.abc import Coroutine
from typing import Any, Final

import aiohttp

from corsmith.adapters.asgi import Receive, Scope, Send
from corsmith.server.gateway import faults
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.client import connect
from corsmith.server.gateway.faults import Fault, answer_fault
from corsmith.server.gateway.guard import VOUCHES, Entry, neighbour
from corsmith.server.gateway.landing import answer_landing
from corsmith.server.gateway.relay import Client, Watch, relay
from corsmith.server.gateway.request import Asker, Begun
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.sockets import serve_socket
from corsmith.server.gateway.trust import Trust
from corsmith.server.gateway.written import NOT_SENT_ON, Writer, Written
from corsmith.server.serving import CUT, NOTE
from corsmith.server.streaming import CLIENT_LEFT

__all__ = ["Forwarder"]

_LOGGER: Final = logging.getLogger("corsmith.server.gateway")


_SMALL: Final = 65_536
"""The largest body that is sent as a whole if it comes as one: forms and JSON are smaller."""


class Forwarder:
    """One upstream as an ASGI application; its client lives as long as the application does."""

    def __init__(
        self, upstream: Upstream, *, via: bytes, added: Added, trust: Trust, seconds: float
    ) -> None:
        """Send requests on to ``upstream``, whose answer is to begin within ``seconds``.

        ``via`` is this gateway's own name, by which it knows a request of its own again.
        """
        self._upstream = upstream
        self._via = via
        self._added = added
        self._trust = trust
        self._watch = Watch(seconds)
        self._writer = Writer(upstream, via=via, added=added)
        self._asker: Asker | None = None
        self._has_told = False

    # Not a coroutine of its own, as each one costs: only the outermost layer need be one.
    def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:  # Any: what a coroutine yields is the event loop's affair
        """Serve one connection."""
        if scope["type"] == "http":
            return self._serve(scope, receive, send)
        if scope["type"] == "lifespan":
            return self._live(receive, send)
        return serve_socket(
            self._client().session,
            self._upstream,
            scope,
            receive,
            send,
            via=self._via,
            added=self._added,
        )

    def _client(self) -> Asker:
        if self._asker is None:
            raise RuntimeError("the gateway has no client: its server sent no lifespan.startup")
        return self._asker

    async def _live(self, receive: Receive, send: Send) -> None:
        """Have a client from the server's start to its end."""
        await receive()
        session = connect(self._trust, is_tls=self._upstream.is_tls)
        self._asker = Asker(session, self._upstream.origin)
        try:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        finally:
            await session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, from the upstream or in its place."""
        written = self._writer.write(scope)
        if written.kind.entry is not Entry.GOES_ON and not await _is_vouched(scope):
            await self._turn_away(written, scope, send)
            return
        if written.fault is not None:
            await answer_fault(written.fault, scope, send)
            return
        await self.forward(written, scope, receive, send)

    def recognize(self, scope: Scope) -> Written | None:
        """Return what was written for the head of a request that came before, if it was kept."""
        return self._writer.find(scope)

    async def forward(self, written: Written, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that goes on, from the upstream or with what is wrong there."""
        asker = self._client()
        with Client(receive, self._watch, has_body=written.kind.has_body) as client:
            fault: Fault | None
            whole = b""
            if 0 < written.kind.length <= _SMALL:
                whole = await client.whole(written.kind.length) or b""
            began = time.perf_counter()
            try:
                answer = await client.begun(asker.ask(written, client.body(), whole))
            except TimeoutError as error:
                late = not isinstance(error, aiohttp.ClientError)
                fault = (
                    faults.too_late(self._upstream, self._watch.seconds)
                    if late
                    else faults.fault_of(error, self._upstream)
                )
            except (aiohttp.ClientError, OSError) as error:
                fault = faults.fault_of(error, self._upstream)
            else:
                scope[NOTE] = _note(answer.status, time.perf_counter() - began)
                try:
                    fault = await self._answer(answer, written, scope, send)
                finally:
                    # Of no effect where the upstream has ended it: the connection is kept.
                    answer.close()
            if fault is not None and not client.left:
                await answer_fault(fault, scope, send)
        if client.left:
            scope.setdefault(CUT, CLIENT_LEFT)

    async def _turn_away(self, written: Written, scope: Scope, send: Send) -> None:
        """Answer a request that may not go on, whatever it holds."""
        if written.fault is not None and written.kind.method in NOT_SENT_ON:
            await answer_fault(written.fault, scope, send)
        elif written.kind.entry is Entry.EXPLAINED:
            await answer_landing(faults.strange(self._upstream), self._upstream, scope, send)
        else:
            await answer_fault(faults.strange(self._upstream), scope, send)

    async def _answer(
        self, answer: Begun, written: Written, scope: Scope, send: Send
    ) -> Fault | None:
        """Send on an answer; return why it cannot be, before anything was sent."""
        head = written.answered(answer.status, answer.raw_headers)
        if head.sets_cors and not self._has_told:
            self._has_told = True
            _LOGGER.warning("corsmith: upstream also sets CORS headers: they are replaced")
        if head.elsewhere is not None:
            scope[NOTE] += f", redirects to {head.elsewhere}"
        if head.fault is not None:
            return head.fault
        start = {"type": "http.response.start", "status": answer.status, "headers": head.headers}
        if not await relay(answer, start, send):
            scope[CUT] = faults.CUT_OFF
        return None


async def _is_vouched(scope: Scope) -> bool:
    """Return whether who asks without an Origin is a page that the policy allows."""
    vouches = scope.get(VOUCHES)
    page = neighbour(scope["method"], scope["headers"])
    return vouches is not None and page is not None and await vouches(scope, page)


def _note(status: int, seconds: float) -> str:
    """Return what the upstream answered, and how long that took to begin."""
    return f"upstream {status} in {seconds * 1000:.0f} ms"

"""The CORS layer as a gateway needs it: always enforcing, and exposing what is sent.

What lives here: three differences from the layer of any application (``adapters.asgi``). What
does not: any judgement of an origin.

* Where a policy file has no policy for a path, an application is left alone. A gateway is not:
  it rewrites ``Origin``, so whoever no policy allowed would be taken for the upstream's own.
* ``Access-Control-Expose-Headers: *`` means nothing to a page that sends cookies (Fetch,
  #http-access-control-expose-headers), so the names that were sent are written out.
* An image of an allowed page comes without an Origin, and only its ``Referer`` names the page
  (``guard``): so the policy can be asked about an origin by itself.
"""

from collections.abc import Awaitable, Coroutine
from functools import lru_cache
from typing import Any, Final

from corsmith.adapters.asgi import CORSMiddleware, Message, Pairs, Receive, Scope, Send, marked
from corsmith.gate import Choice
from corsmith.headers import (
    ALLOW_METHODS,
    ALLOW_ORIGIN,
    EXPOSE_HEADERS,
    FORBIDDEN_RESPONSE_HEADERS,
    OWNED_RESPONSE_HEADERS,
    SAFELISTED_RESPONSE_HEADERS,
)
from corsmith.server.gateway.answered import Lines
from corsmith.server.gateway.faults import INERT, answer_fault, unlisted
from corsmith.server.gateway.guard import VOUCHES

__all__ = ["EnforcingLayer", "ExposingLayer"]

_ALLOWED: Final = ALLOW_ORIGIN.lower().encode()
_METHODS: Final = ALLOW_METHODS.lower().encode()
_EXPOSED: Final = EXPOSE_HEADERS.lower().encode()
_NOT_EXPOSED: Final = frozenset(
    name.lower().encode()
    for name in (
        *FORBIDDEN_RESPONSE_HEADERS,
        *OWNED_RESPONSE_HEADERS,
        *SAFELISTED_RESPONSE_HEADERS,
    )
)
"""What a page may read anyhow, may never read, or has no use for."""

_REMEMBERED: Final = 256
"""The most lists that are remembered: an API has few kinds of answers."""


class EnforcingLayer(CORSMiddleware):
    """A layer that lets no Origin through that a policy has not allowed."""

    refusing = (INERT,)

    # Not a coroutine of its own, as each one costs: only the outermost layer need be one.
    def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:  # Any: what a coroutine yields is the event loop's affair
        """Answer one connection."""
        scope[VOUCHES] = self._vouches
        return super().__call__(scope, receive, send)

    @staticmethod
    def dress(headers: Lines, pairs: Pairs) -> Lines:
        """Return an answer's headers with those of the policy, as a page gets them."""
        dressed: Lines = marked({"headers": headers}, pairs)["headers"]
        return dressed

    async def _vouches(self, scope: Scope, origin: bytes) -> bool:
        """Return whether the policy that holds for a request allows an origin."""
        return self._admits(await self._choose(self._source, scope), [origin])

    async def _run_exempt(self, choice: Choice, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse another origin where no policy holds."""
        lines = dict(scope["headers"])
        if b"origin" in lines and lines.get(b"sec-fetch-site") != b"same-origin":
            await answer_fault(unlisted(), scope, send)
            return
        await super()._run_exempt(choice, scope, receive, send)

    def _admits(self, choice: Choice, lines: list[bytes]) -> bool:
        """Refuse a WebSocket of another origin where no policy holds."""
        return choice.policy is not None and super()._admits(choice, lines)


class ExposingLayer(EnforcingLayer):
    """One that besides lets an allowed page read every header of an answer."""

    def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> Coroutine[Any, Any, None]:  # Any: as above
        """Answer one connection."""

        def send_exposed(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _exposed(message["headers"])}
            return send(message)

        return super().__call__(scope, receive, send_exposed)

    @staticmethod
    def dress(headers: Lines, pairs: Pairs) -> Lines:
        """Return an answer's headers with those of the policy, and what may be read of them."""
        return _exposed(EnforcingLayer.dress(headers, pairs))


def _exposed(headers: Lines) -> Lines:
    """Return headers with the names of all that a page may read, where an origin is allowed."""
    names = tuple([name.lower() for name, _ in headers])
    if _ALLOWED not in names:
        return headers
    read = _readable(names)
    kept = [line for line in headers if line[0] != _EXPOSED] if _EXPOSED in names else headers
    return [*kept, (_EXPOSED, read)] if read else kept


@lru_cache(_REMEMBERED)
def _readable(names: tuple[bytes, ...]) -> bytes:
    """Return the list of what a page may read, of all that was sent.

    The answer of a preflight is read by no page, so it has none.
    """
    if _METHODS in names:
        return b""
    return b",".join(name for name in dict.fromkeys(names) if name not in _NOT_EXPOSED)

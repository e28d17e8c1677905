"""``Shortened``: a kind of thing to serve that has a short way past the front.

What lives here: what the front says of a request with which nothing is wrong, and who asks it.
What does not: the front, and the ways (``folder.shortcut``, ``gateway.passage``).
"""

from collections.abc import Awaitable
from typing import NamedTuple, Protocol, runtime_checkable

from corsmith.adapters.asgi import App, CORSMiddleware, Pairs, Receive, Scope, Send
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.log import Log, Verdict

__all__ = ["Shortened", "Welcome", "Welcoming"]


class Welcome(NamedTuple):
    """What a request gets with which nothing is wrong: CORS headers, and a line's columns."""

    pairs: Pairs
    verdict: Verdict


class Welcoming(Protocol):
    """The server's front, as far as a short way asks it."""

    @property
    def policy(self) -> Policy | Routes:
        """The policy in force."""

    def welcome(self, policy: Policy | Routes, scope: Scope, /) -> Welcome | None:
        """Return what a request gets under a policy, if nothing is wrong with it."""

    def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> Awaitable[None]:
        """Answer a request through all layers."""


@runtime_checkable
class Shortened(Protocol):
    """Something to serve that has a short way past the front for some requests."""

    def shorten(
        self, front: Welcoming, app: App, layer: type[CORSMiddleware], log: Log | None
    ) -> App:
        """Return what is served; ``app``, ``layer`` and ``log`` are those of ``front``."""

"""A gateway with its short way, and what goes which, before an upstream on a socket."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from corsmith.policy import Policy
from corsmith.server.front import Front
from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from corsmith.server.gateway.passage import Passage
from corsmith.server.gateway.serving import GATEWAY_SEED
from corsmith.server.hosts import Hosts
from corsmith.server.log import Log, Verdict
from tests.server.gateway.asking import (
    GONE,
    OK,
    PAGE,
    PATIENCE,
    gateway,
    listening,
    living,
    read_request,
)
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from corsmith.adapters.asgi import Receive, Scope, Send
    from corsmith.routes import Routes
    from corsmith.server.gateway.forward import Forwarder
    from corsmith.server.shortened import Welcome

SEED = Policy.from_mapping(dict(GATEWAY_SEED))
RICH = (
    b"HTTP/1.1 201 Made\r\nDate: Thu\r\nX-Total-Count: 7\r\n"
    b"Set-Cookie: a=1; Secure\r\nVary: Accept\r\n"
    b"Access-Control-Allow-Origin: *\r\nContent-Length: 2\r\n\r\nok"
)


class Lines(Log):
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[int, str, str, str]] = []

    def request(self, scope: Any, status: int, verdict: Verdict, problem: str | None) -> None:
        told = re.sub(r"in \d+ ms", "in 1 ms", str(problem))
        self.said.append((status, verdict.origin, verdict.words, told))


class Way:
    """A gateway's front with the short way before it, and what goes which."""

    def __init__(
        self,
        app: Forwarder,
        policy: Policy | Routes = SEED,
        layer: type[EnforcingLayer] = ExposingLayer,
        *,
        quiet: bool = False,
    ) -> None:
        self.log = Lines()
        log = None if quiet else self.log
        settings: dict[str, Any] = {"streams": True, "enforces": True, "layer": layer}
        self.front = Front(app, policy, hosts=Hosts(8000), log=log, **settings)
        self.long = self.asked = 0
        self.short = Passage(self, app, layer, log)

    @property
    def policy(self) -> Policy | Routes:
        return self.front.policy

    def welcome(self, policy: Policy | Routes, request: Scope) -> Welcome | None:
        self.asked += 1
        return self.front.welcome(policy, request)

    def __call__(self, request: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        self.long += 1
        return self.front(request, receive, send)

    async def ask(self, request: dict[str, Any], leaves: float = PATIENCE) -> list[Any]:
        """Return what is answered to a request."""
        waiting = [{"type": "http.request", "body": b"", "more_body": False}]

        async def receive() -> Any:
            if waiting:
                return waiting.pop()
            await asyncio.sleep(leaves)
            return GONE

        heard: list[Any] = []

        async def send(message: Any) -> None:
            heard.append(message)

        await self.short({**request, "headers": list(request["headers"])}, receive, send)
        return heard


def answering(raw: bytes) -> Any:
    """Return an upstream that gives the same answer again and again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            writer.write(raw)
            if b"ength: 9" in raw or raw.startswith(b"HTTP/1.0"):
                return

    return script


def asked(
    *requests: dict[str, Any],
    raw: bytes = OK,
    between: Callable[[Way], object] = lambda _way: None,
    **settings: Any,
) -> tuple[Way, list[list[Any]]]:
    """Return what is answered to requests that follow one another."""

    async def scenario() -> tuple[Way, list[list[Any]]]:
        async with listening(answering(raw)) as port, living(gateway(port)) as app:
            way = Way(app, **settings)
            found = []
            for request in requests:
                found.append(await way.ask(request))
                between(way)
            return way, found

    return asyncio.run(scenario())


GET = scope("GET", "/a?b", PAGE, (b"user-agent", b"Mozilla/5.0"))

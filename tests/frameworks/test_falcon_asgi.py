"""What Falcon has over ASGI alone: streams, events and WebSockets."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import falcon.asgi
import pytest

from corsmith.adapters.falcon import CORS, install
from tests.adapters.hosts import scope_of
from tests.frameworks.calling import over_asgi
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


class Stream:
    """A resource that streams, and one event beside."""

    async def on_get(self, req: Any, resp: Any) -> None:
        async def parts() -> Any:
            yield b"a"
            yield b"b"

        resp.stream = parts()

    async def on_options(self, req: Any, resp: Any) -> None:
        async def events() -> Any:
            yield falcon.asgi.SSEvent(data=b"never")

        resp.sse = events()


def test_a_streamed_answer_is_marked() -> None:
    app = install(falcon.asgi.App(), POLICY)
    app.add_route("/stream", Stream())
    reply = over_asgi(app)(ask("GET", "/stream", APP))
    assert (reply.body, reply.lines(ALLOW)) == (b"ab", [APP])


def test_a_preflight_is_no_stream_whatever_another_middleware_began() -> None:
    app = falcon.asgi.App(middleware=[Late()])
    app.add_route("/stream", Stream())
    CORS(POLICY).install(app)
    reply = over_asgi(app)(ask("OPTIONS", "/stream", APP))
    assert (reply.body, reply.lines(METHODS)) == (b"", [",".join(POLICY.methods)])


class Late:
    """A middleware that begins to stream before ours answers."""

    async def process_request_async(self, req: Any, resp: Any) -> None:
        await Stream().on_options(req, resp)
        await Stream().on_get(req, resp)


class Chat:
    """A resource of WebSockets, which notes each handshake that it sees."""

    ran: ClassVar[list[str]] = []

    async def on_websocket(self, req: Any, ws: Any) -> None:
        self.ran.append(req.path)
        await ws.accept()
        await ws.send_text("hello")


class Partner(Chat):
    """The same, for a partner."""

    cors_policy = PARTNER


def greeting(app: Any, path: str, origin: str) -> str | None:
    """Return what a WebSocket says first; ``None``: the handshake is refused."""
    sent: list[Any] = []
    Chat.ran.clear()

    async def send(message: Any) -> None:
        sent.append(message)

    async def exchange() -> None:
        messages: list[Any] = [{"type": "websocket.connect"}]

        async def receive() -> Any:
            return messages.pop() if messages else await asyncio.Event().wait()

        await app(scope_of(ask("GET", path, origin), type="websocket", scheme="ws"), receive, send)

    asyncio.run(exchange())
    if sent[0]["type"] == "websocket.close":
        assert (sent[0]["code"], len(sent), Chat.ran) == (1008, 1, [])
        return None
    said: str = sent[1]["text"]
    return said


def talkative(*, has_sink: bool) -> Any:
    """Return an application with WebSockets."""
    app = falcon.asgi.App()
    app.add_route("/chat", Chat())
    app.add_route("/partner", Partner())

    async def answer(req: Any, resp: Any, ws: Any = None, **_: Any) -> None:
        await Chat().on_websocket(req, ws)

    if has_sink:
        app.add_sink(answer, "/")
    return app


@pytest.mark.parametrize("has_sink", [True, False], ids=["with a sink", "resources alone"])
def test_a_handshake_is_refused_where_the_policy_is_enforced(*, has_sink: bool) -> None:
    assert greeting(install(talkative(has_sink=has_sink), POLICY), "/chat", OTHER) == "hello"
    app = install(talkative(has_sink=has_sink), POLICY, enforce=True)
    assert greeting(app, "/chat", APP) == "hello"
    assert greeting(app, "/chat", OTHER) is None
    assert greeting(app, "/partner", OTHER) == "hello"
    assert greeting(app, "/partner", APP) is None
    if has_sink:
        assert greeting(app, "/elsewhere", APP) == "hello"
        assert greeting(app, "/elsewhere", OTHER) is None


def test_in_the_list_a_handshake_asks_the_policy_and_then_the_mark() -> None:
    app = falcon.asgi.App(middleware=[CORS(POLICY, enforce=True)])
    app.add_route("/chat", Chat())
    app.add_route("/partner", Partner())
    assert greeting(app, "/chat", APP) == "hello"
    assert greeting(app, "/chat", OTHER) is None
    assert greeting(app, "/partner", OTHER) is None
    assert greeting(app, "/partner", APP) is None

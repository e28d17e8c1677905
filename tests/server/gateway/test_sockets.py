"""WebSockets through the gateway: an upstream on a real socket, a page in memory."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from corsmith.server.gateway import sockets
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.sockets import Socket, only_upgrades, serve_socket
from tests.server.gateway.cancelling import cancelled_at, settled
from tests.server.in_memory import HERE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping

    from aiohttp.web import Request, StreamResponse, WebSocketResponse

    Handler = Callable[[Request], Awaitable[StreamResponse]]

pytestmark = pytest.mark.servers

PATIENCE = 5.0
VIA = b"corsmith-1"
ORIGIN = (b"origin", b"http://localhost:5173")
Messages = list[dict[str, Any]]


class Page:
    """The page's end, as the server shows it to an application."""

    def __init__(self, *lines: tuple[bytes, bytes], path: bytes = b"/ws", **changes: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "raw_path": path,
            "query_string": b"",
            "headers": [HERE, *lines],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            **changes,
        }
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.hears: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})

    def say(self, **message: Any) -> None:
        self.says.put_nowait({"type": "websocket.receive", **message})

    def leave(self, code: int = 1000, reason: str = "") -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self.hears.get()

    async def hear_of(self, message: MutableMapping[str, Any]) -> None:
        await self.hears.put(dict(message))

    async def serve(self, session: aiohttp.ClientSession, port: int, **given: bytes) -> None:
        upstream = Upstream(origin=f"http://127.0.0.1:{port}".encode())
        async with asyncio.timeout(PATIENCE):
            await serve_socket(
                session,
                upstream,
                self.scope,
                self.says.get,
                self.hear_of,
                via=VIA,
                added=Added({name.encode(): value for name, value in given.items()}),
            )


@contextlib.asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """Return the port of an upstream that answers every path with one handler."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        middlewares=(only_upgrades,), ws_response_class=Socket
    ) as session:
        yield session


def talk(page: Page, handler: Handler, *script: Callable[[Page], None]) -> Messages:
    """Return all that the page hears of an upstream; each step of the script waits for a word."""

    async def scenario() -> Messages:
        heard = []
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            for step in script:
                heard.append(await page.hear())
                step(page)
            await serving
        while not page.hears.empty():
            heard.append(page.hears.get_nowait())
        return heard

    return asyncio.run(scenario())


async def echo(request: Request) -> WebSocketResponse:
    """Say back what is said."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


def test_text_and_bytes_go_both_ways_and_the_end_too() -> None:
    page = Page(ORIGIN)
    heard = talk(
        page,
        echo,
        lambda page: page.say(text="grüße"),
        lambda page: page.say(bytes=b"\x00\xff"),
        lambda page: page.leave(),
    )
    assert heard == [
        {"type": "websocket.accept", "subprotocol": None, "headers": []},
        {"type": "websocket.send", "text": "grüße"},
        {"type": "websocket.send", "bytes": b"\x00\xff"},
    ]


def test_an_empty_text_is_a_text() -> None:
    heard = talk(Page(), echo, lambda page: page.say(text=""), lambda page: page.leave())
    assert heard[1] == {"type": "websocket.send", "text": ""}


def test_the_upstream_sees_a_handshake_of_its_own_page() -> None:
    seen: list[tuple[str, list[tuple[str, str]]]] = []

    async def handler(request: Request) -> WebSocketResponse:
        seen.append((request.raw_path, [(k.lower(), v) for k, v in request.headers.items()]))
        return await echo(request)

    lines = [
        ORIGIN,
        (b"cookie", b"corsmith__Host-id=1"),
        (b"sec-websocket-key", b"page"),
        (b"sec-websocket-version", b"13"),
        (b"sec-websocket-extensions", b"permessage-deflate"),
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-fetch-site", b"cross-site"),
    ]
    page = Page(*lines, path=b"/ws%2Fa", query_string=b"b=%20")
    talk(page, handler, lambda page: page.leave())
    ((path, headers),) = seen
    got = dict(headers)
    assert len(got) == len(headers)
    assert path == "/ws%2Fa?b=%20"
    assert got["origin"] == f"http://{got['host']}"
    assert got["cookie"] == "__Host-id=1"
    assert got["sec-fetch-site"] == "same-origin"
    assert got["via"] == "1.1 corsmith-1"
    assert got["sec-websocket-key"] != "page"
    assert "sec-websocket-extensions" not in got


def test_a_secret_is_in_the_handshake_too() -> None:
    seen: list[str] = []

    async def handler(request: Request) -> WebSocketResponse:
        seen.append(request.headers["x-key"])
        return await echo(request)

    async def scenario() -> None:
        page = Page(ORIGIN, (b"x-key", b"page"))
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port, **{"x-key": b"secret"}))
            await page.hear()
            page.leave()
            await serving

    asyncio.run(scenario())
    assert seen == ["secret"]


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["a", "b"], "b"), (["a"], None), ([], None), (["b"], "b")]
)
def test_the_upstream_chooses_the_subprotocol(offered: list[str], chosen: str | None) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("b",))
        await socket.prepare(request)
        await socket.receive()
        return socket

    (accept,) = talk(Page(subprotocols=offered), handler, lambda page: page.leave())
    assert accept["subprotocol"] == chosen


@pytest.mark.parametrize(
    ("scheme", "cookie"), [("ws", b"id=1; Path=/"), ("wss", b"id=1; Secure; Path=/")]
)
def test_a_cookie_of_the_handshake_reaches_the_page(scheme: str, cookie: bytes) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        socket.headers["Set-Cookie"] = "id=1; Secure; Path=/"
        await socket.prepare(request)
        await socket.receive()
        return socket

    (accept,) = talk(Page(scheme=scheme), handler, lambda page: page.leave())
    assert accept["headers"] == [(b"set-cookie", cookie)]


@pytest.mark.parametrize(
    ("code", "reason", "heard"),
    [
        (1000, "", (1000, "")),
        (1001, "bye", (1001, "bye")),
        (1008, "no", (1008, "no")),
        (3000, "", (3000, "")),
        (4999, "ä" * 61, (4999, "ä" * 61)),
    ],
)
def test_the_page_hears_how_the_upstream_ended(
    code: int, reason: str, heard: tuple[int, str]
) -> None:
    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("last")
        await socket.close(code=code, message=reason.encode())
        return socket

    accept, last, close = talk(Page(), handler)
    assert accept["type"] == "websocket.accept"
    assert last == {"type": "websocket.send", "text": "last"}
    assert close == {"type": "websocket.close", "code": heard[0], "reason": heard[1]}


@pytest.mark.parametrize(
    ("code", "reason", "heard"),
    [
        (1000, "", (1000, "")),
        (1005, "", (1000, "")),
        (1006, "", (1001, "")),
        (4000, "done", (4000, "done")),
        (999, "", (1001, "")),
        (1015, "", (1001, "")),
        (4000, "ä" * 100, (4000, "ä" * 61)),
    ],
)
def test_the_upstream_hears_how_the_page_ended(
    code: int, reason: str, heard: tuple[int, str]
) -> None:
    ends: list[tuple[int | None, str | None]] = []

    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        message = await socket.receive()
        ends.append((message.data, message.extra))
        return socket

    talk(Page(), handler, lambda page: page.leave(code, reason))
    assert ends == [heard]


def test_an_upstream_that_vanishes_is_no_clean_end() -> None:
    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    _, close = talk(Page(), handler)
    assert close == {"type": "websocket.close", "code": 1011, "reason": "the upstream is gone"}


def test_a_message_over_the_limit_ends_the_conversation_with_its_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "MOST_BYTES", 1000)

    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_bytes(b"x" * 1001)
        await socket.receive()
        return socket

    _, close = talk(Page(), handler)
    assert close["type"] == "websocket.close"
    assert close["code"] == 1009


@pytest.mark.slow
def test_a_message_larger_than_a_frame_elsewhere_goes_through() -> None:
    big = b"x" * (20 * 1_048_576)
    heard = talk(Page(), echo, lambda page: page.say(bytes=big), lambda page: page.leave())
    assert heard[1] == {"type": "websocket.send", "bytes": big}


@pytest.mark.parametrize(("status", "told"), [(401, 401), (404, 404), (503, 503), (200, 502)])
def test_an_upstream_that_refuses_is_quoted(status: int, told: int) -> None:
    async def handler(request: Request) -> StreamResponse:
        return web.Response(status=status)

    start, body = talk(Page(), handler)
    assert (start["type"], start["status"]) == ("websocket.http.response.start", told)
    assert body["type"] == "websocket.http.response.body"
    assert f"answers {status} to a WebSocket at this path.\n".encode() in body["body"]
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()


def test_without_a_way_to_answer_a_refusal_closes() -> None:
    async def handler(request: Request) -> StreamResponse:
        return web.Response(status=401)

    (close,) = talk(Page(extensions={}), handler)
    assert close == {"type": "websocket.close", "code": 1011}


def test_a_redirect_of_the_handshake_is_not_followed() -> None:
    reached: list[str] = []

    async def handler(request: Request) -> StreamResponse:
        reached.append(request.path)
        if request.path == "/other":
            return await echo(request)
        raise web.HTTPFound("/other")

    start, _ = talk(Page(), handler)
    assert start["status"] == 502
    assert reached == ["/ws"]


def test_an_upstream_that_is_down_is_a_502() -> None:
    async def scenario() -> Messages:
        async with listening(echo) as port:
            pass
        page = Page()
        async with client() as session:
            await page.serve(session, port)
        return [page.hears.get_nowait(), page.hears.get_nowait()]

    start, body = asyncio.run(scenario())
    assert start["status"] == 502
    assert b"Nothing listens at 127.0.0.1:" in body["body"]


def test_an_upstream_that_never_answers_is_a_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_HANDSHAKE_SECONDS", 0.05)

    async def handler(request: Request) -> StreamResponse:
        await asyncio.sleep(PATIENCE)
        raise AssertionError

    start, _ = talk(Page(), handler)
    assert start["status"] == 504


@pytest.mark.parametrize(
    ("lines", "changes", "status"),
    [
        ([(b"sec-fetch-site", b"cross-site")], {}, 403),
        ([(b"referer", b"http://evil.example/")], {}, 403),
        ([ORIGIN, (b"via", b"1.1 corsmith-1")], {}, 508),
        ([ORIGIN, (b"x-bytes", b"\xff")], {}, 400),
        ([ORIGIN], {"path": b"/\xff"}, 400),
    ],
)
def test_what_may_not_be_sent_on_never_reaches_the_upstream(
    lines: list[tuple[bytes, bytes]], changes: dict[str, Any], status: int
) -> None:
    reached: list[Request] = []

    async def handler(request: Request) -> StreamResponse:
        reached.append(request)
        return web.Response()

    start, _ = talk(Page(*lines, **changes), handler)
    assert start["status"] == status
    assert reached == []


def test_a_page_that_goes_before_it_has_connected_is_forgotten() -> None:
    page = Page()
    page.says.get_nowait()
    page.leave()
    assert talk(page, echo) == []


def test_a_stalled_upstream_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_STALL_SECONDS", 0.1)
    release = asyncio.Event()

    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.pause_reading()
        await release.wait()
        return socket

    def pour(page: Page) -> None:
        for _ in range(64):
            page.say(bytes=b"x" * 1_048_576)

    async def scenario() -> Messages:
        page = Page()
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            heard = [await page.hear()]
            pour(page)
            heard.append(await page.hear())
            await serving
            # What was not taken was not read: it waits where it came from.
            assert page.says.qsize() > 32
            release.set()
        return heard

    _, close = asyncio.run(scenario())
    assert close["code"] == 1011
    assert close["reason"] == "the upstream takes no more"


def test_a_page_that_does_not_listen_holds_the_upstream_back() -> None:
    sent = 0

    async def handler(request: Request) -> WebSocketResponse:
        nonlocal sent
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(aiohttp.ClientError, OSError):
            for _ in range(256):
                await socket.send_bytes(b"x" * 1_048_576)
                sent += 1
        return socket

    async def scenario() -> None:
        page = Page()
        page.hears = asyncio.Queue(maxsize=1)
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            await page.hear()
            await asyncio.sleep(0.3)
            before = sent
            await asyncio.sleep(0.2)
            assert sent == before
            assert sent < 128
            page.leave()
            await serving

    asyncio.run(scenario())


def test_cancelled_wherever_it_waits_it_leaves_nothing_open() -> None:
    async def scenario(at: int) -> bool:
        page = Page(ORIGIN)
        async with listening(echo) as port, client() as session:
            assert isinstance(session.connector, aiohttp.TCPConnector)
            before = asyncio.all_tasks()
            page.say(text="a")
            page.say(text="b")
            page.leave()
            cancelled = await cancelled_at(page.serve(session, port), at)
            assert session.connector._acquired == set()
            await settled(before)
        return cancelled

    # As often as it waits, and once more, when it is not cancelled.
    at = 0
    while asyncio.run(scenario(at)):
        at += 1
    assert at >= 5


@pytest.mark.parametrize("ticks", range(0, 60, 2))
def test_cancelled_at_any_moment_it_leaves_nothing_open(ticks: int) -> None:
    async def scenario() -> None:
        page = Page(ORIGIN)
        async with listening(echo) as port, client() as session:
            assert isinstance(session.connector, aiohttp.TCPConnector)
            before = asyncio.all_tasks()
            page.say(text="a")
            page.say(bytes=b"x" * 1_048_576)
            serving = asyncio.create_task(page.serve(session, port))
            for _ in range(ticks):
                await asyncio.sleep(0)
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            assert session.connector._acquired == set()
            await settled(before)

    asyncio.run(scenario())

"""WebSockets through the gateway: how they end, also when they are stalled or cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from corsmith.server.gateway import sockets
from tests.server.gateway.cancelling import cancelled_at, settled
from tests.server.gateway.talking import (
    ORIGIN,
    Messages,
    Page,
    client,
    echo,
    listening,
    talk,
)

if TYPE_CHECKING:
    from aiohttp.web import Request, WebSocketResponse

pytestmark = pytest.mark.servers


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


def test_what_the_upstream_said_last_is_told_although_it_takes_no_more() -> None:
    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=1000)
        await socket.prepare(request)
        for _ in range(2):
            await socket.send_str("before")
        await socket.receive()
        return socket

    async def scenario() -> list[dict[str, Any]]:
        page = Page()
        page.hears = asyncio.Queue(maxsize=1)
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            heard = [await page.hear()]
            for _ in range(8):
                page.say(bytes=b"x" * 1_048_576)
            # Long enough for what is sent to fail while what was said is still unheard.
            await asyncio.sleep(0.3)
            heard += [await page.hear() for _ in range(3)]
            await serving
        return heard

    *_, before, close = asyncio.run(scenario())
    assert before == {"type": "websocket.send", "text": "before"}
    assert (close["type"], close["code"]) == ("websocket.close", 1009)


def test_an_upstream_that_is_gone_ends_it_for_a_page_that_does_not_listen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "_CLOSE_SECONDS", 0.05)

    async def handler(request: Request) -> WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for _ in range(4):
            await socket.send_str("unheard")
        assert request.transport is not None
        request.transport.abort()
        return socket

    async def scenario() -> dict[str, Any]:
        page = Page()
        page.hears = asyncio.Queue(maxsize=1)
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            await page.hear()
            for _ in range(8):
                page.say(bytes=b"x" * 1_048_576)
            await asyncio.sleep(0.3)
            heard = [await page.hear() for _ in range(2)]
            await serving
        return heard[-1]

    assert asyncio.run(scenario()) == {
        "type": "websocket.close",
        "code": 1011,
        "reason": "the upstream is gone",
    }

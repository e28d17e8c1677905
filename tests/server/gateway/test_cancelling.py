"""A request cancelled wherever it waits: no task, connection or file is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from corsmith.server.gateway.relay import LeftError
from corsmith.server.serving import CUT
from corsmith.server.streaming import CLIENT_LEFT
from tests.server.gateway.asking import GONE, PAGE, gateway, listening, living, read_request
from tests.server.gateway.cancelling import cancelled_at, settled
from tests.server.in_memory import scope
from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from corsmith.server.gateway.forward import Forwarder

pytestmark = pytest.mark.servers

PART = b"x" * 1000
LONG = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PARTS = 4


def open_files() -> int:
    """Return how many files this process has open."""
    folder = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"  # noqa: PTH112 - no path is kept
    return len(os.listdir(folder))  # noqa: PTH208 - as the line above


@pytest.fixture(autouse=True)
def files_are_closed() -> Iterator[None]:
    """Fail where a test leaves a file open: a socket is one."""
    asyncio.run(asyncio.sleep(0))  # the first loop of a process keeps nothing open either
    gc.collect()  # what an earlier test has left is not this one's
    before = open_files()
    yield

    def is_closed() -> bool:
        gc.collect()
        return open_files() <= before

    soon(is_closed)  # a thread of an earlier test may have one open for a moment


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read a request, and answer it part by part."""
    await read_request(reader)
    writer.write(LONG)
    for _ in range(PARTS):
        writer.write(b"%x\r\n%b\r\n" % (len(PART), PART))
        await writer.drain()
        await asyncio.sleep(0.002)
    writer.write(b"0\r\n\r\n")


async def serve(app: Forwarder, method: str, heard: list[Any]) -> None:
    """Serve one request, whose body comes in two parts, of PUT in one, and of GET has none."""
    lines = [PAGE]
    messages: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]
    if method == "POST":
        lines.append((b"transfer-encoding", b"chunked"))
        messages = [
            {"type": "http.request", "body": PART, "more_body": True},
            {"type": "http.request", "body": PART, "more_body": False},
        ]

    if method == "PUT":
        lines.append((b"content-length", str(len(PART)).encode()))
        messages = [{"type": "http.request", "body": PART, "more_body": False}]

    async def receive() -> Any:
        await asyncio.sleep(0)
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()
        return GONE

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        heard.append(message)

    await app(scope(method, "/", *lines), receive, send)


def connections(app: Forwarder) -> int:
    """Return how many connections to the upstream are in use."""
    assert app._asker is not None
    session = app._asker.session
    assert session.connector is not None
    return len(session.connector._acquired)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_request_cancelled_wherever_it_waits_leaves_nothing_open(method: str) -> None:
    async def scenario(at: int, heard: list[Any]) -> bool:
        async with listening(slow) as port, living(gateway(port)) as app:
            before = asyncio.all_tasks()
            cancelled = await cancelled_at(serve(app, method, heard), at)
            assert connections(app) == 0
            await settled(before)
        return cancelled

    # As often as it waits, and once more, when it comes to its end.
    at, heard = 0, list[Any]()
    while asyncio.run(scenario(at, heard)):
        # What was cut has no end that a client could take for one.
        assert not heard or heard[-1].get("more_body") is not False
        at, heard = at + 1, []
    assert at > PARTS
    assert heard[-1]["more_body"] is False


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("ticks", range(0, 90, 6))
def test_a_request_cancelled_at_any_moment_leaves_nothing_open(method: str, ticks: int) -> None:
    async def scenario() -> None:
        async with listening(slow) as port, living(gateway(port)) as app:
            before = asyncio.all_tasks()
            serving = asyncio.create_task(serve(app, method, []))
            for _ in range(ticks):
                await asyncio.sleep(0)
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            assert connections(app) == 0
            await settled(before)

    asyncio.run(scenario())


def test_after_many_that_were_cancelled_the_next_is_served() -> None:
    async def scenario() -> list[Any]:
        async with listening(slow) as port, living(gateway(port)) as app:
            for at in range(200):
                await cancelled_at(serve(app, "POST", []), at % 8)
            heard: list[Any] = []
            await serve(app, "POST", heard)
            return heard

    heard = asyncio.run(scenario())
    assert b"".join(message["body"] for message in heard[1:]) == PART * PARTS


def test_a_page_that_leaves_inside_a_step_of_its_request_cancels_nothing_that_comes_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From Python 3.12 on the library begins to read a body before it waits for anything."""

    async def at_once(_written: object, body: AsyncIterator[bytes], _whole: bytes) -> None:
        with pytest.raises(LeftError):
            async for _part in body:
                pass
        raise aiohttp.ServerDisconnectedError

    async def scenario() -> None:
        async with listening(slow) as port, living(gateway(port)) as app:
            monkeypatch.setattr(app._client(), "ask", at_once)
            messages = [{"type": "http.request", "body": PART, "more_body": True}, GONE]
            heard: list[Any] = []

            async def receive() -> Any:
                return messages.pop(0)

            async def send(message: Any) -> None:
                heard.append(message)

            request = scope("POST", "/", PAGE, (b"transfer-encoding", b"chunked"))
            await app(request, receive, send)
            assert heard == []
            assert request[CUT] == CLIENT_LEFT
            await asyncio.sleep(0.01)

    asyncio.run(scenario())

"""A long body past the library's parser: whole or cut, and what becomes of its connection."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import aiohttp
import pytest

from corsmith.server.gateway.bulk import WORTH, Bulk
from corsmith.server.gateway.request import READ_BYTES, Answer
from corsmith.server.serving import CUT
from tests.server.gateway.asking import (
    GONE,
    PAGE,
    PATIENCE,
    Asked,
    ask,
    gateway,
    listening,
    living,
    read_request,
)
from tests.server.gateway.cancelling import cancelled_at, settled
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers

LONG = random.Random(7).randbytes(6 * WORTH)  # noqa: S311  a body in which no byte looks like the next
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PIECES = 5


def head(length: int = len(LONG)) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Bulk]]:
    """Return the bodies that were taken past the parser."""
    found: list[Bulk] = []
    init = Bulk.__init__

    def noted(self: Bulk, *given: Any) -> None:
        found.append(self)
        init(self, *given)

    monkeypatch.setattr(Bulk, "__init__", noted)
    return iter([found])


def bodies(*answers: bytes, pause: float = 0.0) -> Any:
    """Return an upstream that gives one answer to each request of a connection."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await read_request(reader)
            step = len(answer) // PIECES + 1
            for at in range(0, len(answer), step):
                writer.write(answer[at : at + step])
                await writer.drain()
                await asyncio.sleep(pause)
        await reader.read()

    return script


def both(answer: Asked) -> list[bytes]:
    """Return the bodies of two answers that ended."""
    found: list[bytes] = []
    for message in answer.messages:
        if "status" in message:
            found.append(b"")
        else:
            found[-1] += message["body"]
    ends = [message for message in answer.messages if message.get("more_body") is False]
    assert len(ends) == len(found)
    return found


@pytest.mark.parametrize("pause", [0.0, 0.005], ids=["at once", "in pieces"])
def test_a_long_body_is_what_the_upstream_sent(taken: Iterator[list[Bulk]], pause: float) -> None:
    answer = ask(bodies(head() + LONG, pause=pause))
    assert answer.body == LONG
    assert answer.ended
    assert [message.get("more_body") for message in answer.messages[1:]].count(False) == 1
    assert len(next(taken)) == 1


def test_its_connection_is_used_again_for_whatever_comes() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    for second in (SHORT, chunked, head() + LONG):
        answer = ask(bodies(head() + LONG, second), times=2)
        assert answer.connections == 1
        assert both(answer) == [LONG, LONG if second.endswith(LONG) else b"ok"]


@pytest.mark.parametrize("more", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"])
@pytest.mark.parametrize("later", [False, True], ids=["with it", "later"])
def test_what_comes_after_its_end_answers_nobody(more: bytes, later: bool) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head() + (LONG if later else LONG + more))
        if later:
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.write(more)
        await reader.read()

    async def second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(SHORT)

    async def scenario() -> None:
        turns = [script, second]

        async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await turns.pop(0)(reader, writer)

        async with (
            asyncio.timeout(PATIENCE / 5),
            listening(upstream) as port,
            living(gateway(port)) as app,
        ):
            for expected in (LONG, b"ok"):
                heard: list[Any] = []

                async def send(message: Any, heard: list[Any] = heard) -> None:
                    heard.append(message)

                await app(scope("GET", "/", PAGE), asyncio.Event().wait, send)  # type: ignore[arg-type]  # never returns
                assert b"".join(message["body"] for message in heard[1:]) == expected
                await asyncio.sleep(0.1)
        assert not turns

    asyncio.run(scenario())


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
def test_one_that_is_cut_is_never_ended_well(taken: Iterator[list[Bulk]], resets: bool) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head() + LONG[:-1])
        await writer.drain()
        await asyncio.sleep(0.1)
        if resets:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    answer = ask(script)
    assert (answer.status, answer.ended, answer.scope[CUT]) == (200, False, "upstream-cut")
    assert LONG.startswith(answer.body)
    assert len(next(taken)) == 1


def test_an_end_that_follows_the_last_byte_is_none_of_the_bodys() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head() + LONG)

    answer = ask(script, times=2)
    assert both(answer) == [LONG, LONG]
    assert answer.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(LONG)
        + LONG
        + b"\r\n0\r\n\r\n",
        head(WORTH - 1) + LONG[: WORTH - 1],
    ],
    ids=["chunks", "short"],
)
def test_anything_else_is_read_by_the_library(taken: Iterator[list[Bulk]], raw: bytes) -> None:
    answer = ask(bodies(raw, pause=0.005))
    assert answer.body in {LONG, LONG[: WORTH - 1]}
    assert answer.ended
    assert next(taken) == []


def test_so_is_the_answer_to_a_body_in_parts(taken: Iterator[list[Bulk]]) -> None:
    lines = (PAGE, (b"transfer-encoding", b"chunked"))
    part = {"type": "http.request", "body": b"ab", "more_body": False}
    answer = ask(bodies(head() + LONG, pause=0.005), "POST", "/", *lines, body=[part])
    assert answer.body == LONG
    assert next(taken) == []


def test_a_page_that_takes_nothing_stops_the_upstream() -> None:
    written = 0

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        await read_request(reader)
        writer.write(head(64 * len(LONG)))
        for _ in range(64):
            writer.write(LONG)
            await writer.drain()
            written += 1

    async def scenario() -> None:
        taking = asyncio.Event()
        heard = 0

        async def send(message: Any) -> None:
            nonlocal heard
            heard += len(message.get("body", b""))
            if heard > WORTH:
                await taking.wait()

        async with (
            asyncio.timeout(PATIENCE / 5),
            listening(script) as port,
            living(gateway(port)) as app,
        ):
            serving = asyncio.create_task(
                app(scope("GET", "/", PAGE), asyncio.Event().wait, send)  # type: ignore[arg-type]  # never returns
            )
            await asyncio.sleep(0.3)
            # What the system holds on both sides is a few megabytes.
            assert written < 32
            taking.set()
            await serving
        assert heard == 64 * len(LONG)

    asyncio.run(scenario())


def test_one_cancelled_wherever_it_waits_leaves_nothing_open() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in (head(), LONG):
            writer.write(part)
            await writer.drain()

    async def serve(app: Any) -> None:
        async def send(_message: Any) -> None:
            await asyncio.sleep(0)

        await app(scope("GET", "/", PAGE), asyncio.Event().wait, send)

    async def scenario(at: int) -> bool:
        async with listening(script) as port, living(gateway(port)) as app:
            before = asyncio.all_tasks()
            cancelled = await cancelled_at(serve(app), at)
            assert app._asker is not None
            assert app._asker.session.connector is not None
            assert not app._asker.session.connector._acquired
            await settled(before)
        return cancelled

    at = 0
    while asyncio.run(scenario(at)):
        at += 1
    assert at > PIECES


def test_a_page_that_leaves_ends_the_request() -> None:
    ended: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head() + LONG[: 2 * WORTH])
        ended.append(await asyncio.wait_for(reader.read(-1), PATIENCE / 2))

    answer = ask(script, leaves_after=0.2)
    assert isinstance(answer, Asked)
    assert (answer.ended, ended) == (False, [b""])
    assert answer.messages[0] != GONE


# ── the protocol by itself ─────────────────────────────────────────────────────


def bulk(left: int = WORTH) -> tuple[Bulk, Mock, Mock]:
    handler, transport = Mock(), Mock()
    return Bulk(handler, transport, Mock(), left), handler, transport


def test_what_is_written_meanwhile_is_the_librarys_affair() -> None:
    one, handler, _ = bulk()
    one.pause_writing()
    handler.pause_writing.assert_called_once_with()
    one.resume_writing()
    handler.resume_writing.assert_called_once_with()


def test_the_library_hears_that_the_connection_is_over() -> None:
    one, handler, _ = bulk()
    error = ConnectionResetError()
    one.connection_lost(error)
    handler.connection_lost.assert_called_once_with(error)
    with pytest.raises(aiohttp.ClientPayloadError):
        asyncio.run(asyncio.wait_for(one.read(), 1))


def test_it_reads_on_once_most_of_what_came_was_taken() -> None:
    one, _, transport = bulk(20 * READ_BYTES)
    for _ in range(4):
        one.data_received(bytes(READ_BYTES))
    transport.pause_reading.assert_called_once_with()
    for times in range(4):
        assert transport.resume_reading.call_count == 0
        assert not one.is_over
        asyncio.run(one.read())
        assert (transport.resume_reading.call_count == 1) is (times == 3)
    one.data_received(bytes(16 * READ_BYTES))
    transport.pause_reading.assert_called_once_with()
    asyncio.run(one.read())
    assert one.is_over


@pytest.mark.parametrize("gone", ["connection", "protocol", "transport", "closing"])
def test_a_connection_that_is_gone_gives_nothing(gone: str) -> None:

    transport = Mock(is_closing=lambda: gone == "closing")
    protocol = Mock(transport=None if gone == "transport" else transport)
    connection = Mock(protocol=None if gone == "protocol" else protocol)
    answer = Answer(connection, 200, ((b"Content-Length", b"9999999"),), Mock(total_bytes=0))
    if gone == "connection":
        answer.connection = None
    assert Bulk.of(answer) is None


def test_who_was_cancelled_while_it_waited_is_not_woken() -> None:
    async def scenario() -> None:
        one, _, _ = bulk()
        reading = asyncio.create_task(one.read())
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        one.data_received(b"x")
        assert await one.read() == b"x"

    asyncio.run(scenario())

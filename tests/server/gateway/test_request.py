"""One request as it goes out, and what becomes of the connection that it went on."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING
from unittest.mock import Mock

import aiohttp
import pytest
from yarl import URL

from corsmith.server.gateway.client import connect
from corsmith.server.gateway.request import Answer
from corsmith.server.gateway.trust import Trust
from tests.server.gateway.asking import OK, Asked, answering, ask_upstream, listening, read_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.server.gateway.asking import Script

    Session = aiohttp.ClientSession

pytestmark = pytest.mark.servers


def with_session(script: Script, use: Callable[[Session, URL], Awaitable[None]]) -> Asked:
    """Have a client used before an upstream; nothing of it is left in use."""
    asked = Asked()

    async def scenario() -> None:
        async with listening(script, asked) as port, connect(Trust()) as session:
            await use(session, URL(f"http://127.0.0.1:{port}/a%2Fb?c", encoded=True))
            assert isinstance(session.connector, aiohttp.TCPConnector)
            assert not session.connector._acquired

    asyncio.run(scenario())
    return asked


def sent(method: str, *lines: tuple[str, str], body: AsyncIterator[bytes] | None = None) -> bytes:
    seen = Asked()

    async def use(session: Session, url: URL) -> None:
        answer = await ask_upstream(session, method, url, lines, body)
        answer.close()

    with_session(answering(OK if method != "HEAD" else OK[:-2], asked=seen), use)
    (request,) = seen.requests
    return request


async def two() -> AsyncIterator[bytes]:
    yield b"ab"
    yield b"cd"


@pytest.mark.parametrize("method", ["GET", "HEAD", "patch", "Foo"])
def test_a_request_is_written_as_it_is_and_nothing_is_added(method: str) -> None:
    head = sent(method, ("host", "api.example"), ("x-a", "1"), ("x-a", "2"))
    lines = head.decode().split("\r\n")
    assert lines[0] == f"{method} /a%2Fb?c HTTP/1.1"
    added = [] if method in {"GET", "HEAD"} else ["Content-Length: 0"]
    assert sorted(lines[1:-2]) == sorted(["host: api.example", "x-a: 1", "x-a: 2", *added])


def test_a_body_has_its_length_or_chunks_and_nothing_is_added() -> None:
    lines = ("host", "a"), ("content-length", "4")
    head, _, body = sent("POST", *lines, body=two()).partition(b"\r\n\r\n")
    assert head.lower().split(b"\r\n")[1:] == [b"host: a", b"content-length: 4"]
    assert body == b"abcd"
    head, _, body = sent("POST", body=two()).partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n"


def test_a_connection_is_used_again() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            await read_request(reader)
            writer.write(OK)

    async def use(session: Session, url: URL) -> None:
        for _ in range(3):
            answer = await ask_upstream(session, "GET", url)
            assert await answer.content.read() == b"ok"
            answer.close()

    assert with_session(script, use).connections == 1


def closing_second(connections: list[int], answer: bytes = OK) -> Script:
    """Answer once on each connection, and close it when it is asked again."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        await read_request(reader)
        writer.write(answer)
        await read_request(reader)

    return script


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
def test_what_may_be_asked_twice_is_where_an_idle_connection_was_closed(method: str) -> None:
    connections: list[int] = []

    async def use(session: Session, url: URL) -> None:
        for _ in range(2):
            answer = await ask_upstream(session, method, url)
            assert answer.status == 200
            await answer.content.read()
            answer.close()

    with_session(closing_second(connections, OK if method != "HEAD" else OK[:-2]), use)
    assert len(connections) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "get"])
def test_anything_else_is_asked_once(method: str) -> None:
    connections: list[int] = []

    async def use(session: Session, url: URL) -> None:
        answer = await ask_upstream(session, method, url)
        await answer.content.read()
        answer.close()
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await ask_upstream(session, method, url)

    with_session(closing_second(connections), use)
    assert len(connections) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_came_before_it_was_asked_for_is_nobodys(method: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(OK.replace(b"ok", b"no"))
        await reader.read()

    async def use(session: Session, url: URL) -> None:
        for _ in range(2):
            answer = await ask_upstream(session, method, url)
            assert await answer.content.read() == b"ok"
            answer.close()
            await asyncio.sleep(0.15)

    assert with_session(script, use).connections == 2


def test_a_body_that_is_gone_is_not_asked_with_again() -> None:
    connections: list[int] = []

    async def use(session: Session, url: URL) -> None:
        answer = await ask_upstream(session, "PUT", url)
        await answer.content.read()
        answer.close()
        with pytest.raises(aiohttp.ClientError):
            await ask_upstream(session, "PUT", url, [], two())

    with_session(closing_second(connections), use)
    assert len(connections) == 1


def test_nor_is_a_whole_one() -> None:
    """What was read of it, nobody knows."""
    connections: list[int] = []

    async def use(session: Session, url: URL) -> None:
        for _ in range(2):
            with pytest.raises(aiohttp.ServerDisconnectedError) if connections else nullcontext():
                answer = await ask_upstream(session, "PUT", url, [], None, b"ab")
                await answer.content.read()
                answer.close()

    with_session(closing_second(connections), use)
    assert len(connections) == 1


def test_nobody_is_asked_twice_who_does_not_listen() -> None:
    async def use(session: Session, _url: URL) -> None:
        with pytest.raises(aiohttp.ClientConnectorError):
            await ask_upstream(session, "GET", URL("http://127.0.0.1:1/"))

    with_session(answering(OK), use)


def test_an_upstream_that_accepts_no_connection_is_told_as_that() -> None:
    async def use(session: Session, url: URL) -> None:
        assert session.connector is not None

        async def never(*_arguments: object, **_settings: object) -> None:
            raise TimeoutError

        session.connector.connect = never  # type: ignore[assignment,method-assign]  # a stand-in
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await ask_upstream(session, "GET", url)

    with_session(answering(OK), use)


def test_a_client_that_is_closed_asks_nobody() -> None:
    async def scenario() -> None:
        session = connect(Trust())
        await session.close()
        with pytest.raises(RuntimeError, match="closed"):
            await ask_upstream(session, "GET", URL("http://127.0.0.1:1/"))

    asyncio.run(scenario())


def test_a_connection_that_is_lost_before_it_is_used_is_told() -> None:
    class Connector:
        async def connect(self, *_arguments: object, **_settings: object) -> Mock:
            return Mock(protocol=None)

    async def use(_session: Session, url: URL) -> None:
        session = Mock(connector=Connector())
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await ask_upstream(session, "POST", url)

    assert with_session(answering(OK), use).connections == 0


def test_a_request_that_is_cancelled_leaves_no_connection_in_use() -> None:
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def use(session: Session, url: URL) -> None:
        asking = asyncio.create_task(ask_upstream(session, "GET", url))
        await asyncio.sleep(0.05)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with_session(silent, use)


def test_an_answer_that_is_left_is_left_by_its_body_too() -> None:
    """No cycle is left: the server has its garbage looked for seldom."""

    async def long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok")
        await reader.read()

    async def use(session: Session, url: URL) -> None:
        answer = await ask_upstream(session, "GET", url)
        assert answer.content._eof_callbacks
        answer.close()
        assert not answer.content._eof_callbacks
        assert isinstance(answer.content.exception(), aiohttp.ClientConnectionError)

    with_session(long, use)


def test_a_connection_is_given_back_once() -> None:
    connection, content = Mock(), Mock()
    answer = Answer(connection, 200, (), content)
    (over,) = content.on_eof.call_args.args
    over()
    over()
    answer.close()
    connection.release.assert_called_once_with()
    connection.close.assert_not_called()

"""Bodies through the gateway, both ways, and what happens when somebody goes away."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, Mock

import aiohttp
import pytest

from corsmith.server.gateway.relay import Client, Watch, relay
from corsmith.server.serving import CUT
from tests.server.gateway.asking import (
    GONE,
    OK,
    PAGE,
    PATIENCE,
    Asked,
    answering,
    ask,
    gateway,
    listening,
    living,
)
from tests.server.in_memory import parts, scope

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.servers

CHUNKED = (b"transfer-encoding", b"chunked")


# ── the page's body ────────────────────────────────────────────────────────────


def body_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def test_a_body_with_a_length_is_sent_with_it() -> None:
    asked = Asked()
    lines = (PAGE, (b"content-length", b"6"), (b"content-type", b"text/x"))
    answer = ask(answering(OK, asked=asked), "POST", "/", *lines, body=parts(b"abc", b"", b"def"))
    assert answer.status == 200
    assert b"\r\ncontent-length: 6\r\n" in asked.requests[0].lower()
    assert b"transfer-encoding" not in asked.requests[0].lower()
    assert body_of(asked.requests[0]) == b"abcdef"


@pytest.mark.parametrize("method", ["POST", "patch", "GET"])
def test_a_small_body_is_sent_with_its_head(method: str) -> None:
    asked = Asked()
    lines = (PAGE, (b"content-length", b"6"), (b"content-type", b"text/x"))
    answer = ask(answering(OK, asked=asked), method, "/", *lines, body=parts(b"abcdef"))
    assert (answer.status, answer.body) == (200, b"ok")
    first, *head = asked.requests[0].partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert first == method.encode() + b" / HTTP/1.1"
    assert head[2:] == [b"content-length: 6", b"content-type: text/x", b"via: 1.1 corsmith-1"]
    assert body_of(asked.requests[0]) == b"abcdef"


@pytest.mark.parametrize(
    "messages", [parts(b"abc", b"def"), parts(b"", b"abcdef"), parts(b"abcdef", b"")]
)
def test_one_that_comes_in_parts_is_the_same(messages: list[Any]) -> None:
    asked = Asked()
    lines = (PAGE, (b"content-length", b"6"))
    ask(answering(OK, asked=asked), "POST", "/", *lines, body=messages)
    assert body_of(asked.requests[0]) == b"abcdef"
    assert asked.requests[0].lower().count(b"content-length: 6\r\n") == 1


@pytest.mark.parametrize("found", [b"", b"ab", b"abcd"])
def test_one_of_another_length_than_was_told_is_never_a_whole_one(found: bytes) -> None:
    """No server hands one over; the upstream would take what is left for the next request."""
    seen: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(-1))

    lines = (PAGE, (b"content-length", b"3"))
    answer = ask(script, "POST", "/", *lines, body=parts(found), seconds=0.3)
    assert answer.messages[0]["status"] in {502, 504}
    assert len(body_of(seen[0])) <= 3


def test_a_client_that_leaves_before_its_body_asks_nobody() -> None:
    answer = ask(answering(OK), "POST", "/", PAGE, (b"content-length", b"6"), body=[GONE])
    assert (answer.messages, answer.connections) == ([], 0)


def test_a_body_whose_end_is_told_apart_is_sent_with_its_head() -> None:
    """As Granian does; the connection is used again, whenever the upstream answers."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await reader.readexactly(3)

    lines = (PAGE, (b"content-length", b"3"))
    answer = ask(script, "POST", "/", *lines, body=[part(b"abc")] * 2, times=2)
    assert [message.get("status") for message in answer.messages[::2]] == [200, 200]
    assert answer.connections == 1


def test_the_first_part_of_a_body_is_not_lost() -> None:
    async def scenario() -> list[bytes]:
        waiting = parts(b"abc", b"def")

        async def receive() -> Any:
            return waiting.pop(0)

        found: list[bytes] = []
        with Client(receive, Watch(1.0), has_body=True) as client:
            assert await client.whole(6) is None
            body = client.body()
            assert body is not None
            found += [part async for part in body]
        return found

    assert asyncio.run(scenario()) == [b"abc", b"def"]


def test_a_body_without_a_length_is_sent_in_chunks() -> None:
    asked = Asked()
    ask(answering(OK, asked=asked), "PUT", "/", PAGE, CHUNKED, body=parts(b"abc", b"def"))
    assert b"\r\ntransfer-encoding: chunked\r\n" in asked.requests[0].lower()
    assert body_of(asked.requests[0]) == b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"


def test_an_answer_may_come_before_the_body_is_read() -> None:
    """The client is told, and its connection need not carry what nobody wants."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")

    lines = (PAGE, (b"content-length", b"1000"))
    answer = ask(script, "POST", "/", *lines, body=parts(b"a", broken=False)[:0] or [part(b"a")])
    assert (answer.status, answer.body, answer.ended) == (401, b"no", True)


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("line", [CHUNKED, (b"content-length", b"6")])
def test_a_body_that_breaks_off_is_never_a_whole_one(line: tuple[bytes, bytes]) -> None:
    found: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.append(await reader.read(-1))

    answer = ask(script, "POST", "/", PAGE, line, body=[part(b"abc"), GONE])
    assert answer.messages == []
    assert found[0].endswith(b"abc" if line is not CHUNKED else b"3\r\nabc\r\n")


def test_each_part_gives_the_upstream_its_time_anew() -> None:
    """An upload that lasts is not an upstream that is late."""

    async def slowly(asked: Asked) -> None:
        waiting = [part(b"a"), part(b"b"), part(b"c", more=False)]

        async def receive() -> dict[str, Any]:
            if not waiting:
                await asyncio.sleep(PATIENCE)
            await asyncio.sleep(0.2)
            return waiting.pop(0)

        async def send(message: Any) -> None:
            asked.messages.append(message)

        async with listening(answering(OK)) as port, living(gateway(port, seconds=0.4)) as app:
            await app(scope("POST", "/", PAGE, CHUNKED), receive, send)

    asked = Asked()
    asyncio.run(slowly(asked))
    assert asked.status == 200


# ── the upstream's ─────────────────────────────────────────────────────────────


def test_the_head_is_sent_before_there_is_a_body() -> None:
    """A page that opens a stream of events waits for it."""
    raw = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answer = ask(answering(raw, b"6\r\nevent\n\r\n", b"0\r\n\r\n"))
    bodies = [(message["body"], message["more_body"]) for message in answer.messages[1:]]
    assert bodies == [(b"", True), (b"event\n", True), (b"", False)]


def test_a_small_answer_takes_one_message_for_its_body() -> None:
    answer = ask(answering(OK))
    assert [message.get("more_body") for message in answer.messages] == [None, False]


@pytest.mark.parametrize(
    ("raw", "cut"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nZZ\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\nok", True),
    ],
)
def test_an_answer_that_is_cut_is_never_ended_well(raw: bytes, cut: bool) -> None:
    head, _, body = raw.partition(b"\r\n\r\n")
    answer = ask(answering(head + b"\r\n\r\n", body, cut=cut))
    assert answer.status == 200
    # What a reset overtakes is lost; what came is sent on.
    assert b"ok".startswith(answer.body)
    assert not answer.ended
    assert len(answer.messages) >= 2, "the server sends no head without a part"
    assert answer.scope[CUT] == "upstream-cut"


@pytest.mark.parametrize("error", [None, ConnectionResetError()], ids=["closed", "reset"])
def test_how_the_connection_ended_tells_whether_all_came(error: Exception | None) -> None:
    """As the library shows it, whichever overtakes which on the way."""

    async def scenario() -> bool:
        closed = asyncio.get_running_loop().create_future()
        if error is None:
            closed.set_result(None)
        else:
            closed.set_exception(error)
        content = Mock(read_nowait=lambda: b"ok", at_eof=lambda: True, is_eof=lambda: True)
        answer = Mock(content=content, connection=Mock(protocol=Mock(closed=closed)))
        return await relay(answer, {"type": "http.response.start"}, AsyncMock())

    assert asyncio.run(scenario()) is (error is None)


@pytest.mark.parametrize("closed", [True, False], ids=["gone", "there"])
def test_what_comes_while_a_part_is_taken_is_sent_on_at_once(*, closed: bool) -> None:
    """The last part is not known to be that before all the others were taken."""

    async def scenario() -> list[Any]:
        coming = [b"a", b"b", b"c"]
        taken: list[bytes] = []

        def read_nowait() -> bytes:
            taken.append(coming.pop(0) if coming else b"")
            return taken[-1]

        content = Mock(
            read_nowait=read_nowait,
            at_eof=lambda: taken[-1] == b"",
            is_eof=lambda: bool(taken) and not coming,
            exception=lambda: None,
            readany=AsyncMock(side_effect=AssertionError("nothing is waited for")),
        )
        there = Mock(protocol=Mock(closed=asyncio.get_running_loop().create_future()))
        answer = Mock(content=content, connection=None if closed else there)
        send = AsyncMock()
        assert await relay(answer, {"type": "http.response.start"}, send)
        return [call.args[0] for call in send.await_args_list[1:]]

    messages = asyncio.run(scenario())
    assert [message["body"] for message in messages] == [b"a", b"b", b"c", b""]
    assert [message["more_body"] for message in messages] == [True, True, True, False]


@pytest.mark.parametrize(
    ("error", "ends"), [(None, True), (aiohttp.ClientPayloadError(), False)], ids=["whole", "cut"]
)
def test_what_came_before_the_connection_was_over_is_sent_on(
    error: aiohttp.ClientError | None, *, ends: bool
) -> None:
    async def scenario() -> tuple[bool, int]:
        content = Mock(
            read_nowait=Mock(return_value=b"ok", side_effect=error),
            at_eof=lambda: False,
            is_eof=lambda: True,
            exception=lambda: error,
        )
        send = AsyncMock()
        answer = Mock(content=content, connection=None)
        return await relay(answer, {"type": "http.response.start"}, send), send.await_count

    # The start goes out in any case: without it the page would see no status.
    assert asyncio.run(scenario()) == (ends, 2 if ends else 1)


def test_a_body_without_a_length_ends_with_its_connection() -> None:
    answer = ask(answering(b"HTTP/1.0 200 OK\r\n\r\nok"))
    assert (answer.body, answer.ended) == (b"ok", True)


# ── the client goes away ───────────────────────────────────────────────────────


Left = asyncio.Event


def left_by(script: Callable[..., Any], *lines: tuple[bytes, bytes], **more: Any) -> Asked:
    answer = ask(script, "POST" if lines else "GET", "/", PAGE, *lines, leaves_after=0.1, **more)
    assert not answer.ended
    return answer


def waiting_for_the_end(raw: bytes, ended: list[bytes]) -> Any:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        ended.append(await asyncio.wait_for(reader.read(-1), PATIENCE / 2))

    return script


@pytest.mark.parametrize(
    "raw",
    [b"", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\nx"],
)
def test_a_client_that_leaves_ends_the_request_to_the_upstream(raw: bytes) -> None:
    ended: list[bytes] = []
    left_by(waiting_for_the_end(raw, ended))
    assert ended == [b""]


@pytest.mark.parametrize(
    "messages", [[part(b"ok", more=False)], [part(b"ok")], [part(b"ok"), part(b"", more=False)]]
)
def test_a_client_that_leaves_after_its_body_does_too(messages: list[Any]) -> None:
    ended: list[bytes] = []
    left_by(waiting_for_the_end(b"", ended), (b"content-length", b"2"), body=messages)
    assert ended == [b"ok"]


def test_a_client_that_leaves_is_no_error_and_any_other_cancelling_is_one() -> None:
    async def scenario() -> None:
        async def receive() -> Any:
            await asyncio.sleep(0)
            return GONE

        with Client(receive, Watch(1.0), has_body=False) as client:
            await asyncio.sleep(1)
        assert client.left
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

        async def cancelled() -> None:
            with Client(asyncio.Event().wait, Watch(1.0), has_body=False):  # type: ignore[arg-type]  # never returns
                await asyncio.sleep(1)

        other = asyncio.create_task(cancelled())
        await asyncio.sleep(0)
        other.cancel()
        with pytest.raises(asyncio.CancelledError):
            await other

    asyncio.run(scenario())


def test_a_client_that_leaves_after_its_answer_cancels_nothing() -> None:
    async def scenario() -> None:
        leaves = asyncio.Event()

        async def receive() -> Any:
            await leaves.wait()
            return GONE

        with Client(receive, Watch(1.0), has_body=False) as client:
            await asyncio.sleep(0.15)
        leaves.set()
        await asyncio.sleep(0.01)
        assert not client.left
        # As it is where both come in the same turn of the loop.
        client._leave()
        assert not client.left

    asyncio.run(scenario())


def test_nobody_is_looked_at_once_all_are_answered_and_the_next_one_is() -> None:
    async def scenario() -> None:
        watch = Watch(1.0)
        for _ in range(2):
            with Client(AsyncMock(return_value={"type": "http.request"}), watch, has_body=False):
                assert watch._is_looking
            await asyncio.sleep(0.15)
            assert not watch._is_looking

    asyncio.run(scenario())

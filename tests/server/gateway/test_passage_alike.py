"""The short way of a gateway and the long one: nobody can tell which it was."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from tests.server.gateway.asking import (
    OK,
    PAGE,
    gateway,
    listening,
    living,
    read_request,
)
from tests.server.gateway.ways import GET, RICH, Way, answering, asked
from tests.server.in_memory import scope

pytestmark = pytest.mark.servers

# ── nobody can tell the two apart ──────────────────────────────────────────────

NOBODY = scope("GET", "/a", (b"user-agent", b"curl/8"))
OWN = scope("GET", "/a", (b"sec-fetch-site", b"same-origin"))
REQUESTS = {
    "a page": GET,
    "another path": scope("DELETE", "/x%2Fy", PAGE, (b"cookie", b"corsmith__Host-a=1")),
    "HEAD": scope("HEAD", "/a", PAGE),
    "a program": NOBODY,
    "the gateway's own page": OWN,
    "POST without a body": scope("POST", "/", PAGE, (b"content-length", b"0")),
    "abroad": scope("GET", "/", PAGE, (b"sec-fetch-site", b"cross-site")),
    "HTTPS": scope("GET", "/", PAGE, scheme="https"),
}
ANSWERS = {
    "small": OK,
    "rich": RICH,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    "elsewhere": b"HTTP/1.1 302 No\r\nLocation: http://cdn.example/\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No\r\n\r\n",
}


@pytest.mark.parametrize("kind", [ExposingLayer, EnforcingLayer])
@pytest.mark.parametrize("request_scope", REQUESTS.values(), ids=REQUESTS)
def test_it_answers_and_tells_what_the_long_way_does(
    request_scope: dict[str, Any], kind: type[EnforcingLayer]
) -> None:
    raw = RICH[:-2] if request_scope["method"] == "HEAD" else RICH
    way, (first, second, third) = asked(*[request_scope] * 3, raw=raw, layer=kind)
    assert way.long == 1
    assert first == second == third
    assert len(way.log.said) == 3
    assert len(set(way.log.said)) == 1


@pytest.mark.parametrize("raw", ANSWERS.values(), ids=ANSWERS)
def test_whatever_the_upstream_answers(raw: bytes) -> None:
    way, (first, second) = asked(GET, GET, raw=raw)
    assert way.long == 1
    assert first == second
    assert way.log.said[0] == way.log.said[1]


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")


async def deaf(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Close the connection at once."""


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize(
    ("script", "status"), [(closing, 502), (deaf, 502), (silent, 504)], ids=["bad", "deaf", "late"]
)
def test_whatever_is_wrong_with_it(script: Any, status: int) -> None:
    async def scenario() -> None:
        async with listening(script) as port, living(gateway(port, seconds=0.1)) as app:
            way = Way(app)
            first, second = await way.ask(GET), await way.ask(GET)
        assert way.long == 1
        assert first == second
        assert first[0]["status"] == status
        assert (b"access-control-allow-origin", PAGE[1]) in first[0]["headers"]
        assert way.log.said[0] == way.log.said[1]

    asyncio.run(scenario())


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Begin an answer, and never end it."""
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    await reader.read()


def test_a_page_that_leaves_inside_its_answer_is_told_as_that() -> None:
    async def scenario() -> None:
        async with listening(half) as port, living(gateway(port)) as app:
            way = Way(app)
            for _ in range(2):
                await way.ask(GET, leaves=0.15)
        assert way.long == 1
        assert way.log.said[0] == way.log.said[1]
        assert way.log.said[0][3].startswith("client-left ")

    asyncio.run(scenario())


def test_one_that_is_cancelled_inside_its_answer_is_told_as_unfinished() -> None:
    async def scenario() -> None:
        async with listening(half) as port, living(gateway(port)) as app:
            way = Way(app)
            for _ in range(2):
                asking = asyncio.create_task(way.ask(GET))
                await asyncio.sleep(0.1)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
        assert way.long == 1
        assert way.log.said[0] == way.log.said[1]
        assert way.log.said[0][3].startswith("unfinished ")

    asyncio.run(scenario())


@pytest.mark.parametrize("gone", [False, True])
def test_what_the_gateway_raises_is_answered_so_that_the_page_can_read_it(
    monkeypatch: pytest.MonkeyPatch, *, gone: bool
) -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)

            async def fails(*_given: Any) -> None:
                raise LookupError("a bug")

            monkeypatch.setattr(app, "forward", fails)
            heard: list[Any] = []

            async def send(message: Any) -> None:
                if gone:
                    raise OSError
                heard.append(message)

            with pytest.raises(LookupError, match="a bug"):
                await way.short({**GET}, asyncio.Event().wait, send)  # type: ignore[arg-type]  # never returns
        assert way.long == 1
        if not gone:
            assert heard[0]["status"] == 500
            assert (b"access-control-allow-origin", PAGE[1]) in heard[0]["headers"]
            assert heard[1]["body"] == b"Internal Server Error\n"
            assert way.log.said[1][0] == 500

    asyncio.run(scenario())


def test_what_fails_inside_an_answer_is_not_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)

            async def fails(_written: Any, _scope: Any, _receive: Any, send: Any) -> None:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                raise LookupError("a bug")

            monkeypatch.setattr(app, "forward", fails)
            with pytest.raises(LookupError, match="a bug"):
                await way.ask(GET)
        assert [said[0] for said in way.log.said] == [200, 200]
        assert way.log.said[1][3] == "unfinished"

    asyncio.run(scenario())


def test_a_quiet_server_has_no_line() -> None:
    way, (first, second) = asked(GET, GET, quiet=True)
    assert (way.long, way.log.said) == (1, [])
    assert first == second

"""A gateway behind the limits of the server: what a page breaks never looks whole upstream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.server.body import Patience
from corsmith.server.front import Front
from corsmith.server.gateway.layer import ExposingLayer
from corsmith.server.gateway.serving import GATEWAY_SEED
from tests.server.gateway.asking import GONE, OK, PAGE, PATIENCE, answering, gateway, listening
from tests.server.in_memory import scope

pytestmark = pytest.mark.servers

CHUNKED = (b"transfer-encoding", b"chunked")


def post(
    *messages: dict[str, Any],
    limit: int | None = None,
    reads: bool = True,
    line: tuple[bytes, bytes] = CHUNKED,
) -> tuple[list[Any], bytes]:
    """Return what a page is sent, and what the upstream was; after the messages nothing comes."""
    sent: list[Any] = []
    seen: list[bytes] = []
    waiting = list(messages)

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(PATIENCE)
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if reads:
            seen.append(await reader.read(-1))
        else:
            await answering(OK)(reader, writer)

    async def run() -> None:
        async with listening(upstream) as port:
            front = Front(
                gateway(port),
                Policy.from_mapping(dict(GATEWAY_SEED)),
                limit_body=limit,
                streams=True,
                enforces=True,
                layer=ExposingLayer,
            )
            front._patience = Patience(0.2)
            told: asyncio.Queue[Any] = asyncio.Queue()
            asks: asyncio.Queue[Any] = asyncio.Queue()
            asks.put_nowait({"type": "lifespan.startup"})
            life = asyncio.ensure_future(front({"type": "lifespan"}, asks.get, told.put))
            await told.get()
            async with asyncio.timeout(PATIENCE):
                await front(scope("POST", "/", PAGE, line), receive, send)
            asks.put_nowait({"type": "lifespan.shutdown"})
            await life

    asyncio.run(run())
    return sent, b"".join(seen)


def part(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize(
    ("messages", "limit", "status"),
    [
        ([part(b"ab")], None, 408),
        ([part(b"ab"), part(b"cd"), part(b"ef")], 3, 413),
        ([part(b"ab"), GONE], None, 400),
    ],
)
def test_what_breaks_a_limit_is_told_the_page_and_cut_for_the_upstream(
    monkeypatch: pytest.MonkeyPatch,
    messages: list[dict[str, Any]],
    limit: int | None,
    status: int,
) -> None:
    monkeypatch.setattr("corsmith.server.body.DRAIN_SECONDS", 0.1)
    sent, seen = post(*messages, limit=limit)
    assert sent[0]["status"] == status
    assert (b"access-control-allow-origin", b"http://localhost:5173") in sent[0]["headers"]
    assert b"2\r\nab\r\n" in seen
    assert not seen.endswith(b"0\r\n\r\n")


def test_within_them_all_goes_on() -> None:
    sent, _ = post(part(b"ab"), part(b"cd", more=False), limit=4, reads=False)
    assert sent[0]["status"] == 200
    assert (b"access-control-allow-credentials", b"true") in sent[0]["headers"]


@pytest.mark.parametrize(("messages", "status"), [([], 408), ([GONE], 400)], ids=["none", "gone"])
def test_a_body_that_never_comes_is_asked_of_nobody(
    monkeypatch: pytest.MonkeyPatch, messages: list[dict[str, Any]], status: int
) -> None:
    monkeypatch.setattr("corsmith.server.body.DRAIN_SECONDS", 0.1)
    sent, seen = post(*messages, line=(b"content-length", b"4"))
    assert (sent[0]["status"], seen) == (status, b"")

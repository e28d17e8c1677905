"""WebSockets through the gateway: handshakes, messages and refusals."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiohttp import web

from corsmith.server.gateway import sockets
from corsmith.server.gateway.client import connect
from corsmith.server.gateway.trust import Trust
from tests.server.gateway.asking import answering, gateway, living
from tests.server.gateway.asking import listening as saying
from tests.server.gateway.talking import (
    ORIGIN,
    PATIENCE,
    Messages,
    Page,
    client,
    echo,
    listening,
    talk,
)

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp.web import Request, StreamResponse, WebSocketResponse

pytestmark = pytest.mark.servers


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
            serving = asyncio.create_task(page.serve(session, port, added={b"x-key": b"secret"}))
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


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: no\r\n", b"no valid"),
        (b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"no valid HTTP"),
        (b"bad header\r\n", b"no valid HTTP"),
    ],
)
def test_a_handshake_that_is_none_is_a_502(answer: bytes, words: bytes) -> None:
    async def scenario() -> Messages:
        page = Page()
        script = answering(b"HTTP/1.1 101 Switching Protocols\r\n" + answer + b"\r\n")
        async with saying(script) as port, client() as session:
            await page.serve(session, port)
        return [page.hears.get_nowait(), page.hears.get_nowait()]

    start, body = asyncio.run(scenario())
    assert start["status"] == 502
    assert words in body["body"]


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
        ([ORIGIN], {"path": b"*"}, 400),
        ([ORIGIN], {"path": b"@127.0.0.2/"}, 400),
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


# ── the application that serves requests serves them too ──


def test_the_gateway_relays_a_websocket_with_the_client_of_its_requests() -> None:
    async def scenario() -> Messages:
        page = Page(ORIGIN)
        async with listening(echo) as port, living(gateway(port)) as app:
            serving = asyncio.create_task(app(page.scope, page.says.get, page.hear_of))
            heard = [await page.hear()]
            page.say(text="a")
            heard.append(await page.hear())
            page.leave()
            await serving
        return heard

    assert [message["type"] for message in asyncio.run(scenario())] == [
        "websocket.accept",
        "websocket.send",
    ]


def test_a_websocket_does_not_leave_the_base_either() -> None:
    async def scenario() -> Messages:
        page = Page(ORIGIN, path=b"/%2e%2e/ws")
        page.leave()
        async with listening(echo) as port, living(gateway(port, base="/v1")) as app:
            await app(page.scope, page.says.get, page.hear_of)
        return [await page.hear(), await page.hear()]

    start, body = asyncio.run(scenario())
    assert start["status"] == 400
    assert b"which could lead out of /v1." in body["body"]


def test_a_gateway_whose_server_did_not_start_it_says_so() -> None:
    page = Page(ORIGIN)
    with pytest.raises(RuntimeError, match="its server sent no lifespan"):
        asyncio.run(gateway(1)(page.scope, page.says.get, page.hear_of))


def test_over_tls_the_upstream_must_be_who_it_says(tmp_path: Path) -> None:
    authority = trustme.CA()
    ca = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def first(trust: Trust) -> dict[str, Any]:
        page = Page(ORIGIN)
        async with listening(echo, tls=context) as port, connect(trust) as session:
            page.leave()
            await page.serve(session, port, at="https://localhost")
        return page.hears.get_nowait()

    assert asyncio.run(first(Trust(ca=str(ca))))["type"] == "websocket.accept"
    assert asyncio.run(first(Trust(insecure=True)))["type"] == "websocket.accept"
    assert asyncio.run(first(Trust()))["status"] == 502

"""aiohttp and Tornado called in memory, and WebSocket handshakes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from corsmith import install
from corsmith.application.memory import InMemory
from corsmith.errors import AppError
from corsmith.exchange import Answer, NoAnswer

PAGE = "https://app.example"
HANDSHAKE = (
    ("Origin", "https://stranger.invalid"),
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
)


def answered(app: Any, method: str = "GET", path: str = "/items?n=1", body: Any = None) -> Answer:
    """Return the answer of an application."""
    with InMemory(app) as server:
        result = server.call(method, f"https://localhost{path}", (("Origin", PAGE),), body).result
    assert isinstance(result, Answer)
    return result


# ── aiohttp ──────────────────────────────────────────────────────────────────


async def echo(request: web.Request) -> web.Response:
    text = f"{request.method} {request.path_qs} {await request.text()}"
    return web.Response(text=text, headers={"X-Origin": request.headers["Origin"]})


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first,")
    await asyncio.sleep(0.01)
    await response.write(b"second")
    return response


async def hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def live(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket


def of_aiohttp(*, starts: bool = True) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/items", echo)
    app.router.add_get("/stream", stream)
    app.router.add_get("/hang-up", hang_up)
    app.router.add_get("/live", live)
    log: list[str] = []

    async def start(_app: web.Application) -> None:
        if not starts:
            raise OSError("no database")
        log.append("started")

    async def stop(_app: web.Application) -> None:
        log.append("stopped")

    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    app[LOG] = log
    return app


LOG = web.AppKey("LOG", list)


def test_aiohttp_gets_the_request_and_gives_its_answer() -> None:
    answer = answered(of_aiohttp(), "POST", body=b"tea")
    assert (answer.status, answer.body) == (200, b"POST /items?n=1 tea")
    assert answer.get("x-origin") == PAGE


def test_aiohttp_is_started_and_cleaned_up() -> None:
    app = of_aiohttp()
    answered(app)
    assert app[LOG] == ["started", "stopped"]


def test_a_body_of_aiohttp_in_parts_is_put_together() -> None:
    assert answered(of_aiohttp(), path="/stream").body == b"first,second"


def test_a_server_that_hangs_up_gives_no_answer() -> None:
    with InMemory(of_aiohttp()) as server:
        assert isinstance(server.call("GET", "https://localhost/hang-up").result, NoAnswer)


def test_a_start_up_of_aiohttp_that_fails_is_told() -> None:
    with pytest.raises(AppError, match="OSError: no database"):
        InMemory(of_aiohttp(starts=False)).start()


# ── Tornado ──────────────────────────────────────────────────────────────────


class Echo(RequestHandler):
    async def post(self) -> None:
        self.set_header("X-Remote", f"{self.request.protocol} {self.request.remote_ip}")
        self.write(f"{self.request.uri} {self.request.body.decode()}".encode())
        await self.flush()
        self.write(b"!")


class Live(WebSocketHandler):
    said: ClassVar[list[str]] = []

    def check_origin(self, origin: str) -> bool:
        return self.application.settings.get("any") is True

    async def open(self, *args: str, **kwargs: str) -> None:
        self.said.append("opened")
        with suppress(WebSocketClosedError):
            await self.write_message("tea")

    def on_close(self) -> None:
        self.said.append("closed")


def of_tornado(**settings: Any) -> Application:
    return Application([("/items", Echo), ("/live", Live)], **settings)


def test_tornado_gets_the_request_and_gives_its_answer() -> None:
    answer = answered(of_tornado(), "POST", body=b"tea")
    assert (answer.status, answer.body) == (200, b"/items?n=1 tea!")
    assert answer.get("x-remote") == "https 127.0.0.1"
    assert answered(of_tornado(), path="/none").status == 404


def test_tornado_may_ask_a_function_before_the_request_goes_on() -> None:
    async def choose(*_: object) -> None: ...

    assert answered(install(of_tornado(), choose), "POST", body=b"tea").body.endswith(b"tea!")


@pytest.mark.parametrize("body", [b"", b"tea"])
def test_tornado_may_wait_for_each_part_of_a_request(body: bytes) -> None:
    from tornado.web import stream_request_body

    @stream_request_body
    class Slow(RequestHandler):
        got = b""

        async def data_received(self, chunk: bytes) -> None:
            self.got += chunk

        def post(self) -> None:
            self.write(self.got)

    assert answered(Application([("/items", Slow)]), "POST", body=body).body == body


# ── handshakes ───────────────────────────────────────────────────────────────


def of_starlette(*steps: str) -> Starlette:
    async def connect(socket: Any) -> None:
        for step in steps:
            if step == "accept":
                await socket.accept()
            elif step == "close":
                await socket.close()
            elif step == "wait":
                await socket.receive()
                await socket.receive()
            else:
                raise OSError(step)

    return Starlette(routes=[WebSocketRoute("/live", connect)])


def test_a_handler_of_tornado_sees_that_its_client_goes_away() -> None:
    Live.said.clear()
    with InMemory(of_tornado(any=True)) as server:
        assert server.opens("https://localhost/live", HANDSHAKE)
    assert Live.said == ["opened", "closed"]


def of_wsgi(_environ: Any, _start_response: Any) -> list[bytes]:
    return []


@pytest.mark.parametrize(
    ("app", "opens"),
    [
        (of_starlette("accept", "wait"), True),
        (of_starlette("accept", "raise"), True),
        (of_starlette("close"), False),
        (of_starlette("raise"), False),
        (of_starlette("wait", "accept"), False),
        (install(of_starlette("accept"), origins=[PAGE]), True),
        (install(of_starlette("accept"), origins=[PAGE], enforce=True), False),
        (of_aiohttp(), True),
        (install(of_aiohttp(), origins=[PAGE], enforce=True), False),
        (of_tornado(), False),
        (of_tornado(any=True), True),
        (install(of_tornado(any=True), origins=[PAGE], enforce=True), False),
        (of_wsgi, False),
    ],
)
def test_a_handshake_is_accepted_or_not(app: Any, opens: bool) -> None:
    with InMemory(app, seconds=0.5) as server:
        assert server.opens("https://localhost/live", HANDSHAKE) is opens
        assert server.opens("http://localhost/live", HANDSHAKE) is opens

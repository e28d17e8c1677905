"""aiohttp, in memory: its server's protocol is given bytes, and what it writes is read."""

from __future__ import annotations

import asyncio
import atexit
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from corsmith.adapters.aiohttp import CORS_KEY, cors, install
from tests.adapters.hosts import Reply, raw_request, read_reply
from tests.frameworks.calling import Script
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "aiohttp"
DISTRIBUTIONS = ("aiohttp",)
PER_ROUTE = "`@cors(…)` on a handler, `cors_policy` of a view, `layer.add(route, policy)`"


def can_ask(request: Request, app: App) -> bool:
    """Return whether its parser takes this: methods that it knows, values without controls."""
    values = "".join(value for _, value in request.headers)
    return request.method.isupper() and all(c >= " " or c == "\t" for c in values)


class Transport(asyncio.Transport):
    """A connection that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def writelines(self, list_of_data: Any) -> None:
        self.written += b"".join(map(bytes, list_of_data))

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default

    def pause_reading(self) -> None:
        """There is no more to read."""

    def resume_reading(self) -> None:
        """There is no more to read."""


LOOP = asyncio.new_event_loop()
"""An application belongs to one loop, and is asked more than once."""

atexit.register(LOOP.close)


async def exchange(server: Any, received: bytes) -> bytes:
    """Return what the server writes to a connection until it closes it."""
    protocol, transport = server(), Transport()
    protocol.connection_made(transport)
    protocol.data_received(received)
    await asyncio.wait_for(transport.closed.wait(), 5)
    protocol.connection_lost(None)
    return transport.written


def started(app: web.Application) -> Any:
    """Return the server of an application: a factory of protocols."""
    runner = web.AppRunner(app, access_log=None)
    LOOP.run_until_complete(runner.setup())
    return runner.server


def over_aiohttp(app: web.Application, script: Script | None = None) -> Ask:
    """Return what asks an application."""
    server = started(app)

    def ask(request: Request) -> Reply:
        note = script or Script()
        note.ran = False
        names = {name.lower() for name, _ in request.headers}
        added = (*(() if "host" in names else (("Host", "localhost"),)), ("Connection", "close"))
        whole = replace(request, headers=(*request.headers, *added))
        written = LOOP.run_until_complete(exchange(server, raw_request(whole)))
        status, headers, body = read_reply(written)
        return Reply(status=status, headers=headers, body=body, app_ran=note.ran)

    return ask


class Teapot(web.HTTPClientError):
    """The error that a handler raises on purpose."""

    status_code = 418


def pages() -> web.Application:
    """Return the pages."""
    app = web.Application(middlewares=[web.normalize_path_middleware()])

    async def items(request: web.Request) -> web.Response:
        return web.json_response({"status": "OK"})

    async def teapot(request: web.Request) -> web.Response:
        raise Teapot

    async def fails(request: web.Request) -> web.Response:
        raise LookupError

    @cors(PARTNER)
    async def delete(request: web.Request) -> web.Response:
        return web.json_response({})

    @cors(None)
    async def exempt(request: web.Request) -> web.Response:
        return web.json_response({})

    app.add_routes(
        [
            web.get("/items", items),
            web.get("/slash/", items),
            web.get("/teapot", teapot),
            web.get("/fails", fails),
            web.get("/marked", items),
            web.delete("/marked", delete),
            web.get("/exempt", exempt),
        ]
    )
    return app


def probed(source: Any, **options: Any) -> Ask:
    return over_aiohttp(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_aiohttp(app), lambda new: setattr(app[CORS_KEY], "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()

    async def answer(request: web.Request) -> web.Response:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = web.Response(status=app.status, body=app.body)
        for name, value in app.headers:
            response.headers.add(name, value)
        return response

    inner = web.Application()
    inner.router.add_route("*", "/{path:.*}", answer)
    return over_aiohttp(install(inner, source, **options), script)

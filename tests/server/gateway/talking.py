"""A page in memory that talks over a WebSocket to an upstream on a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from corsmith.server.gateway.added import Added
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.sockets import Socket, only_upgrades, serve_socket
from tests.server.in_memory import HERE

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping

    from aiohttp.web import Request, StreamResponse, WebSocketResponse

    Handler = Callable[[Request], Awaitable[StreamResponse]]

PATIENCE = 5.0
VIA = b"corsmith-1"
ORIGIN = (b"origin", b"http://localhost:5173")
Messages = list[dict[str, Any]]


class Page:
    """The page's end, as the server shows it to an application."""

    def __init__(self, *lines: tuple[bytes, bytes], path: bytes = b"/ws", **changes: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "raw_path": path,
            "query_string": b"",
            "headers": [HERE, *lines],
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
            **changes,
        }
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.hears: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})

    def say(self, **message: Any) -> None:
        self.says.put_nowait({"type": "websocket.receive", **message})

    def leave(self, code: int = 1000, reason: str = "") -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})

    async def hear(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            return await self.hears.get()

    async def hear_of(self, message: MutableMapping[str, Any]) -> None:
        await self.hears.put(dict(message))

    async def serve(
        self,
        session: aiohttp.ClientSession,
        port: int,
        at: str = "http://127.0.0.1",
        added: Mapping[bytes, bytes] | None = None,
    ) -> None:
        upstream = Upstream(origin=f"{at}:{port}".encode())
        async with asyncio.timeout(PATIENCE):
            await serve_socket(
                session,
                upstream,
                self.scope,
                self.says.get,
                self.hear_of,
                via=VIA,
                added=Added({} if added is None else added),
            )


@contextlib.asynccontextmanager
async def listening(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Return the port of an upstream that answers every path with one handler."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        middlewares=(only_upgrades,), ws_response_class=Socket
    ) as session:
        yield session


def talk(page: Page, handler: Handler, *script: Callable[[Page], None]) -> Messages:
    """Return all that the page hears of an upstream; each step of the script waits for a word."""

    async def scenario() -> Messages:
        heard = []
        async with listening(handler) as port, client() as session:
            serving = asyncio.create_task(page.serve(session, port))
            for step in script:
                heard.append(await page.hear())
                step(page)
            await serving
        while not page.hears.empty():
            heard.append(page.hears.get_nowait())
        return heard

    return asyncio.run(scenario())


async def echo(request: Request) -> WebSocketResponse:
    """Say back what is said."""
    socket = web.WebSocketResponse(max_msg_size=0)
    await socket.prepare(request)
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket

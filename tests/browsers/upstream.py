"""An API that knows nothing of other origins, as a gateway meets it: a server for tests.

It remembers every request, and answers only to pages of its own origin, by Origin, Referer and
Fetch Metadata, as servers do that protect themselves from other sites.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp.typedefs import Handler

PATIENCE = 10.0
MEGABYTE = 1_048_576
BLOCK = bytes(range(256)) * 4096
DOWNLOAD = 300
CHECKSUM_SEED = 1
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>'


def checksum(blocks: int) -> int:
    """Return Adler-32 of so many blocks: what a page can compute while it reads."""
    value = CHECKSUM_SEED
    for _ in range(blocks):
        value = zlib.adler32(BLOCK, value)
    return value


@dataclass
class Upstream:
    """Where it listens, and what it has been asked, in order: method and path."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    elsewhere: str = ""
    events_left: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its own origin."""
        return f"http://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for _, path in self.asked]

    @web.middleware
    async def remember(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Write a request down, and refuse it to pages of other origins."""
        self.asked.append((request.method, request.path))
        own: dict[str, set[str | None]] = {
            "Origin": {self.url, None},
            "Sec-Fetch-Site": {"same-origin", "none", None},
            "Host": {f"127.0.0.1:{self.port}"},
        }
        for name, values in own.items():
            if request.headers.get(name) not in values:
                return web.Response(status=403, text=f"{name}: {request.headers.get(name)}")
        return await handler(request)

    async def login(self, _request: web.Request) -> web.Response:
        """Set what a browser refuses from this machine."""
        response = web.json_response({"ok": True})
        response.headers.add(
            "Set-Cookie", "__Host-session=anna; Path=/; Secure; HttpOnly; SameSite=None"
        )
        response.headers.add("Set-Cookie", "theme=dark; Domain=127.0.0.1; Path=/; Secure")
        return response

    async def me(self, request: web.Request) -> web.Response:
        """Say who is logged in, in a header that no page of another origin may read."""
        who = request.cookies.get("__Host-session")
        if who is None:
            return web.json_response({"error": "log in"}, status=401)
        cookies = {"who": who, "theme": request.cookies.get("theme")}
        return web.json_response(cookies, headers={"X-Total-Count": "42"})

    async def upload(self, request: web.Request) -> web.Response:
        """Read a body, and say what it was."""
        size, digest = 0, hashlib.sha256()
        async for part in request.content.iter_any():
            size += len(part)
            digest.update(part)
        return web.json_response({"size": size, "sha256": digest.hexdigest()})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Send 300 MB."""
        response = web.StreamResponse()
        response.content_length = DOWNLOAD * len(BLOCK)
        await response.prepare(request)
        for _ in range(DOWNLOAD):
            await response.write(BLOCK)
        return response

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Send an event, and the next only when the page has said that it got the first."""
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        await response.prepare(request)
        await response.write(b"id: 1\ndata: first\n\n")
        async with asyncio.timeout(PATIENCE):
            while not self.events_left.is_set():  # noqa: ASYNC110 - another thread clears it
                await asyncio.sleep(0.01)
        await response.write(b"id: 2\nevent: more\ndata: second\n\n")
        return response

    async def got_event(self, _request: web.Request) -> web.Response:
        """Hear that the first event is there."""
        self.events_left.set()
        return web.Response()

    async def chat(self, request: web.Request) -> web.WebSocketResponse:
        """Say back what is said, in capitals."""
        socket = web.WebSocketResponse(protocols=("chat",), max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await socket.send_bytes(bytes(reversed(message.data)))
            elif message.data == "bye":
                await socket.close(code=4001, message=b"until then")
            else:
                await socket.send_str(message.data.upper())
        return socket

    async def wrong(self, _request: web.Request) -> web.Response:
        """Answer with every mistake in CORS at once."""
        response = web.json_response({"ok": True})
        response.headers.add("Access-Control-Allow-Origin", "*")
        response.headers.add("Access-Control-Allow-Origin", "https://vendor.example")
        response.headers.add("Access-Control-Allow-Credentials", "True")
        response.headers.add("Access-Control-Expose-Headers", "X-None, ")
        response.headers.add("X-Request-Id", "7")
        return response

    async def home(self, _request: web.Request) -> web.Response:
        """Redirect to its own address, as frameworks do."""
        raise web.HTTPFound(f"{self.url}/wrong")

    async def away(self, _request: web.Request) -> web.Response:
        """Redirect to another server."""
        raise web.HTTPFound(f"{self.elsewhere}/away")

    async def cut(self, request: web.Request) -> web.StreamResponse:
        """Break off inside a body, of known length or not."""
        response = web.StreamResponse()
        if "length" in request.query:
            response.content_length = 1000
        else:
            response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(b"begun")
        await asyncio.sleep(0.05)
        assert request.transport is not None
        request.transport.abort()
        return response

    async def picture(self, _request: web.Request) -> web.Response:
        """Send an image that no page of another origin may show."""
        headers = {"Cross-Origin-Resource-Policy": "same-origin"}
        return web.Response(text=PICTURE, content_type="image/svg+xml", headers=headers)

    async def anything(self, _request: web.Request) -> web.Response:
        """Answer whatever else is asked."""
        return web.Response(text="reached")

    def app(self) -> web.Application:
        """Return the application."""
        app = web.Application(middlewares=[self.remember], client_max_size=0)
        for method, path, handler in (
            ("POST", "/login", self.login),
            ("GET", "/me", self.me),
            ("PUT", "/upload", self.upload),
            ("GET", "/download", self.download),
            ("GET", "/events", self.events),
            ("POST", "/got-event", self.got_event),
            ("GET", "/chat", self.chat),
            ("GET", "/wrong", self.wrong),
            ("GET", "/home", self.home),
            ("GET", "/away", self.away),
            ("GET", "/cut", self.cut),
            ("GET", "/picture", self.picture),
            ("*", "/{rest:.*}", self.anything),
        ):
            app.router.add_route(method, path, handler)
        return app


@contextlib.contextmanager
def upstream() -> Iterator[Upstream]:
    """Return an upstream that listens in a thread, and ends afterwards."""
    built = Upstream()
    ready, stopping = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        runner = web.AppRunner(built.app(), shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        built.port = runner.addresses[0][1]
        ready.set()
        await stopping.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield built
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(PATIENCE)
        loop.close()

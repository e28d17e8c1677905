"""A gateway in memory before an upstream that says, byte for byte, what a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from corsmith.server.gateway.added import Added
from corsmith.server.gateway.forward import Forwarder
from corsmith.server.gateway.guard import Entry
from corsmith.server.gateway.request import Asker, Begun
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.trust import Trust
from corsmith.server.gateway.upstream import read_upstream
from corsmith.server.gateway.written import Kind, Written, rest_of
from tests.server.in_memory import scope

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    import aiohttp
    from yarl import URL

    Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

PATIENCE = 10.0
VIA = b"corsmith-1"
PAGE = (b"origin", b"http://localhost:5173")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
GONE = {"type": "http.disconnect"}


@dataclass
class Asked:
    """What an upstream was asked, and what a page was answered."""

    requests: list[bytes] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    connections: int = 0

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self.lines}

    @property
    def lines(self) -> list[tuple[bytes, bytes]]:
        return list(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])

    @property
    def ended(self) -> bool:
        """Whether the answer has its last part: without it, the server cuts the connection."""
        return len(self.messages) > 1 and not self.messages[-1].get("more_body")


async def ask_upstream(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    lines: Iterable[tuple[str, str]] = (),
    body: AsyncIterator[bytes] | None = None,
    whole: bytes = b"",
) -> Begun:
    """Ask what a request says, as the gateway asks it."""
    origin = str(url.origin()).encode()
    pairs = [(name.encode(), value.encode()) for name, value in lines]
    if whole:
        pairs.append((b"content-length", str(len(whole)).encode()))
    kind = Kind(
        method=method,
        entry=Entry.GOES_ON,
        has_body=body is not None,
        lines=tuple(lines),
        rest=rest_of(method, pairs),
    )
    written = Written(kind, Upstream(origin=origin), url.raw_path_qs.encode())
    return await Asker(session, origin).ask(written, body, whole)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Return a request with its body, as it was sent."""
    head = await reader.readuntil(b"\r\n\r\n")
    if length := re.search(rb"content-length: (\d+)", head, re.IGNORECASE):
        return head + await reader.readexactly(int(length[1]))
    if re.search(rb"transfer-encoding: chunked", head, re.IGNORECASE):
        return head + await reader.readuntil(b"0\r\n\r\n")
    return head


def answering(*parts: bytes, cut: bool = False, asked: Asked | None = None) -> Script:
    """Return an upstream that reads a request and sends these bytes.

    It then closes the connection, or resets it where it is to ``cut``.
    """

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if asked is not None:
            asked.requests.append(request)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        if cut:
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    return script


@contextlib.asynccontextmanager
async def listening(
    script: Script, asked: Asked | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve a script on a port of its own; its connections are closed when it ends."""
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        if asked is not None:
            asked.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, serving))


@contextlib.asynccontextmanager
async def living(app: Forwarder) -> AsyncIterator[Forwarder]:
    """Have a gateway started, as the server does it."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    asks: asyncio.Queue[Any] = asyncio.Queue()
    asks.put_nowait({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan"}, asks.get, told.put))
    assert await told.get() == {"type": "lifespan.startup.complete"}
    try:
        yield app
    finally:
        asks.put_nowait({"type": "lifespan.shutdown"})
        assert await told.get() == {"type": "lifespan.shutdown.complete"}
        await life


def gateway(port: int, base: str = "", **changes: Any) -> Forwarder:
    settings: dict[str, Any] = {
        "via": VIA,
        "added": Added(),
        "trust": Trust(),
        "seconds": PATIENCE,
        **changes,
    }
    return Forwarder(read_upstream(f"http://127.0.0.1:{port}{base}"), **settings)


def ask(  # a test's arguments
    script: Script,
    method: str = "GET",
    path: str = "/",
    *lines: tuple[bytes, bytes],
    body: Iterable[dict[str, Any]] = (),
    base: str = "",
    leaves_after: float | None = None,
    times: int = 1,
    changes: dict[str, Any] | None = None,
    **settings: Any,
) -> Asked:
    """Return what comes of one request; ``leaves_after`` seconds the client goes away."""
    asked = Asked(scope=scope(method, path, *(lines or (PAGE,)), **(changes or {})))
    waiting = list(body) or [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(PATIENCE if leaves_after is None else leaves_after)
        return GONE

    async def send(message: Any) -> None:
        asked.messages.append(message)

    async def run() -> None:
        async with listening(script, asked) as port, living(gateway(port, base, **settings)) as app:
            async with asyncio.timeout(PATIENCE):
                for _ in range(times):
                    await app(asked.scope, receive, send)

    asyncio.run(run())
    return asked

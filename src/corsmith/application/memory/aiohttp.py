"""An aiohttp application as an ASGI application: its own server, given bytes in memory.

What lives here: ``as_asgi`` and the connection between the two. What does not: who calls it.
``web.AppRunner`` makes a server, which is a factory of asyncio protocols; each request has one.
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any, Final

from corsmith.application.memory.part import App

__all__ = ["CLASS", "as_asgi"]

CLASS: Final = "aiohttp.web_app.Application"
"""The class of the applications that this is for."""

_HEAD_END: Final = b"\r\n\r\n"
_SWITCHING: Final = 101


def as_asgi(app: Any) -> App:
    """Return what speaks ASGI in front of an aiohttp application."""
    runners: list[Any] = []

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(app, runners, receive, send)
            return
        wire = _Wire()
        protocol = runners[0].server()
        protocol.connection_made(wire)
        protocol.data_received(await _request(scope, receive))
        answer = asyncio.ensure_future(_answer(wire, scope["type"], send))
        try:
            await answer
        finally:
            protocol.connection_lost(None)

    return call


async def _live(app: Any, runners: list[Any], receive: Any, send: Any) -> None:
    """Start the application, and clean up when it is told to end."""
    await receive()
    runner = sys.modules["aiohttp.web"].AppRunner(app, access_log=None)
    try:
        await runner.setup()
    except Exception as error:  # noqa: BLE001  whatever a start-up of theirs raises
        await send(
            {"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"}
        )
        return
    runners.append(runner)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await runner.cleanup()
    await send({"type": "lifespan.shutdown.complete"})


async def _request(scope: Any, receive: Any) -> bytes:
    """Return the bytes of a request, after which the connection ends."""
    body = b""
    if scope["type"] == "http":
        body = (await receive()).get("body", b"")
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    lines = [scope.get("method", "GET").encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in scope["headers"]]
    if scope["type"] == "http":
        lines.append(b"connection: close")
    return b"\r\n".join(lines) + _HEAD_END + body


async def _answer(wire: "_Wire", kind: str, send: Any) -> None:
    """Tell in ASGI what was written, as soon as the head is there."""
    head, rest = await wire.head()
    if not head:  # the server hangs up
        return
    status, headers = _read_head(head)
    if kind == "websocket":
        accepted = status == _SWITCHING
        await send({"type": "websocket.accept" if accepted else "websocket.close"})
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await wire.closed.wait()
    body = rest + bytes(wire.written)
    if (b"transfer-encoding", b"chunked") in headers:
        body = b"".join(_chunks(body))
    await send({"type": "http.response.body", "body": body})


def _read_head(head: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
    first, *lines = head.split(b"\r\n")
    pairs = (line.partition(b":") for line in lines)
    return int(first.split()[1]), [(n.lower(), value.strip()) for n, _, value in pairs]


def _chunks(body: bytes) -> Iterator[bytes]:
    """Yield the parts of a chunked body (RFC 9112, section 7.1)."""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0] or b"0", 16)
        yield body[:length]
        body = body[length + 2 :]


class _Wire(asyncio.Transport):
    """A connection that keeps what the server writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.closed = asyncio.Event()
        self._has_head = asyncio.Event()

    async def head(self) -> tuple[bytes, bytes]:
        """Return the head of the answer, and what was written after it."""
        await self._has_head.wait()
        head, _, rest = bytes(self.written).partition(_HEAD_END)
        self.written.clear()
        return head, rest

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        if _HEAD_END in self.written:
            self._has_head.set()

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()
        self._has_head.set()

    def abort(self) -> None:
        self.close()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 50000) if name == "peername" else default

    def pause_reading(self) -> None:
        """There is no more to read."""

    def resume_reading(self) -> None:
        """There is no more to read."""

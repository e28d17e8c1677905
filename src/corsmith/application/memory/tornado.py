"""A Tornado application as an ASGI application: it is handed requests as by its own server.

What lives here: ``as_asgi`` and the connection between the two. What does not: who calls it.
``Application.start_request`` takes a connection and returns what is told of the request.
"""

import asyncio
import sys
from typing import Any, Final, NoReturn

from corsmith.application.memory.part import App

__all__ = ["CLASS", "as_asgi"]

CLASS: Final = "tornado.web.Application"
"""The class of the applications that this is for."""

_SWITCHING: Final = 101


def as_asgi(app: Any) -> App:
    """Return what speaks ASGI in front of a Tornado application."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        httputil = sys.modules["tornado.httputil"]
        connection = _connection(scope)
        delegate = app.start_request(object(), connection)
        query = scope["query_string"]
        target = scope["raw_path"] + (b"?" + query if query else b"")
        line = httputil.RequestStartLine(scope.get("method", "GET"), target.decode(), "HTTP/1.1")
        fields = httputil.HTTPHeaders()
        for name, value in scope["headers"]:
            fields.add(name.decode("latin-1"), value.decode("latin-1").strip())
        if (waiting := delegate.headers_received(line, fields)) is not None:
            await waiting
        body = (await receive()).get("body", b"") if scope["type"] == "http" else b""
        if body and (waiting := delegate.data_received(body)) is not None:
            await waiting
        delegate.finish()
        await _answer(connection, scope["type"], send)

    return call


async def _live(receive: Any, send: Any) -> None:
    """Tornado has no start-up of its own."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _answer(connection: Any, kind: str, send: Any) -> None:
    """Tell in ASGI what was written, as soon as the head is there."""
    await connection.begun.wait()
    if kind == "websocket":
        accepted = connection.status == _SWITCHING
        await send({"type": "websocket.accept" if accepted else "websocket.close"})
        return
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in connection.pairs
    ]
    await send({"type": "http.response.start", "status": connection.status, "headers": headers})
    await connection.ended.wait()
    await send({"type": "http.response.body", "body": bytes(connection.body)})


class _Left:
    """The stream of an open WebSocket, whose other side is gone: a client that leaves at once."""

    def closed(self) -> bool:
        return True

    def close(self) -> None:
        """It is."""

    def read_bytes(self, _count: int) -> NoReturn:
        raise sys.modules["tornado.iostream"].StreamClosedError


def _connection(scope: Any) -> Any:
    """Return one exchange: what is written, and when it ends."""

    class Context:
        remote_ip = "127.0.0.1"
        protocol = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])

    class Connection(sys.modules["tornado.httputil"].HTTPConnection):  # type: ignore[misc]  # by name
        context = Context()

        def __init__(self) -> None:
            self.status = 0
            self.pairs: tuple[tuple[str, str], ...] = ()
            self.body = bytearray()
            self.begun = asyncio.Event()
            self.ended = asyncio.Event()

        def set_close_callback(self, callback: Any) -> None:
            """The client stays."""

        def write_headers(self, start_line: Any, headers: Any, chunk: Any = None) -> Any:
            self.status = start_line.code
            self.pairs = tuple(headers.get_all())
            self.begun.set()
            return self.write(chunk or b"")

        def write(self, chunk: bytes) -> Any:
            self.body += chunk
            written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            written.set_result(None)
            return written

        def finish(self) -> None:
            self.ended.set()

        def detach(self) -> "_Left":
            return _Left()

    return Connection()

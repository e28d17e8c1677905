"""A toy server: answers that a test wrote down, and the requests that came for them."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from email.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one path answers to every method."""

    body: str = ""
    type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as the server saw it."""

    method: str
    path: str
    headers: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """A running toy server."""

    port: int
    seen: list[Seen]

    @property
    def origin(self) -> str:
        """The server's origin under its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def other_site(self) -> str:
        """The same server under its name, which for a browser is another site."""
        return f"http://localhost:{self.port}"

    def methods(self, path: str) -> list[str]:
        """Return the methods that a path was asked with, in order."""
        return [request.method for request in self.seen if request.path == path]


@contextlib.contextmanager
def toy(answers: Mapping[str, Answer]) -> Iterator[Toy]:
    """Return a server for these paths; any other path is a 404 without a body."""
    seen: list[Seen] = []

    class Handler(_Handler):
        table = answers
        log = seen

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Toy(port=server.server_port, seen=seen)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a browser that ends drops its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    table: ClassVar[Mapping[str, Answer]]
    log: ClassVar[list[Seen]]

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/favicon.ico":
            # Asked for when the browser likes, and without this a line in Chromium's console.
            self.send_response(204)
            self.end_headers()
            return
        self.log.append(Seen(method=self.command, path=self.path, headers=self.headers))
        answer = self.table.get(self.path)
        body = (answer.body if answer else "").encode()
        self.send_response(200 if answer else 404)
        if answer:
            self.send_header("Content-Type", f"{answer.type}; charset=utf-8")
            for name, value in answer.headers.items():
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_OPTIONS = do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""

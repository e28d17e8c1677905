"""What the real servers serve: one small application behind each protocol adapter."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from corsmith import Policy, install
from corsmith.adapters.http_server import CORSMixin

POLICY = Policy(
    origins=["https://app.example", "https://*.shop.example"],
    methods=["PUT"],
    headers=["X-Key"],
    expose=["X-Total"],
    credentials=True,
    max_age=600,
)


async def _asgi(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        message = "no lifespan, no WebSocket"
        raise NotImplementedError(message)
    if scope["path"] == "/fails":
        message = "nothing there"
        raise LookupError(message)
    status = 404 if scope["path"] == "/absent" else 200
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5"), (b"vary", b"a")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"hello"})


def _wsgi(environ: Any, start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/fails":
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
        message = "nothing there"
        raise LookupError(message)
    status = "404 Not Found" if environ["PATH_INFO"] == "/absent" else "200 OK"
    headers = [("Content-Type", "text/plain"), ("Content-Length", "5"), ("Vary", "a")]
    start_response(status, headers)
    return [b"hello"]


class Handler(CORSMixin, BaseHTTPRequestHandler):
    """The same over Python's own server."""

    cors = POLICY
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/fails":
            message = "nothing there"
            raise LookupError(message)
        self.send_response(404 if self.path == "/absent" else 200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", "5")
        self.send_header("Vary", "a")
        self.end_headers()
        self.wfile.write(b"hello")

    do_PUT = do_GET  # noqa: N815  as above


asgi_app = install(_asgi, POLICY)
wsgi_app = install(_wsgi, POLICY)


def main() -> None:
    """Serve the handler on the port that is given."""
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()

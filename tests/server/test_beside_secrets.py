"""A secret that a server beside a program adds: where it is, and where it is not."""

from __future__ import annotations

import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from corsmith.server import background


class Echoing(BaseHTTPRequestHandler):
    """An upstream that tells the secret it was sent."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.headers["X-Key"])))
        self.end_headers()
        self.wfile.write(self.headers["X-Key"].encode())

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.mark.servers
def test_a_secret_reaches_the_upstream_and_no_command_line() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echoing) as upstream:
        threading.Thread(target=upstream.serve_forever).start()
        server = background(
            f"http://127.0.0.1:{upstream.server_port}", add_header=["X-Key: s3cret$$x"]
        )
        try:
            with urllib.request.urlopen(server.start()) as answer:  # noqa: S310  http to ourselves
                assert answer.read() == b"s3cret$x"
            running: Any = server._running
            lines = Path(f"/proc/{running._process.pid}/cmdline").read_bytes()
            assert b"x-key" in lines
            assert b"s3cret" not in lines
        finally:
            server.stop()
            upstream.shutdown()

"""Handlers as users write them, and one connection with them in memory."""

# ruff: noqa: N802  the names that http.server calls

from __future__ import annotations

from typing import Any

from corsmith.adapters.http_server import CORSMixin
from tests.adapters.hosts import Quiet, Request, raw_request, read_reply, serve
from tests.adapters.table import POLICY


class Plain(CORSMixin, Quiet):
    """A handler as the tutorial writes one."""

    cors = POLICY
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"hello"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()


def handler(**members: Any) -> type[CORSMixin]:
    """Return a handler class that differs from the plain one in some members."""
    return type("Handler", (Plain,), members)


def ask(kind: type[CORSMixin], request: Request | bytes) -> tuple[int, dict[str, str], bytes]:
    """Return the status, the headers and the body of one answer."""
    raw = request if isinstance(request, bytes) else raw_request(request)
    wire, _ = serve(kind, raw)
    status, lines, body = read_reply(b"".join(wire.writes))
    headers = {name.lower(): value for name, value in lines}
    assert len(headers) == len(lines)
    return status, headers, body


def allows(headers: dict[str, str]) -> str | None:
    return headers.get("access-control-allow-origin")

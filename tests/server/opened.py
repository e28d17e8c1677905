"""A running try page, and how a test asks it."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

from corsmith.policy import Policy
from corsmith.server.exchange import Exchange
from corsmith.server.in_force import InForce
from corsmith.server.page import TryPage

TARGET = "http://127.0.0.1:8000"
OPEN = InForce(policy=Policy(origins="*"))
PATIENCE = 10.0


class Opened:
    """A running page, and how to ask it."""

    def __init__(self, target: str = TARGET) -> None:
        self.now = OPEN
        self.page = TryPage(target, lambda: self.now)
        self.url = self.page.start()
        parts = urlsplit(self.url)
        self.port = parts.port or 0
        self.query = f"?{parts.query}"
        self.host = parts.netloc

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response, text

    def raw(self, request: bytes) -> bytes:
        """Return all that comes back for these bytes, until the page closes."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            found = b""
            while part := connection.recv(65536):
                found += part
            return found


class Stream:
    """The event stream, read event by event."""

    def __init__(self, opened: Opened, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", opened.port, timeout=PATIENCE)
        self.connection.request("GET", f"/events{opened.query}", headers=headers)
        self.response = self.connection.getresponse()

    def next(self) -> tuple[str, Any, str | None]:
        """Return name, data and number of the next event."""
        fields: dict[str, str] = {}
        while True:
            line = self.response.readline().decode()
            assert line, "the stream ended"
            if line == "\n" and "data" in fields:
                return fields["event"], json.loads(fields["data"]), fields.get("id")
            name, _, value = line.rstrip("\n").partition(": ")
            fields[name] = value

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def exchange(press: str = "7f3a") -> dict[str, object]:
    return Exchange(
        time=1.5,
        press=press,
        kind="actual",
        method="GET",
        path="/",
        status=200,
        allowed=True,
        request_headers=(),
        response_headers=(),
        reasons=(),
    ).to_mapping()

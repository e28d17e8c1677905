"""``Visit``: one connection of a browser to the try page.

What lives here: what is served at each path, and the stream of events. What does not: the
server that it comes to (``page``), and what is predicted (``prediction``).

It is loaded when somebody visits: most servers end before anybody does.
"""

import http.server
import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from html import escape
from http import HTTPStatus
from importlib.resources import files
from typing import Final, Protocol, cast
from urllib.parse import parse_qs

from corsmith.server.events import Receiver
from corsmith.server.in_force import InForce
from corsmith.server.prediction import describe, predict_all
from corsmith.server.tried import Tried

__all__ = ["Visit"]

_IDLE_SECONDS: Final = 15.0
"""How long a connection may be silent, and a write may take."""

_TICK_SECONDS: Final = 0.2
"""How often a stream looks whether the policy changed or its browser has gone."""

_BEAT_SECONDS: Final = 10.0
"""How often a silent stream sends a comment, so that a dead connection is noticed."""

_WRITE_BYTES: Final = 65_536
"""Larger than any answer here: head and body leave in one write."""

_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of whatever is not a document of ours."""

_LONGEST_NUMBER: Final = 9
"""The digits of the longest event number that is read back."""

_HTML: Final = "text/html; charset=utf-8"

_TEXT: Final = "text/plain; charset=utf-8"

_FILES: Final = {
    "/try.css": ("try.css", "text/css; charset=utf-8"),
    "/try.js": ("try.js", "text/javascript; charset=utf-8"),
    "/show.js": ("show.js", "text/javascript; charset=utf-8"),
    "/send.js": ("send.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}

_SAFE_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


class _Page(Protocol):
    """The page that is visited (``TryPage``)."""

    target: str
    tried: Tried
    in_force: Callable[[], InForce]
    events: Receiver
    most_streams: int
    streams: threading.BoundedSemaphore
    stopping: threading.Event

    def knows(self, token: str) -> bool:
        """Return whether it is the token of this page."""


class _Server(Protocol):
    """The server of the page, and the names that it answers to."""

    page: _Page
    names: tuple[str, ...]


class Visit(http.server.BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    wbufsize = _WRITE_BYTES

    @property
    def _own(self) -> _Server:
        return cast("_Server", self.server)  # who else would have made this?

    def do_GET(self) -> None:
        """Answer the page, its files or its events."""
        if self.headers.get_all("Host", []) not in [[name] for name in self._own.names]:
            names = " or ".join(self._own.names)
            self._say(HTTPStatus.MISDIRECTED_REQUEST, f"This page answers to {names} only.")
            return
        path, _, query = self.path.partition("?")
        if path in _FILES:
            name, kind = _FILES[path]
            self._answer(HTTPStatus.OK, kind, _asset(name))
        elif path == "/frame":
            self._answer(HTTPStatus.OK, _HTML, *_frame(self._own.page.target))
        elif path not in {"/", "/events", "/predictions"}:
            self._say(HTTPStatus.NOT_FOUND, "There is no such page here.")
        elif not self._has_token(query):
            self._say(
                HTTPStatus.FORBIDDEN,
                "This page needs the token that corsmith serve printed: open the whole URL.",
            )
        elif path == "/":
            origin = f"http://{self.headers['Host']}"
            self._answer(HTTPStatus.OK, _HTML, *_page(self._own.page.target, origin))
        elif path == "/predictions":
            self._predict(query)
        else:
            self._stream()

    def do_HEAD(self) -> None:
        """Answer what GET would, without the body."""
        self.do_GET()

    def _has_token(self, query: str) -> bool:
        try:
            tokens = parse_qs(query, max_num_fields=8).get("token", [])
        except ValueError:
            return False
        return len(tokens) == 1 and self._own.page.knows(tokens[0])

    def _predict(self, query: str) -> None:
        page = self._own.page
        paths = parse_qs(query).get("path", [])
        if len(paths) != 1 or not paths[0].startswith("/"):
            self._say(HTTPStatus.BAD_REQUEST, "A prediction is for one path: ?path=/…")
            return
        origin = f"http://{self.headers['Host']}"
        found = predict_all(page.in_force(), paths[0], origin, page.tried)
        self._answer(HTTPStatus.OK, "application/json", json.dumps(found).encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, policy: str = _NOTHING) -> None:
        self._begin(status, kind, policy)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: int, kind: str, policy: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", policy)
        for name, value in _SAFE_HEADERS:
            self.send_header(name, value)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if self.close_connection:
            self.send_header("Connection", "close")

    def _say(self, status: HTTPStatus, sentence: str) -> None:
        self._answer(status, _TEXT, f"{sentence}\n".encode())

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002  Python's words, which quote the request
        explain: str | None = None,  # noqa: ARG002  as message
    ) -> None:
        """Answer what the base class refuses, as everything else here is answered."""
        self.close_connection = True  # what is left of the request is not read
        if code == HTTPStatus.NOT_IMPLEMENTED:
            self._say(HTTPStatus.METHOD_NOT_ALLOWED, "This page is only read: GET or HEAD.")
        else:
            status = HTTPStatus(code)
            self._say(status, f"{status.phrase}.")

    def version_string(self) -> str:
        """Return what the Server header says: no versions."""
        return "corsmith"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as its base
        """Say nothing: the terminal belongs to the server that is tried."""

    def _stream(self) -> None:
        page = self._own.page
        if not page.streams.acquire(blocking=False):
            sentence = f"{page.most_streams} try pages are open: close one and reload."
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, sentence)
            return
        try:
            self.close_connection = True  # a stream ends with its connection
            self._begin(HTTPStatus.OK, "text/event-stream", _NOTHING)
            self.end_headers()
            if self.command != "HEAD":
                self._follow(page)
        finally:
            page.streams.release()

    def _follow(self, page: _Page) -> None:
        """Write what happens until the page, its browser or its server ends."""
        origin = f"http://{self.headers['Host']}"
        seen = self._first_unseen(page.events.last)
        shown: InForce | None = None
        self.wfile.write(b"retry: 1000\n\n")
        silent_since = time.monotonic()
        while not page.stopping.is_set() and not self._has_gone():
            now = page.in_force()
            lines = []
            if shown is None or not _is_same(now, shown):
                shown = now
                described = json.dumps(describe(now, page.target, origin, page.tried))
                lines.append(f"event: policy\ndata: {described}\n\n")
            for seen, record in page.events.wait(seen, 0.0 if lines else _TICK_SECONDS):  # noqa: B020  the next wait is after what was seen
                lines.append(f"event: exchange\nid: {seen}\ndata: {record}\n\n")
            if not lines and time.monotonic() - silent_since > _BEAT_SECONDS:
                lines.append(":\n\n")
            if lines:
                self.wfile.write("".join(lines).encode())
                self.wfile.flush()
                silent_since = time.monotonic()

    def _first_unseen(self, last: int) -> int:
        """Return the number after which records are sent: a page that lost its stream goes on."""
        text = self.headers.get("Last-Event-ID", "")
        is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
        return min(int(text), last) if is_number else last

    def _has_gone(self) -> bool:
        """Return whether the browser has closed its side: nothing else tells until a write."""
        self.connection.settimeout(0)
        try:
            return not self.connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        finally:
            self.connection.settimeout(_IDLE_SECONDS)


def _is_same(one: InForce, other: InForce) -> bool:
    """Return whether a page shows both alike: equal policies may be spelled differently."""
    return one.policy is other.policy and one == other


def _asset(name: str) -> bytes:
    return files("corsmith.server").joinpath("assets", name).read_bytes()


def _page(target: str, origin: str) -> tuple[bytes, str]:
    """Return the page and its content security policy."""
    text = _asset("try.html").decode()
    filled = text.replace("{{target}}", escape(target)).replace("{{origin}}", escape(origin))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' {_source(target)}; frame-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return filled.encode(), policy


def _frame(target: str) -> tuple[bytes, str]:
    """Return the sandboxed document and its content security policy.

    Its script stands inside, allowed by its hash: a script of this server would be
    another origin's to a document whose origin is ``null``, and is not for others.
    """
    script = _asset("send.js") + _asset("frame.js")
    digest = b64encode(sha256(script).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; connect-src {_source(target)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return _asset("frame.html").replace(b"{{script}}", script), policy


def _source(target: str) -> str:
    """Return the target as a source of a content security policy, which knows no IPv6."""
    return f"{target.partition(':')[0]}:" if "[" in target else target

"""Servers that are broken on purpose: what one answers, and a loopback server that answers so.

What lives here: ``Broken``, which each module of ``servers`` holds one of, and ``serve``. A
server is a function from what was asked to a ``Reply`` or a ``Fault``, and so is its repair.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

import h11
import trustme
from h2.exceptions import ProtocolError

from tests.broken.multiplexed import answer_h2

__all__ = ["Asked", "Broken", "Fault", "Reply", "Server", "allow", "serve"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; ``here`` is the origin that the server is reached at."""

    method: str
    target: str
    headers: Pairs
    here: str
    seen: dict[str, object] = field(default_factory=dict)
    """What the server keeps between requests: a cache, a session."""

    def get(self, name: str) -> str | None:
        """Return the first value of a header."""
        return next((value for other, value in self.headers if other == name), None)

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks for permission."""
        return self.method == "OPTIONS" and self.get("access-control-request-method") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer; ``raw`` bytes follow it on the connection, whatever its length says."""

    status: int = 200
    headers: Pairs = ()
    body: bytes = b""
    raw: bytes = b""


class Fault(Enum):
    """What a server does in place of an answer."""

    HANG = "say nothing"
    RESET = "reset the connection"


Answer: TypeAlias = Callable[[Asked], "Reply | Fault"]


def allow(
    asked: Asked,
    *,
    methods: str = "GET, PUT, DELETE",
    headers: str = "Content-Type, X-Key, Authorization, Range",
    extra: Pairs = (),
) -> Pairs:
    """Return the headers that let any page ask, with credentials too."""
    origin = asked.get("origin")
    named = () if origin is None else (("Access-Control-Allow-Origin", origin),)
    lines = (*named, ("Access-Control-Allow-Credentials", "true"), ("Vary", "Origin"), *extra)
    if not asked.is_preflight:
        return lines
    return (
        *lines,
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", headers),
    )


def repaired(asked: Asked) -> Reply:
    """Answer as a server does that lets the page."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    return Reply(headers=allow(asked), body=b"hello")


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A broken server, how it is asked, what ``check`` must say of it, and its repair.

    ``words`` follow the URL on the command line. ``stops`` is the line of the ladder that is
    marked, ``code`` the code under it (or of a finding); ``says`` is what the report must hold
    of the change. ``host`` is a name that the server is reached by, with curl's --resolve.
    ``page`` is the script that a real browser runs.
    """

    answer: Answer
    words: tuple[str, ...] = ()
    path: str = "/items"
    status: int = 1
    stops: str | None = "request"
    code: str
    says: tuple[str, ...]
    repair: Answer = repaired
    repair_path: str | None = None
    tls: str | None = None
    host: str | None = None
    page: str = "(await fetch(URL)).status"


class Server:
    """A loopback server with one thread for each connection."""

    def __init__(self, answer: Answer, tls: str | None = None, host: str | None = None) -> None:
        """Listen; ``tls`` is ``self-signed``, or ``h2`` for a server of nothing but HTTP/2."""
        self.answer = answer
        self.tls = None if tls is None else _tls(tls)
        self.only_h2 = tls == "h2"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.origin = f"http{'s' if tls else ''}://{host or '127.0.0.1'}:{self.port}"
        self.seen: dict[str, object] = {}
        self.asked: list[Asked] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        # Closing alone leaves a thread in accept() that holds the port.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with (
            connection,
            contextlib.suppress(OSError, h11.RemoteProtocolError, ProtocolError, _Done),
        ):
            if self.tls is None:
                self._http1(connection)
                return
            with self.tls.wrap_socket(connection, server_side=True) as secured:
                if self.only_h2:
                    answer_h2(secured, self._reply)
                else:
                    self._http1(secured)

    def _http1(self, connection: socket.socket) -> None:
        http = h11.Connection(h11.SERVER)
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = connection.recv(65536)
                if not data:
                    return
                http.receive_data(data)
            elif isinstance(event, h11.Request):
                asked = event
            elif isinstance(event, h11.EndOfMessage):
                headers = tuple(
                    (name.decode(), value.decode("latin-1")) for name, value in asked.headers
                )
                try:
                    reply = self._reply(asked.method.decode(), asked.target.decode(), headers)
                except _Reset:
                    # Nothing lingers, so the peer gets a reset.
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    raise
                connection.sendall(_written(reply, asked.method.decode()))
                http.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                http.send(h11.EndOfMessage())
                http.start_next_cycle()

    def _reply(self, method: str, target: str, headers: Pairs) -> Reply:
        asked = Asked(
            method=method, target=target, headers=headers, here=self.origin, seen=self.seen
        )
        self.asked.append(asked)
        reply = self.answer(asked)
        if reply is Fault.HANG:
            threading.Event().wait(PATIENCE)
            raise _Done
        if reply is Fault.RESET:
            raise _Reset
        assert isinstance(reply, Reply)
        return reply


class _Done(Exception):  # noqa: N818  no error: the end of a connection
    """The connection ends without an answer."""


class _Reset(_Done):
    """The connection ends by a reset."""


def _written(reply: Reply, method: str) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {_REASONS.get(reply.status, 'Other')}"]
    names = {name.lower() for name, _ in reply.headers}
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status != 204 and "content-length" not in names:
        lines.append(f"Content-Length: {len(reply.body)}")
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head + (b"" if method == "HEAD" else reply.body) + reply.raw


_REASONS: Final = {
    200: "OK",
    204: "No Content",
    206: "Partial Content",
    302: "Found",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Range Not Satisfiable",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


def _tls(kind: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    context.set_alpn_protocols(["h2"] if kind == "h2" else ["http/1.1"])
    return context


@contextlib.contextmanager
def serve(answer: Answer, tls: str | None = None, host: str | None = None) -> Iterator[Server]:
    """Run a server while the block runs."""
    server = Server(answer, tls, host)
    try:
        yield server
    finally:
        server.close()

"""One request out, one answer back, exactly as given and with limits.

What lives here: ``Client``, HTTP/1.1 over the connections of ``dial``, and the limits. What
does not: HTTP/2 (``multiplex``, imported only when ALPN chose it), redirects, cookies and
caches: nothing is followed, kept or added, but ``Host`` and ``Content-Length``.
"""

import time
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import h11

from corsmith.address import Address, read_address
from corsmith.dial import Dialer, Line
from corsmith.errors import NetworkError
from corsmith.exchange import Answer

__all__ = ["MOST_BODY", "MOST_HEADERS", "Client", "Request"]

MOST_HEADERS: Final = 256 * 1024
"""The largest head of an answer, in bytes. Chromium takes 256 KiB, Firefox 384, curl 300."""

MOST_BODY: Final = 64 * 1024
"""How much of a body is read: enough for an error page and for the clients' first ranges."""

BODY_SECONDS: Final = 1.0
"""How long a body is waited for: the page has its answer already, and streams never end."""

_CHUNK: Final = 64 * 1024

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Ended: TypeAlias = Literal["complete", "limit", "time", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, byte for byte; ``Host`` and ``Content-Length`` are added where missing."""

    method: str
    url: str
    headers: Pairs = ()
    body: bytes | None = None

    @property
    def asked(self) -> str:
        """The request in words."""
        return f"{self.method} {self.url}"


@dataclass(slots=True, kw_only=True)
class Client:
    """Sends requests, each on its own connection."""

    dialer: Dialer = field(default_factory=Dialer)
    body_limit: int = MOST_BODY
    body_seconds: float = BODY_SECONDS

    def send(self, request: Request) -> Answer:
        """Return the answer, or raise ``NetworkError`` that names the step that failed."""
        address = read_address(request.url)
        line = self.dialer.open(address, request.asked)
        try:
            if line.protocol == "h2":
                from corsmith.multiplex import converse

                return converse(self, line, address, request)
            return _Conversation(self, line, request).run(address)
        finally:
            line.socket.close()


def complete_headers(request: Request, address: Address) -> list[tuple[bytes, bytes]]:
    """Return the header lines with ``Host`` first, and ``Content-Length`` if there is a body."""
    names = {name.lower() for name, _ in request.headers}
    lines = [] if "host" in names else [("Host", address.netloc)]
    lines += request.headers
    if request.body is not None and "content-length" not in names:
        lines.append(("Content-Length", str(len(request.body))))
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in lines]


class Wire:
    """Bytes on a connection: each step has one deadline, however slowly they trickle."""

    def __init__(self, line: Line, request: Request, timeout: float) -> None:
        self.line = line
        self.request = request
        self.timeout = timeout
        self.deadline = 0.0
        self.step = "send"

    def begin(self, step: str, seconds: float | None = None) -> None:
        """Name the step that begins, and give it its time."""
        self.step = step
        self.deadline = time.monotonic() + (self.timeout if seconds is None else seconds)

    def write(self, data: bytes) -> bool:
        """Send bytes; ``False``: the server has closed its ear, and may have answered."""
        self._wait()
        try:
            self.line.socket.sendall(data)
        except TimeoutError as error:
            raise self.timed_out("the server does not take the request") from error
        except OSError:
            return False
        return True

    def read(self) -> bytes:
        """Return some bytes, none at the end of the connection."""
        self._wait()
        try:
            return self.line.socket.recv(_CHUNK)
        except TimeoutError as error:
            waits = "no answer" if self.step == "first byte" else "the head of the answer stops"
            raise self.timed_out(waits) from error
        except OSError as error:
            raise self.failed("closed", "the server resets the connection") from error

    def _wait(self) -> None:
        self.line.socket.settimeout(max(self.deadline - time.monotonic(), 0.001))

    def timed_out(self, problem: str) -> NetworkError:
        """Return the error of a step that took too long."""
        hint = "give it longer with --timeout SECONDS"
        return self.failed("timeout", f"{problem} within {self.timeout:g} s", hint)

    def failed(self, failure: str, problem: str, hint: str | None = None) -> NetworkError:
        """Return the error of the step that is under way."""
        return NetworkError(
            asked=self.request.asked, step=self.step, failure=failure, problem=problem, hint=hint
        )


class _Conversation:
    """HTTP/1.1: one request and its answer."""

    def __init__(self, client: Client, line: Line, request: Request) -> None:
        self.client = client
        self.line = line
        self.request = request
        self.wire = Wire(line, request, client.dialer.timeout)
        self.http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADERS)
        self.received = 0

    def run(self, address: Address) -> Answer:
        self._send(address)
        head = self._head()
        body, ended = self._body()
        return Answer(
            status=head.status_code,
            headers=tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in head.headers.raw_items()
            ),
            reason=head.reason.decode("latin-1"),
            version=head.http_version.decode("ascii"),
            body=body,
            ended=ended,
            peer=self.line.peer,
        )

    def _send(self, address: Address) -> None:
        head = h11.Request(
            method=self.request.method,
            target=address.target,
            headers=complete_headers(self.request, address),
        )
        self.wire.begin("send")
        data = self.http.send(head) or b""
        if self.request.body:
            data += self.http.send(h11.Data(data=self.request.body)) or b""
        data += self.http.send(h11.EndOfMessage()) or b""
        self.wire.write(data)

    def _head(self) -> h11.Response:
        self.wire.begin("first byte")
        while True:
            event = self._next()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                self._feed(self.wire.read())
            elif not isinstance(event, h11.InformationalResponse):
                raise self.wire.failed("closed", "the server closes the connection instead")

    def _feed(self, data: bytes) -> None:
        if data and not self.received:
            if data[:1] in {b"\x15", b"\x16"}:  # a TLS alert or handshake record
                raise self.wire.failed(
                    "malformed",
                    "the port speaks TLS",
                    f"write https{self.request.url.removeprefix('http')}",
                )
            self.wire.begin("headers")
        if not data:
            when = "in the middle of the head" if self.received else "without an answer"
            raise self.wire.failed("closed", f"the server closes the connection {when}")
        self.received += len(data)
        self.http.receive_data(data)

    def _next(self) -> object:
        try:
            return self.http.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint == 431:  # noqa: PLR2004  h11's word for its own limit
                problem = f"the head of the answer is over {MOST_HEADERS // 1024} KiB"
            else:
                problem = f"the answer is not HTTP: {error}"
            raise self.wire.failed("malformed", problem) from error

    def _body(self) -> tuple[bytes, Ended]:
        self.wire.begin("body", self.client.body_seconds)
        parts: list[bytes] = []
        size = 0
        while size < self.client.body_limit:
            try:
                event = self.http.next_event()
                if event is h11.NEED_DATA:
                    self.http.receive_data(self.wire.read())
            except NetworkError as error:
                return b"".join(parts), "time" if error.failure == "timeout" else "cut"
            except h11.RemoteProtocolError:
                return b"".join(parts), "cut"
            if isinstance(event, h11.EndOfMessage):
                return b"".join(parts), "complete"
            if isinstance(event, h11.Data):
                parts.append(bytes(event.data))
                size += len(event.data)
        return b"".join(parts)[: self.client.body_limit], "limit"

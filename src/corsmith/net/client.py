"""One request out, one answer back, exactly as given and with limits.

What lives here: ``Client``, and HTTP/1.1. What does not: HTTP/2 (``multiplex``, imported only
when ALPN chose it), redirects, cookies and caches: nothing is followed, kept or added, but
``Host`` and ``Content-Length``.
"""

from dataclasses import dataclass, field
from typing import Final

import h11

from corsmith.address import Address, read_address
from corsmith.answer import Answer
from corsmith.errors import NetworkError
from corsmith.net.dial import Dialer, Line
from corsmith.net.wire import MOST_HEADERS, Ended, Limits, Request, Wire, complete_headers

__all__ = ["Client", "Limits", "Request"]

_RECORDS: Final = frozenset({b"\x15", b"\x16"})
"""How a record of TLS begins: an alert, a handshake (RFC 8446, section 5.1)."""


@dataclass(slots=True, kw_only=True)
class Client:
    """Sends requests, each on its own connection."""

    dialer: Dialer = field(default_factory=Dialer)
    limits: Limits = field(default_factory=Limits)

    def send(self, request: Request) -> Answer:
        """Return the answer, or raise ``NetworkError`` that names the step that failed."""
        address = read_address(request.url)
        line = self.dialer.open(address, request.asked)
        try:
            if line.protocol == "h2":
                from corsmith.net.multiplex import converse

                return converse(line, address, request, self.limits)
            return _Conversation(line, request, self.limits).run(address)
        except NetworkError as error:
            if address.scheme == "http" and self._wants_tls(address, line, error):
                raise _in_plain(address, error) from error
            raise
        finally:
            line.socket.close()

    def _wants_tls(self, address: Address, line: Line, error: NetworkError) -> bool:
        """Return whether a port that did not answer plain HTTP speaks TLS.

        rustls sends an alert. OpenSSL, and with it Python, closes without a word.
        """
        if error.step != "first byte":
            return False
        # Of what is no HTTP only a record of TLS is known by its first byte.
        is_record = error.failure == "malformed"
        return is_record or (
            error.failure == "closed" and self.dialer.speaks_tls(address, line.peer)
        )


def _in_plain(address: Address, error: NetworkError) -> NetworkError:
    """Return what is told of a port that speaks TLS, where plain HTTP was spoken to it."""
    return NetworkError(
        asked=error.asked,
        step="tls",
        failure=error.failure,
        problem=f"{address.netloc} speaks TLS",
        hint=f"write https://{address.host}:{address.port}{address.target}",
    )


class _Conversation:
    """HTTP/1.1: one request and its answer."""

    def __init__(self, line: Line, request: Request, limits: Limits) -> None:
        self.limits = limits
        self.line = line
        self.request = request
        self.wire = Wire(line, request, limits.timeout)
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
            surplus=ended == "complete" and bool(self.http.trailing_data[0]),
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

    def _feed(self, data: bytes) -> None:
        if data and not self.received:
            if data[:1] in _RECORDS:
                raise self.wire.failed("malformed", "the answer is not HTTP: it is a record of TLS")
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
        self.wire.begin("body", self.limits.body_seconds)
        parts: list[bytes] = []
        size = 0
        while size < self.limits.body:
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
        return b"".join(parts)[: self.limits.body], "limit"

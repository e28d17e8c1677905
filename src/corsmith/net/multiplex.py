"""HTTP/2: one request and its answer on a connection whose server chose it.

What lives here: the only import of h2. What does not: connections (``dial``) and limits (``wire``).
"""

from typing import Final

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from corsmith.address import Address
from corsmith.answer import Answer
from corsmith.errors import NetworkError
from corsmith.net.dial import Line
from corsmith.net.wire import MOST_HEADERS, Ended, Limits, Request, Wire, complete_headers

__all__ = ["converse"]

# Headers of one connection, not of a request (RFC 9113, section 8.2.2); Host is :authority.
_LEFT_OUT: Final = frozenset({b"host", b"connection", b"keep-alive", b"transfer-encoding"})


def converse(line: Line, address: Address, request: Request, limits: Limits) -> Answer:
    """Return the answer that an HTTP/2 server gives."""
    return _Stream(line, request, limits).run(address)


class _Stream:
    """The one stream of a connection."""

    def __init__(self, line: Line, request: Request, limits: Limits) -> None:
        self.limits = limits
        self.line = line
        self.request = request
        self.wire = Wire(line, request, limits.timeout)
        config = h2.config.H2Configuration(client_side=True, header_encoding="latin-1")
        self.http = h2.connection.H2Connection(config)
        self.http.initiate_connection()
        self.http.update_settings(
            {
                h2.settings.SettingCodes.ENABLE_PUSH: 0,
                h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: MOST_HEADERS,
            }
        )
        self.http.decoder.max_header_list_size = MOST_HEADERS
        self.stream = 1
        self.head: list[tuple[str, str]] | None = None
        self.body = b""
        self.ended: Ended | None = None
        self.left = request.body or b""

    def run(self, address: Address) -> Answer:
        self._send(address)
        self.wire.begin("first byte")
        while self.head is None:
            self._read()
        self.wire.begin("body", self.limits.body_seconds)
        while self.ended is None:
            self._read_body()
        status = next(value for name, value in self.head if name == ":status")
        return Answer(
            status=int(status),
            headers=tuple(pair for pair in self.head if not pair[0].startswith(":")),
            version="2",
            body=self.body,
            ended=self.ended,
            peer=self.line.peer,
        )

    def _send(self, address: Address) -> None:
        lines = [
            (name.lower(), value)
            for name, value in complete_headers(self.request, address)
            if name.lower() not in _LEFT_OUT
        ]
        pseudo = [
            (b":method", self.request.method.encode("ascii")),
            (b":scheme", address.scheme.encode("ascii")),
            (b":authority", _authority(self.request, address).encode("ascii")),
            (b":path", address.target.encode("ascii")),
        ]
        self.wire.begin("send")
        self.http.send_headers(self.stream, pseudo + lines, end_stream=not self.left)
        self._send_body()

    def _send_body(self) -> None:
        """Send as much of the body as the server's window takes, and what h2 has to say."""
        while self.left:
            window = self.http.local_flow_control_window(self.stream)
            size = min(window, self.http.max_outbound_frame_size, len(self.left))
            if size <= 0:
                break
            piece, self.left = self.left[:size], self.left[size:]
            self.http.send_data(self.stream, piece, end_stream=not self.left)
        data = self.http.data_to_send()
        if data:
            self.wire.write(data)

    def _read(self) -> None:
        data = self.wire.read()
        if not data:
            raise self.wire.failed("closed", "the server closes the connection without an answer")
        try:
            events = self.http.receive_data(data)
        except h2.exceptions.DenialOfServiceError as error:
            problem = f"the head of the answer is over {MOST_HEADERS // 1024} KiB"
            raise self.wire.failed("malformed", problem) from error
        except h2.exceptions.ProtocolError as error:
            raise self.wire.failed("malformed", f"the answer is not HTTP/2: {error}") from error
        for event in events:
            self._take(event)
        if self.ended is None:
            self._send_body()

    def _take(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.head = [(str(name), str(value)) for name, value in event.headers]
        elif isinstance(event, h2.events.DataReceived):
            self.body += event.data[: self.limits.body - len(self.body)]
            self.http.acknowledge_received_data(event.flow_controlled_length, self.stream)
            if len(self.body) >= self.limits.body:
                self.ended = "limit"
        elif isinstance(event, h2.events.StreamEnded):
            self.ended = "complete"
        elif isinstance(event, h2.events.StreamReset | h2.events.ConnectionTerminated):
            if self.head is None:
                raise self._refused(int(event.error_code or 0))
            self.ended = "cut"

    def _refused(self, code: int) -> NetworkError:
        if code == h2.errors.ErrorCodes.HTTP_1_1_REQUIRED:
            return self.wire.failed("closed", "the server wants this request over HTTP/1.1")
        known = {int(item): item.name for item in h2.errors.ErrorCodes}
        word = known.get(code, str(code)).replace("_", " ").lower()
        return self.wire.failed("closed", f"the server resets the stream: {word}")

    def _read_body(self) -> None:
        try:
            self._read()
        except NetworkError as error:
            self.ended = "time" if error.failure == "timeout" else "cut"


def _authority(request: Request, address: Address) -> str:
    """Return what stands for the Host header (RFC 9113, section 8.3.1): one that is given."""
    given = (value for name, value in request.headers if name.lower() == "host")
    return next(given, address.netloc)

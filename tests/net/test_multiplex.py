"""One request over HTTP/2, on real loopback sockets: chosen by ALPN, exact, and with limits."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import pytest
import trustme

from corsmith.errors import NetworkError
from corsmith.net.client import Client, Limits, Request
from corsmith.net.dial import Dialer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corsmith.exchange import Answer

pytestmark = pytest.mark.servers

Pairs = list[tuple[str, str]]
OK: list[tuple[bytes, bytes]] = [
    (b":status", b"200"),
    (b"vary", b"Origin"),
    (b"x-name", b"caf\xe9"),
]


class Stream:
    """What a script may do on a stream of a server."""

    def __init__(self, http: h2.connection.H2Connection, connection: socket.socket) -> None:
        self.http = http
        self.connection = connection
        self.headers: Pairs = []
        self.body = b""

    def head(self, lines: Any, *, ends: bool = False) -> None:
        self.http.send_headers(1, lines, end_stream=ends)

    def data(self, data: bytes, *, ends: bool = True) -> None:
        self.http.send_data(1, data, end_stream=ends)

    def flush(self) -> None:
        self.connection.sendall(self.http.data_to_send())


class Peer:
    """A server that speaks HTTP/2 and does what a script says when a request has ended."""

    def __init__(self, script: Callable[[Stream], None]) -> None:
        self.script = script
        self.streams: list[Stream] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.listener.getsockname()[1]}/a?b"
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(self.tls)
        self.tls.set_alpn_protocols(["h2", "http/1.1"])
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            connection, _ = self.listener.accept()
            with connection, self.tls.wrap_socket(connection, server_side=True) as secured:
                secured.settimeout(5)
                self._talk(secured)

    def _talk(self, connection: socket.socket) -> None:
        config = h2.config.H2Configuration(client_side=False, header_encoding="latin-1")
        http = h2.connection.H2Connection(config)
        stream = Stream(http, connection)
        self.streams.append(stream)
        http.initiate_connection()
        stream.flush()
        while data := connection.recv(65536):
            for event in http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    stream.headers = [(str(name), str(value)) for name, value in event.headers]
                elif isinstance(event, h2.events.DataReceived):
                    stream.body += event.data
                    http.acknowledge_received_data(event.flow_controlled_length, 1)
                elif isinstance(event, h2.events.StreamEnded):
                    self.script(stream)
            stream.flush()


@contextlib.contextmanager
def peer(script: Callable[[Stream], None]) -> Iterator[Peer]:
    server = Peer(script)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def send(url: str, limits: Limits | None = None, **request: Any) -> Answer:
    asks = Client(dialer=Dialer(verify=False), limits=limits or Limits())
    return asks.send(Request(**{"method": "GET", "url": url} | request))


def failure(url: str, limits: Limits | None = None) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        send(url, limits)
    return caught.value


def answers(stream: Stream) -> None:
    stream.head(OK)
    stream.data(b"hi")


def test_a_request_is_sent_as_it_is_given_in_lower_case_and_without_host() -> None:
    with peer(answers) as server:
        send(server.url, method="patch", headers=(("X-KEY", "\xe9"), ("Connection", "close")))
        netloc = server.url.split("/")[2]
        assert server.streams[0].headers == [
            (":method", "patch"),
            (":scheme", "https"),
            (":authority", netloc),
            (":path", "/a?b"),
            ("x-key", "\xe9"),
        ]


def test_a_host_that_is_given_is_the_authority() -> None:
    with peer(answers) as server:
        send(server.url, headers=(("Host", "b.example"),))
        head = dict(server.streams[0].headers)
    assert head[":authority"] == "b.example"
    assert "host" not in head


def test_an_answer_is_returned_as_it_came() -> None:
    with peer(answers) as server:
        answer = send(server.url)
    assert (answer.status, answer.reason, answer.version) == (200, "", "2")
    assert answer.headers == (("vary", "Origin"), ("x-name", "caf\xe9"))
    assert (answer.body, answer.ended, answer.peer) == (b"hi", "complete", "127.0.0.1")


def test_an_answer_may_have_no_body() -> None:
    with peer(lambda stream: stream.head([(":status", "204")], ends=True)) as server:
        answer = send(server.url, method="OPTIONS")
    assert (answer.status, answer.body, answer.ended) == (204, b"", "complete")


def test_interim_answers_are_passed_over() -> None:
    def hints(stream: Stream) -> None:
        stream.head([(":status", "103"), ("link", "</a>")])
        answers(stream)

    with peer(hints) as server:
        assert send(server.url).status == 200


def test_a_body_larger_than_the_window_is_sent_whole() -> None:
    body = b"x" * 200_000
    with peer(answers) as server:
        assert send(server.url, method="POST", body=body).status == 200
        assert server.streams[0].body == body
        assert ("content-length", "200000") in server.streams[0].headers


def test_a_body_is_read_up_to_the_limit() -> None:
    def endless(stream: Stream) -> None:
        stream.head(OK)
        for _ in range(4):
            stream.data(b"x" * 16_000, ends=False)

    with peer(endless) as server:
        answer = send(server.url, Limits(body=40_000))
    assert (len(answer.body), answer.ended) == (40_000, "limit")


def test_a_stream_is_left_after_its_time() -> None:
    def waits(stream: Stream) -> None:
        stream.head(OK)
        stream.data(b"hi", ends=False)

    with peer(waits) as server:
        answer = send(server.url, Limits(body_seconds=0.2))
    assert (answer.body, answer.ended) == (b"hi", "time")


def test_a_body_that_is_cut_short_keeps_the_head() -> None:
    def cuts(stream: Stream) -> None:
        stream.head(OK)
        stream.data(b"hi", ends=False)
        stream.http.reset_stream(1)

    with peer(cuts) as server:
        answer = send(server.url)
    assert (answer.status, answer.body, answer.ended) == (200, b"hi", "cut")


def test_a_connection_that_ends_in_a_body_keeps_the_head() -> None:
    def ends(stream: Stream) -> None:
        stream.head(OK)
        stream.data(b"hi", ends=False)
        stream.flush()
        stream.connection.close()

    with peer(ends) as server:
        assert send(server.url).ended == "cut"


def closes(stream: Stream) -> None:
    stream.connection.close()


def goes_away(stream: Stream) -> None:
    stream.http.close_connection(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM)


def is_no_http2(stream: Stream) -> None:
    stream.connection.sendall(b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x")  # DATA on stream 0


def is_big(stream: Stream) -> None:
    # A server that minds the client's limit would not send it, so nothing may mind here.
    lines = [(f"x-{n}", "x" * 3000) for n in range(200)]
    stream.head([(":status", "200"), *lines], ends=True)


@pytest.mark.parametrize(
    ("script", "step", "kind", "problem"),
    [
        (closes, "first byte", "closed", "the server closes the connection without an answer"),
        (
            lambda stream: stream.http.reset_stream(1, h2.errors.ErrorCodes.REFUSED_STREAM),
            "first byte",
            "closed",
            "the server resets the stream: refused stream",
        ),
        (
            lambda stream: stream.http.reset_stream(1, 999),
            "first byte",
            "closed",
            "the server resets the stream: 999",
        ),
        (
            lambda stream: stream.http.reset_stream(1, h2.errors.ErrorCodes.HTTP_1_1_REQUIRED),
            "first byte",
            "closed",
            "the server wants this request over HTTP/1.1",
        ),
        (goes_away, "first byte", "closed", "the server resets the stream: enhance your calm"),
        (is_no_http2, "first byte", "malformed", "the answer is not HTTP/2: "),
        (is_big, "first byte", "malformed", "the head of the answer is over 256 KiB"),
        (lambda _: None, "first byte", "timeout", "no answer within 0.4 s"),
    ],
)
def test_what_comes_in_place_of_an_answer_is_named(
    script: Any, step: str, kind: str, problem: str
) -> None:
    with peer(script) as server:
        error = failure(server.url, Limits(timeout=0.4 if kind == "timeout" else 10))
    assert (error.step, error.failure) == (step, kind)
    assert error.problem.startswith(problem)


def test_h2_is_loaded_only_when_a_server_chose_it() -> None:
    late = {"h2", "ssl", "asyncio", "rich"}
    code = f"import sys, corsmith.net.client; print({late} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

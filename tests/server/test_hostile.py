"""Malformed, oversized and slow requests, byte by byte, to a real server.

Each is answered as it should be, and then the server answers somebody else at once.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from corsmith.server.limits import (
    BODY_SECONDS,
    DRAIN_BYTES,
    DRAIN_SECONDS,
    HEAD_SECONDS,
    MAX_FIELDS,
    MAX_HEAD,
    MAX_TARGET,
    USUAL_BODY,
)
from tests.server.served import Reply, Served, read_all, read_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers

APP = b"Origin: https://app.example\r\n"
HOST = b"Host: 127.0.0.1\r\n"
MEBIBYTE = 1_048_576


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with Served("--no-try", "--origin", "https://app.example") as running:
        yield running


def get(*lines: bytes, target: bytes = b"/", host: bytes = HOST) -> bytes:
    return b"GET %b HTTP/1.1\r\n%b%b%b\r\n" % (target, host, APP, b"".join(lines))


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n%b%b%b\r\n%b" % (HOST, APP, b"".join(lines), body)


CHUNKED = b"Transfer-Encoding: chunked\r\n"

# Answered by the application: a page can read the status.
READABLE = {
    "bad chunk size": (post(CHUNKED, body=b"zz\r\nabc\r\n0\r\n\r\n"), 400),
    "chunk longer than its size": (post(CHUNKED, body=b"2\r\nabcd\r\n0\r\n\r\n"), 400),
    "unknown coding": (post(b"Transfer-Encoding: gzip, chunked\r\n", body=b"0\r\n\r\n"), 501),
    "length over the limit": (post(b"Content-Length: %d\r\n" % (USUAL_BODY + 1)), 413),
    "no Host": (get(host=b""), 400),
    "empty Host": (get(host=b"Host:\r\n"), 400),
    "two Hosts": (get(host=HOST * 2), 400),
    "foreign Host": (get(host=b"Host: evil.example\r\n"), 421),
    "foreign Host of a WebSocket": (
        get(
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            host=b"Host: evil.example\r\n",
        ),
        421,
    ),
    "target over the limit": (get(target=b"/" + b"a" * MAX_TARGET), 414),
    "query over the limit": (get(target=b"/?" + b"a" * MAX_TARGET), 414),
    "head over the limit": (get(b"X: %b\r\n" % (b"a" * MAX_HEAD)), 431),
    "head over the limit in many lines": (get(b"X: %b\r\n" % (b"a" * 300) * 90), 431),
}

# Answered by the parser, which knows no CORS; whoever sends these is no browser.
PARSED = {
    "length abc": (post(b"Content-Length: abc\r\n"), 400),
    "length -1": (post(b"Content-Length: -1\r\n"), 400),
    "length +7": (post(b"Content-Length: +7\r\n", body=b"1234567"), 400),
    "length 0_7": (post(b"Content-Length: 0_7\r\n", body=b"1234567"), 400),
    "length 7 7": (post(b"Content-Length: 7 7\r\n", body=b"1234567"), 400),
    "length 7, 7": (post(b"Content-Length: 7, 7\r\n", body=b"1234567"), 400),
    "length without end": (post(b"Content-Length: %b\r\n" % (b"9" * 5000)), 400),
    "two lengths": (post(b"Content-Length: 1\r\nContent-Length: 2\r\n", body=b"ab"), 400),
    "coding that does not end in chunked": (post(b"Transfer-Encoding: chunked, identity\r\n"), 400),
    "coding alone": (post(b"Transfer-Encoding: gzip\r\n"), 400),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n", 400),
    "blank before the colon": (get(b"X : 1\r\n"), 400),
    "folded line": (get(b"X: 1\r\n 2\r\n"), 400),
    "NUL in a value": (get(b"X: 1\x002\r\n"), 400),
    "bare CR in a value": (get(b"X: 1\r2\r\n"), 400),
    "blank in a name": (get(b"X Y: 1\r\n"), 400),
    "no colon": (get(b"XY\r\n"), 400),
    "blank in the target": (get(target=b"/a b/c"), 400),
    "control in the target": (get(target=b"/a\x01"), 400),
    "8-bit target that is no UTF-8": (get(target=b"/\xff"), 400),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "lines over the limit": (get(b"X: 1\r\n" * MAX_FIELDS), 431),
    "head far over the limit": (get(b"X: %b\r\n" % (b"a" * 300_000)), 431),
    "target far over the limit": (get(target=b"/" + b"a" * 70_000), 414),
}

# Odd, but right: served like any other.
SERVED = {
    "HTTP/1.0 without Host": (b"GET / HTTP/1.0\r\n\r\n", 200),
    "absolute target": (get(b"Connection: close\r\n", target=b"http://evil.example/"), 200),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 200),
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 405),
    "no length": (post(b"Connection: close\r\n"), 200),
    "equal lengths": (
        post(b"Content-Length: 1\r\nContent-Length: 1\r\nConnection: close\r\n", body=b"a"),
        200,
    ),
    "a token for a method": (b"!#$%&'* / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 405),
    "a body of nested brackets": (
        post(b"Content-Length: 100000\r\nConnection: close\r\n", body=b"[" * 100_000),
        200,
    ),
    "a WebSocket": (
        get(
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: close\r\n",
        ),
        200,
    ),
    # The parser keeps the coding, drops the length, and closes (RFC 9112, section 6.1).
    "length and coding": (post(b"Content-Length: 5\r\n", CHUNKED, body=b"0\r\n\r\n"), 200),
}  # fmt: skip


def assert_serves(server: Served) -> None:
    """Somebody else is answered within a second."""
    start = time.monotonic()
    assert server.ask().status == 200
    assert time.monotonic() - start < 1


@pytest.mark.parametrize("name", READABLE)
def test_what_the_application_refuses_is_a_status_that_a_page_can_read(
    server: Served, name: str
) -> None:
    data, status = READABLE[name]
    reply = Reply(server.raw(data))
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert reply.headers["vary"] == "Origin"
    assert reply.headers["connection"] == "close"
    assert_serves(server)


@pytest.mark.parametrize("name", PARSED)
def test_what_is_no_http_is_a_status_too(server: Served, name: str) -> None:
    data, status = PARSED[name]
    reply = Reply(server.raw(data))
    assert reply.status == status
    assert_serves(server)


@pytest.mark.parametrize("name", SERVED)
def test_what_is_odd_but_right_is_served(server: Served, name: str) -> None:
    data, status = SERVED[name]
    reply = Reply(server.raw(data))
    assert reply.status == status
    assert_serves(server)


@pytest.mark.parametrize(
    "origin",
    [
        APP * 2,
        b"Origin: https://\xe9.example\r\n",
        b"Origin: https://app.example, https://b.example\r\n",
        b"Origin:\r\n",
    ],
)
def test_a_malformed_origin_is_answered_without_an_allow_origin_header(
    server: Served, origin: bytes
) -> None:
    reply = Reply(server.raw(b"GET / HTTP/1.1\r\n" + HOST + origin + b"Connection: close\r\n\r\n"))
    assert reply.status == 200
    assert "access-control-allow-origin" not in reply.headers
    assert reply.headers["vary"] == "Origin"


def spoiled(data: bytes, random: Random) -> bytes:
    """Return a request with some of its bytes changed, left out, put in or said twice."""
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(data) + 1)
        with_what = random.choice(
            [b"", b"\r", b"\n", b"\0", b" ", b":", b"\r\n\r\n", b"\xff", b"0"]
        )
        data = data[:at] + with_what + data[at + random.randint(0, 3) :]
        if random.random() < 0.2:
            data = data[:at] + data[random.randrange(len(data) + 1) :]
    return data[:4_000]


def test_no_bytes_at_all_stop_the_server(server: Served) -> None:
    """Requests of these tables, spoiled by chance: the worker lives and says nothing."""
    random = Random(5)  # noqa: S311  the same ones each time
    requests = [data for table in (READABLE, PARSED, SERVED) for data, _ in table.values()]
    before = server.workers()
    for number in range(600):
        data = spoiled(random.choice(requests), random)
        with server.connect() as connection, contextlib.suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = read_all(connection)
            assert answer == b"" or answer.startswith(b"HTTP/1."), data
        if number % 100 == 0:
            assert_serves(server)
    assert server.workers() == before
    assert_serves(server)
    assert not [line for line in server.err.now() if "Traceback" in line or "panic" in line]


# ── bodies that are too large ──────────────────────────────────────────────────


def send(server: Served, size: int, method: bytes = b"POST") -> tuple[Reply, int]:
    """Send a body of that size without looking; return the answer and how much was taken."""
    with server.connect() as connection:
        length = b"Content-Length: %d\r\n" % size
        connection.sendall(method + b" / HTTP/1.1\r\n" + HOST + APP + length + b"\r\n")
        taken = 0
        with contextlib.suppress(ConnectionError):
            while taken < size:
                taken += connection.send(b"a" * min(65_536, size - taken))
        return Reply(read_all(connection)), taken


@pytest.mark.parametrize("size", [USUAL_BODY + 1, 7 * MEBIBYTE])
def test_a_body_over_the_limit_is_answered_and_read_so_that_the_answer_arrives(
    server: Served, size: int
) -> None:
    """A client that sends everything before it reads gets the 413, and no reset."""
    reply, taken = send(server, size)
    assert taken == size
    assert reply.status == 413
    assert b"limit set by --limit-body" in reply.body
    assert_serves(server)


def test_a_body_without_end_is_not_read_without_end(server: Served) -> None:
    _, taken = send(server, 64 * MEBIBYTE)
    # Beyond what is read away, the sockets of both sides hold some.
    assert DRAIN_BYTES <= taken < 32 * MEBIBYTE
    assert_serves(server)


def test_a_body_in_chunks_is_refused_where_it_passes_the_limit(server: Served) -> None:
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    reply = Reply(server.raw(post(CHUNKED, body=chunk * 40 + b"0\r\n\r\n")))
    assert reply.status == 413
    assert_serves(server)


def test_a_body_that_a_405_does_not_want_is_read_and_the_connection_kept(server: Served) -> None:
    with server.connect() as connection:
        length = b"Content-Length: %d\r\n" % (2 * MEBIBYTE)
        connection.sendall(b"PUT / HTTP/1.1\r\n" + HOST + length + b"\r\n")
        assert read_answer(connection).status == 405
        connection.sendall(b"a" * 2 * MEBIBYTE + get())
        assert read_answer(connection).status == 200


# ── clients that are slow ──────────────────────────────────────────────────────

HASTY = """
import corsmith.server.limits as limits
limits.HEAD_SECONDS, limits.BODY_SECONDS, limits.DRAIN_SECONDS = 1, 1.0, 0.5
from corsmith.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def hasty() -> Iterator[Served]:
    """A server whose patience is cut to a second: what it is otherwise has a test of its own."""
    with Served("--no-try", program=("-c", HASTY)) as running:
        yield running


def test_the_patience_of_a_server_is_what_its_table_says() -> None:
    assert (HEAD_SECONDS, BODY_SECONDS, DRAIN_SECONDS) == (10, 30, 2)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nX: "])
def test_a_connection_without_a_whole_head_is_closed(hasty: Served, sent: bytes) -> None:
    with hasty.connect() as connection:
        connection.sendall(sent)
        assert_serves(hasty)
        assert read_all(connection) == b""


def test_a_head_that_trickles_is_closed(hasty: Served) -> None:
    """Each byte is in time, and the whole is not."""
    start = time.monotonic()
    with hasty.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        while time.monotonic() - start < 10:
            connection.sendall(b"a")
            time.sleep(0.05)
    assert time.monotonic() - start < 10
    assert_serves(hasty)


def test_a_connection_that_is_kept_and_silent_is_closed(hasty: Served) -> None:
    with hasty.connect() as connection:
        connection.sendall(get())
        assert read_answer(connection).status == 200
        assert read_all(connection) == b""


def test_a_body_that_stops_coming_is_a_408(hasty: Served) -> None:
    with hasty.connect() as connection:
        connection.sendall(post(b"Content-Length: 10\r\n", body=b"abc"))
        assert_serves(hasty)
        reply = Reply(read_all(connection))
    assert reply.status == 408
    assert reply.headers["access-control-allow-origin"] == "*"


def test_a_body_that_trickles_but_comes_is_taken(hasty: Served) -> None:
    with hasty.connect() as connection:
        connection.sendall(post(b"Content-Length: 4\r\n"))
        for _ in range(4):
            time.sleep(0.4)
            connection.sendall(b"a")
        assert read_answer(connection).status == 200


def test_an_unwanted_body_that_does_not_come_is_not_waited_for(hasty: Served) -> None:
    with hasty.connect() as connection:
        connection.sendall(post(b"Content-Length: %d\r\n" % (4 * MEBIBYTE)))
        assert read_answer(connection).status == 413
        assert read_all(connection) == b""


def test_many_idle_connections_keep_nobody_out(hasty: Served) -> None:
    """Granian serves as many connections as it has room for requests, unless it is told."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for _ in range(1_100):
            stack.enter_context(hasty.connect())
        assert_serves(hasty)


def test_a_client_that_goes_away_leaves_no_trace(server: Served) -> None:
    for data in (post(b"Content-Length: 10\r\n", body=b"abc"), get()[:20], post(CHUNKED)):
        with server.connect() as connection:
            connection.sendall(data)
    assert_serves(server)
    assert not [line for line in server.err.now() if "Traceback" in line or "Error" in line]

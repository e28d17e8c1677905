"""One request out, one answer back, over real loopback sockets: exact, and with limits."""

from __future__ import annotations

import gzip
import pickle
import socket
import ssl
import threading
from typing import Any

import pytest
import trustme

from corsmith.net import dial
from corsmith.net.client import Client, Limits
from tests.peers import OK, QUICK, client, failure, peer, reset, send

pytestmark = pytest.mark.servers


# ── exact ────────────────────────────────────────────────────────────────────


def test_a_request_is_sent_as_it_is_given_but_for_host() -> None:
    with peer(OK) as server:
        send(
            f"http://127.0.0.1:{server.port}/a%2Fb?q=%20'x'#f",
            method="patch",
            headers=(("X-KEY", "\xe9"), ("x-key", "2"), ("Origin", "null")),
        )
        (head,) = server.heard
    assert head == (
        b"patch /a%2Fb?q=%20%27x%27 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:" + str(server.port).encode() + b"\r\n"
        b"X-KEY: \xe9\r\nx-key: 2\r\nOrigin: null\r\n\r\n"
    )


def test_a_host_that_is_given_is_sent_in_place_of_our_own() -> None:
    with peer(OK) as server:
        send(f"http://127.0.0.1:{server.port}/", headers=(("Host", "b.example"),))
        assert server.heard[0].count(b"Host:") == 1
        assert b"Host: b.example\r\n" in server.heard[0]


@pytest.mark.parametrize("body", [b"", b"a=1"])
def test_a_body_is_sent_with_its_length(body: bytes) -> None:
    with peer(OK) as server:
        send(f"http://127.0.0.1:{server.port}/", method="POST", body=body)
        assert server.heard[0].endswith(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def test_a_large_body_that_is_refused_at_once_still_has_its_answer() -> None:
    def refuses(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with peer(refuses) as server:
        url = f"http://127.0.0.1:{server.port}/"
        assert send(url, method="POST", body=b"x" * 4_000_000).status == 413


def test_a_reset_in_the_middle_of_a_large_body_is_told_as_one() -> None:
    with peer(reset) as server:
        url = f"http://127.0.0.1:{server.port}/"
        error = failure(url, method="POST", body=b"x" * 20_000_000)
    assert (error.step, error.failure) == ("first byte", "closed")


def test_an_answer_is_returned_as_it_came() -> None:
    lines = b"Vary: Origin\r\nvary: X\r\nX-Name: caf\xe9 \r\n"
    with peer(b"HTTP/1.1 299 Fine By Me\r\n" + lines + b"Content-Length: 2\r\n\r\nhi") as server:
        answer = send(f"http://127.0.0.1:{server.port}/")
    assert (answer.status, answer.reason, answer.version) == (299, "Fine By Me", "1.1")
    assert answer.headers == (
        ("Vary", "Origin"),
        ("vary", "X"),
        ("X-Name", "caf\xe9"),
        ("Content-Length", "2"),
    )
    assert (answer.body, answer.ended, answer.peer) == (b"hi", "complete", "127.0.0.1")
    assert not answer.surplus


def test_a_redirect_is_an_answer_like_any_other() -> None:
    with peer(b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n") as server:
        assert send(f"http://127.0.0.1:{server.port}/").get("location") == "/x"
        assert len(server.heard) == 1


def test_interim_answers_are_passed_over() -> None:
    with peer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK) as server:
        assert send(f"http://127.0.0.1:{server.port}/").body == b"hi"


def test_a_head_answer_has_no_body_whatever_its_length_says() -> None:
    with peer(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n") as server:
        answer = send(f"http://127.0.0.1:{server.port}/", method="HEAD")
    assert (answer.body, answer.ended) == (b"", "complete")


def test_an_answer_may_come_byte_by_byte() -> None:
    def drips(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in OK:
            connection.sendall(bytes([byte]))

    with peer(drips) as server:
        assert send(f"http://127.0.0.1:{server.port}/").body == b"hi"


def test_bytes_after_the_end_of_an_answer_are_noticed() -> None:
    with peer(b"HTTP/1.1 204 No Content\r\n\r\nok") as server:
        answer = send(f"http://127.0.0.1:{server.port}/")
    assert (answer.status, answer.body, answer.surplus) == (204, b"", True)


def test_a_packed_body_is_read_as_text() -> None:
    packed = gzip.compress(b"Invalid host header")
    head = b"HTTP/1.1 400 Bad\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with peer(head + packed) as server:
        assert send(f"http://127.0.0.1:{server.port}/").text == "Invalid host header"


# ── bodies that do not end well ──────────────────────────────────────────────


def test_a_body_is_read_up_to_the_limit() -> None:
    with peer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 300_000) as server:
        answer = send(f"http://127.0.0.1:{server.port}/")
    assert (len(answer.body), answer.ended) == (64 * 1024, "limit")


def test_a_stream_is_left_after_its_time() -> None:
    def streams(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n")
        connection.recv(1)

    with peer(streams) as server:
        limits = Limits(body_seconds=QUICK)
        answer = send(f"http://127.0.0.1:{server.port}/", Client(limits=limits))
    assert (answer.body, answer.ended) == (b"hi", "time")


@pytest.mark.parametrize(
    "tail",
    [
        b"Content-Length: 9\r\n\r\nhi",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nzz\r\n",
    ],
)
def test_a_body_that_is_cut_short_or_badly_chunked_keeps_the_head(tail: bytes) -> None:
    with peer(b"HTTP/1.1 200 OK\r\n" + tail) as server:
        answer = send(f"http://127.0.0.1:{server.port}/")
    assert (answer.status, answer.body, answer.ended) == (200, b"hi", "cut")


# ── what fails, by its step ──────────────────────────────────────────────────


def test_a_server_that_says_nothing_times_out_at_the_first_byte() -> None:
    with peer(lambda connection, _: connection.recv(1)) as server:
        error = failure(f"http://127.0.0.1:{server.port}/", client(QUICK))
    assert (error.step, error.failure) == ("first byte", "timeout")


def test_a_head_that_trickles_has_one_deadline() -> None:
    def trickles(connection: socket.socket, _: bytes) -> None:
        for line in [b"HTTP/1.1 200 OK\r\n", *[b"X: 1\r\n"] * 100]:
            connection.sendall(line)
            threading.Event().wait(0.05)

    with peer(trickles) as server:
        error = failure(f"http://127.0.0.1:{server.port}/", client(QUICK))
    assert (error.step, error.failure) == ("headers", "timeout")


@pytest.mark.parametrize("size", [300_000, 2_000_000])
def test_a_head_over_the_limit_is_refused(size: int) -> None:
    with peer(b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * size) as server:
        error = failure(f"http://127.0.0.1:{server.port}/")
    assert (error.step, error.failure) == ("headers", "malformed")
    assert error.problem == "the head of the answer is over 256 KiB"


def test_a_head_under_the_limit_is_taken() -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(200))
    with peer(b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: 0\r\n\r\n") as server:
        assert len(send(f"http://127.0.0.1:{server.port}/").headers) == 201


@pytest.mark.parametrize(
    ("script", "step", "kind", "problem"),
    [
        (b"", "first byte", "closed", "the server closes the connection without an answer"),
        (reset, "first byte", "closed", "the server resets the connection"),
        (
            b"HTTP/1.1 200 OK\r\nX",
            "headers",
            "closed",
            "the server closes the connection in the middle of the head",
        ),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            "headers",
            "malformed",
            "the answer is not HTTP: ",
        ),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", "headers", "malformed", "the answer is not HTTP: "),
        (b"\x15\x03\x01\x00\x02", "tls", "malformed", "127.0.0.1:"),
    ],
)
def test_what_comes_in_place_of_an_answer_is_named(
    script: Any, step: str, kind: str, problem: str
) -> None:
    with peer(script) as server:
        error = failure(f"http://127.0.0.1:{server.port}/")
    assert (error.step, error.failure) == (step, kind)
    assert error.problem.startswith(problem)


def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


def test_a_port_that_speaks_tls_is_told_with_the_url_to_write() -> None:
    """Python's server closes without a word, others send an alert."""
    with peer(OK, tls()) as closes, peer(b"\x15\x03\x03\x00\x02\x02\x32") as alerts:
        for server in (closes, alerts):
            error = failure(f"http://localhost:{server.port}/a?b")
            assert error.step == "tls"
            assert error.problem == f"localhost:{server.port} speaks TLS"
            assert error.hint == f"write https://localhost:{server.port}/a?b"


def test_a_record_in_place_of_an_answer_over_tls_is_no_hint_of_tls() -> None:
    with peer(b"\x15\x03\x03\x00\x02\x02\x32", tls()) as server:
        error = failure(f"https://localhost:{server.port}/", client(verify=False))
    assert (error.step, error.failure, error.hint) == ("first byte", "malformed", None)


def test_a_server_that_says_nothing_is_not_long_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """It closes on HTTP, and reads on where it may come to a handshake."""

    def script(connection: socket.socket, head: bytes) -> None:
        if not head.startswith(b"GET "):
            connection.recv(1)

    monkeypatch.setattr(dial, "_HANDSHAKE_SECONDS", 0.1)
    connect, waits = socket.create_connection, list[float]()

    def connects(where: tuple[str, int], seconds: float) -> socket.socket:
        waits.append(seconds)
        return connect(where, seconds)

    monkeypatch.setattr(socket, "create_connection", connects)
    with peer(script) as server:
        error = failure(f"http://127.0.0.1:{server.port}/")
    assert error.problem == "the server closes the connection without an answer"
    assert waits[1:] == [0.1]


def test_a_server_that_does_not_take_the_request_times_out_at_sending() -> None:
    def ignores(_: socket.socket, __: bytes) -> None:
        threading.Event().wait(2)

    with peer(ignores) as server:
        url = f"http://127.0.0.1:{server.port}/"
        error = failure(url, client(QUICK), method="POST", body=b"x" * 50_000_000)
    assert (error.step, error.failure) == ("send", "timeout")


# ── the error ────────────────────────────────────────────────────────────────


def test_an_error_says_what_was_asked_and_survives_a_pickle() -> None:
    error = failure("http://no-such-name.invalid/", method="PUT")
    assert isinstance(error, OSError)
    assert str(error).startswith("PUT http://no-such-name.invalid/: resolve: ")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert str(again) == str(error)

"""One request out, one answer back, over real loopback sockets: exact, and with limits."""

from __future__ import annotations

import contextlib
import gzip
import pickle
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from corsmith.dial import Dialer
from corsmith.errors import NetworkError
from corsmith.net import Client, Limits, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from corsmith.exchange import Answer

pytestmark = pytest.mark.servers

QUICK = 0.3
HELLO = b"\x16"  # how a TLS handshake begins: this peer does not go on with it


class Peer:
    """A server of one script: it reads a request's head and does what the script says."""

    def __init__(self, script: Callable[[Any, bytes], None], tls: ssl.SSLContext | None) -> None:
        self.script = script
        self.tls = tls
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                if self.tls is None:
                    self._talk(connection)
                else:
                    with self.tls.wrap_socket(connection, server_side=True) as secured:
                        self._talk(secured)

    def _talk(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and head[:1] != HELLO and (data := connection.recv(65536)):
            head += data
        self.heard.append(head)
        self.script(connection, head)


@contextlib.contextmanager
def peer(
    script: Callable[[Any, bytes], None] | bytes, tls: ssl.SSLContext | None = None
) -> Iterator[Peer]:
    """Run a server; bytes are what it answers before it closes."""

    def answers(connection: socket.socket, _: bytes) -> None:
        assert isinstance(script, bytes)
        connection.sendall(script)

    server = Peer(answers if isinstance(script, bytes) else script, tls)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def client(timeout: float = 5.0, **dialer: Any) -> Client:
    return Client(dialer=Dialer(timeout=timeout, **dialer), limits=Limits(timeout=timeout))


def send(url: str, asks: Client | None = None, **request: Any) -> Answer:
    return (asks or client()).send(Request(**{"method": "GET", "url": url} | request))


def failure(url: str, asks: Client | None = None, **request: Any) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        send(url, asks, **request)
    return caught.value


def server_tls(cert: trustme.LeafCert, *protocols: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Let this machine trust an authority, by the variable that OpenSSL reads."""
    file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


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


def test_a_name_without_an_address_fails_to_resolve() -> None:
    error = failure("http://no-such-name.invalid/")
    assert (error.step, error.failure) == ("resolve", "dns")
    assert "--resolve no-such-name.invalid:80:ADDRESS" in str(error)


def test_a_resolver_that_does_not_answer_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = threading.Event()

    def look_up(*_: object, **__: object) -> list[object]:
        waits.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error = failure("http://slow.example/", client(0.05))
    waits.set()
    assert (error.step, error.failure) == ("resolve", "timeout")
    assert "slow.example within 0.05 s" in error.problem


def test_a_closed_port_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = failure(f"http://localhost:{port}/")
    assert (error.step, error.failure) == ("connect", "refused")
    assert error.problem == f"127.0.0.1:{port} refuses the connection"
    assert error.hint == "start the server, or check the port"


def test_a_server_that_takes_no_connection_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with contextlib.ExitStack() as stack:
            # A queue that is full drops what comes next.
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)  # noqa: FBT003  its own signature
                waiting.connect_ex(("127.0.0.1", port))
            error = failure(f"http://127.0.0.1:{port}/", client(QUICK))
    assert (error.step, error.failure) == ("connect", "timeout")
    assert "--timeout SECONDS" in (error.hint or "")


def test_an_address_without_a_route_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    error = failure("http://[2001:db8::1]:8000/")
    assert error.problem == "[2001:db8::1]:8000 cannot be reached: there is no route to it"
    assert error.hint is None


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
        (b"\x15\x03\x01\x00\x02", "first byte", "malformed", "the port speaks TLS"),
    ],
)
def test_what_comes_in_place_of_an_answer_is_named(
    script: Any, step: str, kind: str, problem: str
) -> None:
    with peer(script) as server:
        error = failure(f"http://127.0.0.1:{server.port}/")
    assert (error.step, error.failure) == (step, kind)
    assert error.problem.startswith(problem)


def test_a_server_that_does_not_take_the_request_times_out_at_sending() -> None:
    def ignores(_: socket.socket, __: bytes) -> None:
        threading.Event().wait(2)

    with peer(ignores) as server:
        url = f"http://127.0.0.1:{server.port}/"
        error = failure(url, client(QUICK), method="POST", body=b"x" * 50_000_000)
    assert (error.step, error.failure) == ("send", "timeout")


# ── where it connects ────────────────────────────────────────────────────────


def only_addresses(host: str, *rest: Any, **more: Any) -> Any:
    """Look up as ever, but refuse names."""
    assert host in {"127.0.0.1", "::1"}
    return LOOK_UP(host, *rest, **more)


LOOK_UP = socket.getaddrinfo


@pytest.mark.parametrize("host", ["localhost", "a.b.localhost"])
def test_localhost_names_are_this_machine_whatever_a_resolver_says(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with peer(OK) as server:
        monkeypatch.setattr(socket, "getaddrinfo", only_addresses)
        assert send(f"http://{host}:{server.port}/").peer == "127.0.0.1"
        assert f"Host: {host}:{server.port}".encode() in server.heard[0]


def test_a_host_can_be_asked_at_a_given_address() -> None:
    with peer(OK) as server:
        asks = client(resolve={("api.example", server.port): "127.0.0.1"})
        assert send(f"http://api.example:{server.port}/", asks).status == 200
        assert b"Host: api.example:" in server.heard[0]


def test_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with peer(OK) as server:
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [row, row])
        assert send(f"http://api.example:{server.port}/").status == 200


# ── TLS ──────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("trusting")
def test_a_trusted_certificate_is_asked_over_tls(authority: trustme.CA) -> None:
    tls = server_tls(authority.issue_cert("localhost"))
    with peer(OK, tls) as server:
        answer = send(f"https://localhost:{server.port}/")
    assert (answer.status, answer.version) == (200, "1.1")


def self_signed() -> ssl.SSLContext:
    """Return a server whose certificate is its own authority."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with authority.cert_pem.tempfile() as cert, authority.private_key_pem.tempfile() as key:
        context.load_cert_chain(cert, key)
    return context


def expired(authority: trustme.CA) -> ssl.SSLContext:
    past = datetime(2020, 1, 1, tzinfo=UTC)
    return server_tls(authority.issue_cert("localhost", not_after=past, not_before=past))


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("makes", "host", "says"),
    [
        (lambda _: self_signed(), "localhost", "its certificate is self-signed"),
        (expired, "localhost", "its certificate has expired"),
        (lambda ca: server_tls(ca.issue_cert("b.example")), "localhost", "for another name"),
        (lambda ca: server_tls(ca.issue_cert("localhost")), "127.0.0.1", "for another name"),
        (
            lambda _: server_tls(trustme.CA().issue_cert("localhost")),
            "localhost",
            "an authority that nobody here trusts",
        ),
    ],
)
def test_a_certificate_that_is_not_trusted_is_named_and_can_be_taken(
    authority: trustme.CA, makes: Any, host: str, says: str
) -> None:
    with peer(OK, makes(authority)) as server:
        url = f"https://{host}:{server.port}/"
        error = failure(url)
        assert send(url, client(verify=False)).status == 200
    assert (error.step, error.failure) == ("tls", "tls")
    assert says in error.problem
    assert "-k" in (error.hint or "")


def test_a_port_without_tls_is_named_with_the_url_to_write() -> None:
    with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = failure(f"https://127.0.0.1:{server.port}/a?b")
    assert error.problem == f"127.0.0.1:{server.port} does not speak TLS"
    assert error.hint == f"write http://127.0.0.1:{server.port}/a?b"


def test_a_connection_that_ends_during_the_handshake_is_named() -> None:
    with peer(b"") as server:
        error = failure(f"https://127.0.0.1:{server.port}/")
    assert "ends the connection during the TLS handshake" in error.problem


def test_a_handshake_without_a_common_version_is_named() -> None:
    old = server_tls(trustme.CA().issue_cert("localhost"))
    with peer(OK, old) as server:
        asks = client()
        own = ssl.create_default_context()
        own.minimum_version = ssl.TLSVersion.TLSv1_3
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        asks.dialer._context = own
        error = failure(f"https://localhost:{server.port}/", asks)
    assert error.problem.startswith(f"the TLS handshake with localhost:{server.port} fails: ")


def test_a_handshake_that_stalls_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        error = failure(f"https://127.0.0.1:{port}/", client(QUICK))
    assert (error.step, error.failure) == ("tls", "timeout")


# ── the error ────────────────────────────────────────────────────────────────


def test_an_error_says_what_was_asked_and_survives_a_pickle() -> None:
    error = failure("http://no-such-name.invalid/", method="PUT")
    assert isinstance(error, OSError)
    assert str(error).startswith("PUT http://no-such-name.invalid/: resolve: ")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert str(again) == str(error)

"""A gateway as a person starts it: a real `corsmith serve URL` before a real upstream."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.broken.serving import Asked, Fault, Reply, allow, serve
from tests.server.served import Served, read_all, soon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.broken.serving import Server

pytestmark = pytest.mark.servers

HERE = "Origin: http://localhost:5173"
ASKED = f"GET /x HTTP/1.1\r\nHost: localhost\r\n{HERE}\r\n\r\n".encode()
SECRET = "hunter2-is-no-word"


def api(asked: Asked) -> Reply | Fault:
    if asked.target == "/reset":
        return Fault.RESET
    if asked.target.startswith("/me"):
        return Reply(
            status=200 if asked.get("cookie") == "__Host-id=7" else 401,
            headers=(("Set-Cookie", "__Host-id=7; Secure; Path=/; SameSite=None"),),
            body=(asked.get("authorization") or "").encode(),
        )
    headers = (*allow(asked), ("X-Total-Count", "7"), ("X-Origin", asked.get("origin") or "none"))
    return Reply(headers=headers, body=b"hello")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Server]:
    with serve(api) as server:
        yield server


@pytest.fixture(scope="module")
def served(upstream: Server) -> Iterator[Served]:
    secret = "Authorization: Bearer $CORSMITH_TEST_TOKEN"
    with Served(upstream.origin, "--add-header", secret, CORSMITH_TEST_TOKEN=SECRET) as running:
        # What it asks by itself is over: what comes now is of a test.
        running.err.wait("you may not need this")
        yield running


def test_a_page_of_this_machine_reads_what_the_upstream_answers(
    served: Served, upstream: Server
) -> None:
    reply = served.ask("GET", "/items", HERE)
    assert (reply.status, reply.body) == (200, b"hello")
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert reply.headers["access-control-allow-credentials"] == "true"
    assert "x-total-count" in reply.headers["access-control-expose-headers"].split(",")
    assert reply.headers["x-origin"] == upstream.origin
    assert reply.raw.lower().count(b"access-control-allow-origin") == 1
    served.err.wait(r"GET /items 200 http://localhost:5173 allowed upstream 200 in \d+ ms")
    served.err.wait("upstream also sets CORS headers: they are replaced")


def test_a_login_works_over_plain_http(served: Served) -> None:
    cookie = served.ask("GET", "/me", HERE).headers["set-cookie"]
    name, _, rest = cookie.partition("=")
    assert not name.startswith("__")
    assert "Secure" not in cookie
    assert served.ask("GET", "/me", HERE, f"Cookie: {name}={rest[0]}").status == 200


def test_a_secret_reaches_the_upstream_and_nobody_else(served: Served, upstream: Server) -> None:
    reply = served.ask("GET", "/me", HERE, "Authorization: Bearer mine")
    assert reply.body == f"Bearer {SECRET}".encode()
    served.ask("GET", "/reset", HERE)
    served.ask("TRACE", "/me", HERE)
    said = "\n".join([*served.err.now(), *served.out.now()])
    assert "adds       authorization" in said
    assert SECRET not in said
    # The first look at the upstream has no need of it.
    first = upstream.asked[0]
    assert (first.target, first.get("authorization")) == ("/", None)


def test_a_preflight_is_never_sent_on(served: Served, upstream: Server) -> None:
    before = len(upstream.asked)
    asked = ("Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a")
    reply = served.ask("OPTIONS", "/items", HERE, *asked)
    assert reply.status == 200
    assert reply.headers["access-control-allow-methods"] == "PUT"
    assert reply.headers["access-control-allow-headers"] == "x-a"
    assert len(upstream.asked) == before


@pytest.mark.parametrize(
    "lines",
    [
        ("Origin: https://evil.example",),
        ("Origin: null",),
        (HERE, HERE),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"),
        ("Sec-Fetch-Site: same-site",),
        ("Referer: https://evil.example/",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_stranger_never_reaches_the_upstream(
    served: Served, upstream: Server, method: str, lines: tuple[str, ...]
) -> None:
    before = len(upstream.asked)
    reply = served.ask(method, "/items", *lines, body=b"a=b" if method == "POST" else b"")
    assert reply.status == 403
    assert "access-control-allow-origin" not in reply.headers
    assert len(upstream.asked) == before


@pytest.mark.parametrize("lines", [("Origin: https://evil.example",), ("Origin: null",)])
def test_a_strangers_websocket_never_reaches_the_upstream(
    served: Served, upstream: Server, lines: tuple[str, ...]
) -> None:
    before = len(upstream.asked)
    upgrade = ("Upgrade: websocket", "Sec-WebSocket-Version: 13")
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    with served.connect() as connection:
        head = ["GET /ws HTTP/1.1", "Host: localhost", "Connection: Upgrade", *upgrade, key, *lines]
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403 ")
    assert len(upstream.asked) == before


@pytest.mark.parametrize(
    "head", [b"Content-Length: 100\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n4\r\n"]
)
def test_an_answer_that_breaks_off_breaks_off_for_the_page_too(head: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, before(listening) as running:
        with running.connect() as connection:
            connection.sendall(ASKED)
            answer_page(listening, b"HTTP/1.1 200 OK\r\n" + head + b"part\r\n")
            found = read_all(connection)
        running.err.wait("GET /x 200 .* upstream-cut")
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"part" in found
    assert not found.endswith(b"0\r\n\r\n")


def answer_page(listening: socket.socket, answer: bytes) -> None:
    """Send an answer to the page's request, and close the connection.

    The gateway's own look at the upstream, which may come before or after, gets none.
    """
    while True:
        accepted, _ = listening.accept()
        with accepted:
            if accepted.recv(65_536).startswith(b"GET /x "):
                accepted.sendall(answer)
                return


def before(listening: socket.socket) -> Served:
    return Served(f"http://127.0.0.1:{port_of(listening)}", "--no-try")


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def test_an_upstream_that_resets_is_told_with_headers(served: Served) -> None:
    reply = served.ask("GET", "/reset", HERE)
    assert reply.status == 502
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert b"closed the connection before it answered" in reply.body


def test_an_upload_over_the_usual_limit_passes(served: Served, upstream: Server) -> None:
    body = bytes(range(256)) * 8192
    reply = served.ask("POST", "/upload", HERE, body=body)
    assert reply.status == 200
    assert upstream.asked[-1].get("content-length") == str(len(body))


def test_a_limit_that_was_given_holds(upstream: Server) -> None:
    with Served(upstream.origin, "--limit-body", "10") as running:
        reply = running.ask("POST", "/upload", HERE, body=b"a" * 11)
        assert reply.status == 413
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_the_banner_says_where_it_leads_and_what_to_change(
    served: Served, upstream: Server
) -> None:
    here = f"http://127.0.0.1:{served.port}"
    said = served.err.now()
    assert said[0] == f"corsmith serves a gateway to {upstream.origin} on {here}"
    assert f"  gateway    {here} → {upstream.origin}" in said
    named = here.replace("127.0.0.1", "localhost")
    assert any(line.startswith(f"  in the app VITE_API_URL={named} ") for line in said)
    served.err.wait(r"\d\d:\d\d:\d\d you may not need this: ")


def test_an_upstream_that_comes_later_is_found(upstream: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with Served(f"http://127.0.0.1:{port}") as running:
        running.err.wait("unreachable now: ")
        reply = running.ask("GET", "/", HERE)
        assert reply.status == 502
        assert f"Nothing listens at 127.0.0.1:{port}.".encode() in reply.body
        assert reply.headers["proxy-status"] == "corsmith; error=connection_refused"
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
        with socket.create_server(("127.0.0.1", port)) as late, running.connect() as connection:
            connection.sendall(ASKED)
            answer_page(late, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_two_gateways_in_a_row_are_no_loop(upstream: Server) -> None:
    with Served(upstream.origin) as inner, Served(f"http://127.0.0.1:{inner.port}") as outer:
        assert outer.ask("GET", "/items", HERE).status == 200


def test_a_request_that_comes_back_is_508() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = port_of(taken)
    with (
        Served(f"http://127.0.0.1:{port}", "--no-try") as first,
        Served(f"http://127.0.0.1:{first.port}", "--no-try", "--port", str(port)) as second,
    ):
        reply = second.ask("GET", "/x", HERE)
        assert reply.status == 508
        assert b"leads back to this gateway" in reply.body
        assert reply.headers["proxy-status"] == "corsmith; error=proxy_loop_detected"


def test_it_ends_at_once_while_an_answer_is_waited_for() -> None:
    with (
        serve(lambda _asked: Fault.HANG) as silent,
        Served(silent.origin, "--grace", "0.2") as running,
    ):
        with running.connect() as connection:
            connection.sendall(ASKED)
            soon(lambda: any(asked.target == "/x" for asked in silent.asked))
            status, seconds = running.end(signal.SIGTERM)
        assert status == 0
        assert seconds < 5

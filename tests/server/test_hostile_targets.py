"""The same malformed requests to each kind of target: files, applications and a gateway.

What the tables of `test_hostile` say of the tutorial's API holds for all of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.server.served import Reply, Served, read_all, read_answer
from tests.server.test_hostile import APP, HASTY, HOST, PARSED, READABLE, SERVED, get

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

# An application that does as little about odd clients as applications do.
ASGI = """
import asyncio
async def leave(receive):
    while (await receive())["type"] != "http.disconnect":
        pass
async def begin(receive, send, seconds):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    leaving = asyncio.create_task(leave(receive))
    end = asyncio.get_running_loop().time() + seconds
    while not leaving.done() and asyncio.get_running_loop().time() < end:
        await send({"type": "http.response.body", "body": b"a" * 1000, "more_body": True})
        await asyncio.sleep(0.01)
    leaving.cancel()
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    if scope["path"] in {"/endless", "/half"}:
        await begin(receive, send, 60 if scope["path"] == "/endless" else 0.1)
        return
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RuntimeError("the client has left")
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})
"""
WSGI = """
def app(environ, start_response):
    body = b"%d" % len(environ["wsgi.input"].read())
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
"""
KINDS = ["a folder", "one file", "an ASGI application", "a WSGI application", "a gateway"]

UPGRADE = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("targets")
    (path / "asgi.py").write_text(ASGI)
    (path / "wsgi.py").write_text(WSGI)
    (path / "data").mkdir()
    (path / "data" / "a.txt").write_text("a")
    return path


@pytest.fixture(scope="module")
def upstream(folder: Path) -> Iterator[Served]:
    with Served("--no-try", "--origin", "*", "asgi:app", folder=folder) as running:
        yield running


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, folder: Path, upstream: Served) -> Iterator[Served]:
    target = {
        "a folder": "./data",
        "one file": "./data/a.txt",
        "an ASGI application": "asgi:app",
        "a WSGI application": "wsgi:app",
        "a gateway": f"http://127.0.0.1:{upstream.port}",
    }[request.param]
    flags = ("--no-try", "--origin", "https://app.example", "--limit-body", "1048576")
    with Served(*flags, target, folder=folder, program=("-c", HASTY)) as running:
        before = running.workers()
        yield running
        # Nothing has ended a worker, and nothing has raised.
        assert running.workers() == before
        assert not [line for line in running.err.now() if "Traceback" in line or "panic" in line]


def assert_serves(server: Served) -> None:
    assert server.ask().status == 200


# What is no request but a handshake has no other refusal than 403.
HANDSHAKE = "foreign Host of a WebSocket"
WITH_STREAMS = WITH_SOCKETS = pytest.mark.parametrize(
    "server", ["an ASGI application", "a gateway"], indirect=True
)


@pytest.mark.parametrize("name", sorted(set(READABLE) - {HANDSHAKE}))
def test_what_is_refused_is_a_status_that_a_page_can_read(server: Served, name: str) -> None:
    data, status = READABLE[name]
    reply = Reply(server.raw(data))
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert "Origin" in reply.headers["vary"]
    assert reply.headers["connection"] == "close"
    assert_serves(server)


@pytest.mark.parametrize("name", PARSED)
def test_what_is_no_http_is_a_status_too(server: Served, name: str) -> None:
    data, status = PARSED[name]
    reply = Reply(server.raw(data))
    assert reply.status == status
    assert_serves(server)


@pytest.mark.parametrize("name", sorted(set(SERVED) - {"a WebSocket"}))
def test_what_is_odd_but_right_is_no_failure(server: Served, name: str) -> None:
    reply = Reply(server.raw(SERVED[name][0]))
    # Whether a target has such a method or path is its own affair.
    assert reply.status in {200, 400, 404, 405, 501}
    assert_serves(server)


@pytest.mark.parametrize(
    "origin",
    [
        APP * 2,
        b"Origin: https://\xe9.example\r\n",
        b"Origin: https://app.example, https://b.example\r\n",
        b"Origin:\r\n",
        b"Origin: https://app.example.evil.example\r\n",
        b"Origin: null\r\n",
    ],
    ids=["twice", "8-bit", "a list", "empty", "longer", "null"],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_malformed_origin_gets_no_allow_origin_header(
    server: Served, method: str, origin: bytes
) -> None:
    asked = b"Access-Control-Request-Method: GET\r\nConnection: close\r\n"
    reply = Reply(
        server.raw(b"%b / HTTP/1.1\r\n" % method.encode() + HOST + origin + asked + b"\r\n")
    )
    assert reply.status in {200, 403}  # a gateway enforces
    assert "access-control-allow-origin" not in reply.headers
    assert "access-control-allow-credentials" not in reply.headers
    assert "Origin" in reply.headers["vary"]
    assert_serves(server)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"localhost", 200), (b"LOCALHOST:80", 200), (b"a.localhost", 200), (b"127.9.9.9", 200),
        (b"[::1]:1", 200), (b"localhost.", 200), (b"evil.example", 421), (b"0.0.0.0", 421),
        (b"localhost.evil.example", 421), (b"localhost@evil.example", 421), (b"127.1", 421),
        (b"[::2]", 421), (b"2130706433", 421), (b":8000", 421), (b"a b", 421), (b"\xff", 421),
        (b"127.0.0.1.nip.io", 421), (b"localhost:80:80", 421), (b"localhost,evil.example", 421),
    ],
)  # fmt: skip
def test_only_names_of_this_machine_are_answered(server: Served, host: bytes, status: int) -> None:
    line = b"Host: " + host + b"\r\n"
    reply = Reply(server.raw(get(b"Connection: close\r\n", host=line)))
    assert reply.status == status
    assert reply.headers["access-control-allow-origin"] == "https://app.example"


@WITH_SOCKETS
@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (b"", 101),
        (APP, 101),
        (b"Origin: https://evil.example\r\n", 403),
        (b"Origin: http://localhost.evil.example\r\n", 403),
        (b"Origin: null\r\n", 403),
        (APP * 2, 403),
        (APP + b"Origin: https://evil.example\r\n", 403),
        (b"Origin: https://\xe9.example\r\n", 403),
        (b"Origin:\r\n", 403),
    ],
    ids=["none", "allowed", "stranger", "like", "null", "twice", "two", "8-bit", "empty"],
)
def test_a_websocket_is_for_whom_the_policy_allows(
    server: Served, lines: bytes, status: int
) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /chat HTTP/1.1\r\n" + HOST + lines + UPGRADE + b"\r\n")
        reply = Reply(connection.recv(4_096))
    assert reply.status == status
    server.err.wait(rf" GET /chat {status} ")
    assert_serves(server)


@WITH_SOCKETS
def test_a_websocket_for_another_host_is_refused_whatever_its_origin(server: Served) -> None:
    for host in (b"evil.example", b"", b"localhost@evil.example"):
        line = b"Host: %b\r\nOrigin: http://%b\r\n" % (host, host)
        with server.connect() as connection:
            connection.sendall(b"GET /rebound HTTP/1.1\r\n" + line + UPGRADE + b"\r\n")
            assert Reply(connection.recv(4_096)).status == 403
    assert server.err.wait(" GET /rebound 403 ").endswith(" refused host-not-allowed")


def test_a_client_that_goes_away_is_no_error(server: Served) -> None:
    begun = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\nabc"
    chunked = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"
    for data in (begun, chunked, begun[:30], get()):
        with server.connect() as connection:
            connection.sendall(data)
    assert_serves(server)


def test_a_body_that_is_not_wanted_does_not_become_a_request(server: Served) -> None:
    """What an answer leaves unread is never taken for the next request of the connection."""
    inner = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
    for method in (b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS"):
        length = b"Content-Length: %d\r\n" % len(inner)
        request = b"%b / HTTP/1.1\r\n" % method + HOST + length + b"\r\n" + inner
        last = get(b"Connection: close\r\n", target=b"/last")
        with server.connect() as connection, contextlib.suppress(ConnectionError):
            connection.sendall(request + last)
            answered = read_all(connection)
        assert answered.count(b"HTTP/1.1 ") <= 2
    assert not [line for line in server.err.now() if "smuggled" in line]
    assert_serves(server)


def test_many_requests_at_once_have_as_many_answers_in_their_order(server: Served) -> None:
    """Pipelined, as RFC 9112, section 9.3.2, allows."""
    count = 50
    requests = get(target=b"/?a") * (count - 1) + get(b"Connection: close\r\n", target=b"/?b")
    answered = server.raw(requests)
    assert answered.count(b"HTTP/1.1 ") == count
    assert answered.count(b"connection: close") == 1
    assert_serves(server)


def test_no_descriptor_is_left_behind(server: Served) -> None:
    (worker,) = server.workers()

    def descriptors() -> int:
        return len(os.listdir(f"/proc/{worker}/fd"))  # noqa: PTH208  how many is enough

    assert_serves(server)
    before = descriptors()
    for name in sorted(set(READABLE) - {HANDSHAKE}):
        server.raw(READABLE[name][0])
    # A connection to an upstream may be kept, and one that was cut takes a moment.
    assert descriptors() <= before + 4


READS_BODIES = pytest.mark.parametrize(
    "server", ["an ASGI application", "a WSGI application", "a gateway"], indirect=True
)


@READS_BODIES
def test_a_body_that_stops_coming_is_a_408_that_a_page_can_read(server: Served) -> None:
    for announced in (
        b"Content-Length: 10\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ):
        with server.connect() as connection:
            connection.sendall(b"POST /slow HTTP/1.1\r\n" + HOST + APP + announced)
            assert_serves(server)
            reply = Reply(read_all(connection))
        assert reply.status == 408
        assert reply.headers["connection"] == "close"
        assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert server.err.wait("POST /slow 408 ").endswith(" body-too-slow")


@READS_BODIES
def test_a_body_that_trickles_but_comes_is_taken(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\n")
        for _ in range(4):
            time.sleep(0.4)
            connection.sendall(b"a")
        assert read_answer(connection).status == 200


@READS_BODIES
def test_a_body_that_grows_over_the_limit_is_a_413_that_a_page_can_read(server: Served) -> None:
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    head = b"POST / HTTP/1.1\r\n" + HOST + APP + b"Transfer-Encoding: chunked\r\n\r\n"
    reply = Reply(server.raw(head + chunk * 40 + b"0\r\n\r\n"))
    assert reply.status == 413
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    assert_serves(server)


@WITH_STREAMS
def test_an_answer_that_nobody_waits_for_has_a_line_that_says_so(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(get(target=b"/endless"))
        assert Reply(connection.recv(1_000)).status == 200
    assert " 200 https://app.example allowed client-left" in server.err.wait("GET /endless")
    assert_serves(server)


@WITH_STREAMS
def test_an_answer_without_an_end_is_cut_and_has_a_line_that_says_so(server: Served) -> None:
    answered = server.raw(get(target=b"/half"))
    assert Reply(answered).status == 200
    assert not answered.endswith(b"0\r\n\r\n")
    line = server.err.wait("GET /half")
    assert re.search(" 200 https://app.example allowed (unfinished|upstream-cut)", line)
    assert_serves(server)

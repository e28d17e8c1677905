"""The adapters behind real servers, asked over raw sockets."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.adapters.handlers import Plain, handler
from tests.adapters.hosts import Lines, Request, raw_request, read_reply
from tests.adapters.table import APP, OTHER, PREFLIGHT, READ, get, preflight
from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corsmith.adapters.http_server import CORSMixin

pytestmark = pytest.mark.servers

_BIND = ("--host", "127.0.0.1", "--port", "{port}")
SERVERS: dict[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", "tests.adapters.served:asgi_app", *_BIND, "--log-level", "critical"),
    "granian": ("granian", "tests.adapters.served:asgi_app", "--interface", "asgi", *_BIND),
    "granian-wsgi": ("granian", "tests.adapters.served:wsgi_app", "--interface", "wsgi", *_BIND),
    "gunicorn": ("gunicorn", "tests.adapters.served:wsgi_app", "-b", "127.0.0.1:{port}"),
    "http.server": ("tests.adapters.served", "{port}"),
}
Answer = tuple[int, dict[str, list[str]], bytes]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module", params=SERVERS)
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Start a server and return its port."""
    port = free_port()
    command = [part.format(port=port) for part in SERVERS[request.param]]
    process = subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            assert process.poll() is None, f"{command[0]} ended by itself"
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def exchange(port: int, raw: bytes) -> Answer:
    """Send bytes, and return the status, the CORS headers and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(raw)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    status, lines, body = read_reply(received)
    found: dict[str, list[str]] = {}
    for name, value in lines:
        lower = name.lower()
        if lower == "vary" or lower.startswith("access-control-"):
            found.setdefault(lower, []).append(value)
    return status, found, body


def ask(port: int, request: Request) -> Answer:
    """Send a request on a connection of its own."""
    lines: Lines = (("Host", "127.0.0.1"), *request.headers, ("Connection", "close"))
    sent = Request(method=request.method, path=request.path, headers=lines)
    return exchange(port, raw_request(sent))


MERGED = {**READ, "vary": ["a, Origin"]}
REFUSED = {"vary": ["a, Origin"]}


def test_a_page_may_read_what_the_application_says(port: int) -> None:
    assert ask(port, get(APP)) == (200, MERGED, b"hello")
    assert ask(port, get(APP, path="/absent")) == (404, MERGED, b"hello")
    assert ask(port, get()) == (200, REFUSED, b"hello")


def test_a_stranger_may_not(port: int) -> None:
    for origin in (OTHER, "null", "https://shop.example", f"{APP}.evil.example"):
        assert ask(port, get(origin)) == (200, REFUSED, b"hello")


def test_a_preflight_is_answered_whatever_the_path(port: int) -> None:
    for path in ("/", "/absent", "/fails"):
        assert ask(port, preflight(APP, path=path)) == (200, PREFLIGHT, b"")
    assert ask(port, preflight(OTHER)) == (200, {"vary": ["Origin"]}, b"")


def test_an_exception_is_readable(port: int) -> None:
    status, headers, body = ask(port, get(APP, path="/fails"))
    assert (status, headers) == (500, READ)
    assert body
    assert ask(port, get(APP)) == (200, MERGED, b"hello")


def test_two_origin_lines_are_refused(port: int) -> None:
    for origins in ((APP, APP), (APP, OTHER), (OTHER, APP)):
        # gunicorn and Granian's WSGI answer a repeated Origin themselves, or join it.
        status, headers, _ = ask(port, get(*origins))
        assert status in {200, 400}
        assert "access-control-allow-origin" not in headers
    assert "access-control-allow-origin" not in ask(port, preflight(APP, APP))[1]


def test_blanks_around_the_value_are_no_part_of_it(port: int) -> None:
    for line in (f" \t {APP}", f"{APP} \t", APP):
        assert ask(port, get(line)) == (200, MERGED, b"hello")


def test_bytes_that_no_browser_sends_are_refused(port: int) -> None:
    for value in (f"{APP}\xff", f"\xa0{APP}", "https://\xe4pp.example", f"{APP}\x0b", "\xff" * 200):
        status, headers, _ = ask(port, get(value))
        assert status in {200, 400}
        assert "access-control-allow-origin" not in headers
    assert ask(port, get(APP)) == (200, MERGED, b"hello")


def test_the_next_request_of_a_connection_is_judged_by_itself(port: int) -> None:
    host = ("Host", "127.0.0.1")
    first, second = (
        raw_request(Request(headers=(host, ("Origin", origin), *close)))
        for origin, close in ((APP, ()), (OTHER, (("Connection", "close"),)))
    )
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(first)
        answer = connection.recv(65536)
        while not answer.endswith(b"hello"):
            answer += connection.recv(65536)
        assert APP.encode() in answer
        try:
            connection.sendall(second)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionError:
            answer = b""
    assert b"ccess-control-allow-origin" not in answer.lower()


# ── Python's own server ────────────────────────────────────────────────────────


@contextmanager
def serving(kind: type[CORSMixin]) -> Iterator[int]:
    """Serve a handler class on a free port, which is yielded."""
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_two_clients_at_once_are_answered_each_by_its_origin() -> None:
    met = threading.Barrier(2, timeout=10)

    def do_GET(self: Plain) -> None:  # noqa: N802  the name that http.server calls
        met.wait()
        Plain.do_GET(self)

    found: dict[str, Answer] = {}

    def client(port: int, origin: str) -> None:
        found[origin] = ask(port, get(origin))

    with serving(handler(do_GET=do_GET)) as port:
        clients = [threading.Thread(target=client, args=(port, o)) for o in (APP, OTHER)]
        for thread in clients:
            thread.start()
        for thread in clients:
            thread.join()
    assert found[APP][1] == READ
    assert found[OTHER][1] == {"vary": ["Origin"]}

"""Clients that are slow, many, or both, of a real server whose patience is cut to a second."""

from __future__ import annotations

import contextlib
import os
import resource
import time
from typing import TYPE_CHECKING

import pytest

from corsmith.server.limits import TAKE_SECONDS
from tests.server.served import Reply, Served, read_all, read_answer, soon

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

LARGE = 64 * 1024 * 1024
GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
MOST = 40

HASTY = """
import corsmith.server.limits as limits
limits.HEAD_SECONDS, limits.BODY_SECONDS, limits.TAKE_SECONDS = 1, 1.0, 1
import corsmith.server.run as run
run._MOST_CONNECTIONS = min(run._MOST_CONNECTIONS, {})
from corsmith.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    (path / "small").write_bytes(b"small")
    with (path / "large").open("wb") as stream:
        stream.truncate(LARGE)
    return path


@pytest.fixture(scope="module")
def many() -> Iterator[None]:
    """As many files as may be open at all, for the connections of a test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def hasty(root: Path, most: int = 10_000) -> Served:
    return Served("--no-try", str(root), program=("-c", HASTY.format(most)))


def assert_serves(server: Served, seconds: float = 1.0) -> None:
    start = time.monotonic()
    assert server.ask("GET", "/small").body == b"small"
    assert time.monotonic() - start < seconds


def stall(server: Served) -> socket.socket:
    """Ask for a large file, and read no more than the head of the answer."""
    connection = server.connect()
    connection.sendall(GET % b"large")
    return connection


def test_the_patience_with_a_client_that_takes_nothing_is_what_the_table_says() -> None:
    assert TAKE_SECONDS == 300


def test_a_download_that_nobody_takes_is_cut_and_has_a_line(root: Path) -> None:
    with hasty(root) as server, stall(server) as connection:
        assert server.err.wait("GET /large").endswith(" 200 - not-cors client-left")
        reply = Reply(read_all(connection))
        assert reply.headers["content-length"] == str(LARGE)
        assert len(reply.body) < LARGE
        assert_serves(server)
        assert not [line for line in server.err.now() if "Traceback" in line]


def test_a_download_that_is_taken_slowly_is_whole(root: Path) -> None:
    """Far slower than the patience of the server altogether, and never as slow at once."""
    with hasty(root) as server, stall(server) as connection:
        taken, start = 0, time.monotonic()
        while time.monotonic() - start < 3:
            taken += len(connection.recv(2_097_152))
            time.sleep(0.1)
        taken += len(read_all(connection)[:LARGE])
        assert taken > LARGE
        assert server.err.wait("GET /large").endswith(" 200 - not-cors")


def test_idle_and_slow_connections_keep_nobody_out(root: Path, many: None) -> None:
    with Served("--no-try", str(root)) as server, contextlib.ExitStack() as stack:
        for _ in range(1_000):
            stack.enter_context(server.connect())
        for number in range(200):
            connection = stack.enter_context(server.connect())
            connection.sendall((GET % b"small")[: 10 + number % 20])
        for _ in range(50):
            stack.enter_context(stall(server))
        assert_serves(server)
        assert_serves(server)


@pytest.mark.parametrize("kind", ["idle", "half a head", "nobody takes it"])
def test_a_flood_of_connections_keeps_others_waiting_and_not_for_ever(
    root: Path, kind: str
) -> None:
    with hasty(root, MOST) as server, contextlib.ExitStack() as stack:
        for _ in range(MOST):
            connection = stack.enter_context(server.connect())
            connection.sendall(
                {"idle": b"", "half a head": b"GET /", "nobody takes it": GET % b"large"}[kind]
            )
        start = time.monotonic()
        assert_serves(server, 10)
        # They are not served at once: there is no room, and none is made by cutting another.
        assert time.monotonic() - start > 0.5


def test_one_client_after_the_other_is_served_however_many_connections_they_keep(
    root: Path,
) -> None:
    with hasty(root, MOST) as server:
        for _ in range(3 * MOST):
            connection = server.connect()
            connection.sendall(GET % b"small")
            assert read_answer(connection).status == 200
            connection.close()
        assert_serves(server)


def test_where_files_run_out_a_page_can_read_that_too(root: Path) -> None:
    """A connection has room where the file behind it has none."""
    few = 200

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))

    with Served("--no-try", str(root), before=limit) as server, contextlib.ExitStack() as stack:
        (worker,) = server.workers()
        spare = few - len(os.listdir(f"/proc/{worker}/fd"))  # noqa: PTH208  names are enough
        waiting = [stack.enter_context(stall(server)) for _ in range(min(spare, few - 130))]
        soon(lambda: len(server.err.now()) >= 4)
        statuses = {Reply(connection.recv(1_000)).status for connection in waiting}
        assert statuses <= {200, 503}
        stack.close()
        soon(lambda: server.ask("GET", "/small").status == 200)
        assert not [line for line in server.err.now() if "Traceback" in line]


WSGI = """
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"a" * 65_536] * 500 if environ["PATH_INFO"] == "/large" else [b"small"]
"""


@pytest.mark.parametrize(
    "request_",
    [GET % b"large", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na"],
    ids=["nobody takes it", "it sends no more"],
)
def test_slow_clients_of_a_wsgi_application_keep_nobody_out(
    tmp_path: Path, request_: bytes
) -> None:
    """Of which each has a thread, while there are 40 for those that are quick."""
    (tmp_path / "main.py").write_text(WSGI)
    with Served("--no-try", "main:app", folder=tmp_path) as server, contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(server.connect())
            connection.sendall(request_)
        soon(lambda: server.ask("GET", "/small").body == b"small", 10)
        assert_serves(server, 5)

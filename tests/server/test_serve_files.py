"""A folder served by a real `corsmith serve`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served, read_all, soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

LARGE = 64 * 1024 * 1024
HERE = "Origin: http://localhost:5173"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("files") / "root"
    (top / "sub").mkdir(parents=True)
    (top / "a.pmtiles").write_bytes(bytes(range(256)) * 1000)
    (top.parent / "secret").write_text("secret")
    (top / "out").symlink_to("../secret")
    return top


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    with Served(str(root), "--no-try") as running:
        yield running


def test_a_range_is_read_from_another_origin(served: Served) -> None:
    reply = served.ask("GET", "/a.pmtiles", HERE, "Range: bytes=1000-1999")
    assert reply.status == 206
    assert reply.body == (bytes(range(256)) * 8)[1000:2000]
    assert reply.headers["content-range"] == "bytes 1000-1999/256000"
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "ETag" in reply.headers["access-control-expose-headers"]


def test_head_has_the_length_and_no_body(served: Served) -> None:
    reply = served.ask("HEAD", "/a.pmtiles", HERE)
    assert (reply.status, reply.headers["content-length"], reply.body) == (200, "256000", b"")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/out?1", " outside-folder"),
        ("/.env?1", " hidden-name"),
        ("/pipe?1", " not-a-file"),
        ("/gone?1", ""),
        ("/%2e%2e/secret?1", ""),
    ],
)
def test_the_log_says_why_what_is_there_is_not_served(
    served: Served, root: Path, target: str, words: str
) -> None:
    (root / ".env").touch()
    if target == "/pipe?1":
        os.mkfifo(root / "pipe")
    assert served.ask("GET", target, HERE).status == 404
    line = served.err.wait(target.removesuffix("?1") + "[? ].*404")
    assert line.partition(" 404 ")[2] == f"http://localhost:5173 allowed{words}"


@pytest.mark.parametrize(
    "target",
    ["/../secret", "/..%2fsecret", "/%2e%2e/secret", "/%2e%2e%2fsecret", "/sub/../../secret",
     "/..%5csecret", "//secret", "/%00/../secret", "/out", "/out/", "/sub/%2e%2e/%2e%2e/secret",
     "/%252e%252e/secret", "/.%00./secret"],
)  # fmt: skip
def test_no_path_leads_out(served: Served, target: str) -> None:
    reply = served.ask("GET", target, HERE)
    assert reply.status in {400, 404}
    assert b"secret" not in reply.body
    if reply.status == 404:
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_an_error_is_readable_and_so_is_its_reason(served: Served) -> None:
    for method, target, line, status in (
        ("GET", "/gone", "X: y", 404),
        ("PUT", "/a.pmtiles", "X: y", 405),
        ("GET", "/a.pmtiles", 'If-Match: "x"', 412),
        ("GET", "/a.pmtiles", "Range: bytes=999999-", 416),
    ):
        reply = served.ask(method, target, HERE, line)
        assert reply.status == status
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_a_refused_origin_is_told_with_the_flag_that_allows_it(served: Served) -> None:
    reply = served.ask("GET", "/a.pmtiles", "Origin: https://app.example")
    assert "access-control-allow-origin" not in reply.headers
    line = served.err.wait("https://app.example refused")
    assert line.endswith("(allow it with --origin @loopback,https://app.example)")


def test_a_file_that_becomes_shorter_ends_the_connection(root: Path) -> None:
    with (root / "shrinks").open("wb") as file:
        file.truncate(LARGE)
    with Served(str(root), "--no-try") as served, served.connect() as connection:
        connection.sendall(b"GET /shrinks HTTP/1.1\r\nHost: localhost\r\n\r\n")
        begun = connection.recv(1000)
        assert f"content-length: {LARGE}".encode() in begun
        os.truncate(root / "shrinks", 1000)
        assert len(read_all(connection)) < LARGE - 1000
        served.err.wait("became shorter")
        assert not any("Traceback" in line for line in served.err.now())


def resident(process: int) -> int:
    """Return the memory of a process, in bytes."""
    with open(f"/proc/{process}/statm") as file:  # noqa: PTH123  no path
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_does_not_read_costs_no_memory_and_one_that_left_nothing(
    root: Path,
) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(LARGE)
    with Served(str(root), "--no-try") as served:
        served.ask("GET", "/a.pmtiles")
        worker = served.workers()[-1]
        before = resident(worker)
        descriptors = f"/proc/{worker}/fd"

        def is_open() -> bool:
            links = (os.path.join(descriptors, name) for name in os.listdir(descriptors))  # noqa: PTH118, PTH208
            return any(os.path.exists(f) and os.readlink(f).endswith("/large") for f in links)  # noqa: PTH110, PTH115

        with served.connect() as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(100)
            time.sleep(0.5)
            assert is_open()
            assert resident(worker) - before < 16 * 1024 * 1024
        soon(lambda: not is_open())

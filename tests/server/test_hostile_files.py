"""Files that change while they are sent: exactly one version arrives, or an answer that is cut."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from tests.server.in_memory import Answer, ask, scope
from tests.server.served import Reply, Served, read_all
from tests.server.test_front import Lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPEN = Policy(origins="*")
SIZE = 1_000_000
OLD = os.urandom(SIZE)
NEW = os.urandom(SIZE)
LONG_AGO = 1_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "root" / "data.bin"
    path.parent.mkdir()
    path.write_bytes(OLD)
    # So that a change in the same tick of the clock is seen too.
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(NEW)
    other.replace(path)


def append(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(NEW)


def overwrite(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.write(NEW)


def put_back(path: Path) -> None:
    os.truncate(path, 0)
    path.write_bytes(OLD)


def move_the_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


# What happens to a file, and whether all of what it was still arrives.
CHANGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "it becomes shorter": (lambda path: os.truncate(path, SIZE - 1), False),
    "it becomes empty": (lambda path: os.truncate(path, 0), False),
    "it vanishes": (os.unlink, True),
    "it is replaced": (replace, True),
    "its folder is moved": (move_the_folder, True),
    "it may no longer be read": (lambda path: path.chmod(0), True),
    "it grows": (append, True),
    "it is overwritten": (overwrite, False),
    "it is written anew, longer": (lambda path: path.write_bytes(NEW + NEW), False),
    "it is emptied and filled again": (put_back, False),
}

# The header, and the bytes of the file that it asks for.
RANGES = {
    "": (0, SIZE),
    "bytes=5-": (5, SIZE),
    "bytes=70000-930000": (70_000, 930_001),
    "bytes=-700000": (SIZE - 700_000, SIZE),
}


def send_while(
    path: Path, change: Callable[[Path], object], at: int, log: Lines, *lines: Any
) -> Answer:
    """Ask for the file, and change it once ``at`` parts have been sent."""
    answer = Answer()

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        answer.messages.append(message)
        if len(answer.messages) == at + 1:
            change(path)

    async def serve() -> None:
        app = Front(Files.of(str(path.parent)).open(), OPEN, log=log)
        await app(scope("GET", "/data.bin", *lines), receive, send)

    asyncio.run(serve())
    return answer


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("asked", RANGES)
@pytest.mark.parametrize("name", CHANGES)
def test_what_arrives_whole_is_what_the_file_was(
    file: Path, name: str, asked: str, at: int
) -> None:
    change, arrives = CHANGES[name]
    start, stop = RANGES[asked]
    log = Lines()
    lines = [(b"range", asked.encode())] if asked else []
    answer = send_while(file, change, at, log, *lines)
    assert answer.headers["content-length"] == str(stop - start)
    ended = not answer.messages[-1].get("more_body", False)
    assert ended == arrives
    if arrives:
        assert answer.body == OLD[start:stop]
        assert log.said == [(answer.status, None, None)]
    else:
        assert len(answer.body) < stop - start
        assert OLD[start:stop].startswith(answer.body)
        assert log.said == [(answer.status, None, "file-changed")]


def test_several_ranges_are_of_one_version_too(file: Path) -> None:
    log = Lines()
    line = (b"range", b"bytes=0-99999,500000-599999")
    answer = send_while(file, overwrite, 2, log, line)
    assert answer.messages[-1]["more_body"]
    assert log.said == [(206, None, "file-changed")]


def failing(number: int, *, after: int = 0) -> Callable[..., bytes]:
    """Return a ``pread`` that fails from the byte ``after`` on."""
    real = os.pread

    def fail(descriptor: int, length: int, at: int) -> bytes:
        if at >= after:
            raise OSError(number, os.strerror(number))
        return real(descriptor, length, at)

    return fail


@pytest.mark.parametrize("size", [100, SIZE])
def test_a_disk_that_fails_at_once_is_a_500_that_a_page_can_read(
    file: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.truncate(file, size)
    log = Lines()
    app = Front(Files.of(str(file.parent)).open(), OPEN, log=log)
    monkeypatch.setattr("corsmith.server.folder.parts.os.pread", failing(errno.EIO))
    answer = ask(app, "GET", "/data.bin")
    assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert log.said == [(500, None, None)]


def test_a_disk_that_fails_later_cuts_the_answer_and_the_next_one_is_served(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = Lines()
    with monkeypatch.context() as broken:
        broken.setattr("corsmith.server.folder.parts.os.pread", failing(errno.EIO, after=300_000))
        answer = send_while(file, lambda _: None, 1, log)
    assert answer.messages[-1]["more_body"]
    assert OLD.startswith(answer.body)
    assert log.said == [(200, None, "file-unreadable")]
    assert "was cut off: it cannot be read: Input/output error" in caplog.text
    assert ask(Front(Files.of(str(file.parent)).open(), OPEN), "GET", "/data.bin").body == OLD


@pytest.mark.parametrize(
    ("number", "status"),
    [(errno.EIO, 500), (errno.EMFILE, 503), (errno.ENFILE, 503), (errno.ENOMEM, 503),
     (errno.ESTALE, 404), (errno.EACCES, 404), (errno.ENAMETOOLONG, 404)],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/data.bin", "/"])
def test_what_the_system_says_no_to_is_a_status_that_a_page_can_read(
    file: Path, number: int, status: int, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    app = Front(Files.of(str(file.parent)).open(), OPEN)
    name = "scandir" if path == "/" else "open"
    monkeypatch.setattr(f"corsmith.server.folder.tree.os.{name}", fail)
    answer = ask(app, "GET", path)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_file_that_becomes_empty_before_it_is_read_is_a_500_that_a_page_can_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pread(*_: object) -> bytes:
        return b""

    monkeypatch.setattr("corsmith.server.folder.parts.os.pread", pread)
    answer = ask(Front(Files.of(str(file.parent)).open(), OPEN), "GET", "/data.bin")
    assert answer.status == 500
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_download_that_is_cancelled_is_cancelled(file: Path) -> None:
    """As a server does at its end."""
    log = Lines()

    async def wait(_message: Any = None) -> Any:
        await asyncio.sleep(3600)

    async def serve() -> None:
        app = Front(Files.of(str(file.parent)).open(), OPEN, log=log)
        task = asyncio.ensure_future(app(scope("GET", "/data.bin"), wait, wait))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(serve())
    assert log.said == [(200, None, "unfinished")]


# ── a real server ──────────────────────────────────────────────────────────────

LARGE = 64 * 1024 * 1024


@pytest.mark.servers
def test_a_client_never_takes_a_cut_file_for_a_whole_one(tmp_path: Path) -> None:
    """Each line of the log tells what its client saw."""
    with Served(str(tmp_path), "--no-try") as served:
        for name, change in (("short", lambda path: os.truncate(path, 1000)), ("new", overwrite)):
            path = tmp_path / name
            with path.open("wb") as stream:
                stream.truncate(LARGE)
            os.utime(path, (LONG_AGO, LONG_AGO))
            with served.connect() as connection:
                connection.sendall(b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
                begun = connection.recv(1000)
                change(path)
                reply = Reply(begun + read_all(connection))
            assert reply.headers["content-length"] == str(LARGE)
            assert len(reply.body) < LARGE
            assert served.err.wait(f"GET /{name} 200").endswith(" 200 - not-cors file-changed")
        assert not [line for line in served.err.now() if "Traceback" in line]


@pytest.mark.servers
def test_a_download_that_is_abandoned_has_a_line_that_says_so(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(LARGE)
    with Served(str(tmp_path), "--no-try") as served:
        with served.connect() as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1000)
        assert served.err.wait("GET /large").endswith(" GET /large 200 - not-cors client-left")
        assert served.ask("GET", "/").status == 200
        assert not [line for line in served.err.now() if "Traceback" in line]

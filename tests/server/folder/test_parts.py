"""A file while it is sent: it changes, the client leaves, and no descriptor stays."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.folder.serving import Files
from tests.server.in_memory import Answer, ask, scope

if TYPE_CHECKING:
    from corsmith.adapters.asgi import Receive, Send

OPEN = Path("/proc/self/fd")
CONTENT = bytes(range(100))
BIG = os.urandom(300_000)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    (tmp_path / "big.pmtiles").write_bytes(BIG)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").touch()
    (tmp_path / "odd" / "index.html").mkdir(parents=True)
    return tmp_path


def drive(root: Path, receive: Receive, send: Send) -> None:
    """Ask for the large file through channels of the test's own."""

    async def serve() -> None:
        await Files.of(str(root)).open()(scope("GET", "/big.pmtiles"), receive, send)

    asyncio.run(serve())


def test_a_file_that_becomes_shorter_never_ends_well(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    answer = Answer()

    async def send(message: Any) -> None:
        answer.messages.append(message)
        os.truncate(root / "big.pmtiles", 10)

    async def receive() -> Any:
        await asyncio.sleep(3600)

    drive(root, receive, send)
    assert answer.messages[-1].get("more_body", False) or len(answer.messages) == 1
    assert "became shorter" in caplog.text


def test_a_file_that_grows_is_sent_as_it_was(root: Path) -> None:
    answer = Answer()

    async def send(message: Any) -> None:
        answer.messages.append(message)
        with (root / "big.pmtiles").open("ab") as file:
            file.write(b"more")

    async def receive() -> Any:
        await asyncio.sleep(3600)

    drive(root, receive, send)
    assert answer.body == BIG


def test_nothing_is_read_for_a_client_that_left(root: Path) -> None:
    answer = Answer()
    news = [{"type": "http.request"}, {"type": "http.disconnect"}]

    async def send(message: Any) -> None:
        answer.messages.append(message)
        await asyncio.sleep(0.01)

    async def receive() -> Any:
        return news.pop(0)

    drive(root, receive, send)
    assert len(answer.body) < len(BIG)


def test_a_client_that_sends_a_body_with_get_still_gets_the_file(root: Path) -> None:
    app = Files.of(str(root)).open()
    answer = ask(app, "GET", "/big.pmtiles", (b"content-length", b"3"))
    assert answer.body == BIG
    assert answer.received == 0


def test_a_read_that_comes_short_is_read_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pread
    short = "corsmith.server.folder.parts.os.pread"
    monkeypatch.setattr(short, lambda fd, n, at: real(fd, min(n, 7), at))
    assert ask(Files.of(str(root)).open(), "GET", "/a.bin").body == CONTENT


def test_no_descriptor_is_left_open(root: Path) -> None:
    app = Files.of(str(root)).open()
    before = len(list(OPEN.iterdir()))
    for path in ("/a.bin", "/", "/site/", "/odd/", "/gone", "/site", "/a.bin/"):
        ask(app, "GET", path)
    assert len(list(OPEN.iterdir())) == before


# ── what is in memory is read at once, anything else by a thread ───────────────


def threads_asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return where each reading that a thread was asked for is noted."""
    asked: list[Any] = []
    real = asyncio.to_thread

    async def note(function: Any, *arguments: Any) -> Any:
        asked.append(arguments)
        return await real(function, *arguments)

    monkeypatch.setattr("corsmith.server.folder.parts.asyncio.to_thread", note)
    return asked


@pytest.mark.parametrize("now", [None, 0])
def test_what_may_not_be_in_memory_is_read_by_a_thread(
    root: Path, monkeypatch: pytest.MonkeyPatch, now: int | None
) -> None:
    def fail(*_anything: object) -> int:
        raise BlockingIOError

    asked = threads_asked(monkeypatch)
    monkeypatch.setattr("corsmith.server.folder.parts._NOW", now)
    monkeypatch.setattr("corsmith.server.folder.parts.os.preadv", fail)
    answer = ask(Files.of(str(root)).open(), "GET", "/big.pmtiles")
    assert answer.body == BIG
    assert [len(message["body"]) for message in answer.messages[1:]] == [262_144, 37_856]
    assert [span for _, span, _ in asked] == [(0, 262_144)]  # of the rest, no thread is worth it


def test_what_is_in_memory_is_read_at_once_in_small_pieces(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threads_asked(monkeypatch)
    monkeypatch.setattr("corsmith.server.folder.parts._NOW", 0)
    monkeypatch.setattr("corsmith.server.folder.parts.os.preadv", lambda *_anything: 1)
    answer = ask(Files.of(str(root)).open(), "GET", "/big.pmtiles")
    assert answer.body == BIG
    assert max(len(message["body"]) for message in answer.messages[1:]) == 65_536
    assert not asked


def test_others_get_their_turn_while_a_large_file_is_read(root: Path) -> None:
    turns = 0

    async def serve() -> None:
        async def send(_message: Any) -> None:
            """Take it at once, without waiting for anybody."""

        async def receive() -> Any:
            await asyncio.sleep(3600)

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        await Files.of(str(root)).open()(scope("GET", "/big.pmtiles"), receive, send)
        other.cancel()

    asyncio.run(serve())
    assert turns >= 2

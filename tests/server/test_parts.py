"""A file while it is sent: it changes, the client leaves, and no descriptor stays."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.files import Files
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
    monkeypatch.setattr("corsmith.server.parts.os.pread", lambda fd, n, at: real(fd, min(n, 7), at))
    assert ask(Files.of(str(root)).open(), "GET", "/a.bin").body == CONTENT


def test_no_descriptor_is_left_open(root: Path) -> None:
    app = Files.of(str(root)).open()
    before = len(list(OPEN.iterdir()))
    for path in ("/a.bin", "/", "/site/", "/odd/", "/gone", "/site", "/a.bin/"):
        ask(app, "GET", path)
    assert len(list(OPEN.iterdir())) == before

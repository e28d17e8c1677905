"""Listings of large folders, and clients that ask for many and wait for none."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.folder.serving import Files
from tests.server.in_memory import Answer, scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from corsmith.server.folder.tree import Entry

MANY = 100
BIG = b"x" * 100_000
GONE = {"type": "http.disconnect"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "big").write_bytes(BIG)
    for number in range(MANY):
        (tmp_path / f"{number}").touch()
    return tmp_path


class Slow:
    """Stands in the place of `answer`: tells of each listing, and ends none until it may."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = threading.Event()

    def __call__(self, *_anything: object) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        self.begun += 1
        assert self.may_end.wait(10)
        return b"listed", []


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr("corsmith.server.folder.files.answer", made)
    return made


class Client:
    """One that asks, and may leave."""

    def __init__(self, app: Any, path: str, *lines: tuple[bytes, bytes]) -> None:
        self.answer = Answer()
        self.leaving = asyncio.Event()
        self.task = asyncio.create_task(app(scope("GET", path, *lines), self._receive, self._send))

    async def _receive(self) -> Any:
        await self.leaving.wait()
        return GONE

    async def _send(self, message: Any) -> None:
        self.answer.messages.append(message)


async def until(is_so: Callable[[], bool]) -> None:
    """Return once something is so; it has ten seconds."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  a thread tells of it
            await asyncio.sleep(0.005)


def test_a_file_on_a_disk_is_read_while_listings_wait_for_each_other(
    root: Path, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corsmith.server.folder.parts._NOW", None)  # nothing is in memory

    async def serve() -> None:
        app = Files.of(str(root)).open()
        waiting = [Client(app, "/") for _ in range(MANY)]
        await until(lambda: slow.begun == 2)
        reader = Client(app, "/big")
        async with asyncio.timeout(10):
            await reader.task
        assert reader.answer.body == BIG
        assert slow.begun == 2
        slow.may_end.set()
        await asyncio.gather(*(client.task for client in waiting))
        assert {client.answer.body for client in waiting} == {b"listed"}

    asyncio.run(serve())


def test_a_listing_that_waits_is_never_begun_for_a_client_that_left(root: Path, slow: Slow) -> None:
    async def serve() -> None:
        app = Files.of(str(root)).open()
        first = [Client(app, "/") for _ in range(2)]
        await until(lambda: slow.begun == 2)
        left = [Client(app, "/") for _ in range(MANY)]
        await asyncio.sleep(0)
        for client in left:
            client.leaving.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*(client.task for client in left))
        assert not any(client.answer.messages for client in left)
        slow.may_end.set()
        await asyncio.gather(*(client.task for client in first))
        assert slow.begun == 2

    asyncio.run(serve())


def test_a_folder_is_read_no_further_for_a_client_that_left(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def read_slowly(
        _names: object, entries_of: Callable[[Callable[[str], bool]], list[Entry]], *_rest: object
    ) -> None:
        for entry in entries_of(bool):
            seen.append(entry.name)
            time.sleep(0.02)

    monkeypatch.setattr("corsmith.server.folder.files.answer", read_slowly)

    async def serve() -> None:
        client = Client(Files.of(str(root)).open(), "/")
        await until(lambda: bool(seen))
        client.leaving.set()
        await client.task
        assert len(seen) < MANY
        assert not client.answer.messages

    asyncio.run(serve())


def test_the_parts_of_a_body_are_not_taken_for_news(root: Path) -> None:
    async def serve() -> None:
        client = Client(Files.of(str(root)).open(), "/", (b"content-length", b"3"))
        client.leaving.set()
        await client.task
        assert client.answer.status == 200

    asyncio.run(serve())

"""The file that was asked for last: found while it is the same, and closed in a moment."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.folder.latest import Latest
from corsmith.server.folder.tree import Folder, Opened

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"first")
    return tmp_path


def opened(root: Path, name: str = "a") -> Opened:
    return Folder(str(root)).open([name])


def is_open(file: Opened) -> bool:
    try:
        os.fstat(file.descriptor)
    except OSError:
        return False
    return True


def taken(root: Path, then: Callable[[Latest, Opened], Coroutine[Any, Any, None]]) -> None:
    async def take() -> None:
        files, file = Latest(), opened(root)
        files.take(b"/a", str(root / "a"), file)
        assert files.find(b"/a") is file
        await then(files, file)
        files.close()

    asyncio.run(take())


def test_a_file_is_found_by_its_own_path_alone(root: Path) -> None:
    async def look(files: Latest, _: Opened) -> None:
        assert files.find(b"/b") is None

    taken(root, look)
    assert Latest().find(b"/a") is None


@pytest.mark.parametrize("change", ["other", "longer", "touched", "gone", "elsewhere"])
def test_what_is_no_longer_the_same_is_not_found(
    root: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look(files: Latest, file: Opened) -> None:
        status = (root / "a").stat()
        if change == "other":  # of the same size and time
            (root / "b").write_bytes(b"other")
            os.utime(root / "b", ns=(status.st_mtime_ns, status.st_mtime_ns))
            (root / "b").replace(root / "a")
        elif change == "longer":
            (root / "a").write_bytes(b"first of all")
            os.utime(root / "a", ns=(status.st_mtime_ns, status.st_mtime_ns))
        elif change == "touched":
            os.utime(root / "a", ns=(1, 1))
        elif change == "gone":
            (root / "a").unlink()
        else:  # the same number, on another device
            told = {name: getattr(status, name) for name in ("st_mtime_ns", "st_size", "st_ino")}
            moved = SimpleNamespace(**told, st_dev=status.st_dev + 1)
            monkeypatch.setattr("corsmith.server.folder.latest.os.stat", lambda _: moved)
        found = files.find(b"/a")
        monkeypatch.undo()
        assert found is None
        assert is_open(file)

    taken(root, look)


def test_it_is_closed_in_a_moment_and_so_is_the_one_before(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corsmith.server.folder.latest._KEPT", 0.01)

    async def wait(files: Latest, first: Opened) -> None:
        second = opened(root)
        files.take(b"/a", str(root / "a"), second)
        assert not is_open(first)
        assert files.find(b"/a") is second
        await asyncio.sleep(0.1)
        assert not is_open(second)
        assert files.find(b"/a") is None
        third = opened(root)
        files.take(b"/a", str(root / "a"), third)
        await asyncio.sleep(0.1)
        assert not is_open(third)

    taken(root, wait)


def test_one_end_is_for_all_that_come_until_then(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def count(files: Latest, _: Opened) -> None:
        calls: list[float] = []

        def call_later(seconds: float, _end: object) -> None:
            calls.append(seconds)

        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", call_later)
        for _number in range(5):
            files.take(b"/a", str(root / "a"), opened(root))
        assert calls == []

    taken(root, count)

"""Which files are followed, and what an edit of one does."""

from __future__ import annotations

import importlib.util
import py_compile
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest
import watchfiles

from corsmith.server.app.edits import Edits, folders_of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


class Watched:
    """A folder that is watched, and the files that were told."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.changed = threading.Event()
        self.problems: list[str] = []
        self.edits = Edits((str(folder),), self.take, self.problems.append)

    def take(self, file: str) -> None:
        self.told.append(file)
        self.changed.set()

    def edit(self, path: Path, text: str) -> None:
        """Write a file until that is noticed: the watching begins a moment after its start."""
        for _ in range(100):
            path.write_text(text)
            if self.changed.wait(0.1):
                return
        raise AssertionError("nothing was noticed")


def test_an_edit_of_a_python_file_is_told_and_of_any_other_is_not(folder: Path) -> None:
    watched = Watched(folder)
    (folder / ".venv").mkdir()
    watched.edits.start()
    try:
        watched.edit(folder / "main.py", "x = 1")
        (folder / ".venv" / "installed.py").write_text("x = 1")
        (folder / "data.json").write_text("{}")
        time.sleep(0.3)  # whatever was written before has been told
        watched.changed.clear()
        watched.edit(folder / "other.py", "x = 1")
    finally:
        watched.edits.stop()
    assert watched.told[-1] == "other.py"
    assert {*watched.told} == {"main.py", "other.py"}
    assert not watched.edits._thread.is_alive()


def test_what_python_has_kept_of_an_edited_file_is_forgotten(folder: Path) -> None:
    """A second edit within a second may leave the size and the time that it goes by."""
    source = folder / "main.py"
    source.write_text("x = 1")
    py_compile.compile(str(source))
    kept = Path(importlib.util.cache_from_source(str(source)))
    assert kept.exists()
    watched = Watched(folder)
    watched.edits.start()
    try:
        watched.edit(source, "x = 2")
    finally:
        watched.edits.stop()
    assert not kept.exists()


def test_where_the_system_lets_nothing_be_watched_it_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_folders: str, **_settings: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(watchfiles, "watch", refuse)
    watched = Watched(folder)
    watched.edits.start()
    watched.edits.stop()
    assert watched.problems == ["[Errno 28] No space left on device"]


# ── which folders ──────────────────────────────────────────────────────────────


def test_the_current_folder_is_followed_and_what_is_in_it_is_not_told_twice(folder: Path) -> None:
    (folder / "main.py").write_text("")
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("raise SystemError('nothing is imported')")
    for target in ("main:app", "shop.web:app", "shop:app", "nowhere:app", "sys:app"):
        assert folders_of(target, is_file=False) == (str(folder),)
    assert folders_of("main.py", is_file=True) == (str(folder),)


def test_an_app_elsewhere_is_followed_too(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other").resolve()
    (other / "elsewhere.py").write_text("")
    (other / "package").mkdir()
    (other / "package" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(other))
    found = str(other)
    assert folders_of(f"{other}/elsewhere.py", is_file=True) == (str(folder), found)
    assert folders_of("elsewhere:app", is_file=False) == (str(folder), found)
    assert folders_of("package.web:app", is_file=False) == (str(folder), f"{found}/package")


def test_a_module_that_cannot_be_looked_for_is_told_by_whoever_imports_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("nameless")
    module.__spec__ = None
    monkeypatch.setitem(sys.modules, "nameless", module)
    assert folders_of("nameless:app", is_file=False) == (str(folder),)

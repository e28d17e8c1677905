"""A folder as something to serve: its policy, its viewer, and what cannot be read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from corsmith.errors import UsageError
from corsmith.server.folder.serving import FOLDER_SEED, Files
from corsmith.server.folder.viewers import find_viewer
from tests.server.folder.asked import front, get
from tests.server.in_memory import ask

if TYPE_CHECKING:
    from pathlib import Path


def test_isolated_pages_are_told_so_on_every_answer(root: Path) -> None:
    app = front(root, isolated=True)
    for path in ("/site/", "/a.bin", "/gone"):
        found = ask(app, "GET", path).headers
        assert found["cross-origin-opener-policy"] == "same-origin"
        assert found["cross-origin-embedder-policy"] == "require-corp"
        assert found["cross-origin-resource-policy"] == "cross-origin"
    assert "cross-origin-opener-policy" not in get(root).headers
    rows = Files.of(str(root / "site"), isolated=True).notes("")
    assert rows == [("isolated", "pages may use SharedArrayBuffer")]


def test_a_viewer_is_allowed_and_linked_to_the_first_file_that_it_reads(root: Path) -> None:
    viewer = find_viewer("pmtiles")
    files = Files.of(str(root), viewer=viewer)
    assert files.seed["origins"] == ["@loopback", "https://pmtiles.io"]
    ((name, text),) = files.notes("http://127.0.0.1:8000")
    assert name == "viewer"
    assert text.startswith("https://pmtiles.io/#url=http%3A%2F%2F127.0.0.1%3A8000%2Fbig.pmtiles ")
    assert text.endswith("big.pmtiles   (the browser may ask for the local network)")
    assert files.notes("https://8.8.8.8")[0][1].endswith("big.pmtiles")
    (root / "big.pmtiles").unlink()
    assert files.example() is None
    assert files.notes("http://h")[0][1].endswith(
        "%2FFILE   (write a name for FILE; the browser may ask for the local network)"
    )
    alone = Files.of(str(root / "a.bin"), viewer=viewer)
    assert alone.notes("http://h")[0] == ("file", "http://h/a.bin")
    assert "%2Fa.bin " in alone.notes("http://h")[1][1]
    (root / "x.zarr").mkdir()
    zarr = Files.of(str(root / "x.zarr"), viewer=find_viewer("vizarr"))
    assert "source=http%3A%2F%2Fh%2F " in zarr.notes("http://h")[0][1]
    (root / "x.zarr").rmdir()
    gone = Files(title="", path=str(root / "gone"), name=None, viewer=viewer)
    assert "%2FFILE " in gone.notes("http://h")[0][1]


def test_without_a_viewer_it_is_for_pages_of_this_machine(root: Path) -> None:
    files = Files.of(str(root))
    assert files.seed is FOLDER_SEED
    assert files.notes("http://h") == [
        ("view it", '--viewer pmtiles opens "big.pmtiles" on the web')
    ]
    alone = Files.of(str(root / "big.pmtiles"))
    assert alone.notes("http://h")[1] == files.notes("http://h")[0]
    assert Files.of(str(root / "site")).notes("http://h") == []
    assert files.title == f"the folder {root}"


def test_what_cannot_be_read_is_told_in_a_line(root: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\" cannot be read: No such file"):
        Files.of(str(root / "gone"))
    os.mkfifo(root / "pipe")
    with pytest.raises(UsageError, match="is neither a folder nor a regular file"):
        Files.of(str(root / "pipe"))

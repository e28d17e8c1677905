"""What is below a folder is served, and nothing else, however it is asked for."""

from __future__ import annotations

import contextlib
import doctest
import errno
import os
from typing import TYPE_CHECKING

import pytest

from corsmith.server.folder import tree
from corsmith.server.folder.tree import (
    Entry,
    Folder,
    Named,
    NotServedError,
    Unshown,
    is_hidden,
    is_missing,
    read_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ESCAPES = [
    b"/../secret", b"/..%2fsecret", b"/%2e%2e/secret", b"/%2e%2e%2fsecret", b"/.%2e/secret",
    b"/..\\secret", b"/..%5csecret", b"/%2e%2e%5csecret", b"/a/../../secret", b"/a/%2e%2e/a",
    b"/./a", b"/a/.", b"/a/..", b"//etc/passwd", b"//secret", b"/%2fetc/passwd", b"/a%2fb",
    b"/a%00", b"/%00/../secret", b"/.env", b"/.git/config", b"/a./b", b"/a%20", b"/a /b",
    b"/...", b"/....//secret", b"/..;/secret", b"/a//b", b"/a//", b"*", b"",
]  # fmt: skip

ABSENT = [
    b"/%252e%252e/secret", b"/%c0%ae%c0%ae/secret", b"/\xef\xbc\x8e\xef\xbc\x8e/secret",
    b"/%uff0e%uff0e/secret", b"/C:/secret", b"/~/secret", b"/a/b",
]  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with a file in it, beside a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("secret")
    top = tmp_path / "root"
    (top / "sub").mkdir(parents=True)
    (top / "a").write_text("inside")
    (top / "sub" / "b").write_text("below")
    return top


def content(root: Path, *names: str) -> bytes:
    opened = Folder(str(root)).open(names)
    try:
        return os.pread(opened.descriptor, opened.size, 0)
    finally:
        os.close(opened.descriptor)


def missing(root: Path, *names: str) -> bool:
    with pytest.raises(OSError) as caught:  # noqa: PT011  which one is the question
        Folder(str(root)).open(names)
    return is_missing(caught.value)


@pytest.mark.parametrize("raw", ESCAPES)
def test_a_path_that_could_mean_another_place_is_refused(raw: bytes) -> None:
    assert read_path(raw) is None


@pytest.mark.parametrize("raw", ABSENT)
def test_a_path_that_is_decoded_once_leads_nowhere(root: Path, raw: bytes) -> None:
    named = read_path(raw)
    assert named is not None
    assert missing(root, *named.names)


@pytest.mark.parametrize(
    ("raw", "names", "as_folder"),
    [
        (b"/", (), True),
        (b"/a", ("a",), False),
        (b"/sub/", ("sub",), True),
        (b"/a%20b/%E4%BD%A0", ("a b", "你"), False),
        (b"/%ff", ("\udcff",), False),
        (b"/.zarray", (".zarray",), False),
        (b"/x.zarr/.zmetadata", ("x.zarr", ".zmetadata"), False),
        (b"/.well-known/x", (".well-known", "x"), False),
        (b"/100%", ("100%",), False),
    ],
)
def test_any_other_path_is_its_names(raw: bytes, names: tuple[str, ...], as_folder: bool) -> None:
    assert read_path(raw) == Named(names=names, as_folder=as_folder)


def test_files_and_folders_are_opened(root: Path) -> None:
    assert (content(root, "a"), content(root, "sub", "b")) == (b"inside", b"below")
    (root / "sub" / "x" / "y").mkdir(parents=True)
    (root / "sub" / "x" / "y" / "z").write_text("deep")
    assert content(root, "sub", "x", "y", "z") == b"deep"
    opened = Folder(str(root)).open(())
    assert opened.is_folder
    os.close(opened.descriptor)


def test_a_tag_changes_with_the_file_and_with_nothing_else(root: Path) -> None:
    def tag() -> str:
        opened = Folder(str(root)).open(["a"])
        os.close(opened.descriptor)
        return opened.tag

    first = tag()
    assert first == tag()
    assert first.startswith('"')
    status = (root / "a").stat()
    (root / "other").write_text("INSIDE")
    os.utime(root / "other", ns=(status.st_atime_ns, status.st_mtime_ns))
    (root / "other").replace(root / "a")
    assert tag() != first


def test_links_inside_are_followed(root: Path) -> None:
    (root / "link").symlink_to("sub/b")
    (root / "way").symlink_to("sub")
    (root / "sub" / "up").symlink_to(root / "a")
    assert content(root, "link") == content(root, "way", "b") == b"below"
    assert content(root, "way", "up") == b"inside"


def test_the_folder_itself_may_be_a_link_and_may_be_replaced(root: Path, tmp_path: Path) -> None:
    (tmp_path / "named").symlink_to(root)
    (root / "link").symlink_to("a")
    folder = tmp_path / "named"
    assert content(folder, "link") == b"inside"
    folder.unlink()
    folder.symlink_to(tmp_path / "outside")
    assert content(folder, "x") == b"secret"


@pytest.mark.parametrize(
    "target", ["../secret", "../outside", "/etc/passwd", "../root2", "gone", "out"]
)
def test_links_that_lead_out_or_nowhere_lead_nowhere(
    root: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "root2").write_text("a name that only begins alike")
    (root / "out").symlink_to(target)
    assert missing(root, "out")
    assert missing(root, "out", "x")


def test_a_link_that_appears_while_it_is_looked_at_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "out").symlink_to("../secret")
    monkeypatch.setattr("corsmith.server.folder.tree.os.path.realpath", str)
    assert missing(root, "out")


@pytest.mark.parametrize("names", [("gone",), ("a", "b"), ("x" * 5000,), ("sub", "gone", "b")])
def test_what_is_not_there_is_missing(root: Path, names: tuple[str, ...]) -> None:
    assert missing(root, *names)


def test_what_is_no_regular_file_is_not_even_opened(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert missing(root, "pipe")


def test_what_becomes_a_pipe_when_it_is_opened_is_not_served(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(root / "pipe")
    status = (root / "a").stat()
    monkeypatch.setattr("corsmith.server.folder.tree.os.stat", lambda *_, **__: status)
    closed: list[int] = []
    real = os.close

    def close(descriptor: int) -> None:
        closed.append(descriptor)
        real(descriptor)

    monkeypatch.setattr("corsmith.server.folder.tree.os.close", close)
    assert missing(root, "pipe")
    assert len(closed) == 1


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(tree) == (0, 2)


def test_what_is_there_and_not_served_has_a_word_for_the_log(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "out").symlink_to("../secret")
    for name, word in (("pipe", "not-a-file"), ("out", "outside-folder")):
        with pytest.raises(NotServedError) as caught:
            Folder(str(root)).open([name])
        assert (caught.value.word, caught.value.errno) == (word, errno.ENOENT)


@pytest.mark.parametrize(
    ("raw", "hidden"),
    [
        (b"/.env", True),
        (b"/.git/config", True),
        (b"/a/%2eenv", True),
        (b"/.zattrs/.env/", True),
        (b"/.zattrs", False),
        (b"/a", False),
        (b"/.", False),
        (b"/../.env", False),
        (b"/.env/a%00", False),
        (b"/...", False),
    ],
)
def test_a_hidden_name_is_told_from_a_path_that_leads_elsewhere(raw: bytes, hidden: bool) -> None:
    assert is_hidden(raw) is hidden


def test_an_error_of_the_machine_is_not_called_missing() -> None:
    assert not is_missing(OSError(errno.EMFILE, "too many open files"))
    assert is_missing(OSError(errno.EACCES, "not allowed"))


def shown(root: Path, wants: Callable[[str], bool] = bool) -> dict[str, int | None]:
    opened = Folder(str(root)).open(())
    found = Folder(str(root)).entries((), opened.descriptor, wants)
    entries = {entry.name: entry.size for entry in found if isinstance(entry, Entry)}
    os.close(opened.descriptor)
    return entries


def test_a_folder_shows_what_may_be_asked_for(root: Path) -> None:
    for name in (".env", ".zarray", "dot.", "back\\slash"):
        (root / name).write_text("x")
    os.mkfifo(root / "pipe")
    for name, target in {"in": "a", "way": "sub", "out": "../secret", "gone": "nowhere"}.items():
        (root / name).symlink_to(target)
    assert shown(root) == {"a": 6, "in": 6, ".zarray": 1, "sub": None, "way": None}
    opened = Folder(str(root)).open(())
    found = list(Folder(str(root)).entries((), opened.descriptor, bool))
    os.close(opened.descriptor)
    unshown = sorted(why for why in found if isinstance(why, Unshown))
    assert unshown == ["hidden-name", "not-a-file", "odd-name", "odd-name", "outside-folder"]


def test_of_what_is_not_wanted_the_name_alone_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = os.scandir

    class Item:
        def __init__(self, item: os.DirEntry[str]) -> None:
            self.name = item.name
            self._item = item

        def stat(self, *, follow_symlinks: bool) -> os.stat_result:
            asked.append(self.name)
            return self._item.stat(follow_symlinks=follow_symlinks)

    @contextlib.contextmanager
    def scan(descriptor: int) -> Iterator[list[Item]]:
        with real(descriptor) as found:
            yield [Item(item) for item in found]

    monkeypatch.setattr("corsmith.server.folder.tree.os.scandir", scan)
    assert shown(root, "a".__eq__) == {"a": 6}
    assert asked == ["a"]

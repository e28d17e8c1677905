"""``Folder``: the files below one folder, and nothing else, by the paths of requests.

What lives here: which names a request may use, and opening what they name without ever
leaving the folder. What does not: HTTP (``serving``), and what a folder looks like (``listing``).

Two rules hold:

* a path is decoded once, name by name; a name is refused if it could mean another place to
  any system, or is hidden;
* a symbolic link is followed only to what is below the folder. Every name is opened from
  the folder above it and never through a link: nothing that changes meanwhile leads out.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

__all__ = [
    "Entry",
    "Folder",
    "Listed",
    "Named",
    "NotServedError",
    "Opened",
    "Unshown",
    "Version",
    "is_hidden",
    "is_missing",
    "read_path",
    "tag_of",
    "version_of",
]

_SHOWN: Final = frozenset({b".zarray", b".zattrs", b".zgroup", b".zmetadata", b".well-known"})
"""The names that begin with a dot and are no secret: Zarr's, and RFC 8615's."""

_NOWHERE: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EACCES,
        errno.EPERM,
        errno.ENAMETOOLONG,
        errno.ELOOP,
        errno.EINVAL,
        errno.EILSEQ,
        errno.ENXIO,
        errno.ESTALE,
    }
)

_THROUGH: Final = frozenset({errno.ENOTDIR, errno.ELOOP, errno.EMLINK})
"""What opening a link as a folder ends with: Linux, macOS, FreeBSD."""

# Where the system can, a folder is passed without the right to list it.
_PASS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIST: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The names in a request's path, and whether it ends in a slash."""

    names: tuple[str, ...]
    as_folder: bool


Version: TypeAlias = tuple[int, int, int]
"""What tells a version of a file: when it was written in ns, its size, and its inode.

The inode tells a file from one that took its place at the same time and size.
"""


class Opened(NamedTuple):
    """What a path names, open; whoever gets it closes ``descriptor``."""

    descriptor: int
    size: int
    modified: float
    version: Version
    is_folder: bool

    @property
    def tag(self) -> str:
        """The entity tag of this version."""
        return tag_of(self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a listing; a folder's ``size`` is ``None``."""

    name: str
    size: int | None
    modified: float


class Unshown(StrEnum):
    """Why something in a folder is in no listing; the value is the log's word for it."""

    HIDDEN = "hidden-name"
    OUTSIDE = "outside-folder"
    SPECIAL = "not-a-file"
    ODD = "odd-name"


Listed: TypeAlias = Entry | Unshown
"""What a folder holds: a line of its listing, or why there is none."""


class _LinkMetError(Exception):
    """A name is a symbolic link."""


class NotServedError(FileNotFoundError):
    """Something that is there and is not served; ``word`` says to the log why not."""

    def __init__(self, word: Unshown) -> None:
        """Be as a file that is not there, to everybody else."""
        super().__init__(errno.ENOENT, os.strerror(errno.ENOENT))
        self.word = word


def is_missing(error: OSError) -> bool:
    """Return whether an error says that there is nothing for a client to read."""
    return error.errno in _NOWHERE


def read_path(raw: bytes) -> Named | None:
    """Return the names in a path as it was received; ``None`` where one may not be asked for.

    >>> read_path(b"/a%20b/")
    Named(names=('a b',), as_folder=True)
    """
    if not raw.startswith(b"/"):
        return None
    *parts, last = raw[1:].split(b"/")
    if last:
        parts.append(last)
    names = [unquote_to_bytes(part) for part in parts]
    if not all(map(_may_be_asked, names)):
        return None
    return Named(names=tuple(map(os.fsdecode, names)), as_folder=not last)


def _may_be_asked(name: bytes) -> bool:
    """Return whether a name is one, the same to every system, and not hidden."""
    if not name or b"/" in name or b"\\" in name or b"\0" in name:
        return False
    # Some systems drop dots and blanks at the end, and read another name.
    if name.endswith((b".", b" ")):
        return False
    return not name.startswith(b".") or name in _SHOWN


def is_hidden(raw: bytes) -> bool:
    """Return whether a path is refused for a name that begins with a dot.

    >>> is_hidden(b"/.git/config"), is_hidden(b"/../a"), is_hidden(b"/.zattrs")
    (True, False, False)
    """
    names = list(map(unquote_to_bytes, raw.split(b"/")))
    others = [name for name in names if name and not name.startswith(b".")]
    dotted = [name for name in names if name.startswith(b".") and name not in _SHOWN]
    # Without its dot each of them is a name that may be asked for.
    return bool(dotted) and all(map(_may_be_asked, [*others, *(name[1:] for name in dotted)]))


class Folder:
    """A folder of the machine; found anew for each request, so that it may be replaced."""

    def __init__(self, root: str) -> None:
        """Take the folder at ``root``, which may itself be a link."""
        self._root = root

    def open(self, names: Sequence[str]) -> Opened:
        """Return what the names lead to: a regular file or a folder; ``OSError`` for all else."""
        try:
            return _walk(self._root, names)
        except _LinkMetError:
            pass
        top = os.path.realpath(self._root)
        real = os.path.realpath(os.path.join(top, *names))  # noqa: PTH118  Path would lose bytes
        if os.path.commonpath([top, real]) != top:
            raise NotServedError(Unshown.OUTSIDE)
        try:
            return _walk(top, Path(real).relative_to(top).parts)
        except _LinkMetError:
            raise _nothing() from None  # it became a link a moment ago

    def entries(
        self, names: Sequence[str], descriptor: int, wants: Callable[[str], bool]
    ) -> Iterator[Listed]:
        """Yield what may be asked for and is wanted in an open folder, in no order.

        Of the rest of what is wanted, the reason alone is yielded.
        ``names`` led to it; a link is shown as what it leads to. A name is all that is read
        of what is not wanted: to ask for the rest takes ten times as long.
        """
        with os.scandir(descriptor) as found:
            for item in found:
                if not wants(item.name):
                    continue
                name = os.fsencode(item.name)
                if not _may_be_asked(name):
                    yield Unshown.HIDDEN if name.startswith(b".") else Unshown.ODD
                    continue
                try:
                    status = item.stat(follow_symlinks=False)
                    if stat.S_ISLNK(status.st_mode):
                        status = self._behind([*names, item.name])
                except NotServedError as error:
                    yield error.word
                    continue
                except OSError:
                    continue  # gone, or a link that leads nowhere
                if stat.S_ISDIR(status.st_mode):
                    yield Entry(name=item.name, size=None, modified=status.st_mtime)
                elif stat.S_ISREG(status.st_mode):
                    yield Entry(name=item.name, size=status.st_size, modified=status.st_mtime)
                else:
                    yield Unshown.SPECIAL

    def _behind(self, names: Sequence[str]) -> os.stat_result:
        """Return what is behind a link, if a request would get it."""
        opened = self.open(names)
        try:
            return os.fstat(opened.descriptor)
        finally:
            os.close(opened.descriptor)


def _walk(root: str, names: Sequence[str]) -> Opened:
    """Open what the names lead to, each from the folder above it, through no link.

    The root itself may be a link. Nothing below it is opened by more than one name at once.
    """
    if not names:
        return _describe(os.open(root, _LIST & ~os.O_NOFOLLOW))
    here, at = f"{root}/{names[0]}", None
    try:
        for name in names[1:]:
            above, at = at, _open(here, _PASS, at)
            here = name
            if above is not None:
                os.close(above)
        mode = os.stat(here, dir_fd=at, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            raise _LinkMetError
        # A pipe or a device is not even opened: that may change it.
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise NotServedError(Unshown.SPECIAL)
        flags = _LIST if stat.S_ISDIR(mode) else _READ
        return _describe(_open(here, flags, at))
    finally:
        if at is not None:
            os.close(at)


def _open(name: str, flags: int, at: int | None) -> int:
    """Open a name in a folder; ``_LinkMetError`` if it is a link."""
    try:
        return os.open(name, flags, dir_fd=at)
    except OSError as error:
        if error.errno in _THROUGH:
            raise _LinkMetError from None
        raise


def _describe(descriptor: int) -> Opened:
    """Return what is open; ``NotServedError`` if it has just become no file and no folder."""
    status = os.fstat(descriptor)
    is_folder = not stat.S_ISREG(status.st_mode)
    if is_folder and not stat.S_ISDIR(status.st_mode):
        os.close(descriptor)
        raise NotServedError(Unshown.SPECIAL)
    return Opened(descriptor, status.st_size, status.st_mtime, version_of(status), is_folder)


def version_of(status: os.stat_result) -> Version:
    """Return which version of a file it is."""
    return status.st_mtime_ns, status.st_size, status.st_ino


def tag_of(version: Version) -> str:
    """Return the entity tag of a version, in its quotes."""
    return '"{:x}-{:x}-{:x}"'.format(*version)


def _nothing() -> OSError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

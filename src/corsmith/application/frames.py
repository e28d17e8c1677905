"""Which lines of a traceback are the user's own.

What lives here: telling the user's files from Python's, from installed packages and from
ours, and a traceback with nothing but theirs. What does not: importing or calling anything.
"""

import os
import re
import sysconfig
import traceback
from typing import Final

__all__ = ["from_theirs", "is_theirs", "shorten", "their_frame", "trimmed"]

_PATHS: Final = sysconfig.get_paths()
_INSTALLED: Final = tuple(
    dict.fromkeys(
        os.path.realpath(_PATHS[name]) + os.sep
        for name in ("stdlib", "platstdlib", "purelib", "platlib")
    )
)
_OURS: Final = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep  # noqa: PTH120 - no pathlib: it loads urllib


def is_theirs(file: str, root: str | None = None) -> bool:
    """Return whether a file is the user's own: below ``root``, or neither installed nor ours."""
    if file.startswith("<"):
        return False
    path = os.path.realpath(file)
    if path.startswith(_OURS) or f"{os.sep}site-packages{os.sep}" in path:
        return False
    if root is not None and path.startswith(os.path.realpath(root) + os.sep):
        return True
    return not path.startswith(_INSTALLED)


def shorten(file: str) -> str:
    """Return a file as the user would write it: from the current folder, if it is below."""
    try:
        relative = os.path.relpath(os.path.realpath(file))
    except ValueError:  # another drive
        return file
    return file if relative.startswith(os.pardir) else relative


def their_frame(error: BaseException, root: str | None = None) -> tuple[str, int] | None:
    """Return file and line of the innermost line of theirs that an error went through."""
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_theirs(frame.f_code.co_filename, root):
            found = (shorten(frame.f_code.co_filename), line)
    return found


def trimmed(error: BaseException, root: str | None = None) -> str:
    """Return the traceback of an error with the user's own frames only, as Python prints it."""
    told = traceback.TracebackException.from_exception(error)
    whole = list(told.stack)
    kept = [frame for frame in whole if is_theirs(frame.filename, root)]
    lines = []
    if kept:
        lines = ["Traceback (most recent call last):\n", *traceback.format_list(kept)]
    lines += told.format_exception_only()
    return "".join(lines).rstrip("\n")


_HEADER: Final = re.compile(
    r"(?P<margin>[ |+-]*)(?:Exception Group )?Traceback \(most recent call last\):"
)
_FRAME: Final = re.compile(r'[ |]*  File "(?P<file>.+)", line [0-9]+, in ')
_MARGIN: Final = re.compile(r"[ |]*")


def from_theirs(text: str) -> str:
    """Return a traceback as Python prints it, each part from the first line of theirs.

    What is above that line called the application, and is the same for every error of it. A
    part without a line of theirs stays whole.
    """
    lines: list[str] = []
    held: list[str] | None = None  # frames of a part in which no line of theirs was found yet
    margin = 0
    for line in text.splitlines():
        header = _HEADER.fullmatch(line)
        if header is not None or (held is not None and _margin(line) <= margin):
            lines += held or ()
            held = None if header is None else []
            margin = margin if header is None else len(header["margin"])
            lines.append(line)
            continue
        frame = _FRAME.match(line)
        if held is not None and frame is not None and is_theirs(frame["file"]):
            held = None
        (lines if held is None else held).append(line)
    return "\n".join([*lines, *(held or ())])


def _margin(line: str) -> int:
    match = _MARGIN.match(line)
    return 0 if match is None else match.end()

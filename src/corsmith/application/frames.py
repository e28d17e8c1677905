"""Which lines of a traceback are the user's own.

What lives here: telling the user's files from Python's, from installed packages and from
ours, and a traceback with nothing but theirs. What does not: importing or calling anything.
"""

import os
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


def from_theirs(error: BaseException) -> str:
    """Return the traceback of an error, and of what led to it, from the first line of theirs.

    What is above that line called the application, and is the same for every error of it.
    """
    told = traceback.TracebackException.from_exception(error)
    waiting = [told]
    while waiting:
        one = waiting.pop()
        frames = list(one.stack)
        theirs = [number for number, frame in enumerate(frames) if is_theirs(frame.filename)]
        one.stack[:] = frames[theirs[0] :] if theirs else frames
        inner = (one.__cause__, one.__context__, *(one.exceptions or ()))
        waiting += [cause for cause in inner if cause is not None]
    return "".join(told.format()).rstrip("\n")

"""What a word on the command line is on this machine: a folder, a file, or nothing.

What lives here: the one look at the disk that reading a target needs. What does not: what
the word then means (``target``).
"""

import os.path
from typing import Literal

__all__ = ["what_is"]


def what_is(path: str) -> Literal["folder", "file"] | None:
    """Return what is at a path; ``None`` also for a word that no path can be."""
    # Not pathlib: before Python 3.14 it raises where a name is too long.
    if os.path.isdir(path):  # noqa: PTH112  as above
        return "folder"
    return "file" if os.path.exists(path) else None  # noqa: PTH110  as above

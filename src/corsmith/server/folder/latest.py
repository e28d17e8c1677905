"""``Latest``: the file that was asked for last, open for a moment.

What lives here: whether an open file is still the one that its path leads to. What does not:
opening it in the first place (``tree``), and what is read of it (``parts``).

A map or a table is asked for in hundreds of small ranges. To ask the system whether the path
still leads to the same version of the same file costs half of opening it anew, and says as
much: while it is open no other file can have its number.
"""

import asyncio
import os
from typing import Final

from corsmith.server.folder.tree import Opened, version_of

__all__ = ["Latest"]

_KEPT: Final = 0.1
"""The longest time that a file is open for what may follow, in seconds."""


class Latest:
    """At most one open file; used by one event loop, which closes it."""

    def __init__(self) -> None:
        """Begin; none is open."""
        self._raw: bytes | None = None
        self._path = ""
        self._device = 0
        self._opened: Opened | None = None
        self._is_ending = False

    def find(self, raw: bytes) -> Opened | None:
        """Return the file that a path led to, if it leads to that very version now."""
        opened = self._opened
        if opened is None or raw != self._raw:
            return None
        try:
            status = os.stat(self._path)  # noqa: PTH116  a Path costs as much again
        except OSError:
            return None
        is_same = version_of(status) == opened.version and status.st_dev == self._device
        return opened if is_same else None

    def take(self, raw: bytes, path: str, opened: Opened) -> None:
        """Have a file, which the path of a request led to, and close it in a moment."""
        self.close()
        self._device = os.fstat(opened.descriptor).st_dev
        self._raw, self._path, self._opened = raw, path, opened
        if not self._is_ending:
            # One end for all that come until then: a file may be closed earlier, never later.
            self._is_ending = True
            asyncio.get_running_loop().call_later(_KEPT, self._end)

    def _end(self) -> None:
        self._is_ending = False
        self.close()

    def close(self) -> None:
        """Close the file that is open, if one is."""
        if self._opened is not None:
            os.close(self._opened.descriptor)
            self._opened = None

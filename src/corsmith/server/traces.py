"""What goes wrong in an application while it serves, on standard error.

What lives here: the form of such a line, its traceback from the first line of the user's own,
and its writing. What does not: which lines those are (``corsmith.application.frames``).
"""

import contextlib
import logging
import os
import sys
from typing import Final

from corsmith.application.frames import from_theirs
from corsmith.server.lines import WRITE_BYTES, takes

__all__ = ["Console", "Traces"]

_STDERR: Final = 2


class Traces(logging.Formatter):
    """Writes ``corsmith: …``, and a traceback without the layers above the application.

    The server library hands an exception over as text.
    """

    def __init__(self) -> None:
        """Know the form."""
        super().__init__("corsmith: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        return from_theirs(super().format(record).rstrip("\n"))


class Console(logging.Handler):
    """Writes to standard error what it takes at once: a reader that stops holds nobody up."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the lines of a record, as far as they are taken."""
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        text = f"{self.format(record)}\n".encode(encoding, "backslashreplace")
        for at in range(0, len(text), WRITE_BYTES):
            if not takes(_STDERR):
                return
            with contextlib.suppress(OSError):  # the reader has gone, or the disk is full
                os.write(_STDERR, text[at : at + WRITE_BYTES])

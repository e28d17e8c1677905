"""What goes wrong in an application while it serves, on standard error.

What lives here: the form of such a line, its traceback from the first line of the user's own,
and its writing. What does not: which lines those are (``corsmith.application.frames``).

An exception often tells what a client sent. So nothing in it steers a terminal, and every line
but the first is indented: none can look like one of the server's own.
"""

import contextlib
import logging
import os
import sys
from typing import Final

from corsmith.server.lines import WRITE_BYTES, takes

__all__ = ["Console", "Plain", "Traces"]

_STDERR: Final = 2


def _plain(text: str) -> str:
    r"""Return lines without controls and marks of direction, indented from the second on.

    These are escaped as in the lines about requests. Tabs and backslashes stay as they are:
    the lines of a source have them.

    >>> print(_plain("it raised\nE: \x1b[2J\ncorsmith: all is well"))
    it raised
      E: \x1b[2J
      corsmith: all is well
    """
    shown = [
        sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode_escape").decode()
        for sign in text.rstrip("\n")
    ]
    return "".join(shown).replace("\n", "\n  ")


class Traces(logging.Formatter):
    """Writes ``corsmith: …``, and a traceback without the layers above the application.

    The server library hands an exception over as text.
    """

    def __init__(self) -> None:
        """Know the form."""
        super().__init__("corsmith: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines of a record."""
        from corsmith.application.frames import from_theirs  # only when something is wrong

        return from_theirs(_plain(super().format(record)))


class Plain(logging.Filter):
    """Makes the lines of a record plain where the handlers are not ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and keep it."""
        record.msg, record.args = _plain(record.getMessage()), ()
        return True


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

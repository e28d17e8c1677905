"""What goes wrong in an application while it serves, on standard error.

What lives here: the form of such a line, and its traceback from the first line of the user's
own. What does not: which lines those are (``corsmith.application.frames``).
"""

import logging

from corsmith.application.frames import from_theirs

__all__ = ["Traces"]


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

"""What goes wrong in an application while it serves, on standard error.

What lives here: the form of such a line, and its traceback from the first line of the user's
own. What does not: which lines those are (``corsmith.application.frames``).
"""

import logging
from types import TracebackType
from typing import TypeAlias

from corsmith.application.frames import from_theirs

__all__ = ["Traces"]

_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class Traces(logging.Formatter):
    """Writes ``corsmith: …``, and a traceback without the layers above the application."""

    def __init__(self) -> None:
        """Know the form."""
        super().__init__("corsmith: %(message)s")

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802  logging's own name
        """Return the traceback of an exception."""
        return "" if ei[1] is None else from_theirs(ei[1])

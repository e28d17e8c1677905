"""The body of a request as a WSGI application reads it: ``wsgi.input``.

What lives here: a blocking file of what comes in part by part. What does not: the limits of
a body (``streaming``), and the application (``bridge``).
"""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from corsmith.adapters.asgi import Message

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Upload", "as_file"]

_READ_BYTES: Final = 65_536
"""How much is read ahead at most: a part of a body is no larger, as the server hands it over."""


class Upload(io.RawIOBase):
    """A body that is received as it is read, so that none of it is kept."""

    def __init__(self, receive: Callable[[], Message], *, is_empty: bool) -> None:
        """Take what returns the next message of the client, and waits for it."""
        self._receive = receive
        self._rest = b""
        self.is_over = is_empty

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read some bytes; none are left when that is 0.

        Raises ``ConnectionAbortedError`` where the client went away: what broke off must
        not look like a whole body.
        """
        while not self._rest and not self.is_over:
            message = self._receive()
            if message["type"] != "http.request":
                self.is_over = True
                raise ConnectionAbortedError("the client went away before its body had ended")
            self._rest = message.get("body", b"")
            self.is_over = not message.get("more_body")
        view = memoryview(buffer).cast("B")
        part, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(part)] = part
        return len(part)


def as_file(upload: Upload) -> io.BufferedReader:
    """Return a body with ``read``, ``readline`` and ``readlines`` (PEP 3333, "Input streams")."""
    return io.BufferedReader(upload, _READ_BYTES)

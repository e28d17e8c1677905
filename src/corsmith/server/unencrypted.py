"""Plain HTTP on a port that speaks TLS, which ends before there is a request.

What lives here: noticing it, and the line that says so. What does not: TLS itself, which is the
server library's.

Measured with Granian 2.8: it answers with an alert of TLS and closes. A
browser shows no more than an empty or invalid response. The application hears nothing of it;
Granian tells it to its log, in words for debugging, at a level that is switched
on here for this one source, and passed on for nothing else.
"""

import logging
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Unencrypted"]

_SOURCE: Final = logging.getLogger("_granian.workers")

_NO_HANDSHAKE: Final = "InvalidMessage(InvalidContentType)"
"""What rustls makes of bytes that begin no record of TLS."""

_SECONDS: Final = 60.0
"""How often it is told: a page that asks again and again says nothing new."""


class Unencrypted(logging.Filter):
    """Puts a line for people in the place of Granian's, and drops what else is for debugging."""

    def __init__(self, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin; ``start`` is next."""
        super().__init__()
        self._port = port
        self._clock = clock
        self._next = clock()

    def start(self) -> None:
        """Have it told from now on; before the server library logs anything from there."""
        _SOURCE.setLevel(logging.DEBUG)
        _SOURCE.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written; that of a handshake is changed."""
        if record.levelno > logging.DEBUG:
            return True
        now = self._clock()
        if _NO_HANDSHAKE not in record.getMessage() or now < self._next:
            return False
        self._next = now + _SECONDS
        record.args = ()
        record.msg = (
            f"a client spoke plain http to port {self._port}, which speaks TLS: "
            "write https:// in place of http://"
        )
        return True

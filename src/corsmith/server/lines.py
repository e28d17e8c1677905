"""``Lines``: writes lines so that a busy server is not held up by them.

What lives here: when lines are written, and how many together. What does not: what they say
(``log``).

A write lets other threads run, which costs a request more than the write itself. So a line
that comes alone is written at once, and those that follow it closely go out together, a
hundredth of a second later at the most.
"""

import asyncio
import contextlib
import os
from typing import Final

__all__ = ["WRITE_BYTES", "Lines"]

WRITE_BYTES: Final = 4_096
"""The largest write. To a pipe it is whole up to this size (POSIX, PIPE_BUF on Linux)."""

_PAUSE: Final = 0.01
"""How long lines are gathered after a write, in seconds: nobody sees them come later."""


class Lines:
    """Lines for the two standard streams, in their order; used by one event loop.

    Whoever ends the loop calls ``flush``: what was gathered last is not lost.
    """

    def __init__(self) -> None:
        """Begin; nothing waits."""
        self._waiting: list[tuple[int, bytes]] = []
        self._next = 0.0

    def put(self, stream: int, line: bytes) -> None:
        """Have a line written soon."""
        if not self._waiting:
            loop = asyncio.get_running_loop()
            now = loop.time()
            if now >= self._next:
                self._next = now + _PAUSE
                loop.call_soon(self.flush)
            else:
                # The pause begins anew when this one has ended, not before.
                loop.call_at(self._next, self.flush)
                self._next += _PAUSE
        self._waiting.append((stream, line))

    def flush(self) -> None:
        """Write the lines that wait, in their order, in as few writes as may be whole."""
        waiting, self._waiting = self._waiting, []
        at = 0
        while at < len(waiting):
            stream, line = waiting[at]
            together, size = [line], len(line)
            at += 1
            while (
                at < len(waiting)
                and waiting[at][0] == stream
                and size + len(waiting[at][1]) <= WRITE_BYTES
            ):
                together.append(waiting[at][1])
                size += len(waiting[at][1])
                at += 1
            # The reader has gone, or the disk is full: a server goes on serving.
            with contextlib.suppress(OSError):
                os.write(stream, b"".join(together))

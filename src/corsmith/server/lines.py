"""``Lines``: writes lines so that a busy server is not held up by them.

What lives here: when lines are written, and how many together. What does not: what they say
(``log``).

A write lets other threads run, which costs a request more than the write itself. So a line
that comes alone is written at once, and those that follow it closely go out together, a
hundredth of a second later at the most.

A reader that stops reading (a pager, a terminal that was paused, a test that never looks)
holds nobody up either: its lines wait, so many, and those that find no room are counted.
"""

import asyncio
import contextlib
import os
import select
from typing import Final

__all__ = ["MOST_WAITING", "WRITE_BYTES", "Lines", "takes"]

_STDERR: Final = 2

WRITE_BYTES: Final = 4_096
"""The largest write. To a pipe it is whole up to this size (POSIX, PIPE_BUF on Linux)."""

MOST_WAITING: Final = 262_144
"""How much waits for a reader that stops reading, in bytes: four times what a pipe holds."""

_PAUSE: Final = 0.01
"""How long lines are gathered after a write, in seconds: nobody sees them come later."""

_LAST_WAIT: Final = 0.5
"""How long the last lines wait for a stream that takes nothing, in seconds."""

_LOOK: Final = 0.1
"""How long it is until a stream that takes nothing is looked at again, in seconds."""


class Lines:
    """Lines for the two standard streams, in their order; used by one event loop.

    Whoever ends the loop calls ``flush``: what was gathered last is not lost.
    """

    def __init__(self) -> None:
        """Begin; nothing waits."""
        self._waiting: list[tuple[int, list[bytes]]] = []  # each is for one write
        self._last: tuple[int, list[bytes]] = -1, []
        self._room = 0
        self._size = 0
        self._lost = 0
        self._next = 0.0

    def put(self, stream: int, line: bytes) -> None:
        """Have a line written soon."""
        size = len(line)
        if self._size + size > MOST_WAITING:
            self._lost += 1
            return
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
        if stream == self._last[0] and size <= self._room:
            self._last[1].append(line)
            self._room -= size
        else:
            self._last = stream, [line]
            self._waiting.append(self._last)
            self._room = WRITE_BYTES - size
        self._size += size

    def flush(self) -> None:
        """Write the lines that wait, in their order, in as few writes as may be whole.

        Those of a stream that takes nothing go on waiting. Where the loop has ended, it is
        waited for them a moment, and no longer.
        """
        loop = _running_loop()
        waiting, self._waiting = self._waiting, []
        stalled: set[int] = set()
        for stream, lines in waiting:
            if stream in stalled or not takes(stream, 0 if loop else _LAST_WAIT):
                stalled.add(stream)
                self._waiting.append((stream, lines))
            else:
                _write(stream, b"".join(lines))
        if self._lost and not self._waiting:
            told = f"corsmith: {self._lost} lines had no reader, and were not kept\n"
            self._waiting.append((_STDERR, [told.encode()]))
            self._lost = 0
        self._size = sum(len(line) for _, lines in self._waiting for line in lines)
        self._room = 0  # what is left over is closed: the next line begins another write
        if self._waiting and loop is not None:
            self._next = loop.time() + _LOOK
            loop.call_at(self._next, self.flush)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def takes(stream: int, seconds: float = 0) -> bool:
    """Return whether a write would not wait, at the latest in so many seconds.

    Of a stream that is broken it would not either. A pipe that takes anything takes
    ``WRITE_BYTES`` (Linux, pipe(7)).
    """
    poll = select.poll()
    poll.register(stream, select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def _write(stream: int, data: bytes) -> None:
    # The reader has gone, or the disk is full: a server goes on serving.
    with contextlib.suppress(OSError):
        os.write(stream, data)

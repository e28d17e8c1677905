"""``Interrupt``: what the first process waits for, in place of an event of ``threading``.

What lives here: a wait that every signal ends. What does not: what is done then
(``processes``).

A signal that comes just before a thread begins to wait for a lock does not interrupt that wait,
and Python calls its handler only when the thread runs again: an event is then waited for until
the next signal, and a server that was asked to end a moment after its start went on. So the
system is told to write each signal into a pipe as well (``signal.set_wakeup_fd``), which is
what is waited for. Nor can a handler find a lock of the event held by the thread that it
interrupts: there is none.
"""

import contextlib
import os
import select
import signal

__all__ = ["Interrupt"]


class Interrupt:
    """An event that is waited for by the main thread, and may be set by a signal handler."""

    def __init__(self) -> None:
        """Begin; it is not set."""
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        self._is_set = False

    def catch_signals(self) -> None:
        """Have each signal of this process end the wait; called by the main thread."""
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def is_set(self) -> bool:
        """Return whether it is set."""
        return self._is_set

    def set(self) -> None:
        """Have ``wait`` return, now or later."""
        self._is_set = True
        with contextlib.suppress(BlockingIOError):  # what is in the pipe ends the wait as well
            os.write(self._writing, b"\0")

    def clear(self) -> None:
        """Have ``wait`` wait again."""
        self._is_set = False

    def wait(self) -> None:
        """Return once it is set; handlers of signals are called meanwhile."""
        while not self._is_set:
            select.select([self._reading], [], [])
            with contextlib.suppress(BlockingIOError):
                os.read(self._reading, 4_096)

"""A real terminal with a program in it: what it shows, and what a person types or pastes."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Terminal", "bracketed", "opened"]

_LONGEST: Final = 20.0
"""Seconds until what is waited for counts as missing."""


def bracketed(text: str) -> str:
    """Return a text as a terminal sends a paste where that was asked for."""
    return "\x1b[200~" + text.replace("\n", "\r") + "\x1b[201~"


class Terminal:
    """The person's side of a pseudo-terminal."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self.shown = ""

    def send(self, text: str) -> None:
        """Type or paste a text, while what is echoed is read."""
        data = text.encode()
        while data:
            ready, free, _ = select.select([self.master], [self.master], [], _LONGEST)
            if ready:
                self._read()
            if free:
                data = data[os.write(self.master, data[:1024]) :]

    def wait_for(self, words: str, seconds: float = _LONGEST) -> str:
        """Return all that was shown once ``words`` are among it."""
        end = time.monotonic() + seconds
        while words not in self.shown:
            ready, _, _ = select.select([self.master], [], [], max(end - time.monotonic(), 0))
            if not ready or not self._read():
                break
        assert words in self.shown, self.shown
        return self.shown

    def wait(self) -> int:
        """Return the exit status, with all that was shown read."""
        end = time.monotonic() + _LONGEST
        while time.monotonic() < end:
            ended = self.process.poll() is not None
            if select.select([self.master], [], [], 0.02)[0]:
                self._read()
            elif ended:
                break
        return self.process.wait(0)

    def _read(self) -> bool:
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux tells the end of a terminal so
            return False
        self.shown += data.decode("utf-8", "replace").replace("\r\n", "\n")
        return bool(data)


@contextmanager
def opened(arguments: Sequence[str], *, program: str | None = None) -> Iterator[Terminal]:
    """Run ``corsmith`` with arguments, or a Python program, in a terminal of its own."""
    master, slave = pty.openpty()
    what = ["-m", "corsmith", *arguments] if program is None else ["-c", program, *arguments]
    environment = {**os.environ, "NO_COLOR": "1", "TERM": "xterm", "PYTHONUTF8": "1"}
    # Who leads a session and opens a terminal is under its control: Ctrl-C reaches it then.
    shell = ["/bin/sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(slave)]
    process = subprocess.Popen(
        [*shell, sys.executable, *what], env=environment, start_new_session=True
    )
    try:
        yield Terminal(master, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(_LONGEST)
        os.close(slave)
        os.close(master)

"""The question whether a refused origin is to be allowed, and the key that answers it.

What lives here: when to ask, what a key means, the modes of the terminal, and the way of a
refused origin from a worker to the process that has the terminal. What does not: what becomes
of an origin that was allowed (``admitted``, ``run``).

Whoever is asked about sends the requests, so this is written against a hostile page:

* at most one question in five seconds, however many origins are refused, and none about the
  same origin for a minute;
* a key answers the question that is shown last, and none that has just appeared: a page cannot
  put its own in the place of another just before a key is pressed;
* what was typed before a question appeared is thrown away, and more than one byte at once is
  a paste and no answer.

The terminal is read key by key only while a question is open, and never from the background.
"""

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Iterable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

__all__ = ["Asking", "Keyboard", "Questions", "Refused", "question"]

BETWEEN_SECONDS: Final = 5.0
"""At least between two questions."""

OPEN_SECONDS: Final = 60.0
"""How long a question may be answered, and its origin is not asked about again."""

YOUNG_SECONDS: Final = 0.5
"""How long a question takes no key: a person needs half of it to see that one has appeared."""

CHANGED_SECONDS: Final = 1.5
"""The same for one that took the place of another, whose answer may be on its way."""

_TOLD_AT_ONCE: Final = 10
_TELL_SECONDS: Final = 0.2
"""How many refusals a worker tells, and how long until one more: a flood is not handed on."""

_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the terminal is still as it was left."""

_KEYS: Final = frozenset({b"a", b"A"})
_ENTER: Final = b"\n"


def question(origin: str, *, credentials: bool) -> str:
    """Return the question about an origin."""
    cookies = ", with its cookies," if credentials else ""
    return f"allow {origin}{cookies} until the end? [a]"


# ── in a worker ────────────────────────────────────────────────────────────────


class Refused:
    """The way of a refused origin out of a worker; can be pickled."""

    def __init__(self) -> None:
        """Open a pipe: any number of workers write, and the one who made this reads."""
        self.reading, self._writing = Pipe(duplex=False)
        self._begin()

    def _begin(self) -> None:
        self._left = float(_TOLD_AT_ONCE)
        self._last = time.monotonic()

    def __getstate__(self) -> Connection:
        """Pickle the writing end alone, for a worker that is started anew."""
        return self._writing

    def __setstate__(self, writing: Connection) -> None:
        self._writing = writing
        self._begin()

    def tell(self, origin: str) -> None:
        """Tell of a refused origin; never waits, and drops what nobody has time to read."""
        now = time.monotonic()
        more = (now - self._last) / _TELL_SECONDS
        self._left, self._last = min(self._left + more, _TOLD_AT_ONCE), now
        if self._left < 1:
            return
        self._left -= 1
        with contextlib.suppress(OSError):  # full, or nobody is left
            os.set_blocking(self._writing.fileno(), False)
            # Short enough to be whole or not at all, and not mixed with another worker's.
            self._writing.send_bytes(origin.encode("ascii", "replace")[:512])


# ── which question, and which answer ───────────────────────────────────────────


class Questions:
    """Which origin is asked about when, and whom a key allows; time is an argument."""

    def __init__(self) -> None:
        """Begin without a question."""
        self._asked: dict[str, float] = {}  # twelve a minute at most
        self._waiting: str | None = None
        self._shown: str | None = None
        self._since = -BETWEEN_SECONDS
        self._young = 0.0

    def refuse(self, origin: str, now: float) -> None:
        """Take a refused origin; the last one that was not asked about is asked next."""
        self._asked = {
            one: since for one, since in self._asked.items() if now - since < OPEN_SECONDS
        }
        if origin not in self._asked:
            self._waiting = origin

    def ask(self, now: float) -> str | None:
        """Return the origin to ask about now, if it is time for one."""
        if self._waiting is None or now - self._since < BETWEEN_SECONDS:
            return None
        self._young = YOUNG_SECONDS if self.open(now) is None else CHANGED_SECONDS
        origin, self._waiting = self._waiting, None
        self._shown, self._since = origin, now
        self._asked[origin] = now
        return origin

    def open(self, now: float) -> str | None:
        """Return the origin of the question that is open."""
        return self._shown if now - self._since < OPEN_SECONDS else None

    def answer(self, now: float) -> str | None:
        """Return the origin that a key allows; ``None`` where it answers no question."""
        origin = self.open(now)
        if origin is None or now - self._since < self._young:
            return None
        self._shown = None
        return origin

    def drop(self) -> None:
        """Close the question."""
        self._shown = None

    def patience(self, now: float) -> float | None:
        """Return the seconds until something is due; ``None`` where nothing is."""
        if self._waiting is not None:
            return max(0.0, self._since + BETWEEN_SECONDS - now)
        return None if self.open(now) is None else _LOOK_SECONDS


# ── the terminal ───────────────────────────────────────────────────────────────


class Keyboard:
    """A terminal that is read key by key while ``hold`` was called and ``free`` was not."""

    def __init__(self, descriptor: int) -> None:
        """Take the terminal; nothing is changed yet."""
        self.descriptor = descriptor
        self._before: list[object] | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def is_ours(self) -> bool:
        """Whether this process is the one that the terminal's keys are for."""
        try:
            return os.tcgetpgrp(self.descriptor) == os.getpgrp()
        except OSError:
            return False

    def hold(self) -> None:
        """Have keys come one by one, unseen; Ctrl-C still interrupts."""
        import termios

        with self._lock, contextlib.suppress(termios.error):
            if self._is_closed or not self.is_ours:
                return
            modes = termios.tcgetattr(self.descriptor)
            lines = termios.ICANON | termios.ECHO
            if not modes[3] & lines:
                return  # as it was left
            self._before = [*modes[:6], list(modes[6])]
            modes[3] &= ~lines
            modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self.descriptor, termios.TCSANOW, modes)
            # What was typed before is about something else.
            termios.tcflush(self.descriptor, termios.TCIFLUSH)

    def free(self) -> None:
        """Have the terminal as it was; again does nothing."""
        import termios

        with self._lock, contextlib.suppress(termios.error):
            before, self._before = self._before, None
            # From the background it would stop this process, and the shell has done it.
            if before is not None and self.is_ours:
                termios.tcsetattr(self.descriptor, termios.TCSANOW, before)  # type: ignore[arg-type]  # as tcgetattr gave it

    def close(self) -> None:
        """Have the terminal as it was, for good."""
        with self._lock:
            self._is_closed = True
        self.free()

    def read(self) -> bytes | None:
        """Return what was pressed; nothing at the end, ``None`` where it is not for us."""
        if not self.is_ours:
            return None
        try:
            return os.read(self.descriptor, 1024)
        except OSError:
            return b""


class Asking:
    """Asks in a thread of its own, from ``start`` to ``stop``."""

    def __init__(
        self,
        refused: Refused,
        keyboard: Keyboard,
        *,
        ask: Callable[[str], str | None],
        allow: Callable[[str], None],
        say: Callable[[Iterable[str]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take what is needed.

        ``ask`` returns the question about an origin, or ``None`` where it may not be asked;
        ``allow`` is called with an origin that a key allows.
        """
        self._refused = refused
        self._keyboard = keyboard
        self._ask = ask
        self._allow = allow
        self._say = say
        self._clock = clock
        self._questions = Questions()
        self._stopping, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, name="corsmith-asking", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and leave the terminal as it was."""
        self._keyboard.close()
        os.write(self._wake, b"1")
        self._thread.join()
        os.close(self._wake)
        os.close(self._stopping)

    def _run(self) -> None:
        try:
            while self._turn():
                """Each turn waits for what comes next."""
        finally:
            self._keyboard.free()

    def _turn(self) -> bool:
        """Wait for what comes next and take it; return whether to go on."""
        reading = self._refused.reading
        watched: list[int] = [self._stopping, reading.fileno()]
        if self._questions.open(self._clock()) is not None:
            self._keyboard.hold()
            watched.append(self._keyboard.descriptor)
        else:
            self._keyboard.free()
        ready, _, _ = select.select(watched, [], [], self._questions.patience(self._clock()))
        if self._stopping in ready:
            return False
        if self._keyboard.descriptor in ready and not self._press(self._keyboard.read()):
            return False
        if reading.fileno() in ready:
            self._take(reading.recv_bytes().decode("ascii"))
        self._show()
        return True

    def _take(self, origin: str) -> None:
        if self._keyboard.is_ours and self._ask(origin) is not None:
            self._questions.refuse(origin, self._clock())

    def _show(self) -> None:
        """Write the next question, if it is time for one and it may still be asked."""
        origin = self._questions.ask(self._clock())
        if origin is None:
            return
        words = self._ask(origin)
        if words is None or not self._keyboard.is_ours:
            self._questions.drop()
            return
        self._keyboard.hold()
        self._say([words])

    def _press(self, key: bytes | None) -> bool:
        """Take a key; return whether there will be others."""
        if key is None:
            self._questions.drop()
        elif key in _KEYS:
            origin = self._questions.answer(self._clock())
            if origin is not None and self._ask(origin) is not None:
                self._allow(origin)
        elif _ENTER in key:
            self._say([""])
        return key != b""

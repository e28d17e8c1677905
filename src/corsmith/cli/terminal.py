"""A text pasted into a terminal, up to an empty line.

What lives here: reading it whole. What does not: what it means (``corsmith.pasted.text``).

A terminal that reads line by line cuts a line at 4095 bytes, which a copied curl command
passes with its cookies, and hands what follows an empty line to the shell, which runs it. So
the keys are read one by one while a paste goes on, a paste's own empty lines belong to it
(bracketed paste, or more coming at once), and what is left over is thrown away.
"""

import codecs
import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

__all__ = ["Keys", "read_paste"]

PAUSE: Final = 0.08
"""Seconds: what comes sooner after an empty line was not typed."""

_CHUNK: Final = 65536
_BEGIN: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\[O])")
_BACKSPACE: Final = "\x7f\x08"
_END_OF_TEXT: Final = "\x04"


class Keys:
    """What was typed and pasted so far, from the bytes that a terminal sends."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.text = ""
        self.is_pasting = False
        self.is_ended = False
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, data: bytes) -> str:
        """Take bytes, and return what the terminal is to show for them."""
        self._rest += self._decode(data).replace("\r\n", "\n").replace("\r", "\n")
        shown: list[str] = []
        while self._rest:
            sign = self._rest[0]
            if sign == "\x1b":
                sequence = _SEQUENCE.match(self._rest)
                if sequence is None:
                    break  # the rest of it is still to come
                self._rest = self._rest[sequence.end() :]
                self.is_pasting = {_BEGIN: True, _END: False}.get(sequence[0], self.is_pasting)
                continue
            self._rest = self._rest[1:]
            shown.append(self._take(sign))
        return "".join(shown)

    def _take(self, sign: str) -> str:
        if self.is_pasting:
            self.text += sign
        elif sign == _END_OF_TEXT:
            self.is_ended = True
            return ""
        elif sign in _BACKSPACE:
            if not self.text or self.text.endswith("\n"):
                return ""
            self.text = self.text[:-1]
            return "\b \b"
        else:
            self.text += sign
        return sign if sign.isprintable() or sign in "\n\t" else ""

    @property
    def is_complete(self) -> bool:
        """Whether an empty line stands at the end, and no paste is under way."""
        if self.is_ended:
            return True
        return not self.is_pasting and (self.text.endswith("\n\n") or self.text == "\n")


def read_paste(stdin: TextIO, stderr: TextIO) -> str:
    """Return what is pasted or typed into a terminal, up to an empty line or Ctrl-D."""
    try:
        import termios
    except ImportError:  # pragma: no cover  no such terminals there
        return "".join(iter(stdin.readline, "\n"))
    keys = Keys()
    descriptor = stdin.fileno()
    with _key_by_key(descriptor, stderr):
        while not (keys.is_complete and not _is_more(descriptor)):
            data = os.read(descriptor, _CHUNK)
            if not data:
                break
            stderr.write(keys.feed(data))
            stderr.flush()
            if keys.is_ended:
                break
        termios.tcflush(descriptor, termios.TCIFLUSH)
    return keys.text


def _is_more(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], PAUSE)[0])


@contextmanager
def _key_by_key(descriptor: int, stderr: TextIO) -> Iterator[None]:
    """Read a terminal key by key without its echo; Ctrl-C still interrupts."""
    import termios

    before = termios.tcgetattr(descriptor)
    keys = termios.tcgetattr(descriptor)
    keys[3] &= ~(termios.ICANON | termios.ECHO)
    keys[6][termios.VMIN], keys[6][termios.VTIME] = 1, 0
    termios.tcsetattr(descriptor, termios.TCSADRAIN, keys)
    stderr.write("\x1b[?2004h")
    stderr.flush()
    try:
        yield
    finally:
        stderr.write("\x1b[?2004l")
        stderr.flush()
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def is_terminal() -> bool:
    """Return whether a person is there to paste, and to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()

"""A command line as text, split into the words that a program would be given.

What lives here: the quoting of POSIX shells and of cmd.exe, as far as browsers' "Copy as
cURL" uses them. What does not: what the words mean (``curl``). Nothing is expanded: a
variable stays as it is written.
"""

import re
from typing import Final

from corsmith.errors import UsageError

__all__ = ["split_command"]

_ESCAPES: Final = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_CODED: Final = re.compile(
    r"x(?P<x>[0-9A-Fa-f]{1,2})|u(?P<u>[0-9A-Fa-f]{1,4})|U(?P<U>[0-9A-Fa-f]{1,8})|(?P<o>[0-7]{1,3})"
)
# Of what a browser copies, only cmd's quoting has a caret before a quote or a line's end.
_CMD: Final = re.compile(r"\^\"|\^[ \t]*\r?(?:\n|\Z)")
_MOST_CODE: Final = 0x10FFFF


def split_command(text: str) -> list[str]:
    r"""Return the words of a command; what comes after a pipe or a semicolon is left out.

    Raises ``UsageError`` for a quote that is never closed.

    >>> split_command("curl 'https://api.example/a?b&c' -H $'X-A: it\\'s' | jq .")
    ['curl', 'https://api.example/a?b&c', '-H', "X-A: it's"]
    """
    return _split_cmd(text) if _CMD.search(text) else _Shell(text).words()


class _Shell:
    """A POSIX shell's reading of a text, with bash's ``$'…'``."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.at = 0
        self.word: list[str] | None = None
        self.found: list[str] = []

    def words(self) -> list[str]:
        while self.at < len(self.text):
            sign = self.text[self.at]
            if sign in "'\"":
                self._add(self._single() if sign == "'" else self._double())
            elif self.text.startswith("$'", self.at):
                self._add(self._dollar())
            elif sign == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                self.at += 2
                if following != "\n":
                    self._add(following)
            elif sign.isspace():
                self._end()
                self.at += 1
            elif sign in "|;&<>" and self._ends_command():
                break
            else:
                self._add(sign)
                self.at += 1
        self._end()
        return self.found

    def _ends_command(self) -> bool:
        """Whether an operator ends the command: inside an address typed bare it does not."""
        inside = self.word is not None and self.at + 1 < len(self.text)
        return not (
            inside and self.text[self.at] in "&;" and self.text[self.at + 1] not in " \t\n&"
        )

    def _add(self, text: str) -> None:
        self.word = [] if self.word is None else self.word
        self.word.append(text)

    def _end(self) -> None:
        if self.word is not None:
            self.found.append("".join(self.word))
        self.word = None

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise _unclosed("'")
        inside = self.text[self.at + 1 : end]
        self.at = end + 1
        return inside

    def _double(self) -> str:
        inside: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            sign = self.text[self.at]
            following = self.text[self.at + 1 : self.at + 2]
            self.at += 1
            if sign == '"':
                return "".join(inside)
            if sign == "\\" and following in {'"', "\\", "$", "`", "\n"}:
                inside.append("" if following == "\n" else following)
                self.at += 1
            else:
                inside.append(sign)
        raise _unclosed('"')

    def _dollar(self) -> str:
        inside: list[str] = []
        self.at += 2
        while self.at < len(self.text):
            sign = self.text[self.at]
            self.at += 1
            if sign == "'":
                return "".join(inside)
            inside.append(self._escape() if sign == "\\" else sign)
        raise _unclosed("$'")

    def _escape(self) -> str:
        coded = _CODED.match(self.text, self.at)
        if coded is not None:
            self.at = coded.end()
            digits = coded[coded.lastgroup or 0]
            code = int(digits, 8 if coded.lastgroup == "o" else 16)
            return chr(code) if code <= _MOST_CODE else ""
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        return _ESCAPES.get(sign, sign)


def _split_cmd(text: str) -> list[str]:
    """Return the words that a program on Windows makes of a command line of cmd.exe."""
    return _split_windows(_without_carets(text.replace("\r\n", "\n")))


def _without_carets(text: str) -> str:
    """Return what cmd.exe hands on: a caret escapes what follows, but not inside quotes."""
    kept: list[str] = []
    quoted = False
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "^" and not quoted:
            at += 1
            if text[at : at + 1] == "\n":  # the line goes on, and its first sign is escaped too
                at += 1
            kept.append(text[at : at + 1])
        else:
            quoted ^= sign == '"'
            kept.append(sign)
        at += 1
    return "".join(kept)


def _split_windows(text: str) -> list[str]:
    words: list[str] = []
    word: list[str] | None = None
    quoted = False
    at = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and text[at + 1 : at + 2] in {'"', "\\"} and _escapes_quote(text, at):
            word = [] if word is None else word
            word.append(text[at + 1])
            at += 1
        elif quoted and text.startswith('""', at):
            # Firefox doubles a quote; C's run-time library takes two inside quotes for one.
            word = [*(word or ()), '"']
            at += 1
        elif sign == '"':
            quoted = not quoted
            word = [] if word is None else word
        elif sign.isspace() and not quoted:
            if word is not None:
                words.append("".join(word))
            word = None
        else:
            word = [] if word is None else word
            word.append(sign)
        at += 1
    if quoted:
        raise _unclosed('"')
    return words if word is None else [*words, "".join(word)]


def _escapes_quote(text: str, at: int) -> bool:
    """Return whether backslashes are escapes: only a run that a quote follows is."""
    run = len(text) - at - len(text[at:].lstrip("\\"))
    return text[at + run : at + run + 1] == '"'


def _unclosed(quote: str) -> UsageError:
    return UsageError(f"the command has a {quote} that is never closed; copy it whole")

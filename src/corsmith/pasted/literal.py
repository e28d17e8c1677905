"""A literal of JavaScript, JSON or Python, read out of the middle of a program.

What lives here: strings, numbers, objects and arrays, and what stands in their place where a
program computes a value. What does not: what they mean (``snippet``). Nothing is evaluated.
"""

import re
from typing import Final, TypeAlias

__all__ = ["Computed", "Value", "read_arguments", "read_value"]


class Computed(str):
    """The text of a value that only running the program would tell."""

    __slots__ = ()


Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

_SPACE: Final = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/|#[^\n]*)*", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z_$][\w$]*")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_WORDS: Final = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
    "undefined": None,
}
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_CODE: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_DEEPEST: Final = 64
"""No request that a person wrote is nested deeper."""
_MOST_CODE: Final = 0x10FFFF


def read_arguments(text: str, begin: int) -> tuple[list[Value], dict[str, Value], int]:
    """Return a call's arguments, those with a name apart, and where the call ends.

    ``begin`` is right after the opening parenthesis.

    >>> read_arguments("f('a', {b: 1}, timeout=2)", 2)[:2]
    (['a', {'b': 1}], {'timeout': 2})
    """
    reader = _Reader(text, begin)
    values: list[Value] = []
    named: dict[str, Value] = {}
    while not reader.meets(")") and not reader.ended:
        name = reader.name_before("=")
        value = reader.value(0)
        if name is None:
            values.append(value)
        else:
            named[name] = value
        if not reader.takes(","):
            break
    reader.takes(")")
    return values, named, reader.at


def read_value(text: str, begin: int = 0) -> Value:
    """Return the value that begins at ``begin``."""
    return _Reader(text, begin).value(0)


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def _skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def meets(self, sign: str) -> bool:
        self._skip()
        return self.text.startswith(sign, self.at)

    def takes(self, sign: str) -> bool:
        if not self.meets(sign):
            return False
        self.at += len(sign)
        return True

    def name_before(self, sign: str) -> str | None:
        """Return a word that a single ``sign`` follows, and go past both; else stay."""
        self._skip()
        word = _WORD.match(self.text, self.at)
        if word is None:
            return None
        after = re.compile(rf"\s*{sign}(?![=>])").match(self.text, word.end())
        if after is None:
            return None
        self.at = after.end()
        return word[0]

    def value(self, depth: int) -> Value:
        """Return the value here; what follows it up to a comma makes it ``Computed``."""
        self._skip()
        begin = self.at
        value = self._literal(depth) if depth < _DEEPEST else Computed("")
        self._skip()
        if not self.ended and self.text[self.at] not in ",)]};":
            self._pass_over()
            return Computed(self.text[begin : self.at].strip())
        return value

    def _literal(self, depth: int) -> Value:
        sign = self.text[self.at : self.at + 1]
        if sign in {'"', "'", "`"}:
            return self._string(sign)
        if sign == "{":
            return self._object(depth)
        if sign == "[":
            return self._array(depth)
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            return float(number[0]) if "." in number[0] or "e" in number[0] else int(number[0])
        word = _WORD.match(self.text, self.at)
        if word is not None and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        begin = self.at
        self._pass_over()
        return Computed(self.text[begin : self.at].strip())

    def _string(self, quote: str) -> str:
        inside: list[str] = []
        self.at += 1
        while not self.ended:
            sign = self.text[self.at]
            self.at += 1
            if sign == quote:
                break
            inside.append(self._escape() if sign == "\\" else sign)
        text = "".join(inside)
        return Computed(text) if quote == "`" and "${" in text else text

    def _escape(self) -> str:
        code = _CODE.match(self.text, self.at)
        if code is not None:
            self.at = code.end()
            number = int(code[1] or code[2] or code[3], 16)
            return chr(number) if number <= _MOST_CODE else ""
        sign = self.text[self.at : self.at + 1]
        self.at += 1
        return "" if sign == "\n" else _ESCAPES.get(sign, sign)

    def _object(self, depth: int) -> Value:
        found: dict[str, Value] = {}
        self.at += 1
        while not self.takes("}") and not self.ended:
            begin = self.at
            key = self._key()
            if self.takes(":"):
                found[key] = self.value(depth + 1)
            elif key:
                found[key] = Computed(key)  # { headers }: a variable of that name
            if not self.takes(",") and not self.meets("}"):
                self._pass_over()
                self.takes(",")
            if self.at == begin:
                self.at += 1
        return found

    def _key(self) -> str:
        self._skip()
        sign = self.text[self.at : self.at + 1]
        if sign in {'"', "'"}:
            return self._string(sign)
        word = _WORD.match(self.text, self.at)
        if word is None:
            return ""
        self.at = word.end()
        return word[0]

    def _array(self, depth: int) -> Value:
        found: list[Value] = []
        self.at += 1
        while not self.takes("]") and not self.ended:
            begin = self.at
            found.append(self.value(depth + 1))
            if not self.takes(",") and self.at == begin:
                self.at += 1
        return found

    def _pass_over(self) -> None:
        """Go to the comma or bracket that ends an expression."""
        open_brackets: list[str] = []
        while not self.ended:
            sign = self.text[self.at]
            if sign in "\"'`":
                self._string(sign)
                continue
            if sign in _CLOSING:
                open_brackets.append(_CLOSING[sign])
            elif open_brackets and sign == open_brackets[-1]:
                open_brackets.pop()
            elif not open_brackets and sign in ",)]};":
                return
            self.at += 1

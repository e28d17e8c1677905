r"""A regular expression as a tree, and whether Python can match it in bounded time.

What lives here: ``read_expression``, a reader of what ``re`` has already accepted, and
``is_unbounded``, which finds what backtracks without bound. What does not: which origins
the expression should match, and what is said about it (``regex``).

The tree holds what matters for origins, which are ASCII: an atom is the set of the ASCII
characters that it matches, as ``re`` itself says. ``^``, ``\b`` and the like are empty
sequences, and a group is its content.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

__all__ = [
    "MAX_DEPTH",
    "Apart",
    "Atom",
    "Choice",
    "Node",
    "Repeat",
    "Sequence",
    "is_unbounded",
    "read_expression",
    "walk",
]

MAX_DEPTH: Final = 40
"""The most groups within each other that are read; people write three or four."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One character: which ones it may be, and where it is written."""

    characters: frozenset[str]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One thing after another."""

    items: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several things."""

    options: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A thing several times; ``most`` is ``None`` for without bound."""

    body: "Node"
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A thing that is matched once and for all: atomic, possessive, or looked at only.

    ``looks`` is whether it matches without taking a character.
    """

    body: "Node"
    looks: bool


Node: TypeAlias = Atom | Sequence | Choice | Repeat | Apart

_NOTHING: Final = Sequence(items=())
_ASCII: Final = frozenset(map(chr, range(128)))


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and everything within it."""
    yield node
    for child in _children(node):
        yield from walk(child)


def _children(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Choice):
        return node.options
    return () if isinstance(node, Atom) else (node.body,)


# ── reading ──────────────────────────────────────────────────────────────────────

_ESCAPE = re.compile(
    r"\\(?:x..|u.{4}|U.{8}|N\{[^}]*\}|0[0-7]{0,2}|[0-7]{3}|(?P<back>[1-9][0-9]?)|(?P<here>[AbBZz])|.)",
    re.DOTALL,
)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_OPEN = re.compile(
    r"\((?:\?(?:(?P<apart>>)|(?P<looks><?[=!])|P<[^>]*>|(?P<back>P=[^)]*)|(?P<either>\([^)]*\))"
    r"|(?P<on>[a-zA-Z]*)(?:-(?P<off>[a-z]+))?(?P<scope>[:)])))?"
)
_QUANTIFIER = re.compile(
    r"(?:(?P<sign>[*+?])|\{(?P<least>[0-9]*)(?P<comma>,?)(?P<most>[0-9]*)(?<!\{)\})(?P<kind>[?+]?)"
)
_COMMENT = re.compile(r"\(\?#[^)]*\)")
_VERBOSE_SPACE = re.compile(r"[ \t\n\r\f\v]+|#[^\n]*")
_SIGNS: Final = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@lru_cache(maxsize=512)
def _characters(token: str, flags: int) -> frozenset[str]:
    """Return the ASCII characters that one atom matches; ``re`` itself is asked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matches = re.compile(token, flags | re.ASCII).fullmatch
    return frozenset(filter(matches, _ASCII))


def read_expression(compiled: re.Pattern[str]) -> Node | None:
    """Return the tree of an expression; ``None`` if its groups are nested too deeply."""
    return _Reader(compiled).read()


class _TooDeep(Exception):  # noqa: N818  never leaves this module
    pass


class _Reader:
    """Reads one expression from left to right; ``re`` has accepted it, so it is well formed."""

    def __init__(self, compiled: re.Pattern[str]) -> None:
        self._text = compiled.pattern
        self._flags = compiled.flags & (re.IGNORECASE | re.DOTALL | re.VERBOSE)
        self._at = 0
        self._depth = 0

    def read(self) -> Node | None:
        try:
            return self._read_choice()
        except _TooDeep:
            return None

    def _read_choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeep
        options = [self._read_sequence()]
        while self._text.startswith("|", self._at):
            self._at += 1
            options.append(self._read_sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else Choice(options=tuple(options))

    def _read_sequence(self) -> Node:
        items: list[Node] = []
        while self._skip() and self._text[self._at] not in "|)":
            item = self._read_item()
            if self._skip() and (quantifier := _QUANTIFIER.match(self._text, self._at)):
                self._at = quantifier.end()
                item = _repeat(item, quantifier)
            items.append(item)
        return items[0] if len(items) == 1 else Sequence(items=tuple(items))

    def _skip(self) -> bool:
        """Go past comments, and in verbose mode past white space; return if text is left."""
        while skipped := (
            _COMMENT.match(self._text, self._at)
            or (self._flags & re.VERBOSE and _VERBOSE_SPACE.match(self._text, self._at))
        ):
            self._at = skipped.end()
        return self._at < len(self._text)

    def _read_item(self) -> Node:
        start = self._at
        letter = self._text[start]
        if letter == "(":
            return self._read_group()
        if letter in "^$":
            self._at += 1
            return _NOTHING
        token = _ESCAPE.match(self._text, start) or _CLASS.match(self._text, start)
        self._at = token.end() if token else start + 1
        if token is None:
            written = "." if letter == "." else re.escape(letter)
        elif letter == "\\" and token["here"]:
            return _NOTHING
        elif letter == "\\" and token["back"]:
            return _back_reference(start, self._at)
        else:
            written = token[0]
        flags = int(self._flags & ~re.VERBOSE)
        return Atom(characters=_characters(written, flags), start=start, end=self._at)

    def _read_group(self) -> Node:
        start, flags = self._at, self._flags
        opening = _OPEN.match(self._text, self._at)
        assert opening is not None  # noqa: S101  an opening parenthesis is enough
        self._at = opening.end()
        if opening["scope"] == ")":
            return _NOTHING  # flags for the whole, which `re` has told us
        if opening["scope"]:
            self._flags |= _flags(opening["on"])
            self._flags &= ~_flags(opening["off"] or "")
        body: Node = _NOTHING if opening["back"] else self._read_choice()
        self._at += 1
        self._flags = flags
        if opening["back"]:
            return _back_reference(start, self._at)
        if opening["either"]:
            return Choice(options=(*_options(body), _NOTHING))
        if opening["apart"] or opening["looks"]:
            return Apart(body=body, looks=opening["looks"] is not None)
        return body


def _flags(letters: str) -> int:
    known = {"i": re.IGNORECASE, "s": re.DOTALL, "x": re.VERBOSE}
    return sum(int(known.get(letter, 0)) for letter in set(letters))


def _back_reference(start: int, end: int) -> Node:
    anything = Atom(characters=_ASCII, start=start, end=end)
    return Apart(body=Repeat(body=anything, least=0, most=None), looks=False)


def _repeat(item: Node, quantifier: re.Match[str]) -> Node:
    if quantifier["sign"]:
        least, most = _SIGNS[quantifier["sign"]]
    else:
        least = int(quantifier["least"] or 0)
        upper = quantifier["most"] if quantifier["comma"] else quantifier["least"]
        most = int(upper) if upper else None
    repeat = Repeat(body=item, least=least, most=most)
    return Apart(body=repeat, looks=False) if quantifier["kind"] == "+" else repeat


def _options(node: Node) -> tuple[Node, ...]:
    return node.options if isinstance(node, Choice) else (node,)


# ── judging ──────────────────────────────────────────────────────────────────────


def is_unbounded(node: Node) -> bool:
    """Return whether some text makes the match backtrack without bound.

    That is an unbounded repeat of what itself holds an unbounded repeat, unless it also
    holds, outside every repeat, a character that the inner one cannot match; or an
    unbounded repeat of alternatives that one character satisfies at once.
    """
    return any(
        isinstance(outer, Repeat) and outer.most is None and _may_be_split(outer.body)
        for outer in walk(node)
    )


def _may_be_split(body: Node) -> bool:
    """Return whether a text can be divided among several turns of a repeat of ``body``."""
    fixed = list(_fixed(body))
    for inner in _backtracking(body):
        if isinstance(inner, Repeat) and inner.most is None:
            matched = _matched(inner)
            if not any(atom.characters.isdisjoint(matched) for atom in fixed):
                return True
        if isinstance(inner, Choice):
            single = [option.characters for option in inner.options if isinstance(option, Atom)]
            if sum(map(len, single)) > len(frozenset[str]().union(*single)):
                return True
    return False


def _fixed(node: Node) -> Iterator[Atom]:
    """Yield what is matched in every turn, once: outside every repeat and choice."""
    if isinstance(node, Atom):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _fixed(item)


def _backtracking(node: Node) -> Iterator[Node]:
    """Yield the node and what is within it, except what never gives a character back."""
    if not isinstance(node, Apart):
        yield node
        for child in _children(node):
            yield from _backtracking(child)


def _matched(node: Node) -> frozenset[str]:
    atoms = (item.characters for item in walk(node) if isinstance(item, Atom))
    return frozenset[str]().union(*atoms)

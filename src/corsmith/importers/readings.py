"""Texts that a regular expression matches, and origins that only an open end lets in.

What lives here: examples built from the tree of an expression, and what follows from how a
library matches: from the beginning only, without case, with flags. What does not: whether an
expression is wise (``corsmith.regex``).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations, islice, product
from typing import Final

from corsmith.expression import Atom, Choice, Node, Repeat, Sequence, read_expression
from corsmith.origin import parse_origin
from corsmith.regex import compile_regex

__all__ = ["Reading", "examples", "literal", "narrowed", "read_pattern", "starts", "witness"]

_FEW: Final = 10
"""A class of so few characters, such as ``[0-9]``, stands for each of them."""

_MOST: Final = 64
"""How many examples of one part go on, and of the whole."""

_TURNS: Final = 4
"""The most turns of a repeat that are written out."""

_USUAL: Final = "x1a-./:"
"""What stands for a wider class, the first that fits."""

_MADE_UP: Final = "\ue000"
"""Stands before what is not written in an expression; no text that is matched holds it."""

_ENDS: Final = (".stranger.invalid", "x.stranger.invalid", ":8443", "0", "x")
"""What may follow where an expression is not held to the end of an origin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A regular expression as a library reads it: its flags written in, and how it matches.

    ``is_open`` says that only the beginning of a value has to match.
    """

    text: str
    is_open: bool = False

    def admits(self, value: str) -> bool:
        """Return whether the library lets this value in."""
        compiled = re.compile(self.text)
        found = compiled.match(value) if self.is_open else compiled.fullmatch(value)
        return found is not None


def read_pattern(
    pattern: str | re.Pattern[str], *, is_open: bool, ignore_case: bool = False
) -> Reading | None:
    """Return what a library makes of a pattern; ``None`` where it does not compile."""
    if isinstance(pattern, str):
        try:
            pattern = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
        except (re.error, RecursionError, OverflowError):
            return None
    # Flags for the whole stand at the beginning only; here it becomes a part of a whole.
    text = re.sub(r"\A\(\?[aimsux]+\)", "", pattern.pattern)
    text = re.sub(r"\(\?P<\w+>", "(?:", text) if "(?P=" not in text else text
    # Browsers write origins in lower case: without capitals the flag changes nothing.
    capitals = re.search(r"[A-Z]", re.sub(r"\\.", "", text)) is not None
    flags = "i" if pattern.flags & re.IGNORECASE and capitals else ""
    if pattern.flags & re.VERBOSE:
        return Reading(text=f"(?{flags}x:{text}\n)", is_open=is_open)
    return Reading(text=f"(?{flags}:{text})" if flags else text, is_open=is_open)


def examples(text: str) -> tuple[str, ...]:
    r"""Return texts that an expression may match, wildcards filled in; none is promised to.

    >>> examples(r"/api/v[12]/.*")
    ('/api/v1/', '/api/v1/x', '/api/v2/', '/api/v2/x')
    """
    return tuple(dict.fromkeys(one.replace(_MADE_UP, "") for one in _written(text)))


def starts(text: str) -> tuple[str, ...]:
    r"""Return what is written out in an expression, up to its first wildcard, each way it may be.

    >>> starts(r"/api/v[12]/.*"), starts(r"/.*\.json")
    (('/api/v1/', '/api/v2/'), ('/',))
    """
    return tuple(dict.fromkeys(one.partition(_MADE_UP)[0] for one in _written(text)))


def _written(text: str) -> Iterator[str]:
    compiled = compile_regex(text)
    tree = read_expression(compiled) if isinstance(compiled, re.Pattern) else None
    return iter(()) if tree is None else islice(_texts(tree), _MOST)


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Atom):
        yield from _of_an_atom(node.characters)
    elif isinstance(node, Sequence):
        yield from _of_a_sequence(node.items)
    elif isinstance(node, Choice):
        yield from chain.from_iterable(map(_texts, node.options))
    elif isinstance(node, Repeat):
        yield from _of_a_repeat(node)
    else:
        if node.looks:
            yield ""
        # What an expression looks at is what it lets in or keeps out.
        yield from _texts(node.body)


def _of_a_repeat(node: Repeat) -> Iterator[str]:
    texts = list(islice(_texts(node.body), _MOST))
    made_up = any(text.startswith(_MADE_UP) for text in texts)
    if node.least == 0:
        yield _MADE_UP if made_up else ""
    turns = min(max(node.least, 1), _TURNS)
    yield from (text * turns for text in texts)
    if node.most is None and not made_up:
        # It goes on: one turn more than is written stands for all the others.
        yield from (_MADE_UP + text * (turns + 1) for text in texts[:1])


def _of_an_atom(characters: frozenset[str]) -> Iterator[str]:
    # Where case is ignored the lower one stands for both, as browsers write origins.
    letters = {one.lower() if one.lower() in characters else one for one in characters}
    if len(letters) <= _FEW:
        yield from sorted(letters)
    else:
        usual = (letter for letter in _USUAL if letter in characters)
        yield from (f"{_MADE_UP}{letter}" for letter in islice(usual, 1))


def _of_a_sequence(items: tuple[Node, ...]) -> Iterator[str]:
    """Yield all combinations where they are few, else one or two parts varied at a time."""
    parts = [list(islice(_texts(item), _MOST)) for item in items]
    if not all(parts):
        return
    count = 1
    for part in parts:
        count *= len(part)
    if count <= _MOST:
        yield from map("".join, product(*parts))
        return
    usual = [part[0] for part in parts]
    several = [at for at, part in enumerate(parts) if len(part) > 1]
    yield from (
        _changed(usual, dict(zip(changed, forms, strict=True)))
        for changed in chain([()], combinations(several, 1), combinations(several, 2))
        for forms in product(*(parts[at] for at in changed))
    )


def _changed(usual: list[str], changes: dict[int, str]) -> str:
    return "".join(changes.get(at, text) for at, text in enumerate(usual))


def witness(reading: Reading) -> str | None:
    """Return an origin that is let in only because the end of the expression is open."""
    if not reading.is_open:
        return None
    compiled = re.compile(reading.text)
    for end in _ENDS:
        for text in examples(reading.text):
            origin = f"{text}{end}"
            if (
                parse_origin(origin) is not None
                and compiled.match(origin)
                and not compiled.fullmatch(origin)
            ):
                return origin
    return None


_PLAIN: Final = re.compile(r"(?:[a-z0-9:/\[\]_-]|\\[./:-])+\Z")


def literal(text: str) -> str | None:
    r"""Return the one origin that an expression means, if it means one.

    >>> literal(r"^https://app\.example$"), literal(r"https://.*\.example")
    ('https://app.example', None)
    """
    bare = re.sub(r"(?:\$|\\Z)\Z", "", text.removeprefix("^").removeprefix(r"\A"))
    if _PLAIN.match(bare) is None or "[" in bare:
        return None
    origin = re.sub(r"\\(.)", r"\1", bare)
    return origin if parse_origin(origin) is not None else None


_TOKEN: Final = re.compile(
    r"(?P<any>(?:\.|\[\^\\?/\]|\\S)(?P<many>[*+])\??)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.",
    re.DOTALL,
)
_END: Final = re.compile(r"(?:\)*(?:\$|\\Z))?\)*\Z")


def narrowed(text: str) -> str | None:
    r"""Return the expression with its wildcards held inside what is written, if that can be.

    A bare dot becomes a dot, ``.*`` before a name whole labels, at the end a port: each
    matches less than what it takes the place of.

    >>> narrowed(r"https://.*example\.com.*")
    'https://(?:[a-z0-9-]+\\.)*example\\.com(?::[0-9]+)?'
    """
    made = ""
    for token in _TOKEN.finditer(text):
        rest = text[token.end() :]
        if token["any"] is None:
            made += r"\." if token[0] == "." else token[0]
        elif _END.match(rest):
            if token["many"] == "+" or not re.search(r"[a-z0-9)]\Z", made):
                return None
            made += "(?::[0-9]+)?"
        elif rest.startswith((r"\.", ".")):
            made += r"[a-z0-9-]+(?:\.[a-z0-9-]+){0,8}"
        elif made.endswith(("://", r":\/\/")):
            made += rf"(?:[a-z0-9-]+\.){token['many']}"
        else:
            made += f"[a-z0-9-]{token['many']}"
    return made if made != text else None

"""The origins that a regular expression admits although nobody named them.

What lives here: ``find_stranger``, which builds texts from the parts of an expression and
looks for one that matches and whose site is not written in it. What does not: what is said
about it (``regex``).

A site is the registrable domain of a host: a public suffix and the label before it. An
expression names a site when every character of it is written out; where a wildcard stands
for one of them, whoever registers a fitting name is admitted.
"""

from collections.abc import Callable, Iterator
from itertools import chain, combinations, islice, product
from typing import Final, TypeAlias

from corsmith.expression import Atom, Choice, Node, Repeat, Sequence
from corsmith.origin import is_loopback, parse_origin
from corsmith.suffixes import find_registrable

__all__ = ["FIXED_STRANGERS", "find_stranger"]

FIXED_STRANGERS: Final = ("https://stranger.invalid", "http://stranger.invalid")
"""RFC 2606, section 2: nobody has a name below ``invalid``."""

_MOST_TEXTS: Final = 1000
"""How many texts are tried: people's expressions give a dozen."""

_MOST_VARIANTS: Final = 12
"""How many forms of one part go on: a part has few, and their product grows."""

_FEW: Final = 10
"""A class of so few characters, such as ``[12]`` or ``[0-9]``, is as good as a list."""

_WORDS: Final = (
    "stranger",
    ".stranger.invalid",
    "stranger.invalid",
    "https:",
    "://stranger",
    "https://stranger",
)
"""What a wildcard may stand for: a label, the end of a host, or the beginning of an origin."""

_HOST_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")

Piece: TypeAlias = tuple[str, bool]
"""A character, and whether the expression writes it out."""

Text: TypeAlias = tuple[Piece, ...]


def find_stranger(node: Node, matches: Callable[[str], bool]) -> str | None:
    """Return an origin that matches and that the expression does not name, if there is one."""
    for stranger in FIXED_STRANGERS:
        if matches(stranger):
            return stranger
    for text in islice(_texts(node), _MOST_TEXTS):
        origin = "".join(character for character, _ in text)
        if _is_strange(text, origin) and matches(origin):
            return origin
    return None


def _is_strange(text: Text, origin: str) -> bool:
    parsed = parse_origin(origin)
    if parsed is None or is_loopback(parsed.host):
        return False
    start = origin.index("://") + 3
    end = start + len(parsed.host)
    site = find_registrable(parsed.host) or parsed.host
    return not all(written for _, written in text[end - len(site) : end])


def _texts(node: Node) -> Iterator[Text]:
    """Yield texts that the expression matches, or nearly; the caller asks it."""
    if isinstance(node, Atom):
        yield from _of_an_atom(node.characters)
    elif isinstance(node, Sequence):
        yield from _of_a_sequence(node.items)
    elif isinstance(node, Choice):
        for option in node.options:
            yield from islice(_texts(option), _MOST_VARIANTS)
    elif isinstance(node, Repeat):
        yield from _of_a_repeat(node.body, node.least, node.most)
    elif node.looks:
        yield ()
    else:
        yield from _texts(node.body)


def _of_a_sequence(items: tuple[Node, ...]) -> Iterator[Text]:
    """Yield the first form of every part, then other forms of one part, then of two."""
    parts = [list(islice(_texts(item), _MOST_VARIANTS)) for item in items]
    if not all(parts):
        return
    usual = [part[0] for part in parts]
    yield sum(usual, ())
    several = [at for at, part in enumerate(parts) if len(part) > 1]
    for changed in chain(combinations(several, 1), combinations(several, 2)):
        for forms in product(*(parts[at][1:] for at in changed)):
            chosen = usual.copy()
            for at, form in zip(changed, forms, strict=True):
                chosen[at] = form
            yield sum(chosen, ())


def _of_an_atom(characters: frozenset[str]) -> Iterator[Text]:
    letters = frozenset(character.lower() for character in characters)
    if len(letters) <= _FEW:
        yield from (((letter, True),) for letter in sorted(letters))
        return
    if "." in letters:
        # An unescaped dot: most people mean the dot itself, and it matches a letter too.
        yield ((".", True),)
    yield from (((letter, False),) for letter in "x1-" if letter in letters)


def _of_a_repeat(body: Node, least: int, most: int | None) -> Iterator[Text]:
    if isinstance(body, Atom) and len(body.characters) > _FEW and most != 1:
        letter = min(body.characters & _HOST_LETTERS, default="x")
        for word in (*_WORDS, letter * max(least, 1)):
            if body.characters.issuperset(word):
                yield tuple((letter, False) for letter in word)
        if least == 0:
            yield ()
        return
    if least == 0:
        yield ()
    for text in islice(_texts(body), _MOST_VARIANTS):
        yield text * max(least, 1)
        # A literal that may be repeated at will is a wildcard before its last turn.
        if most is None:
            yield tuple((character, False) for character, _ in text) + text * max(least, 1)

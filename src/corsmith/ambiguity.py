"""Whether a repeat in an expression can read one text in a number of ways that doubles.

What lives here: ``is_ambiguous``, which finds what ``re`` may try exponentially many times
before it says no. What does not: the plainer rule about repeats within repeats
(``expression``), and what is said about either (``regex``).

Each repeated thing becomes an automaton whose states are the characters of the
expression (Glushkov's), with an edge for each way from one to the next. A text can be read
in exponentially many ways exactly if two different ways lead from one state around to
the same state: Weber and Seidl, *On the degree of ambiguity of finite automata* (1991).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from corsmith.expression import Apart, Atom, Choice, Node, Repeat, Sequence, walk

__all__ = ["is_ambiguous"]

_MOST_STATES: Final = 400
"""The largest automaton that is judged: a host name written strictly takes 64."""

_MANY: Final = 10
"""So many turns are as bad as any number: each may double the ways."""

_ENOUGH: Final = 3
"""The turns of an inner repeat that are told apart where all of them would be too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """A part of an automaton: where it begins and ends, and whether it may be nothing."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    empty: bool


_NOTHING: Final = _Ends(first=(), last=(), empty=True)


def is_ambiguous(node: Node) -> bool:
    """Return whether some text makes a match try exponentially many ways."""
    return any(
        _Automaton(loop.body).is_ambiguous()
        for loop in walk(node)
        if isinstance(loop, Repeat) and (loop.most is None or loop.most >= _MANY)
    )


class _Automaton:
    """The states of a repeated thing, and the ways from each to the next turn's."""

    def __init__(self, body: Node) -> None:
        """Build every state; the last ones lead to the first ones of the next turn."""
        self._exact = _size(body, exact=True) <= _MOST_STATES
        self._characters: list[frozenset[str]] = []
        self._ways: Counter[tuple[int, int]] = Counter()
        self._too_large = _size(body, exact=self._exact) > _MOST_STATES
        if not self._too_large:
            ends = self._build(body)
            self._connect(ends, ends)
        self._next: dict[int, list[int]] = {}
        for one, other in self._ways:
            self._next.setdefault(one, []).append(other)

    def _connect(self, before: _Ends, after: _Ends) -> None:
        for one in before.last:
            for other in after.first:
                if self._characters[one] and self._characters[other]:
                    self._ways[one, other] += 1

    def _build(self, node: Node) -> _Ends:
        if isinstance(node, Atom):
            return self._add(node.characters)
        if isinstance(node, Sequence):
            ends = _NOTHING
            for item in node.items:
                ends = self._join(ends, self._build(item))
            return ends
        if isinstance(node, Choice):
            options = [self._build(option) for option in node.options]
            return _Ends(
                first=tuple(state for option in options for state in option.first),
                last=tuple(state for option in options for state in option.last),
                empty=any(option.empty for option in options),
            )
        if isinstance(node, Repeat):
            return self._build_repeat(node)
        # What is matched once and for all is one step, whatever happens inside.
        inside = [atom.characters for atom in walk(node) if isinstance(atom, Atom)]
        return _NOTHING if node.looks else self._add(frozenset[str]().union(*inside))

    def _add(self, characters: frozenset[str]) -> _Ends:
        state = (len(self._characters),)
        self._characters.append(characters)
        return _Ends(first=state, last=state, empty=False)

    def _join(self, before: _Ends, after: _Ends) -> _Ends:
        self._connect(before, after)
        return _Ends(
            first=before.first + after.first * before.empty,
            last=after.last + before.last * after.empty,
            empty=before.empty and after.empty,
        )

    def _build_repeat(self, node: Repeat) -> _Ends:
        least, more = _turns(node, exact=self._exact)
        ends = _NOTHING
        for _ in range(more):
            # Each optional turn stands within the one before: x(x(x)?)?, not x?x?x?.
            inner = self._join(self._build(node.body), ends)
            ends = _Ends(first=inner.first, last=inner.last, empty=True)
        for turn in range(least):
            body = self._build(node.body)
            if node.most is None and turn == 0:
                self._connect(body, body)
            ends = self._join(body, ends)
        if node.most is None and node.least == 0:
            return _Ends(first=ends.first, last=ends.last, empty=True)
        return ends

    def is_ambiguous(self) -> bool:
        """Return whether two ways lead from one state around to the same state."""
        if self._too_large or any(ways > 1 for ways in self._ways.values()):
            return True
        # From a state twice to a pair of different ones, and on to one state twice. All
        # states are in one turn, so from there a way leads back to the first.
        waiting = [(state, state) for state in range(len(self._characters))]
        seen = set(waiting)
        while waiting:
            one, other = waiting.pop()
            for pair in self._steps(one, other):
                if pair[0] == pair[1]:
                    if one != other:
                        return True
                elif pair not in seen:
                    seen.add(pair)
                    waiting.append(pair)
        return False

    def _steps(self, one: int, other: int) -> list[tuple[int, int]]:
        """Return the pairs that one character leads to from two states."""
        return [
            (min(left, right), max(left, right))
            for left in self._next.get(one, ())
            for right in self._next.get(other, ())
            if not self._characters[left].isdisjoint(self._characters[right])
        ]


def _turns(node: Repeat, *, exact: bool) -> tuple[int, int]:
    """Return how many turns a repeat always takes and how many more it may, as states."""
    if node.most is None:
        least, more = max(node.least, 1), 0
    else:
        least, more = node.least, node.most - node.least
    return (least, more) if exact else (min(least, _ENOUGH), min(more, _ENOUGH))


def _size(node: Node, *, exact: bool) -> int:
    """Return how many states a node takes."""
    if isinstance(node, Repeat):
        return sum(_turns(node, exact=exact)) * _size(node.body, exact=exact)
    if isinstance(node, Sequence):
        return sum(_size(item, exact=exact) for item in node.items)
    if isinstance(node, Choice):
        return sum(_size(option, exact=exact) for option in node.options)
    return 1 if isinstance(node, Atom | Apart) else 0

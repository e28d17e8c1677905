"""Which origins an entry of ``origins`` means, and a matcher as fast for many as for one.

What lives here: ``OriginPattern``, the tables of a ``PatternSet``, and which texts are
patterns. What does not: what is wrong with a text that is none (``repair``), whether a
pattern is wise (the policy), and ``*`` and ``null``, which are words and no patterns.

A pattern is a tree of parts, never a string to search in: scheme, labels and port are
compared as parts, and a ``*`` stands for nothing but what this table says.

================================  ==============================================
``https://*.app.example``         one or more whole labels, never none
``https://pr-*.app.example``      one or more of ``a-z0-9_-``, inside that label
``https://app.example:*``         any port, and the default one that is not written
================================  ==============================================
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from corsmith.diagnostics import Diagnostic
from corsmith.origin import (
    APP_SCHEMES,
    LABEL,
    MAX_HOST_LENGTH,
    MAX_ORIGIN_LENGTH,
    is_loopback,
    is_port,
    split_origin,
)
from corsmith.suffixes import is_valid_punycode

__all__ = ["OriginPattern", "PatternSet", "parse_pattern", "read_pattern"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPattern:
    """One valid entry of ``origins``.

    ``host`` is the whole host, or, where the first label has a ``*``, the name directly
    below which it stands; ``prefix`` and ``suffix`` are what is written around a ``*``
    that is only a part of its label. ``port`` is ``None`` where none is written.

    >>> pattern = read_pattern("https://pr-*.app.example:*")
    >>> pattern.host, pattern.prefix, pattern.subdomains, pattern.any_port
    ('app.example', 'pr-', False, True)
    """

    text: str
    scheme: str
    host: str
    port: int | None
    subdomains: bool
    part: tuple[str, str] | None
    any_port: bool

    @property
    def prefix(self) -> str:
        """What stands before a ``*`` inside a label."""
        return "" if self.part is None else self.part[0]

    @property
    def suffix(self) -> str:
        """What stands behind a ``*`` inside a label."""
        return "" if self.part is None else self.part[1]

    @property
    def parent(self) -> str | None:
        """The name directly below which the ``*`` stands; ``None`` without a ``*`` there."""
        return self.host if self.subdomains or self.part is not None else None

    @property
    def is_exact(self) -> bool:
        """Whether this is one origin, without any ``*``."""
        return not self.any_port and self.parent is None

    @property
    def is_loopback(self) -> bool:
        """Whether every origin that is meant is on this machine."""
        return is_loopback(self.host)

    @property
    def is_app_scheme(self) -> bool:
        """Whether every origin that is meant is an installed app or extension."""
        return self.scheme in APP_SCHEMES


def parse_pattern(text: str) -> OriginPattern | tuple[Diagnostic, ...]:
    """Return the pattern that ``text`` is, or every reason why it is none.

    >>> [problem.code for problem in parse_pattern("https://APP.example/")]
    ['origin-has-path', 'origin-upper-case']
    """
    pattern = read_pattern(text)
    if pattern is not None:
        return pattern
    from corsmith.repair import repair  # only when something is wrong

    return repair(text, _is_pattern).problems


def _is_pattern(text: str) -> bool:
    return read_pattern(text) is not None


def read_pattern(text: str) -> OriginPattern | None:
    """Return the pattern that ``text`` is, or ``None`` if it can match no origin."""
    any_port = text.endswith(":*")
    written = text[:-2] if any_port else text
    start = written.find("://") + 3
    label = written[start:].partition(":")[0].partition(".")[0]
    stars = written.count("*")
    if stars > 1 or stars > label.count("*") or "[*" in label:
        return None
    # A pattern is valid if what it means with one letter for `*` is an origin.
    parts = split_origin(written.replace("*", "a"))
    if parts is None or (label == "*" and parts[1] in {"a", "a."}):
        return None
    scheme, host, port = parts
    if stars:
        host = host.partition(".")[2]
    if "xn--" in host and not all(
        is_valid_punycode(name) for name in host.split(".") if name.startswith("xn--")
    ):
        return None
    before, _, after = label.partition("*")
    return OriginPattern(
        text=text,
        scheme=scheme,
        host=host,
        port=int(port) if port else None,
        subdomains=label == "*",
        part=(before, after) if stars and label != "*" else None,
        any_port=any_port,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """The patterns below one name whose ``*`` is a part of a label.

    By how much stands before and behind the ``*``, scheme included, what stands there.
    """

    reads: Callable[[str], object]
    sizes: tuple[tuple[int, int, frozenset[tuple[str, str]]], ...]


class _Names:
    """What patterns mean, in tables; a port belongs to the name before it.

    The names of patterns were read strictly when the patterns were, so an origin is
    looked up first, and only what the ``*`` stands for is read then. That is the same as
    reading all of it first, at half the cost, and at a fifth for a stranger.
    """

    __slots__ = ("_below", "_below_depths", "_part_depths", "_parts", "_whole")

    def __init__(self, patterns: Iterable[OriginPattern]) -> None:
        self._whole: set[str] = set()
        below: dict[str, set[str]] = {}
        parts: dict[str, list[OriginPattern]] = {}
        for pattern in patterns:
            name = pattern.host if pattern.port is None else f"{pattern.host}:{pattern.port}"
            if pattern.subdomains:
                below.setdefault(name, set()).add(pattern.scheme)
            elif pattern.part is not None:
                parts.setdefault(name, []).append(pattern)
            else:
                self._whole.add(f"{pattern.scheme}://{name}")
        self._below = {name: _reader(frozenset(schemes)) for name, schemes in below.items()}
        self._parts = {name: _part(same) for name, same in parts.items()}
        # How many labels the names have below which something is meant.
        self._below_depths = sorted({name.count(".") + 1 for name in below})
        self._part_depths = sorted({name.count(".") + 1 for name in parts})

    def has(self, text: str) -> bool:
        """Return whether a pattern means this origin."""
        if self._whole and text in self._whole:
            return True
        for depth in self._below_depths:
            head = text.rsplit(".", depth)[0]
            reads = self._below.get(text[len(head) + 1 :])
            if reads is not None and reads(head):
                return len(text) <= MAX_HOST_LENGTH or _is_short(text)
        for depth in self._part_depths:
            head = text.rsplit(".", depth)[0]
            part = self._parts.get(text[len(head) + 1 :])
            if part is not None and part.reads(head):
                for before, after, around in part.sizes:
                    end = len(head) - after
                    if before < end and (head[:before], head[end:]) in around:
                        return len(text) <= MAX_HOST_LENGTH or _is_short(text)
        return False


def _part(patterns: list[OriginPattern]) -> _Part:
    sizes: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for pattern in patterns:
        before, after = f"{pattern.scheme}://{pattern.prefix}", pattern.suffix
        sizes.setdefault((len(before), len(after)), set()).add((before, after))
    reads = _reader(frozenset(pattern.scheme for pattern in patterns), one_label=True)
    return _Part(reads, tuple((*size, frozenset(around)) for size, around in sizes.items()))


@cache
def _reader(schemes: frozenset[str], *, one_label: bool = False) -> Callable[[str], object]:
    """Return what reads a text up to a name: one of the schemes, and whole labels."""
    allowed = "|".join(map(re.escape, sorted(schemes)))
    more = rf"(?:\.{LABEL})*" if not one_label else ""
    return re.compile(rf"(?:{allowed})://{LABEL}{more}").fullmatch


def _is_short(text: str) -> bool:
    """Return whether neither the origin is too long nor its host without a trailing dot."""
    host = text.partition("://")[2].partition(":")[0]
    return len(text) <= MAX_ORIGIN_LENGTH and len(host.removesuffix(".")) <= MAX_HOST_LENGTH


class PatternSet:
    """Many patterns, matched at the cost of one, whatever their order.

    >>> PatternSet([read_pattern("https://*.app.example")]).matches("https://a.b.app.example")
    True
    """

    __slots__ = ("_any_port", "_one_port", "exact", "matches")

    exact: frozenset[str]
    """The texts of the patterns that are one origin."""

    matches: Callable[[str], bool]
    """Returns whether any of the patterns means the origin that a text is."""

    def __init__(self, patterns: Iterable[OriginPattern]) -> None:
        """Build the tables; nothing of them depends on the order."""
        patterns = tuple(patterns)
        self.exact = frozenset(pattern.text for pattern in patterns if pattern.is_exact)
        any_port = [pattern for pattern in patterns if pattern.any_port]
        one_port = [pattern for pattern in patterns if not pattern.any_port]
        self._any_port, self._one_port = _Names(any_port), _Names(one_port)
        self.matches = self._matches_both
        if not any_port:
            self.matches = self._one_port.has
        elif not one_port:
            self.matches = self._has_any_port

    def _has_any_port(self, text: str) -> bool:
        # The last colon stands before a port, inside an IPv6 address, or before `//`.
        origin, _, port = text.rpartition(":")
        if port[:1] == "/" or port[-1:] == "]":
            return self._any_port.has(text)
        return self._any_port.has(origin) and is_port(origin.partition(":")[0], port)

    def _matches_both(self, text: str) -> bool:
        return self._one_port.has(text) or self._has_any_port(text)

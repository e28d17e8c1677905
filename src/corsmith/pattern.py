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

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from corsmith.diagnostics import Diagnostic
from corsmith.origin import is_loopback, split_origin
from corsmith.repair import APP_SCHEMES, repair
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
    return repair(text, _is_pattern).problems if pattern is None else pattern


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


_Ports = frozenset[str] | None
"""The ports that are meant, as text, empty for none written; ``None``: any."""

_NO_PORT: Final[_Ports] = frozenset()


class PatternSet:
    """Many patterns, matched at the cost of one, whatever their order.

    >>> PatternSet([read_pattern("https://*.app.example")]).matches("https://a.b.app.example")
    True
    """

    __slots__ = ("_any_port", "_depth", "_parts", "_subdomains", "exact")

    exact: frozenset[str]
    """The texts of the patterns that are one origin."""

    def __init__(self, patterns: Iterable[OriginPattern]) -> None:
        """Build the tables; nothing of them depends on the order."""
        patterns = tuple(patterns)
        self.exact = frozenset(pattern.text for pattern in patterns if pattern.is_exact)
        self._any_port: set[str] = set()
        self._subdomains: dict[str, _Ports] = {}
        # Below scheme and parent, by how much stands around the `*`, by what stands there.
        self._parts: dict[str, dict[tuple[int, int], dict[tuple[str, str], _Ports]]] = {}
        for pattern in patterns:
            key = f"{pattern.scheme}://{pattern.host}"
            if pattern.subdomains:
                self._subdomains[key] = _add_port(self._subdomains.get(key, _NO_PORT), pattern)
            elif pattern.part is not None:
                sizes = (len(pattern.prefix), len(pattern.suffix))
                same = self._parts.setdefault(key, {}).setdefault(sizes, {})
                same[pattern.part] = _add_port(same.get(pattern.part, _NO_PORT), pattern)
            elif pattern.any_port:
                self._any_port.add(key)
        # No suffix has more labels, so no host is searched for a longer one.
        self._depth = max((key.count(".") + 1 for key in self._subdomains), default=0)

    def matches(self, text: str) -> bool:
        """Return whether any of the patterns means the origin ``text``."""
        if text in self.exact:
            return True
        parts = split_origin(text)
        if parts is None:
            return False
        scheme, host, port = parts
        return (
            f"{scheme}://{host}" in self._any_port
            or self._is_subdomain(scheme, host, port)
            or (bool(self._parts) and self._fits_part(scheme, host, port))
        )

    def _is_subdomain(self, scheme: str, host: str, port: str) -> bool:
        start = len(host)
        for _ in range(self._depth):
            start = host.rfind(".", 0, start)
            if start < 0:
                return False
            ports = self._subdomains.get(f"{scheme}://{host[start + 1 :]}", _NO_PORT)
            if ports is None or port in ports:
                return True
        return False

    def _fits_part(self, scheme: str, host: str, port: str) -> bool:
        label, _, parent = host.partition(".")
        for (before, after), same in self._parts.get(f"{scheme}://{parent}", {}).items():
            end = len(label) - after
            if before < end:
                ports = same.get((label[:before], label[end:]), _NO_PORT)
                if ports is None or port in ports:
                    return True
        return False


def _add_port(ports: _Ports, pattern: OriginPattern) -> _Ports:
    if ports is None or pattern.any_port:
        return None
    return ports | {"" if pattern.port is None else str(pattern.port)}

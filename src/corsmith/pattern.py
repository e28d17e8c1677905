"""Which origins an entry of ``origins`` means, and a fast matcher for many of them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.origin import is_loopback, parse_origin, split_origin

__all__ = ["OriginPattern", "PatternSet", "parse_pattern"]

APP_SCHEMES = frozenset(
    {
        "app",
        "capacitor",
        "chrome-extension",
        "extension",
        "ionic",
        "moz-extension",
        "safari-web-extension",
        "tauri",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginPattern:
    """One valid entry of ``origins``."""

    text: str
    scheme: str
    host: str
    port: int | None = None
    subdomains: bool = False
    prefix: str = ""
    suffix: str = ""
    any_port: bool = False
    parent: str | None = None

    @property
    def is_exact(self) -> bool:
        """Whether this is one origin, without any ``*``."""
        return self.parent is None and not self.any_port

    @property
    def is_loopback(self) -> bool:
        """Whether every origin that matches is on this machine."""
        return is_loopback(self.host)

    @property
    def is_app_scheme(self) -> bool:
        """Whether the scheme belongs to an installed app or extension."""
        return self.scheme in APP_SCHEMES


_PARTS = re.compile(r"([^:/]*)://([^/?#]*?)(?::([0-9*]*))?")


def parse_pattern(text: str) -> OriginPattern | tuple[Diagnostic, ...]:
    """Return the pattern that ``text`` is, or every reason why it is none."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        return (diagnose("origin-has-path", "origins", text, f"{quote(text)} is no origin."),)
    scheme, host, port = parts.groups("")
    any_port = port == "*"
    label, _, rest = host.partition(".")
    sample = f"{scheme}://{host.replace('*', 'a', 1)}" + (
        f":{port}" if port and not any_port else ""
    )
    origin = parse_origin(sample)
    if origin is None or "*" in rest or host == "*":
        return (diagnose("origin-bad-host", "origins", text, f"{quote(text)} is no origin."),)
    if "*" not in label:
        return OriginPattern(
            text=text, scheme=scheme, host=host, port=origin.port, any_port=any_port
        )
    prefix, _, suffix = label.partition("*")
    return OriginPattern(
        text=text,
        scheme=scheme,
        host=rest,
        port=origin.port,
        any_port=any_port,
        subdomains=label == "*",
        prefix=prefix,
        suffix=suffix,
        parent=rest,
    )


class PatternSet:
    """Many patterns, matched at the cost of one."""

    __slots__ = ("_patterns", "exact")

    def __init__(self, patterns: Iterable[OriginPattern]) -> None:
        """Build the tables."""
        self._patterns = tuple(patterns)
        self.exact = frozenset(pattern.text for pattern in self._patterns if pattern.is_exact)

    def matches(self, text: str) -> bool:
        """Return whether any pattern means the origin ``text``."""
        if text in self.exact:
            return True
        parts = split_origin(text)
        return parts is not None and any(_matches(pattern, *parts) for pattern in self._patterns)


def _matches(pattern: OriginPattern, scheme: str, host: str, port: str) -> bool:
    if scheme != pattern.scheme:
        return False
    if not pattern.any_port and port != ("" if pattern.port is None else str(pattern.port)):
        return False
    if pattern.parent is None:
        return host == pattern.host
    if pattern.subdomains:
        return host.endswith("." + pattern.host)
    label, _, rest = host.partition(".")
    return (
        rest == pattern.host
        and len(label) > len(pattern.prefix) + len(pattern.suffix)
        and label.startswith(pattern.prefix)
        and label.endswith(pattern.suffix)
    )

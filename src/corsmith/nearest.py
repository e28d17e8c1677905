"""``nearest``: the allowed origin that a refused one resembles most, and what differs.

What lives here: the comparison, part by part, in words for a log line or a table. What does
not: whether an origin is allowed (``pattern``, ``tables``).

The work is bounded: a refused origin is a stranger's text, so at most ``limit`` entries are
compared, each in time linear in its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from corsmith.groups import ORIGIN_GROUPS
from corsmith.origin import DEFAULT_PORTS, is_loopback

__all__ = ["Nearest", "nearest"]

_LONGEST: Final = 350
"""The longest text that is compared: no serialized origin is longer."""

_MOST_LETTERS: Final = 2
"""How many letters may differ in a host that is still called near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """An allowed origin or pattern, and how the refused one differs from it."""

    origin: str
    difference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """An origin or a pattern in its parts; ``rest`` is what an origin never has."""

    scheme: str
    host: str
    port: str
    rest: str


def nearest(origin: str, allowed: Sequence[str], *, limit: int = 200) -> Nearest | None:
    """Return the allowed entry that ``origin`` resembles most, if any does.

    >>> nearest("http://app.example", ["https://app.example"])
    Nearest(origin='https://app.example', difference='the scheme differs: http, not https')
    """
    if len(origin) > _LONGEST or "://" not in origin:
        return None
    refused = _split(origin.strip(" \t"))
    best: tuple[int, Nearest] | None = None
    for entry in islice(allowed, limit):
        for text in ORIGIN_GROUPS.get(entry, (entry,)):
            if "://" not in text:
                continue
            found = _compare(refused, _split(text))
            if found is not None and (best is None or found[0] < best[0]):
                best = (found[0], Nearest(origin=entry, difference=found[1]))
    return None if best is None else best[1]


def _split(text: str) -> _Parts:
    scheme, _, after = text.partition("://")
    end = min((at for sign in "/?#" if (at := after.find(sign)) >= 0), default=len(after))
    authority, rest = after[:end], after[end:]
    host, colon, port = authority.rpartition(":")
    if not colon or host.endswith(":") or (authority.endswith("]")):
        host, port = authority, ""
    return _Parts(scheme=scheme, host=host, port=port, rest=rest)


def _compare(refused: _Parts, allowed: _Parts) -> tuple[int, str] | None:
    """Return how far the two are apart, and what differs; ``None``: they are not near."""
    found = _compare_hosts(refused.host, allowed.host)
    if found is None:
        return None
    distance, difference = found
    differences = [difference] if difference else []
    if refused.scheme != allowed.scheme:
        distance += 2
        if refused.scheme.lower() == allowed.scheme:
            differences.append("it has upper-case letters")
        else:
            differences.append(f"the scheme differs: {refused.scheme}, not {allowed.scheme}")
    if allowed.port not in {refused.port, "*"}:
        distance += 1
        differences.append(_port_difference(refused, allowed))
    if refused.rest:
        distance += 1
        slash = refused.rest == "/"
        differences.append("it has a trailing slash" if slash else "it has a path")
    return (distance, " and ".join(differences)) if differences else None


def _port_difference(refused: _Parts, allowed: _Parts) -> str:
    if refused.port and refused.port == str(DEFAULT_PORTS.get(refused.scheme)):
        return f"it has the default port {refused.port}, which no browser writes"
    default = "the default"
    return f"the port differs: {refused.port or default}, not {allowed.port or default}"


def _compare_hosts(refused: str, allowed: str) -> tuple[int, str] | None:
    """Return how far two hosts are apart, and what differs, in words; ``""``: nothing."""
    if allowed.startswith("*."):
        parent = allowed[2:]
        if refused.endswith(f".{parent}"):
            return 0, ""
        if refused == parent:
            return 1, f"it is {parent} itself, and {allowed} is what is below"
        return _near_pattern(refused, parent)
    if "*" in allowed:
        return _near_part(refused, allowed)
    return (0, "") if refused == allowed else _near_host(refused, allowed)


def _near_part(refused: str, allowed: str) -> tuple[int, str] | None:
    """Return how a host misses a pattern whose star is a part of a label."""
    before, _, after = allowed.partition("*")
    if not (refused.startswith(before) and refused.endswith(after)):
        return None
    middle = refused[len(before) : len(refused) - len(after)]
    fits = bool(middle) and "." not in middle
    return (0, "") if fits else (1, f"it does not fit {allowed}")


def _near_host(refused: str, allowed: str) -> tuple[int, str] | None:
    """Return how a host misses another one."""
    if refused.lower() == allowed:
        return 1, "it has upper-case letters"
    if refused.removesuffix(".") == allowed:
        return 1, "it has a trailing dot"
    if is_loopback(refused) and is_loopback(allowed):
        return 2, f"the host differs: {refused}, not {allowed}"
    if refused.endswith(f".{allowed}"):
        return 3, f"it is below {allowed}"
    if allowed.endswith(f".{refused}"):
        return 3, f"the host differs: {refused}, not {allowed}"
    letters = _letters_apart(refused, allowed)
    if letters <= _MOST_LETTERS:
        return 2 + letters, f"the host differs: {refused}, not {allowed}"
    return None


def _near_pattern(refused: str, parent: str) -> tuple[int, str] | None:
    """Return how a host misses what a subdomain pattern stands on."""
    if refused.endswith(parent):
        return 3, f"it ends in {parent}, but not after a dot"
    labels = parent.count(".") + 1
    below = ".".join(refused.split(".")[-labels:])
    if below != refused and _letters_apart(below, parent) <= _MOST_LETTERS:
        return 4, f"the host differs: {below}, not {parent}"
    return None


def _letters_apart(one: str, other: str) -> int:
    """Return how many letters stand between what two hosts begin and end with alike."""
    shorter = min(len(one), len(other))
    start = next((at for at in range(shorter) if one[at] != other[at]), shorter)
    end = next(
        (at for at in range(shorter - start) if one[-1 - at] != other[-1 - at]), shorter - start
    )
    return max(len(one), len(other)) - start - end

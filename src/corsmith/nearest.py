"""The allowed origin that a refused one resembles most."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

__all__ = ["Nearest", "nearest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """An allowed origin or pattern, and how the refused one differs from it."""

    origin: str
    difference: str


def nearest(origin: str, allowed: Sequence[str], *, limit: int = 200) -> Nearest | None:
    """Return the allowed entry that ``origin`` resembles most."""
    for candidate in islice(allowed, limit):
        if candidate == origin + "/" or origin == candidate + "/":
            return Nearest(origin=candidate, difference="has a trailing slash")
    return None

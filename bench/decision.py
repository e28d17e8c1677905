"""The decision alone, without a host: what one answer costs beside an empty call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.requests import ALLOWED, POLICY, REFUSED
from bench.rounds import Ratio, Work, interleave, show
from corsmith import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

_SEEN = 9
_UNSEEN = 45


def _nothing(_origin: object) -> None:
    """Be the least that a call can cost."""


def _repeat(function: Callable[[bytes], object], origin: str) -> Work:
    value = origin.encode()

    def work(count: int) -> None:
        for _ in range(count):
            function(value)

    return work


def main() -> int:
    """Measure, print, and return how many bars are missed."""
    few = Policy(**POLICY).byte_answers.actual
    many = Policy(origins=[f"https://site-{n}.example" for n in range(10_000)])
    patterns = Policy(origins=[f"https://*.site-{n}.example" for n in range(1_000)])
    parts = Policy(origins=[f"https://pr-*.site-{n}.example" for n in range(1_000)])
    ports = Policy(origins=["@loopback"])
    cases = {
        "an origin of three": (few, ALLOWED, _SEEN),
        "an origin of 10,000": (many.byte_answers.actual, "https://site-5000.example", _SEEN),
        "a stranger to three": (few, REFUSED, _UNSEEN),
        "a stranger to 10,000": (many.byte_answers.actual, REFUSED, _UNSEEN),
        "a subdomain of one of 1,000": (
            patterns.byte_answers.actual,
            "https://a.site-500.example",
            _UNSEEN,
        ),
        "a stranger to 1,000 subdomains": (patterns.byte_answers.actual, REFUSED, _UNSEEN),
        "a part of a label, of 1,000": (
            parts.byte_answers.actual,
            "https://pr-7.site-500.example",
            _UNSEEN,
        ),
        "any port of localhost": (ports.byte_answers.actual, "http://localhost:5173", _UNSEEN),
        "a stranger to localhost": (ports.byte_answers.actual, REFUSED, _UNSEEN),
    }
    ratios = []
    for name, (decide, origin, bar) in cases.items():
        taken = interleave({"ours": _repeat(decide, origin), "empty": _repeat(_nothing, origin)})
        ratios.append(Ratio(name=name, ours=taken["ours"], theirs=taken["empty"], bar=bar))
    return show("One decision beside an empty call", "ns a decision", ratios, "empty call")

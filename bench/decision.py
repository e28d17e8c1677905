"""The decision alone, without a host: what one answer costs beside an empty call."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING

from bench.requests import ALLOWED, POLICY
from bench.rounds import Ratio, Work, interleave, show
from corsmith import Policy
from corsmith.tables import MAX_ORIGINS_MET

if TYPE_CHECKING:
    from collections.abc import Callable

_BELOW = [f"https://*.site-{n}.example" for n in range(1_000)]
_PARTS = [f"https://pr-*.site-{n}.example" for n in range(1_000)]

# Whoever is allowed is met again and again; strangers may be new each time. What is left, a
# page that a pattern allows and that was never met before, is told for information.
_SEEN = 9
_UNSEEN = 45


def _nothing(_origin: object) -> None:
    """Be the least that a call can cost."""


def _repeat(function: Callable[[bytes], object], *origins: str) -> Work:
    """Return the work of asking about these origins in turn."""
    values = cycle([origin.encode() for origin in origins])

    def work(count: int) -> None:
        for value in islice(values, count):
            function(value)

    return work


def _decide(*patterns: str) -> Callable[[bytes], object]:
    return Policy(origins=patterns).byte_answers.actual


def main() -> int:
    """Measure, print, and return how many bars are missed."""
    few = Policy(**POLICY).byte_answers.actual
    many = _decide(*(f"https://site-{n}.example" for n in range(10_000)))
    below, parts = _decide(*_BELOW), _decide(*_PARTS)
    local = _decide("@loopback")
    ports = [f"http://localhost:{n}" for n in range(1_000, 1_100)]
    subdomains = [f"https://a-{n}.site-500.example" for n in range(100)]
    labels = [f"https://pr-{n}.site-500.example" for n in range(100)]
    strangers = [f"https://{n}.example.net" for n in range(100)]
    # What a pattern allows is remembered, up to a bound: these have reached it with others.
    new_below, new_parts, new_local = _decide(*_BELOW), _decide(*_PARTS), _decide("@loopback")
    for n in range(MAX_ORIGINS_MET):
        new_below(f"https://x-{n}.site-0.example".encode())
        new_parts(f"https://pr-x{n}.site-0.example".encode())
        new_local(f"http://localhost:{20_000 + n}".encode())
    cases = {
        "an origin of three": (few, [ALLOWED], _SEEN),
        "an origin of 10,000": (many, ["https://site-5000.example"], _SEEN),
        "a subdomain, again": (below, subdomains[:1], _SEEN),
        "a part of a label, again": (parts, labels[:1], _SEEN),
        "a port of localhost, again": (local, ports[:1], _SEEN),
        "a subdomain, met first": (new_below, subdomains, None),
        "a part of a label, met first": (new_parts, labels, None),
        "a port of localhost, met first": (new_local, ports, None),
        "strangers to three": (few, strangers, _UNSEEN),
        "strangers to 10,000": (many, strangers, _UNSEEN),
        "strangers to 1,000 subdomains": (below, strangers, _UNSEEN),
        "strangers to 1,000 labels": (parts, strangers, _UNSEEN),
        "strangers to localhost": (local, strangers, _UNSEEN),
    }
    ratios = []
    for name, (decide, origins, bar) in cases.items():
        taken = interleave(
            {"ours": _repeat(decide, *origins), "empty": _repeat(_nothing, *origins)}
        )
        ratios.append(Ratio(name=name, ours=taken["ours"], theirs=taken["empty"], bar=bar))
    return show("One decision beside an empty call", "ns a decision", ratios, "empty call")

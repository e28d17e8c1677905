"""Measuring side by side: subjects take turns, round after round, and only ratios count.

What lives here: the rounds, medians and spreads, and a table with its bars. What does not:
what is measured.

A machine has other work to do, and its speed swings by half within seconds. So each round
measures every subject once, in an order that changes, and a ratio is made within a round. What
is counted is CPU time of this process, which waiting for the processor does not lengthen.
"""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Work: TypeAlias = "Callable[[int], object]"
"""Does the same thing as many times as it is told."""

_NANO = 1e9
_SLICE_SECONDS = 0.004
_FEWEST = 3
ROUNDS = 31


def interleave(subjects: dict[str, Work], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Return the CPU nanoseconds of one call of each subject, a value for each round."""
    counts = {name: _count(work) for name, work in subjects.items()}
    names = list(subjects)
    taken: dict[str, list[float]] = {name: [] for name in names}
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            at = turn % len(names)
            for name in names[at:] + names[:at]:
                taken[name].append(_time(subjects[name], counts[name]) / counts[name] * _NANO)
    finally:
        gc.enable()
    return taken


def _time(work: Work, count: int) -> float:
    start = time.process_time()
    work(count)
    return time.process_time() - start


def _count(work: Work) -> int:
    """Return how many calls fill a slice of time, after a warm-up."""
    count = _FEWEST
    work(count)
    while (taken := _time(work, count)) < _SLICE_SECONDS / 4:
        count *= 4
    return max(_FEWEST, int(count * _SLICE_SECONDS / taken))


def minus(costs: Sequence[float], floor: Sequence[float]) -> list[float]:
    """Return what each round cost beyond the floor of that round."""
    return [cost - base for cost, base in zip(costs, floor, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """One figure: ours by theirs, in the same rounds, and the most that it may be.

    With ``is_least`` the bar is the least that it may be: of speeds, not of costs. Without
    a bar it is told for information.
    """

    name: str
    ours: Sequence[float]
    theirs: Sequence[float]
    bar: float | None
    is_least: bool = False

    @property
    def values(self) -> list[float]:
        """The ratio of each round."""
        return [a / b for a, b in zip(self.ours, self.theirs, strict=True)]

    @property
    def holds(self) -> bool:
        """Whether the median is within the bar."""
        if self.bar is None:
            return True
        value = median(self.values)
        return value >= self.bar if self.is_least else value <= self.bar

    def __str__(self) -> str:
        """Return the figure as a line of a table."""
        low, _, high = quantiles(self.values, n=4)
        bar = "" if self.bar is None else f"{'≥ ' if self.is_least else ''}{self.bar:.3f}"
        verdict = "" if self.holds else "  MISSED"
        return (
            f"{self.name:<34} {median(self.ours):>10,.0f} {median(self.theirs):>12,.0f}"
            f" {median(self.values):>8.3f} {f'{low:.3f}-{high:.3f}':>15} {bar:>8}{verdict}"
        )


def show(title: str, unit: str, ratios: Sequence[Ratio], theirs: str = "theirs") -> int:
    """Print a table, and return how many of its bars are missed."""
    print(f"\n{title}")
    print(f"{unit:<34} {'corsmith':>10} {theirs:>12} {'ratio':>8} {'quartiles':>15} {'bar':>8}")
    for ratio in ratios:
        print(ratio)
    return sum(not ratio.holds for ratio in ratios)

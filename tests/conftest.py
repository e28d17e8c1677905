"""What holds for every test: Hypothesis profiles, and a last line that names what was not run.

A test that needs something a machine may lack (a real browser) carries a marker and skips itself.
The last line of the run then names it, and `CORSMITH_REQUIRE=browsers` makes that a failure, so
that a machine which must have everything cannot be green by having nothing.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

# Derandomised: a run says the same thing twice. No deadline: no test asserts a timing.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=100)
# Before a release (`--hypothesis-profile deep`): new examples each time, and many more of them.
settings.register_profile(
    "deep",
    deadline=None,
    max_examples=5000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci")

# The markers whose tests a machine may be unable to run.
OPTIONAL = ("browsers", "registry")

_missed = pytest.StashKey[Counter[tuple[str, str]]]()
_passed = pytest.StashKey[set[str]]()


def required(environ: dict[str, str] | None = None) -> frozenset[str]:
    """Return the markers whose tests must run, named by CORSMITH_REQUIRE."""
    value = (os.environ if environ is None else environ).get("CORSMITH_REQUIRE", "")
    names = frozenset(name for name in value.replace(",", " ").split() if name)
    if unknown := names.difference(OPTIONAL):
        message = f"CORSMITH_REQUIRE names {', '.join(sorted(unknown))}; known: {OPTIONAL}"
        raise pytest.UsageError(message)
    return names


def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing missed; a wrong CORSMITH_REQUIRE stops the run here."""
    config.stash[_missed] = Counter()
    config.stash[_passed] = set()
    required()


def pytest_collection_finish() -> None:
    """Compile nothing to files from here on, in children neither.

    A test may write a file, have it read, and write another of its size within the same second:
    whoever reads it then would be given the bytecode of the first.
    """
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a test that must run into a failure."""
    report = yield
    if report.skipped and any(item.get_closest_marker(name) for name in required()):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: must run here, but: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport) -> str:
    """Return why a test was skipped, in the words of the one who skipped it."""
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to the reports where the run is steered, not in each worker of it."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Ledger(session.config), "corsmith-ledger")


class Ledger:
    """What was missed and what passed, by marker."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note each optional test that was skipped, and each that passed."""
        for name in OPTIONAL:
            if name not in report.keywords:
                continue
            if report.skipped:
                self.config.stash[_missed][name, _reason(report)] += 1
            elif report.when == "call" and report.passed:
                self.config.stash[_passed].add(name)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail a run that was told to need what it then never did."""
        passed = self.config.stash[_passed]
        for name in sorted(required().difference(passed)):
            self.config.stash[_missed][name, "no such test passed, but it was required"] += 1
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last, after pytest's own closing line, what was not run."""
    missed = config.stash.get(_missed, Counter())
    if hasattr(config, "workerinput") or not missed:
        return
    line = "; ".join(f"{name}: {why} ({n})" for (name, why), n in sorted(missed.items()))
    # `make test` has more to say after pytest, so it prints this line itself, at its own end.
    if ledger := os.environ.get("CORSMITH_NOT_RUN_FILE"):
        Path(ledger).write_text(f"not run: {line}\n", encoding="utf-8")
    else:
        print(f"not run: {line}")  # noqa: T201 - the terminal reporter is gone by now

"""What `make check` and `make test` say at their end."""

from __future__ import annotations

import sys

import pytest

from tools import suite

GREEN = suite.Step(name="green", command=(sys.executable, "-c", "print('unheard')"))
RED = suite.Step(name="red", command=(sys.executable, "-c", "print('why'); raise SystemExit(1)"))
COMPILES = suite.Step(
    name="compiles",
    command=(sys.executable, "-c", "import sys; raise SystemExit(sys.dont_write_bytecode)"),
)
MISSES = suite.Step(
    name="misses",
    command=(
        *(sys.executable, "-c"),
        "import os; open(os.environ['CORSMITH_NOT_RUN_FILE'], 'w').write('not run: cats\\n')",
    ),
    quiet=False,
)


def run(monkeypatch: pytest.MonkeyPatch, *steps: suite.Step) -> int:
    """Run a plan of these steps on a machine whose browsers are not ours to install."""
    monkeypatch.setattr(suite, "get_browsers", lambda: None)
    monkeypatch.setattr(suite, "PLANS", {"test": steps})
    # Set here so that it is put back afterwards.
    monkeypatch.setenv("CORSMITH_NOT_RUN_FILE", "")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return suite.main("test")


def test_a_run_of_everything_says_that_nothing_was_left_out(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, GREEN) == 0
    printed = capfd.readouterr().out
    assert printed.endswith("nothing was left out\n")
    assert "unheard" not in printed


def test_the_last_line_names_what_was_not_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, MISSES, GREEN) == 0
    assert capfd.readouterr().out.endswith("not run: cats\n")


def test_every_step_runs_and_each_that_failed_is_named(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, RED, GREEN, MISSES) == 1
    printed = capfd.readouterr().out
    assert "why\n── red: FAILED" in printed
    assert "── green: ok" in printed
    assert printed.endswith("failed: red\nnot run: cats\n")


def test_what_a_run_compiles_is_kept_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, COMPILES) == 0


@pytest.mark.parametrize("plan", suite.PLANS)
def test_each_plan_begins_with_what_needs_no_run(plan: str) -> None:
    assert suite.PLANS[plan][: len(suite.STATIC)] == suite.STATIC

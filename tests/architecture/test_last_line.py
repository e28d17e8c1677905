"""What the last line of a run says, and when what was not run is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TESTS = """
import pytest

@pytest.fixture
def firefox():
    pytest.skip("no firefox here")

@pytest.mark.browsers
def test_in_chromium():
    pytest.skip("no chromium here")

@pytest.mark.browsers
def test_in_firefox(firefox):
    pass

def test_without():
    pass
"""
ALSO = """
@pytest.mark.browsers
def test_in_webkit():
    pass
"""
MISSED = "not run: browsers: no chromium here (1); browsers: no firefox here (1)"


def run(
    folder: Path, tests: str, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run some tests as this project runs its own."""
    (folder / "test_them.py").write_text(tests, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = browsers: x\n", encoding="utf-8")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("CORSMITH_")} | variables
    plugins = ["-p", "tests.conftest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(folder / "pytest.ini"), *plugins]
    return subprocess.run(
        [*command, *arguments, str(folder)],
        cwd=ROOT,
        env={**environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "with a worker"])
def test_a_run_without_browsers_is_green_and_ends_by_naming_them(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, TESTS, *arguments)
    assert done.returncode == 0, done.stdout
    *_, counts, last = done.stdout.splitlines()
    assert counts.startswith("1 passed, 2 skipped")
    assert last == MISSED


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["alone", "with a worker"])
def test_a_machine_that_must_have_browsers_is_red_without_them(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, TESTS, *arguments, CORSMITH_REQUIRE="browsers")
    assert done.returncode == 1
    assert "test_in_chromium: must run here, but: no chromium here" in done.stdout


def test_one_browser_of_several_is_not_enough_where_all_must_run(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS + ALSO, CORSMITH_REQUIRE="browsers")
    assert done.returncode == 1


def test_a_machine_that_must_have_browsers_is_red_if_no_test_asks_for_one(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS, "-k", "test_without", CORSMITH_REQUIRE="browsers")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == (
        "not run: browsers: no such test passed, but it was required (1)"
    )


def test_a_run_with_everything_says_nothing_more(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\n" + ALSO, CORSMITH_REQUIRE="browsers")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("1 passed")


def test_the_line_is_left_to_whoever_has_more_to_say(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    done = run(tmp_path, TESTS, CORSMITH_NOT_RUN_FILE=str(ledger))
    assert "not run" not in done.stdout
    assert ledger.read_text(encoding="utf-8") == MISSED + "\n"

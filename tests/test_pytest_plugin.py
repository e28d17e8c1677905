"""The pytest plugin: there without configuration, light, and telling beside each failure."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import pytest

from corsmith import Policy
from corsmith.testing import Browser, assert_readable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TESTS = """
from corsmith import Policy
from corsmith.testing import assert_readable

policy = Policy(origins=["https://app.example"])

def test_that_asserts_itself(cors_browser):
    assert cors_browser(policy).fetch("/", method="PUT").status == 200

def test_that_lets_us_assert(cors_browser):
    assert_readable(cors_browser(policy).fetch("/", method="PATCH"))

def test_that_passes(cors_browser):
    assert cors_browser(policy).fetch("/").status == 200

def test_without_a_browser():
    assert not policy
"""


def test_the_fixture_opens_a_browser(cors_browser: Callable[..., Browser]) -> None:
    browser = cors_browser(Policy(origins=["https://app.example"]), page="https://app.example")
    assert isinstance(browser, Browser)
    assert_readable(browser.fetch("/"), status=200)


def test_pytest_finds_the_plugin_by_itself() -> None:
    found = [point.value for point in entry_points(group="pytest11") if point.name == "corsmith"]
    assert found == ["corsmith.pytest_plugin"]


@pytest.mark.slow
def test_each_failure_has_the_ladder_once(tmp_path: Path) -> None:
    (tmp_path / "test_them.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    plugins = ["-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        # Where CI is set, pytest writes whole messages into its summary too.
        env={name: value for name, value in os.environ.items() if name != "CI"},
    )
    assert "3 failed, 1 passed" in done.stdout
    assert done.stdout.count("What the browser did") == 1
    for method in ("PUT", "PATCH"):
        step = f"✗ preflight: {method} is not in Access-Control-Allow-Methods"
        assert done.stdout.count(step) == 1


def test_pytest_loads_nothing_of_ours_but_the_plugin_when_it_starts() -> None:
    program = (
        "import corsmith.pytest_plugin, sys; print(*(n for n in sys.modules if 'corsmith' in n))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) - {"_editable_impl_corsmith"} == {
        "corsmith",
        "corsmith.pytest_plugin",
    }

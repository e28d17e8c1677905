"""Small applications of every framework: one fault in each, and some that have none.

What lives here: the files of ``tests/application/apps``, checked. Adding a case is adding a file,
which says in its first line which code is expected, or ``clean``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.applications import checked, codes, stand_in

pytestmark = pytest.mark.slow

folder = pytest.fixture(autouse=True)(stand_in)

APPS = Path(__file__).parents[1] / "application" / "apps"
NAMES = sorted(path.stem for path in APPS.glob("*.txt"))
# Django's settings are made once in a process, and Sanic rewrites its own code for an application.
ALONE = [name for name in NAMES if "django" in name or "sanic" in name]
OTHERS = [name for name in NAMES if name not in ALONE]

# Elsewhere only the person knows what is meant: which origins, or whose comparison.
CERTAIN = {
    "aiohttp-websocket",
    "fastapi-auth-outside",
    "fastapi-function-outside",
    "fastapi-header-by-hand",
    "fastapi-https-redirect-outside",
    "fastapi-lax-cookie",
    "fastapi-lax-session",
    "fastapi-stock-and-ours",
    "fastapi-stock-twice",
    "fastapi-string-methods",
    "fastapi-string-origin",
    "fastapi-string-ours",
    "fastapi-trailing-slash",
    "fastapi-unhandled-500",
    "fastapi-websocket",
    "flask-after-request",
    "flask-cookie-not-secure",
    "flask-extension-twice",
    "flask-twice",
    "flask-unknown-path",
    "litestar-string",
    "litestar-websocket",
    "quart-cookie",
    "sanic-websocket",
    "tornado-websocket",
    "django-order",
    "django-redirect",
    "django-string",
    "django-two-layers",
}


def read(name: str) -> tuple[str, str, str]:
    """Return source, target and what is expected of an application."""
    source = (APPS / f"{name}.txt").read_text()
    expected = re.match(r"# expect: (.*)", source)
    assert expected is not None
    target = re.search(r"^# target: (.*)", source, re.MULTILINE)
    return source, f"main:{'app' if target is None else target[1]}", expected[1]


def assert_found(found: list[str], expected: str) -> None:
    """Assert that the fault is found, and nothing in what has none."""
    if expected == "clean":
        assert found == []
    else:
        assert expected in found


@pytest.mark.parametrize("name", OTHERS)
def test_the_fault_of_an_application_is_found_and_nothing_in_a_clean_one(
    folder: Path, name: str
) -> None:
    source, target, expected = read(name)
    result = checked(folder, source, "--format", "json", target=target)
    assert_found(codes(result), expected)
    assert (result.exit_code == 0) is (expected == "clean")


def check_alone(folder: Path, target: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Check in a process of its own."""
    command = [sys.executable, "-m", "corsmith", "check", target, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ALONE)
def test_the_fault_of_one_that_needs_its_own_process_is_found_and_nothing_in_a_clean_one(
    folder: Path, name: str
) -> None:
    source, target, expected = read(name)
    (folder / "main.py").write_text(source)
    done = check_alone(folder, target, "--format", "json")
    assert_found([one["code"] for one in json.loads(done.stdout)["findings"]], expected)


@pytest.mark.parametrize("name", [name for name in OTHERS if not name.startswith("clean")])
def test_a_diff_removes_the_fault_that_it_is_for(folder: Path, name: str) -> None:
    source, target, expected = read(name)
    diff = checked(folder, source, "--fix", target=target).stdout
    assert bool(diff) is (name in CERTAIN)
    if diff:
        after = codes(checked(folder, patched(folder, diff), "--format", "json", target=target))
        assert expected not in after


@pytest.mark.parametrize("name", [name for name in ALONE if not name.startswith("clean")])
def test_a_diff_removes_the_fault_of_one_that_needs_its_own_process(
    folder: Path, name: str
) -> None:
    source, target, _ = read(name)
    (folder / "main.py").write_text(source)
    diff = check_alone(folder, target, "--fix").stdout
    assert bool(diff) is (name in CERTAIN)
    if diff:
        patched(folder, diff)
        assert check_alone(folder, target).returncode == 0


def patched(folder: Path, diff: str) -> str:
    """Return the application after its diff is applied."""
    (folder / "change.diff").write_text(diff)
    subprocess.run(["git", "apply", "change.diff"], cwd=folder, check=True)  # noqa: S607  on PATH
    return (folder / "main.py").read_text()

"""``corsmith check main:app``: the policy of the application itself, refused or asked about."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cli.applications import INSTALLED, checked, stand_in

if TYPE_CHECKING:
    from pathlib import Path


folder = pytest.fixture(autouse=True)(stand_in)

WRONG = INSTALLED.replace("{arguments}", "origins='https://app.example', methods='PUT'")


def test_a_policy_that_is_refused_on_import_is_told_with_its_line(folder: Path) -> None:
    result = checked(folder, WRONG)
    assert result.exit_code == 2
    assert result.stdout.startswith("no: main:app cannot start: its policy has 2 problems\n")
    assert result.stdout.count("  main.py:5: not-a-list\n") == 2
    told = json.loads(checked(folder, WRONG, "--format", "json").stdout)
    assert [one["place"] for one in told["findings"]] == ["main.py:5"] * 2


def test_a_policy_that_is_refused_is_mended_where_that_is_certain(folder: Path) -> None:
    result = checked(folder, WRONG, "--fix")
    assert '+install(app, origins=["https://app.example"], methods=["PUT"])\n' in result.stdout
    assert "cannot start" in result.stderr
    other = INSTALLED.replace("{arguments}", "origins=['https://app.example/']")
    assert checked(folder, other, "--fix").stdout == ""


def test_a_policy_that_is_refused_elsewhere_has_no_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from corsmith.cli import check_app

    monkeypatch.setattr(check_app, "their_frame", lambda _error: None)
    assert "\n  not-a-list\n" in checked(folder, WRONG).stdout
    assert checked(folder, WRONG, "--fix").stdout == ""


def test_a_mark_that_is_no_policy_is_told(folder: Path) -> None:
    mark = "\nread_items.cors_policy = {'origins': 'https://app.example'}\n"
    source = INSTALLED.replace("{arguments}", "origins='*'") + mark
    result = checked(folder, source)
    assert result.exit_code == 2
    assert "\n  not-a-list\n" in result.stdout


def test_what_an_application_raises_while_it_is_read_is_told_with_its_own_lines(
    folder: Path,
) -> None:
    source = """
class App:
    @property
    def app(self):
        raise RuntimeError("no database")

    def __call__(self, environ, start_response): ...

app = App()
"""
    for words in ((), ("--routes",)):
        result = checked(folder, source, *words)
        assert (result.exit_code, result.stdout) == (3, "")
        assert "main:app cannot be read" in result.stderr
        assert 'main.py", line 5, in app' in result.stderr


def test_a_page_that_a_pattern_allows_asks(folder: Path) -> None:
    source = INSTALLED.replace("{arguments}", "origins=['https://*.shop.example']")
    assert re.search(
        r"page +https://a\.shop\.example +\(the application allows it",
        checked(folder, source).stdout,
    )


def test_where_only_a_route_has_a_policy_no_other_path_is_asked(folder: Path) -> None:
    marked = INSTALLED.replace("install(app, {arguments})", "install(app, Routes({}))").replace(
        "import install", "import Routes, install"
    )
    marked += "\nread_items.cors_policy = {'origins': ['https://partner.example']}\n"
    result = checked(folder, marked)
    assert result.exit_code == 0
    assert result.stdout.count("no policy covers a path without a route") == 2

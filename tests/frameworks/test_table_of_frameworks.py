"""docs/frameworks.md says of each framework what it answers now."""

from __future__ import annotations

import ast
import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import ROOT
from tests.frameworks import hosts
from tools import frameworks

if TYPE_CHECKING:
    from tests.frameworks.hosts import Host

TEXT = frameworks.PAGE.read_text(encoding="utf-8")
VERSION = 1
"""The column."""


def cells(row: str) -> list[str]:
    """Return the cells of a row."""
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def locked(distribution: str) -> set[str]:
    """Return the versions of a package that the tests are held to: one for each Python."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    return {p["version"] for p in lock["package"] if p["name"] == distribution}


def test_the_row_of_a_framework_is_what_it_answers(host: Host) -> None:
    stated = cells(frameworks.rows_in(TEXT)[host.name])
    actual = cells(frameworks.row_of(host.key))
    stated.pop(VERSION)
    actual.pop(VERSION)
    assert stated == actual, "python -m tools.frameworks writes it anew"


def test_the_version_is_one_that_the_tests_are_held_to(host: Host) -> None:
    stated = cells(frameworks.rows_in(TEXT)[host.name])[VERSION]
    # What `.venv` has not is in its newest version wherever it is run.
    if versions := locked(hosts.distributions(host.key)[0]):
        assert stated in versions
    assert re.fullmatch(r"\d+\.[\d.]+", stated)


def test_every_framework_has_its_row_and_every_row_its_framework() -> None:
    names = []
    for key in hosts.NAMES:
        source = (ROOT / "tests" / "frameworks" / "hosts" / f"{key}.py").read_text("utf-8")
        names += [
            ast.literal_eval(node.value)
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAME"
        ]
    assert sorted(frameworks.rows_in(TEXT)) == sorted(names)


def test_the_rows_of_absent_frameworks_stay() -> None:
    assert frameworks.renewed(TEXT, []) == TEXT
    row = "| [Nowhere](how-to/nowhere.md) | 1.0 |"
    with_row = TEXT.replace(frameworks.END, f"{row}\n\n{frameworks.END}")
    assert row in frameworks.renewed(with_row, [])


def test_every_answer_of_every_framework_can_be_read() -> None:
    for row in frameworks.rows_in(TEXT).values():
        probes = cells(row)[2:-1]
        assert [cell.endswith(" +") for cell in probes] == [True] * 8, row
        assert all(cell.startswith(("200 ", "204 ")) for cell in probes[:2]), row


@pytest.mark.parametrize("row", frameworks.rows_in(TEXT).values(), ids=frameworks.name_in)
def test_every_row_leads_to_a_page(row: str) -> None:
    found = re.search(r"\]\((how-to/[\w-]+\.md)\)", row)
    assert found is not None
    assert (ROOT / "docs" / found[1]).is_file()

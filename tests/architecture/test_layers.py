"""The map and the tests agree: what is pure, what has a partner, what is placed.

That imports follow the layers is import-linter's own check (`make check` runs it).
"""

from __future__ import annotations

import re

import pytest

from tests.architecture.tree import ROOT, SOURCE, name
from tools.layers import LOWEST_EDGE, contracts, edge, layers, partner, pure_files, pure_islands

PURE = [path for path in pure_files() if path != SOURCE / "__init__.py"]
LINES = contracts()["layers"]["layers"]


def exists(noun: str) -> bool:
    """Return whether a top-level module is built."""
    return (SOURCE / f"{noun}.py").exists() or (SOURCE / noun / "__init__.py").exists()


def test_the_contract_about_the_pure_part_names_all_of_it() -> None:
    below = {name(str(path.relative_to(ROOT))).split(".")[1] for path in PURE}
    named = {module.split(".")[1] for module in contracts()["pure"]["source_modules"]}
    assert named == below


def test_a_pure_module_outside_the_pure_part_stands_in_a_folder_of_the_edge() -> None:
    assert {name.split(".")[1] for name in pure_islands()} <= edge()


def test_the_edge_begins_where_something_is_logged() -> None:
    assert LOWEST_EDGE in edge()
    assert {"policy", "decision", "diagnostics"}.isdisjoint(edge())


def test_no_noun_is_placed_twice() -> None:
    nouns = [noun for line in layers() for noun in line]
    assert sorted(nouns) == sorted(set(nouns))


@pytest.mark.parametrize("line", LINES)
def test_only_what_is_not_built_stands_in_parentheses(line: str) -> None:
    absent = set(re.findall(r"\((\w+)\)", line))
    assert {noun for noun in absent if exists(noun)} == set()
    assert {noun for noun in re.findall(r"\w+", line) if not exists(noun)} == absent


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_pure_module_has_its_partner_test(path: str) -> None:
    assert partner(SOURCE / path).is_file()


@pytest.mark.parametrize("path", sorted((ROOT / "tests").glob("test_*.py")), ids=lambda p: p.name)
def test_a_test_beside_the_conftest_is_the_partner_of_a_module(path: str) -> None:
    noun = (ROOT / path).stem.removeprefix("test_")
    assert exists(noun) or noun == "corsmith"

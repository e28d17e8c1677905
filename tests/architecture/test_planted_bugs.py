"""The table of planted bugs is read strictly, and a bug that nothing sees is told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.tree import ROOT
from tools import mutants

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {  # as TOML gives it
    "name": "n",
    "file": "src/a.py",
    "old": "x = 1",
    "new": "x = 2",
    "tests": ("tests/test_a.py::test_x",),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree of one module and one test."""
    tree = tmp_path / "tree"
    for folder in ("src", "tests"):
        (tree / folder).mkdir(parents=True)
    (tree / "src" / "a.py").write_text("x = 1\ny = 1\nz = 1\n", encoding="utf-8")
    test = "import a\ndef test_x(): assert a.x == 1\ndef test_y(): pass\n"
    (tree / "tests" / "test_a.py").write_text(test, encoding="utf-8")
    return tree


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"file": "src/b.py"}, "no file src/b.py"),
        ({"old": "x = 3"}, "`old` occurs 0 times in src/a.py, not once"),
        ({"old": " = 1"}, "`old` occurs 3 times in src/a.py, not once"),
        ({"new": "x = 1"}, "`new` is the same as `old`"),
        ({"tests": ()}, "names no test"),
        ({"tests": ("tests/test_b.py",)}, "no test tests/test_b.py"),
    ],
)
def test_a_row_that_cannot_be_planted_says_why(
    tree: Path, change: dict[str, str], problem: str | None
) -> None:
    assert mutants.Mutant(**{**ROW, **change}).problem(tree) == problem


def run_on(tree: Path, *rows: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """Plant rows into a tree as `make mutants` does into ours."""
    program = (
        "import sys; from pathlib import Path; from tools import mutants\n"
        "mutants.ROOT = Path(sys.argv[1])\n"
        f"rows = [mutants.Mutant(**row) for row in {list(rows)!r}]\n"
        "print(mutants.run(rows, Path(sys.argv[2])))\n"
    )
    work = tree.parent / "work"
    work.mkdir()
    return subprocess.run(
        [sys.executable, "-c", program, str(tree), str(work)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.slow
def test_a_bug_that_a_named_test_sees_is_told_with_that_test(tree: Path) -> None:
    assert run_on(tree, ROW).stdout.splitlines() == [
        f"{'n':<40} tests/test_a.py::test_x",
        "1 planted bugs, 0 not seen by a test that must see it",
        "0",
    ]
    assert "x = 1" in (tree / "src" / "a.py").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_bug_must_be_seen_by_each_of_the_tests_it_names(tree: Path) -> None:
    row = {**ROW, "tests": ("tests/test_a.py::test_x", "tests/test_a.py::test_y")}
    printed = run_on(tree, row).stdout
    assert "tests/test_a.py::test_y: SURVIVES" in printed
    assert printed.endswith("1 planted bugs, 1 not seen by a test that must see it\n1\n")


@pytest.mark.slow
def test_a_bug_that_breaks_the_import_counts_as_a_wrong_row(tree: Path) -> None:
    assert "broke before it could judge" in run_on(tree, {**ROW, "new": "x = ("}).stdout


@pytest.mark.slow
def test_a_test_that_is_red_without_any_bug_judges_nothing(tree: Path) -> None:
    (tree / "src" / "a.py").write_text("x = 1\nx = 5\n", encoding="utf-8")
    assert run_on(tree, ROW).stdout.startswith("red without any bug:")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[mutant]]\nname = "a"\n', "a: the fields are file, name, new, old, tests"),
        (
            '[[mutant]]\nname="a"\nfile="f"\nold="o"\nnew="n"\ntests=["t"]\n' * 2,
            "two mutants have one name",
        ),
    ],
)
def test_a_table_with_a_wrong_row_is_not_read(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "mutants.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=problem):
        mutants.read_table(path)

"""Plants each bug of tests/mutants.toml in a copy of the tree and expects its tests to turn red.

`python -m tools.mutants [NAME…]` plants the named ones, or all. Exit 1 if one survives, or if a
row is wrong: `old` not there exactly once, a test that does not exist, is red anyway, or breaks
before it can judge.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.forked import Finished, run_all, run_pytest
from tools.layers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TABLE = ROOT / "tests" / "mutants.toml"
# Not part of what is tested; `.venv` alone is most of a checkout's bytes.
_LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__", "_build", "dist", ".coverage*")
)
_FIELDS = {"name", "file", "old", "new", "tests"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One planted bug and the tests that must see it, each of them by itself."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def problem(self, root: Path) -> str | None:
        """Return what is wrong with the row, if anything is."""
        path = root / self.file
        if not path.is_file():
            return f"no file {self.file}"
        found = path.read_text(encoding="utf-8").count(self.old)
        if found != 1:
            return f"`old` occurs {found} times in {self.file}, not once"
        if self.old == self.new:
            return "`new` is the same as `old`"
        if not self.tests:
            return "names no test"
        for test in self.tests:
            if not (root / test.partition("::")[0]).is_file():
                return f"no test {test}"
        return None

    def plant(self, root: Path) -> None:
        """Write the bug into a tree, whose files are links to those of the clean one."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
            compiled.unlink()
        path.unlink()
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


def read_table(path: Path = TABLE) -> list[Mutant]:
    """Return the rows of a table; a row with wrong or missing fields is a ValueError."""
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    for row in rows:
        if row.keys() != _FIELDS:
            message = f"{row.get('name', row)}: the fields are {', '.join(sorted(_FIELDS))}"
            raise ValueError(message)
    mutants = [Mutant(**{**row, "tests": tuple(row["tests"])}) for row in rows]
    if len({mutant.name for mutant in mutants}) != len(mutants):
        message = "two mutants have one name"
        raise ValueError(message)
    return mutants


def copy_tree(folder: Path) -> Path:
    """Return a fresh copy of the work tree, which itself is never touched."""
    return Path(shutil.copytree(ROOT, folder, ignore=_LEFT_OUT, symlinks=True))


def judge(mutant: Mutant, test: str, clean: Path) -> int:
    """Run one test on a tree that holds the bug, and return pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        # Links: a tree for each bug costs nothing, and what the clean one compiled is there.
        shutil.copytree(clean, tree, symlinks=True, copy_function=os.link)
        mutant.plant(tree)
        code = run_pytest(tree, ["-x", test])
        os.chdir(ROOT)
        return code


def _verdict(done: Finished) -> tuple[bool, str]:
    """Return whether the bug was seen, and by which test or why not."""
    red = re.search(r"^FAILED (\S+)", done.output, re.MULTILINE)
    if done.code == pytest.ExitCode.TESTS_FAILED and red:
        return True, red[1]
    if done.code == pytest.ExitCode.OK:
        return False, "SURVIVES"
    return False, f"broke before it could judge (exit {done.code}):\n{done.output[-2000:]}"


def _baseline(mutants: Iterable[Mutant], clean: Path, at_once: int) -> list[str]:
    """Return what the tests say without any bug; nothing if they are green."""
    tests = sorted({test for mutant in mutants for test in mutant.tests})
    shares = [share for at in range(at_once) if (share := tests[at::at_once])]
    jobs: dict[str, Callable[[], int]] = {
        f"green {at}": partial(run_pytest, clean, share, compiles=True)
        for at, share in enumerate(shares)
    }
    return [done.output for done in run_all(jobs, at_once) if done.code]


def run(mutants: list[Mutant], folder: Path) -> int:
    """Plant them all, print the table, and return how many rows are not as they should be."""
    clean = copy_tree(folder / "clean")
    wrong = {mutant.name: why for mutant in mutants if (why := mutant.problem(clean))}
    for name, why in wrong.items():
        print(f"{name:<40} wrong row: {why}")
    ready = [mutant for mutant in mutants if mutant.name not in wrong]
    at_once = os.cpu_count() or 1
    if ready and (red := _baseline(ready, clean, at_once)):
        print(f"red without any bug:\n{red[0]}")
        return len(mutants)
    jobs: dict[str, Callable[[], int]] = {
        f"{mutant.name} {test}": partial(judge, mutant, test, clean)
        for mutant in ready
        for test in mutant.tests
    }
    alive = 0
    for done in run_all(jobs, at_once):
        seen, by = _verdict(done)
        alive += not seen
        name, _, test = done.name.partition(" ")
        print(f"{name:<40} {by if seen else f'{test}: {by}'}")
    print(f"{len(mutants)} planted bugs, {alive + len(wrong)} not seen by a test that must see it")
    return alive + len(wrong)


def main(names: list[str]) -> int:
    """Plant the named bugs, or all of them."""
    mutants = read_table()
    if unknown := set(names) - {mutant.name for mutant in mutants}:
        print(f"no such bug: {', '.join(sorted(unknown))}")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        wanted = [mutant for mutant in mutants if not names or mutant.name in names]
        return 1 if run(wanted, Path(folder).resolve()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Each pure module is covered, every branch of it, by its own partner test alone.

`python -m tools.partners [MODULE…]` runs each partner by itself and prints what it left out.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from coverage import Coverage

from tools.forked import run_all, run_pytest
from tools.layers import ROOT, partner, pure_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALL = 100.0


def cover(module: Path, test: Path) -> int:
    """Run one partner and return 0 if it passes and covers its module."""
    coverage = Coverage(data_file=None, branch=True, config_file=str(ROOT / "pyproject.toml"))
    # Only this module, only this process, and only this tree.
    for name in ("run:source_pkgs", "run:patch"):
        coverage.set_option(name, [])
    coverage.set_option("paths", {})
    coverage.set_option("run:parallel", value=False)
    coverage.set_option("run:include", [str(module)])
    coverage.set_option("report:skip_covered", value=False)
    with coverage.collect():
        code = run_pytest(ROOT, [str(test.relative_to(ROOT))])
    if code:
        return code
    covered: float = coverage.report()
    return 0 if covered >= ALL else 3


def main(names: list[str]) -> int:
    """Run the partners of the named modules, or of all pure ones."""
    modules = {str(path.relative_to(ROOT)): path for path in pure_files()}
    wanted = {name: modules[name] for name in names or modules}
    missing = {name for name, path in wanted.items() if not partner(path).exists()}
    for name in sorted(missing):
        print(f"{name} has no partner {partner(wanted[name]).relative_to(ROOT)}")
    jobs: dict[str, Callable[[], int]] = {
        name: partial(cover, path, partner(path))
        for name, path in wanted.items()
        if name not in missing
    }
    failed = 0
    for done in run_all(jobs, at_once=os.cpu_count() or 1):
        if done.code:
            failed += 1
            print(f"── {done.name} is not covered by its partner alone ──\n{done.output}")
    print(f"{len(wanted)} pure modules, {failed + len(missing)} not covered by their partner alone")
    return 1 if failed or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""pytest in a forked child: the start of an interpreter and of pytest is paid once, not each time.

The parent has loaded pytest and its plugins, and nothing of corsmith; each child loads corsmith
from the tree that it is pointed at.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis  # noqa: F401 - loaded here so that no child has to
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# A partner or the tests of one mutant: no need for a random order, a cache or other processes.
ARGUMENTS = (
    *("-q", "--color=no", "--tb=short", "-p", "no:randomly", "-p", "no:cacheprovider"),
    *("-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One child's exit code and all that it printed."""

    name: str
    code: int
    output: str


def run_pytest(tree: Path, arguments: Iterable[str], *, compiles: bool = False) -> int:
    """Run pytest on a tree, in this process, and return its exit code.

    ``compiles`` leaves in the tree what was compiled, for those who run on a copy of it.
    """
    os.chdir(tree)
    # Two versions of a file written within one second and of one size have the same bytecode name.
    sys.dont_write_bytecode = not compiles
    os.environ["PYTHONDONTWRITEBYTECODE"] = "" if compiles else "1"
    os.environ["PYTHONPATH"] = str(tree / "src")
    for name in ("CORSMITH_REQUIRE", "CORSMITH_NOT_RUN_FILE"):
        os.environ.pop(name, None)
    sys.path.insert(0, str(tree / "src"))
    return int(pytest.main([*ARGUMENTS, *arguments]))


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send both standard streams to a file, down to the file descriptors."""
    with path.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        yield
        sys.stdout.flush()
        sys.stderr.flush()


def _fork(work: Callable[[], int], output: Path) -> int:
    """Start a child that does the work, and return its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    code = 70
    try:
        with _output_to(output):
            try:
                code = work()
            except BaseException:  # noqa: BLE001 - a child must never run on into its parent's code
                traceback.print_exc()
    finally:
        os._exit(code)


def run_all(jobs: dict[str, Callable[[], int]], at_once: int) -> Iterator[Finished]:
    """Do each job in a child of its own, a few at a time, and yield each one as it ends."""
    waiting = list(jobs.items())
    running: dict[int, tuple[str, Path]] = {}
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < at_once:
                name, work = waiting.pop(0)
                output = Path(folder, str(len(waiting)))
                running[_fork(work, output)] = (name, output)
            pid, status = os.wait()
            if pid in running:
                name, output = running.pop(pid)
                text = output.read_text(encoding="utf-8", errors="replace")
                yield Finished(name=name, code=os.waitstatus_to_exitcode(status), output=text)

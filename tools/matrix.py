"""The frameworks in other versions than those of `.venv`, each in an environment of its own.

    python -m tools.matrix              all of them
    python -m tools.matrix flask dash   some of them, by their packages

For each, the newest release below the minor version that is installed here: the second newest
minor version. Where `.venv` has none, because it would be too large or in the way, the newest
release comes first. Ends with 1 where a test failed or something could not be installed; where no
index answers, the last line of `make test-all` says so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tests.frameworks import hosts
from tools.pins import group

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests" / "frameworks"
COMMON = ("probes", "policy_cases", "marked_routes", "in_force")
_NO_INDEX = "the package index cannot be reached"
ALSO = {"pyramid": ("setuptools<82",)}
"""What an old version needs and does not say: Pyramid 2.0 imports pkg_resources."""

_NAME = re.compile(r"[\w.-]+")
_VERSION = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"


class NoIndexError(Exception):
    """Nothing can be installed on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One environment: a package, the versions that it may have, and the hosts that need it."""

    package: str
    below: str | None
    keys: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """What is asked for."""
        return self.package if self.below is None else f"{self.package}<{self.below}"

    @property
    def tests(self) -> list[str]:
        """The test files that are run in it."""
        found = [TESTS / f"test_{name}.py" for name in COMMON]
        for key in self.keys:
            found += sorted(TESTS.glob(f"test_{key}.py")) + sorted(TESTS.glob(f"test_{key}_*.py"))
        if self.below is None:
            found += [TESTS / "test_table_of_frameworks.py", ROOT / "tests/docs/test_blocks.py"]
        return [str(path.relative_to(ROOT)) for path in dict.fromkeys(found)]


def packages() -> dict[str, tuple[str, ...]]:
    """Return the hosts of each framework, by the package that it is."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key in hosts.NAMES:
        found[hosts.distributions(key)[0]].append(key)
    return {package: tuple(keys) for package, keys in found.items()}


def minor(release: str) -> str:
    """Return the first two numbers of a version.

    >>> minor("3.1.3"), minor("2.1")
    ('3.1', '2.1')
    """
    return ".".join(release.split(".")[:2])


def requirements(row: Row) -> list[str]:
    """Return all that an environment needs: the tests' packages, one of them in these versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tests = group(project["dependency-groups"], "test")
    others = [line for line in tests if _name(line) != row.package]
    also = ALSO.get(row.package, ())
    return ["--editable", f"{ROOT}[gateway]", *others, *also, row.requirement]


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    return found[0].lower() if found else requirement


def try_row(row: Row, folder: Path) -> str | None:
    """Install and test one environment; return the version that it got if all is well."""
    start = time.monotonic()
    made = _run("tools/bootstrap", "into", str(folder), *requirements(row))
    if made.returncode and _NO_INDEX in made.stdout:
        raise NoIndexError
    if made.returncode:
        print(f"── {row.requirement}: not installed\n{made.stdout}", flush=True)
        return None
    python = str(folder / "bin" / "python")
    release = _run(python, "-c", _VERSION, row.package).stdout.strip()
    done = _run(
        *(python, "-m", "pytest", "-q", "-p", "no:dash", "-p", "no:cacheprovider"),
        # What an old version warns of is nothing that we could mend.
        *("-W", "default", "-k", " or ".join(row.keys), *row.tests),
    )
    word = "FAILED" if done.returncode else "ok"
    print(f"── {row.package} {release}: {word} ({time.monotonic() - start:.0f} s)", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
        return None
    return release


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def try_package(package: str, keys: tuple[str, ...]) -> Iterator[bool]:
    """Try one framework in the versions that `.venv` has not; each is well or not."""
    with tempfile.TemporaryDirectory() as folder:
        release: str | None
        try:
            release = version(package)
        except PackageNotFoundError:
            newest = Row(package=package, below=None, keys=keys)
            release = try_row(newest, Path(folder, "newest"))
            yield release is not None
        if release is not None:
            older = Row(package=package, below=minor(release), keys=keys)
            yield try_row(older, Path(folder, "older")) is not None


def main(wanted: list[str]) -> int:
    """Try the frameworks of these packages, or all."""
    known = packages()
    if unknown := set(wanted).difference(known):
        print(f"no such package: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    results: list[bool] = []
    try:
        for name in wanted or known:
            results += try_package(name, known[name])
    except NoIndexError:
        note_missed(f"not run: other versions of the frameworks: {_NO_INDEX}")
        results.append("registry" not in os.environ.get("CORSMITH_REQUIRE", ""))
    return 0 if all(results) else 1


def note_missed(line: str) -> None:
    """Say what was not run, last of all where `make test-all` runs this."""
    if ledger := os.environ.get("CORSMITH_NOT_RUN_FILE"):
        with Path(ledger).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    else:
        print(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

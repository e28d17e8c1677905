"""The peers' own tests: fetched, made to count what they expect, run against our adapters.

What lives here: which release of which peer, and what became of each of its tests. What does
not: how a peer's names are made of ours (``shims``) and what may be missed (``deviations.toml``).
"""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.packaging.machine import NO_INDEX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["PEERS", "Peer", "Run", "counting", "fetch", "run", "unpack"]

HERE: Final = Path(__file__).parent
UNREACHABLE: Final = re.compile(
    r"name resolution|dns error|connection (refused|broken)|unreachable|timed out|tunnel error"
    r"|tcp connect error|from versions: none",
    re.IGNORECASE,
)
PATIENCE: Final = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A release whose tests are run: exactly that one, by its hash."""

    name: str
    version: str
    sha256: str
    tests: tuple[str, ...]
    plugins: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """What is asked of the package index."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


PEERS: Final = (
    Peer(
        name="starlette",
        version="1.10.0",
        sha256="b8399098d4c1e3522734f7235dc79b1fc967f96cf139c81e0fa30479e0685f9b",
        tests=("tests/middleware/test_cors.py",),
        plugins=("anyio.pytest_plugin", "shims.starlette_cors"),
    ),
    Peer(
        name="flask-cors",
        version="6.0.5",
        sha256="30c5031552cd59f620ac0c8211dac45b345d3b2df310e7721879e4f46ef9c601",
        tests=("tests",),
        plugins=("shims.flask_cors",),
    ),
    Peer(
        name="aiohttp-cors",
        version="0.8.1",
        sha256="ccacf9cb84b64939ea15f859a146af1f662a6b1d68175754a07315e305fb1403",
        tests=("tests",),
        plugins=("aiohttp.pytest_plugin", "shims.aiohttp_cors"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a peer's tests; one that is parametrised counts once for each."""

    ends: Mapping[str, str]
    expectations: Mapping[str, Mapping[str, bool]]
    left_out: frozenset[str]
    missed: frozenset[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        missed = {(_plain(test), source) for test, source, holds in self._all() if not holds}
        object.__setattr__(self, "missed", frozenset(missed))

    def _all(self) -> Iterator[tuple[str, str, bool]]:
        for test, expectations in self.expectations.items():
            for source, holds in expectations.items():
                yield test, source, holds

    @property
    def passed(self) -> int:
        """How many tests passed, with all that they expect."""
        return sum(
            end == "passed" and all(self.expectations[test].values())
            for test, end in self.ends.items()
        )

    @property
    def held(self) -> int:
        """How many expectations held."""
        return sum(holds for _, _, holds in self._all())

    @property
    def expected(self) -> int:
        """How many expectations there were."""
        return sum(1 for _ in self._all())


def _plain(test: str) -> str:
    """Return the name of a test without its parameters."""
    return test.partition("[")[0]


def fetch(peers: Iterable[Peer], folder: Path) -> None:
    """Put the source distributions in a folder; skip the test where no index answers."""
    wanted = folder / "requirements.txt"
    wanted.write_text("".join(f"{peer.requirement}\n" for peer in peers), encoding="utf-8")
    done = subprocess.run(
        [
            *_pip(),
            *("download", "-q", "--no-deps", "--require-hashes"),
            *("--no-binary", ",".join(peer.name for peer in peers)),
            *("-d", str(folder), "-r", str(wanted)),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    if done.returncode and UNREACHABLE.search(done.stderr):
        pytest.skip(NO_INDEX)
    assert done.returncode == 0, done.stderr


def _pip() -> list[str]:
    """Return a pip that is there: that of this environment, or the one that uv brings."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("there is neither pip nor uv")
    return [uv, "tool", "run", "-q", "pip"]


def unpack(peer: Peer, folder: Path) -> Path:
    """Return a folder with the peer's tests, each of which counts what it expects."""
    stem = f"{peer.name.replace('-', '_')}-{peer.version}"
    with tarfile.open(folder / f"{stem}.tar.gz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    tree = folder / peer.name
    tree.mkdir()
    (tree / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    shutil.copytree(folder / "unpacked" / stem / "tests", tree / "tests")
    for path in tree.rglob("*.py"):
        path.write_text(counting(path.read_text(encoding="utf-8")), encoding="utf-8")
    return tree


class _Counting(ast.NodeTransformer):
    """Puts each expectation into a ``with expect(…):`` of its own."""

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """Wrap an ``assert``."""
        return _wrapped(node)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        """Wrap a call of unittest's, such as ``self.assertEqual(…)``."""
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr.startswith("assert"):
            return _wrapped(node)
        return node


def _wrapped(node: ast.stmt) -> ast.stmt:
    call = ast.parse(f"expect({ast.unparse(node)!r})", mode="eval").body
    item = ast.withitem(context_expr=call)
    return ast.copy_location(ast.With(items=[item], body=[node]), node)


def counting(source: str) -> str:
    """Return the source of a test module in which every expectation is counted."""
    tree = _Counting().visit(ast.parse(source))
    # After the docstring and what Python wants first.
    at = next((at for at, node in enumerate(tree.body) if not _comes_first(node)), 0)
    tree.body[at:at] = ast.parse("from shims.recorder import expect").body
    return ast.unparse(ast.fix_missing_locations(tree))


def _comes_first(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def run(peer: Peer, tree: Path, left_out: Iterable[str], *, words: bool) -> Run:
    """Run the peer's tests against our adapter; ``words`` says our answers in the peer's."""
    results = tree / f"results-{words:d}.json"
    plugins = [*peer.plugins, "shims.recorder"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini"),
            *("--assert=plain", "-p", "no:cacheprovider", *[f"-p{name}" for name in plugins]),
            *peer.tests,
        ],
        cwd=tree,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([str(HERE), str(tree)]),
            "PEER_LEFT_OUT": json.dumps([*left_out]),
            "PEER_RESULTS": str(results),
            "PEER_WORDS": f"{words:d}",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert results.exists(), done.stdout
    told: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    assert told["tests"], done.stdout
    return Run(
        ends={test: told["ends"] for test, told in told["tests"].items()},
        expectations={test: told["expectations"] for test, told in told["tests"].items()},
        left_out=frozenset(told["left_out"]),
    )

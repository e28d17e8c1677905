"""A fresh clone serves with one command, on whatever the machine has."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.architecture.tree import ROOT
from tests.packaging.machine import (
    NO_NETWORK,
    clone,
    environment,
    fetch,
    program,
    run,
    serving,
    skip_without_index,
)

if TYPE_CHECKING:
    from pathlib import Path

STAMP = ".venv/corsmith-stamp"

pytestmark = pytest.mark.servers


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return clone(tmp_path / "clone")


def answer(port: int) -> object:
    """Return the JSON that the server answers."""
    return json.loads(fetch(port) or b"null")


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_clone_serves_and_then_serves_again_without_a_network(tree: Path, tmp_path: Path) -> None:
    # What someone who pressed Ctrl-C too early left behind is made anew.
    (tree / ".venv" / "bin").mkdir(parents=True)
    (tree / ".venv" / "bin" / "python").symlink_to("nowhere")
    environ = environment(tmp_path / "home")
    with serving(tree, environ) as port:
        assert answer(port) == {"status": "OK"}
    made = (tree / STAMP).stat().st_mtime_ns
    offline = {**environ, "HTTPS_PROXY": NO_NETWORK, "https_proxy": NO_NETWORK}
    with serving(tree, offline) as port:
        assert answer(port) == {"status": "OK"}
    assert (tree / STAMP).stat().st_mtime_ns == made


@pytest.mark.registry
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_clone_serves_where_ensurepip_fails(tree: Path, tmp_path: Path) -> None:
    environ = environment(tmp_path / "home", ensurepip=False)
    done = bootstrap(tree, environ)
    skip_without_index(done.stderr)
    if done.returncode:
        # This machine has no other pip either, and says what to install.
        assert done.stderr.endswith("install uv, or your system's python3-venv.\n")
        return
    with serving(tree, environ) as port:
        assert answer(port) == {"status": "OK"}


def bootstrap(tree: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the bootstrap alone and return how it ended."""
    command = ["/bin/sh", "tools/bootstrap", "serve"]
    return subprocess.run(
        command, cwd=tree, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.registry
@pytest.mark.slow
def test_an_environment_that_is_out_of_date_is_kept_when_there_is_no_network(
    tree: Path, tmp_path: Path
) -> None:
    environ = environment(tmp_path / "home")
    run(tree, environ, "sh", "tools/bootstrap", "serve")
    before = (tree / STAMP).read_text(encoding="utf-8")
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    offline = {**environ, "HTTPS_PROXY": NO_NETWORK, "https_proxy": NO_NETWORK, "PIP_RETRIES": "0"}
    done = bootstrap(tree, offline)
    assert done.returncode == 1
    assert "the package index cannot be reached: the first time needs a network" in done.stderr
    assert (tree / STAMP).read_text(encoding="utf-8") == before
    run(tree, environ, "sh", "tools/bootstrap", "serve")
    assert (tree / STAMP).read_text(encoding="utf-8") != before


def small_machine(folder: Path, python: str | None) -> dict[str, str]:
    """Return the variables of a machine with a few programs and one Python, or none."""
    for name in ("sh", "dirname", "rm", "id", "cat", "cksum", "tr", "mv", "grep", "mktemp"):
        found = shutil.which(name, path="/usr/bin:/bin")
        assert found, f"this machine has no {name}"
        program(folder, name, f'exec {found} "$@"')
    if python:
        program(folder, "python3", python)
    return {"HOME": str(folder), "PATH": str(folder)}


def test_an_old_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    old = 'case "$*" in *sys.exit*) exit 1 ;; *) echo Python 3.9.2 ;; esac'
    done = bootstrap(bare_tree(tmp_path), small_machine(tmp_path / "bin", old))
    assert done.returncode == 1
    assert done.stderr == (
        "corsmith: Python 3.11 or newer is needed, and PATH has only Python 3.9.2.\n"
    )


def test_no_python_at_all_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = bootstrap(bare_tree(tmp_path), small_machine(tmp_path / "bin", None))
    assert done.returncode == 1
    assert done.stderr == "corsmith: Python 3.11 or newer is needed, and PATH has no python3.\n"


def bare_tree(folder: Path) -> Path:
    """Return a tree with nothing but the bootstrap."""
    shutil.copytree(ROOT / "tools", folder / "tree" / "tools")
    return folder / "tree"

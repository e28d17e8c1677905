"""A machine that never saw the project, as far as a folder and a PATH can be one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.architecture.tree import ROOT, files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# A loopback port that nothing listens on: with it as their proxy, no client reaches a network.
NO_NETWORK = "http://127.0.0.1:9"
NO_INDEX = "the package index cannot be reached"
PATIENCE = 120.0

# The Python below the virtual environment of this run: what a fresh machine would have.
_PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}")
_BROKEN_ENSUREPIP = """
case " $* " in
*" --without-pip "*) ;;
*" -m venv "*) echo "Error: Command '-m ensurepip' returned non-zero exit status 1." >&2; exit 1 ;;
esac
"""


def clone(folder: Path) -> Path:
    """Return a copy of what git tracks or would track: a clone of the tree as it is now."""
    for path in files():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, target)
    return folder


def program(folder: Path, name: str, script: str) -> None:
    """Write an executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def environment(home: Path, *, ensurepip: bool = True) -> dict[str, str]:
    """Return the variables of a fresh machine: a Python, no uv, no right to install packages."""
    programs = home / "bin"
    broken = "" if ensurepip else _BROKEN_ENSUREPIP
    program(programs, "python3", f'{broken}exec "{_PYTHON}" "$@"')
    for name in ("uv", "apt-get", "virtualenv"):
        program(programs, name, "exit 1")
    # The certificates and the index of this machine are not the project's to know.
    passed = ("SSL_CERT_FILE", "PIP_CERT", "PIP_INDEX_URL", "HTTPS_PROXY", "https_proxy")
    kept = {name: os.environ[name] for name in passed if name in os.environ}
    return {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", **kept}


def run(tree: Path, environ: Mapping[str, str], *command: str) -> str:
    """Run a command to its end and return all it printed; a failure fails the test."""
    done = subprocess.run(
        command,
        cwd=tree,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    skip_without_index(done.stdout)
    assert done.returncode == 0, done.stdout
    return done.stdout


def skip_without_index(output: str) -> None:
    """Skip the test that could not install because nothing answered."""
    if NO_INDEX in output:
        pytest.skip(NO_INDEX)


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def fetch(port: int) -> bytes | None:
    """Return what the server answers, or None as long as nobody listens."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except URLError:
        return None


@contextmanager
def serving(tree: Path, environ: Mapping[str, str]) -> Iterator[int]:
    """Run `make serve` until the block ends, and give the port that it answers on."""
    port = free_port()
    output = Path(environ["HOME"], "output")
    with output.open("wb") as file:
        process = subprocess.Popen(
            ["make", "serve", f"ARGS=--port {port}"],  # noqa: S607 - the one on PATH
            cwd=tree,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(process, port, output)
        yield port
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)


def wait_for(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    """Return once the server answers; fail with what it printed if it ends or never does."""
    deadline = time.monotonic() + PATIENCE
    while fetch(port) is None:
        printed = output.read_text(encoding="utf-8", errors="replace")
        if process.poll() is not None:
            skip_without_index(printed)
            pytest.fail(f"`make serve` ended by itself:\n{printed}")
        if time.monotonic() > deadline:
            pytest.fail(f"no answer in {PATIENCE:.0f} s:\n{printed}")
        time.sleep(0.05)

"""A server beside a program ends with it, however that ends."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import sys, time
from corsmith.server import background
url = background(sys.argv[1]).start()
print(url, flush=True)
{}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Any]:
    """Run a program that starts a server, and then does something else."""
    started: list[subprocess.Popen[str]] = []

    def run(then: str) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(then), tmp_path],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def is_gone(url: str) -> bool:
    try:
        urllib.request.urlopen(url).close()  # noqa: S310  http to ourselves
    except OSError:
        return True
    return False


@pytest.mark.servers
@pytest.mark.parametrize("then", ["", "raise SystemExit(0)", "1 / 0"])
def test_it_ends_with_the_program_that_forgot_it(program: Any, then: str) -> None:
    process, url = program(then)
    process.wait(20)
    soon(lambda: is_gone(url), 10)


@pytest.mark.servers
def test_it_ends_with_a_program_that_is_killed(program: Any) -> None:
    process, url = program("time.sleep(100)")
    assert not is_gone(url)
    process.kill()
    soon(lambda: is_gone(url), 10)

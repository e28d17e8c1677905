"""How long the program takes to start: its help, and the server's first answer.

CPU time of whole processes, one of each in turn. Bytecode is kept in a folder of the run's own,
as an installed package has it, whatever this machine's settings are.
"""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.rounds import Ratio, minus, show
from bench.serve import ask, free_port

ROUNDS: Final = 15
_HELP_MILLISECONDS: Final = 40
_START_BY_GRANIANS: Final = 1.3
_MILLI: Final = 1e6

_BIN: Final = Path(sys.executable).parent
_EMPTY: Final = [sys.executable, "-c", "pass"]
_HELP: Final = [str(_BIN / "corsmith"), "--help"]


def _environment(folder: str) -> dict[str, str]:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _cpu(command: list[str], environment: dict[str, str]) -> float:
    """Return the CPU nanoseconds of a whole process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e9


def _first_answer(command: list[str], environment: dict[str, str]) -> float:
    """Return the nanoseconds from the start of a server to its first answer."""
    port = free_port()
    start = time.perf_counter_ns()
    with subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        while True:
            with contextlib.suppress(OSError):
                ask(port)
                break
            time.sleep(0.001)
        taken = time.perf_counter_ns() - start
        server.terminate()
    return float(taken)


def main(rounds: int = ROUNDS) -> int:
    """Measure, print the table, and return how many bars are missed."""
    granian = [str(_BIN / "granian"), "--interface", "asginl", "bench.serve:bare"]
    ours = [str(_BIN / "corsmith"), "serve"]
    files = [*ours, str(Path(__file__).parent)]
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment(folder)
        for turn in range(rounds + 1):
            found = {
                "empty": _cpu(_EMPTY, environment),
                "help": _cpu(_HELP, environment),
                "granian": _first_answer(granian, environment),
                "serve": _first_answer(ours, environment),
                "serve DIR": _first_answer(files, environment),
            }
            if turn:  # the first round writes the bytecode
                for name, figure in found.items():
                    figures.setdefault(name, []).append(figure)
    allowed = [_HELP_MILLISECONDS * _MILLI] * rounds
    over = minus(figures["help"], figures["empty"])
    ratios = [
        Ratio(name="--help over an empty interpreter", ours=over, theirs=allowed, bar=1.0),
        *(
            Ratio(
                name=f"{name}: first answer",
                ours=figures[name],
                theirs=figures["granian"],
                bar=_START_BY_GRANIANS,
            )
            for name in ("serve", "serve DIR")
        ),
    ]
    title = f"Starting, beside {_HELP_MILLISECONDS} ms and granian {version('granian')}"
    return show(title, "ns", ratios)


if __name__ == "__main__":
    raise SystemExit(main())

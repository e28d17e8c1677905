"""The commands of a document: a folder, a shell, free ports, and servers that keep running.

Nothing here reaches beyond the machine: ``make``, ``pip`` and ``uvx`` are replaced by
``stand_in.py``, which checks what they are asked for against the repository.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = ["EXAMPLES", "ROOT", "Shell", "StandInPorts"]

ROOT: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = ROOT / "examples"

_REPLACED: Final = ("corsmith", "make", "pip", "uvx")
_SERVES: Final = re.compile(
    r"(?:^|&& )(?:\S*/)?(?:corsmith serve|make serve|uvicorn|gunicorn|uvx .*corsmith serve"
    r"|flask .*run|sanic|python -m http\.server)\b",
    re.MULTILINE,
)
_RUNS: Final = re.compile(r"\bserve_forever\b|\bapp\.start\(|\brun_app\(|\bapp\.listen\(")
_SCRIPT: Final = re.compile(r"\bpython (?P<name>[\w./-]+\.py)")
_SECONDS: Final = 20.0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class StandInPorts:
    """Free ports for those that a document names, of as many digits, so that columns stay."""

    NAMED: Final = ("8000", "8001", "5500")
    ANY: Final = "54321"
    """Stands for whatever port a server took by itself."""

    def __init__(self, text: str) -> None:
        """Find a free port for each; every other port that ``text`` names is meant as it is."""
        self._meant = {port for port in re.findall(r":(\d+)", text) if port != self.ANY}
        meant = {int(number) for number in re.findall(r"(?<!\d)\d{4}(?!\d)", text)}
        candidates = iter(random.sample([*{*range(2000, 8000)} - meant], 5_000))
        self.real = {name: str(next(filter(_is_free, candidates))) for name in self.NAMED}

    def to_real(self, text: str) -> str:
        """Return what is really run for what the document says."""
        return re.sub(
            r"(?<![\d.])(?:8000|8001|5500)(?!\d)", lambda match: self.real[match[0]], text
        )

    def to_named(self, text: str) -> str:
        """Return what the document would have to say for what was really printed."""
        for name, port in self.real.items():
            text = re.sub(rf"(?<![\d.]){port}(?!\d)", name, text)
        return re.sub(
            r"(127\.0\.0\.1|localhost):(\d+)",
            lambda match: match[0] if match[2] in self._meant else f"{match[1]}:{self.ANY}",
            text,
        )


@dataclass(slots=True)
class _Server:
    """A command that keeps running, and the file that takes what it prints."""

    process: subprocess.Popen[bytes]
    printed: Path
    ports: frozenset[str] = field(default_factory=frozenset)

    def stop(self) -> None:
        """End the command and what it started, as closing its terminal does."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(5)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)


class Shell:
    """A terminal in a folder of its own; leaving it stops every server."""

    def __init__(self, folder: Path, text: str) -> None:
        """Prepare the folder and the programs that commands may name, for a document's text."""
        self.folder = folder
        self.ports = StandInPorts(text)
        self._status = 0
        self._servers: list[_Server] = []
        self._count = 0
        programs = folder / ".programs"
        programs.mkdir()
        for name in _REPLACED:
            program = programs / name
            stand_in = Path(__file__).with_name("stand_in.py")
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{stand_in}" {name} "$@"\n')
            program.chmod(0o755)
        # A terminal shows no progress meter; a pipe would.
        (programs / ".curlrc").write_text("no-progress-meter\n")
        environment = folder / ".venv"
        environment.mkdir()
        (environment / "bin").symlink_to(programs)
        self._environ = {
            **{
                name: value
                for name, value in os.environ.items()
                # Whoever runs these tests, in parallel or as CI, does not do so in the document.
                if not name.startswith(("CORS", "PYTEST")) and name != "CI"
            },
            "PATH": os.pathsep.join(
                [
                    str(programs),
                    str(Path(sys.executable).parent),
                    os.environ.get("PATH", os.defpath),
                ]
            ),
            "CURL_HOME": str(programs),
            # Authorities of --tls are no business of whoever runs the tests.
            "XDG_STATE_HOME": str(folder / ".state"),
            "COLUMNS": "80",
            "PYTHONUNBUFFERED": "1",
            "CORSMITH_DOCS_PORT": self.ports.real["8000"],
        }

    def __enter__(self) -> Self:
        """Return the shell itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop every server that a command left running."""
        while self._servers:
            self._servers.pop().stop()

    def missing_program(self, command: str) -> str | None:
        """Return the program that the machine lacks for ``command``, if it is an optional one."""
        if re.search(r"(?:^|\|\s*)curl ", command) and not shutil.which("curl"):
            return "curl"
        return None

    def serves(self, command: str) -> bool:
        """Return whether ``command`` goes on until it is stopped."""
        if _SERVES.search(command):
            return "--help" not in command
        script = _SCRIPT.search(command)
        if script is None:
            return False
        path = self.folder / script["name"]
        return path.exists() and bool(_RUNS.search(path.read_text()))

    def run(self, command: str, is_expected: Callable[[str], bool]) -> str:
        """Return what ``command`` prints; a server is left running once it printed that."""
        real = self.ports.to_real(command)
        self._count += 1
        printed = self.folder / ".programs" / f"printed-{self._count}"
        serves = self.serves(command)
        ports = self._ports_of(command)
        if serves:
            self._free(ports)
        script = f"(exit {self._status})\n{real}"
        with printed.open("wb") as sink:
            process = subprocess.Popen(
                ["/bin/sh", "-c", script],
                cwd=self.folder,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if serves:
            self._servers.append(_Server(process, printed, ports))
            return self._wait_for_server(self._servers[-1], is_expected)
        try:
            self._status = process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            _Server(process, printed).stop()
            raise
        return self._read(printed)

    def is_serving(self) -> bool:
        """Return whether the server that was started last still runs."""
        return bool(self._servers) and self._servers[-1].process.poll() is None

    def _ports_of(self, command: str) -> frozenset[str]:
        """Return the ports that a command names, or the program that it runs; else 8000."""
        script = _SCRIPT.search(command)
        if script is not None and (self.folder / script["name"]).exists():
            command += self.ports.to_named((self.folder / script["name"]).read_text())
        # An address in the command is of a server that runs already.
        command = re.sub(r"https?://\S+", "", command)
        named = re.findall(r"(?<!\d)(?:8000|8001|5500)(?!\d)", command)
        return frozenset(named or ["8000"])

    def _free(self, ports: frozenset[str]) -> None:
        for server in [server for server in self._servers if server.ports & ports]:
            server.stop()
            self._servers.remove(server)
        # The shell may end a moment before what it started.
        deadline = time.monotonic() + _SECONDS
        while any(_listens(int(self.ports.real[port])) for port in ports):
            assert time.monotonic() < deadline, f"something else listens on {ports}"
            time.sleep(0.02)

    def _wait_for_server(self, server: _Server, is_expected: Callable[[str], bool]) -> str:
        """Return what the server printed once it listens and printed what is expected."""
        port = int(self.ports.real[min(server.ports)])
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and server.process.poll() is None:
            if _listens(port) and is_expected(self._read(server.printed)):
                break
            time.sleep(0.05)
        printed = self._read(server.printed)
        assert server.process.poll() is not None or _listens(port), f"nothing listens:\n{printed}"
        return printed

    def _read(self, printed: Path) -> str:
        return self.ports.to_named(printed.read_text(errors="backslashreplace"))

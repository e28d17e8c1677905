"""Programs that the tests start, and how every one of them is ended again.

A `Household` is a fresh home folder and the processes that live in it. They are found again by two
marks that processes inherit: the session of a program that was started here, and the folder as
HOME. A browser's crash helper leaves the session, and its content processes write over their
environment, but none does both. Nothing is ever looked up by name.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a polite end takes at most; Firefox writes its profile and needs the longest (0.4 s here).
GRACE = 5.0
# Browsers make sockets in the home folder, and the path of a socket has at most 107 characters.
LONGEST_FOLDER = 32
# Unset: they would lead a browser out of the fresh home, to a proxy, or to a real screen.
FOREIGN = (
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "MOZ_HEADLESS",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
)


class Household:
    """A fresh home folder, and the programs that were started in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in FOREIGN and not name.lower().endswith("_proxy")
        }
        # TMPDIR too, so that what a crashed browser leaves behind goes away with the folder.
        # LC_ALL: console messages are compared, so they must not be translated.
        self.environment |= {
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "TMPDIR": str(home),
            "XDG_RUNTIME_DIR": str(home),
        }
        # In a file, so that a household can be looked at after the test run that made it.
        self._sessions = home / "sessions"
        self._children: list[subprocess.Popen[bytes]] = []

    def wrap(self, program: str, *lines: str) -> str:
        """Return the path of a script that becomes `program` and dies with its parent.

        A test run that is killed hard cannot clean up; the kernel then does it (Linux only).
        """
        script = self.home / f"run-{Path(program).name}"
        guard = "setpriv --pdeathsig KILL -- " if shutil.which("setpriv") else ""
        body = "\n".join(["#!/bin/sh", *lines, f'exec {guard}{shlex.quote(program)} "$@"'])
        script.write_text(f"{body}\n", encoding="utf-8")
        script.chmod(0o755)
        return str(script)

    def start(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        pass_fds: tuple[int, ...] = (),
        output: IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Return a started program that ends with the household at the latest."""
        child = subprocess.Popen(
            command,
            env={**self.environment, **(environment or {})},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
            start_new_session=True,
        )
        with self._sessions.open("a", encoding="utf-8") as file:
            file.write(f"{child.pid}\n")
        self._children.append(child)
        return child

    def members(self) -> set[int]:
        """Return the ids of all living processes of this household."""
        mark = f"HOME={self.home}".encode()
        text = self._sessions.read_text(encoding="utf-8") if self._sessions.exists() else ""
        sessions = set(text.split())
        found = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            # A process may end while it is looked at, and others' may not be looked at.
            with contextlib.suppress(OSError):
                # proc(5): the name is in brackets and may hold some; then state, three ids.
                state, *ids = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                marks = (entry / "environ").read_bytes().split(b"\0")
                if state != "Z" and (ids[-1] in sessions or mark in marks):
                    found.add(int(entry.name))
        return found

    def close(self) -> None:
        """End every process of this household: by request, and after GRACE by force."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.members():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            self._await_end()
        for child in self._children:
            child.wait(GRACE)

    def _await_end(self) -> None:
        deadline = time.monotonic() + GRACE
        while self.members() and time.monotonic() < deadline:
            time.sleep(0.02)


@contextlib.contextmanager
def household(name: str) -> Iterator[Household]:
    """Return a household that is empty at first and gone afterwards."""
    folder = tempfile.gettempdir()
    if len(folder) > LONGEST_FOLDER:
        folder = "/tmp"  # noqa: S108 - mkdtemp makes a new folder in it, for this user alone
    home = Path(tempfile.mkdtemp(prefix=f"corsmith-{name}-", dir=folder))
    house = Household(home)
    try:
        yield house
    finally:
        house.close()
        shutil.rmtree(home, ignore_errors=True)


def start_screen(house: Household, width: int, height: int) -> str:
    """Return the DISPLAY of a new X server that shows nothing to anybody."""
    reader, writer = os.pipe()
    try:
        server = house.start(
            house.wrap(_program("Xvfb")),
            # -displayfd: the server chooses a free number and writes it to the pipe.
            # -noreset: otherwise it starts over when the last client leaves.
            *("-displayfd", str(writer), "-noreset", "-nolisten", "tcp"),
            *("-screen", "0", f"{width}x{height}x24"),
            pass_fds=(writer,),
        )
    finally:
        os.close(writer)
    # The whole line: closing the pipe early kills the server every second time.
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    if not number.isdecimal():
        raise RuntimeError(f"Xvfb gave no display and ended with {server.wait(GRACE)}")
    return f":{number}"


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise FileNotFoundError(name)
    return path

"""A real `corsmith serve` in a process of its own, and where its try page is."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 30.0
_HOSTED = re.compile(r" on (http://127\.0\.0\.1:\d+)")
_PAGE = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What the banner says, and the process."""

    target: str
    page: str
    process: subprocess.Popen[str]

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(PATIENCE)


@contextlib.contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Served]:
    """Start the server in a folder, and end it afterwards."""
    command = [sys.executable, "-m", "corsmith", "serve", "--port", "0", "--quiet", *flags]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield _read_banner(process)
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _read_banner(process: subprocess.Popen[str]) -> Served:
    """Return what the banner says; its lines go on being read, so that none blocks the server."""
    lines: SimpleQueue[str] = SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, name="reads-serve", daemon=True).start()
    text = ""
    while not (hosted := _HOSTED.search(text)) or not (page := _PAGE.search(text)):
        try:
            text += lines.get(timeout=PATIENCE)
        except Empty:
            raise TimeoutError(f"corsmith serve did not say where it is:\n{text}") from None
    return Served(target=hosted[1], page=page[0], process=process)

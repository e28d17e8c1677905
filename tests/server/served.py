"""A real `corsmith serve` in a process of its own, and how a test talks to it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 20.0
PROGRAM = ("-m", "corsmith")
_PORT = re.compile(r" on https?://(?:127\.0\.0\.1|\[::1\]):(\d+)")


class Lines:
    """What a process writes to one stream, read as it comes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()

    def now(self) -> list[str]:
        with self._changed:
            return list(self._lines)

    def to_the_end(self) -> list[str]:
        """Return all lines, once the process has closed its end."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "somebody still holds the stream"
        return self.now()

    def wait(self, pattern: str, seconds: float = PATIENCE) -> str:
        """Return the first line that matches, waiting for it."""
        end = time.monotonic() + seconds
        with self._changed:
            while True:
                for line in self._lines:
                    if re.search(pattern, line):
                        return line
                left = end - time.monotonic()
                assert left > 0, f"no {pattern!r} in {self._lines}"
                self._changed.wait(left)


class Served:
    """A running server; used in a `with`, which ends it."""

    def __init__(
        self,
        *flags: str,
        folder: Path | None = None,
        program: tuple[str, ...] = PROGRAM,
        before: Callable[[], None] | None = None,
        wait: bool = True,
        **environment: str,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *program, "serve", "--port", "0", *flags],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, **environment},
            # A session of its own: a signal to its group reaches no test.
            start_new_session=True,
            preexec_fn=before,  # noqa: PLW1509  what a test does there starts no thread
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.out = Lines(self.process.stdout)
        self.err = Lines(self.process.stderr)
        self.port = 0
        if wait:
            match = _PORT.search(self.err.wait(_PORT.pattern))
            assert match is not None
            self.port = int(match[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        # Politely first: what a killed process has done cannot be added up.
        self.process.terminate()
        try:
            self.process.wait(PATIENCE / 2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def workers(self) -> list[int]:
        """Return the processes that the server has started (on Linux)."""
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has just ended
                found += map(int, (task / "children").read_text().split())
        return found

    def end(self, number: int = signal.SIGTERM, *, group: bool = False) -> tuple[int, float]:
        """Send a signal; return the exit status and how long it took."""
        start = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, number)
        status = self.process.wait(PATIENCE)
        return status, time.monotonic() - start

    # ── HTTP ───────────────────────────────────────────────────────────────────

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def raw(self, data: bytes) -> bytes:
        """Return all that comes back until the server closes the connection."""
        with self.connect() as connection:
            # The server may have answered and closed before everything is sent.
            with contextlib.suppress(ConnectionError):
                connection.sendall(data)
            return read_all(connection)

    def ask(self, method: str = "GET", target: str = "/", *lines: str, body: bytes = b"") -> Reply:
        """Return the answer to a request with a right Host, on a connection of its own."""
        head = [f"{method} {target} HTTP/1.1", "Host: localhost", *lines, "Connection: close"]
        if body:
            head.append(f"Content-Length: {len(body)}")
        return Reply(self.raw("\r\n".join([*head, "", ""]).encode("latin-1") + body))


class Reply:
    """A response as it came."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1]) if first else 0
        pairs = (line.partition(": ") for line in lines)
        self.headers = {name.lower(): value for name, _, value in pairs}


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes, a reset counting as that."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            found += part
    return found


def read_answer(connection: socket.socket) -> Reply:
    """Return one response from a connection that stays open."""
    found = b""
    while b"\r\n\r\n" not in found:
        part = connection.recv(1)
        assert part, f"the connection was closed after {found!r}"
        found += part
    reply = Reply(found)
    length = int(reply.headers.get("content-length", "0"))
    while len(reply.body) < length:
        reply.body += connection.recv(length - len(reply.body))
    return reply


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def read_until(stream: socket.socket, wanted: bytes) -> bytes:
    found = b""
    while not re.search(re.escape(wanted) + b".*\n\n", found, re.DOTALL):
        part = stream.recv(65_536)
        assert part, found
        found += part
    return found


def soon(condition: Callable[[], bool], seconds: float = 5.0) -> float:
    """Return how long it took until something was so."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds
        time.sleep(0.01)
    return time.monotonic() - start


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"

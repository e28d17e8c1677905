"""What a server bears: memory while somebody stalls, and a crowd of idle and slow clients.

Memory is the proportional set size of a server's processes (from /proc, so on Linux only).
A client stalls by reading no further in an answer of 300 MB, an upstream by reading no
further in an upload of 300 MB. The crowd is 1,000 connections that say nothing and 200 that
hardly do; counted is how long a normal client's requests take beside it, and alone.

    python -m bench.burden
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from bench.rounds import Ratio, show
from bench.serve import free_port, tree, wait

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS: Final = 5
_MIB: Final = 1024 * 1024
_LARGE: Final = 300 * _MIB
_PART: Final = 65_536
_STALL_SECONDS: Final = 2.0
_KIB_OF_IDLE: Final = 45 * 1024
_KIB_OF_A_STALL: Final = 4 * 1024

_IDLE: Final = 1_000
_SLOW: Final = 200
_TICK: Final = 0.2
_TIMES: Final = 5
_SLOWED: Final = 2.0


# ── an upstream that can stall ─────────────────────────────────────────────────


class Upstream:
    """An HTTP server that answers with 300 MB, and reads only the beginning of an upload."""

    def __init__(self) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._ends = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        wait(self.port)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join()

    def _run(self) -> None:
        self._loop.run_until_complete(self._live())

    async def _live(self) -> None:
        await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=_PART)
        await self._ends.wait()
        await asyncio.sleep(0.5)  # uploads that stall end too

    async def _serve(self, reading: asyncio.StreamReader, writing: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reading.readuntil(b"\r\n\r\n")
            if head.startswith(b"POST"):
                await self._ends.wait()
            size = _LARGE if b"large" in head else 2
            writing.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
            for start in range(0, size, _PART):
                writing.write(bytes(min(_PART, size - start)))
                await writing.drain()
        writing.close()


# ── memory ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server whose processes are looked at."""

    process: subprocess.Popen[bytes]
    port: int

    def kib(self) -> float:
        """Return the memory of all its processes."""
        texts = [
            Path(f"/proc/{process}/smaps_rollup").read_text() for process in tree(self.process.pid)
        ]
        found = [re.search(r"\nPss: +(\d+) kB", text) for text in texts]
        return float(sum(int(match[1]) for match in found if match is not None))

    def connect(self) -> socket.socket:
        """Return a connection whose own buffer is small."""
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        made.connect(("127.0.0.1", self.port))
        return made


@contextlib.contextmanager
def running(target: str) -> Iterator[Running]:
    """Have `corsmith serve TARGET` running, with the log in a file."""
    port = free_port()
    words = [sys.executable, "-m", "corsmith", "serve", target, "--port", str(port)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            wait(port)
            for _ in range(200):  # what every server makes once, at its first requests
                with socket.create_connection(("127.0.0.1", port)) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    connection.recv(_PART)
            time.sleep(1)
            yield Running(process=process, port=port)
        finally:
            process.terminate()


def stall_download(server: Running) -> float:
    """Return the KiB that a client costs which reads no further in an answer."""
    before = server.kib()
    with server.connect() as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.recv(_PART)
        time.sleep(_STALL_SECONDS)
        return server.kib() - before


def stall_upload(server: Running) -> float:
    """Return the KiB that an upstream costs which reads no further in an upload."""
    before = server.kib()
    with server.connect() as client:
        head = f"POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: {_LARGE}\r\n\r\n"
        client.sendall(head.encode())
        client.settimeout(_STALL_SECONDS)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < _LARGE:
                sent += client.send(bytes(_PART))
        if not sent or sent >= _LARGE:
            raise SystemExit(f"the upload did not stall: {sent:,} bytes were taken")
        return server.kib() - before


def memory(folder: Path, rounds: int) -> list[Ratio]:
    """Return the rows of memory; each round is a server of its own."""
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(max(value, 0.0))

    with Upstream() as upstream:
        url = f"http://127.0.0.1:{upstream.port}"
        for _ in range(rounds):
            with running(str(folder)) as server:
                note("a folder, idle", server.kib())
                note("a folder, client stalled", stall_download(server))
            with running(url) as server:
                note("a gateway, idle", server.kib())
                note("a gateway, client stalled", stall_download(server))
                note("a gateway, upstream stalled", stall_upload(server))
    return [
        Ratio(
            name=name,
            ours=values,
            theirs=[_KIB_OF_IDLE if "idle" in name else _KIB_OF_A_STALL] * rounds,
            bar=1.0,
        )
        for name, values in found.items()
    ]


# ── a crowd ────────────────────────────────────────────────────────────────────


class Crowd:
    """Clients that hold their connections: silent ones, and slow readers and writers."""

    def __init__(self, port: int) -> None:
        """Open all of them."""
        self._port = port
        self._idle = [self._open() for _ in range(_IDLE)]
        self._slow = [self._open() for _ in range(_SLOW)]
        for connection in self._slow[::2]:
            self._ask(connection)

    def _open(self) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        made.settimeout(5)
        made.connect(("127.0.0.1", self._port))
        return made

    def _ask(self, connection: socket.socket) -> None:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def creep(self) -> None:
        """Read a little of every other answer, and write a byte of every other head."""
        while True:
            time.sleep(_TICK)
            for number, connection in enumerate(self._slow):
                try:
                    if number % 2:
                        connection.send(b"G")
                    else:
                        connection.recv(1_024)
                except OSError:  # cut, as it should be: another takes its place
                    connection.close()
                    self._slow[number] = self._open()
                    if not number % 2:
                        self._ask(self._slow[number])


@contextlib.contextmanager
def crowded(port: int) -> Iterator[None]:
    """Have a crowd at a server, in a process of its own."""
    words = [sys.executable, "-m", "bench.burden", "crowd", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        try:
            if process.stdout is None or not process.stdout.readline():
                raise SystemExit("the crowd did not come")
            yield
        finally:
            process.terminate()


def _seconds(port: int) -> float:
    """Return how long a thousand requests take that come one after another."""
    request = b"GET /small HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        start = time.perf_counter()
        for _ in range(1_000):
            connection.sendall(request)
            found = b""
            while not found.endswith(b"end\n"):
                found += connection.recv(_PART)
        return time.perf_counter() - start


def crowd(folder: Path, rounds: int) -> list[Ratio]:
    """Return how long a client's requests take beside a crowd, and alone."""
    alone: list[float] = []
    beside: list[float] = []
    with running(str(folder)) as server:
        for _ in range(rounds):
            alone += [_seconds(server.port) * 1e6 for _ in range(_TIMES)]
            with crowded(server.port):
                beside += [_seconds(server.port) * 1e6 for _ in range(_TIMES)]
            time.sleep(0.5)
    name = f"{_IDLE:,} idle and {_SLOW} slow clients"
    return [Ratio(name=name, ours=beside, theirs=alone, bar=_SLOWED)]


def main(rounds: int = ROUNDS) -> int:
    """Measure, print the tables, and return how many bars are missed."""
    if not Path("/proc/self/smaps_rollup").exists():
        print("\nmemory: not measured, as this system has no /proc/PID/smaps_rollup")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "small").write_bytes(b"small\nend\n")
        with (folder / "large").open("wb") as file:
            file.truncate(_LARGE)
        missed = show("Memory of one worker", "KiB", memory(folder, rounds), theirs="allowed")
        title = "A normal client beside a crowd"
        missed += show(title, "ns a request", crowd(folder, rounds), theirs="alone")
    return missed


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["crowd", port]:
            people = Crowd(int(port))
            print("here", flush=True)
            people.creep()
        case numbers:
            raise SystemExit(main(*map(int, numbers)))

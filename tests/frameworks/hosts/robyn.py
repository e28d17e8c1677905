"""Robyn, which is a server of its own: a process that is told what it shall be, and asked.

Its hooks before and after a request ask the layer for frameworks with requests of their own.
"""

from __future__ import annotations

import atexit
import pickle
import socket
import subprocess
import sys
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from corsmith.adapters.native import Layer
from tests.adapters.hosts import App, Reply, Request, raw_request, read_reply
from tests.architecture.tree import ROOT
from tests.frameworks.robyn_served import CONTROL, METHODS, Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.frameworks.calling import Ask

NAME = "Robyn"
DISTRIBUTIONS = ("robyn",)
PER_ROUTE = "`Routes`, or a table in `layer.marks`"
STATUSES = {"405": {404}}  # it looks for a route with this method, and finds none
PATIENCE = 30.0
LONGEST = 4096
"""The longest head that is sent; a longer one its HTTP server may refuse by itself."""


@cache
def port_of(kind: str) -> int:
    """Return where a server of a kind listens; it is started once."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.frameworks.robyn_served", kind, str(port)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    atexit.register(stop, process)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return port
    message = f"Robyn did not start: {process.poll()}"
    raise RuntimeError(message)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server: asked to, it would wait half a minute for its connections."""
    process.kill()
    process.wait(PATIENCE)


def exchange(kind: str, request: Request, body: bytes = b"") -> tuple[int, Any, bytes]:
    """Send one request, and return status, header lines and body of the answer."""
    needed = {"Host": "localhost", "Content-Length": str(len(body)), "Connection": "close"}
    given = {name for name, _ in request.headers}
    lines = [*request.headers, *(pair for pair in needed.items() if pair[0] not in given)]
    with socket.create_connection(("127.0.0.1", port_of(kind)), PATIENCE) as connection:
        whole = Request(method=request.method, path=request.path, headers=tuple(lines))
        connection.sendall(raw_request(whole) + body)
        return read_reply(b"".join(iter(lambda: connection.recv(65536), b"")))


def order(kind: str, given: Order | None = None) -> bool:
    """Tell a server what it shall be, and return whether its application ran since."""
    content = b"" if given is None else pickle.dumps(given).hex().encode()
    return exchange(kind, Request(method="POST", path=CONTROL), content)[2] == b"True"


def asking(kind: str, given: Order) -> Ask:
    """Return what asks a server that first is made what is wanted."""

    def ask(request: Request) -> Reply:
        if asked_last.get(kind) is not ask:
            order(kind, given)
            asked_last[kind] = ask
        status, lines, body = exchange(kind, request)
        return Reply(status=status, headers=lines, body=body, app_ran=order(kind))

    return ask


asked_last: dict[str, Ask] = {}


def checked(source: Any, options: dict[str, Any], app: App | None = None) -> Order:
    """Return an order that the server will not refuse."""
    Layer(source, **options)
    return Order(source=source, options=options, app=app)


def probed(source: Any, **options: Any) -> Ask:
    return asking("pages", checked(source, options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    ask = asking("pages", checked(source, {}))

    def put(new: Any) -> None:
        checked(new, {})
        order("pages", Order(source=new))

    return ask, put


def scripted(source: Any, app: App, **options: Any) -> Ask:
    return asking("scripted", checked(source, options, app))


def can_ask(request: Request, app: App) -> bool:
    """Return whether it can be sent: Robyn reads text, and not every method or length."""
    values = [value for _, value in (*request.headers, *app.headers)]
    readable = all(value.isascii() and value.isprintable() for value in values)
    return request.method in METHODS and readable and sum(map(len, values)) < LONGEST

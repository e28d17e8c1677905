"""A listening socket of our own, or why there is none and what to type instead.

What lives here: binding, and who holds a port that is taken. What does not: serving on it.

The socket is bound without SO_REUSEPORT, which servers with several workers use: with it,
a second server on the same port starts without an error and gets half of the requests.
"""

import contextlib
import errno
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from corsmith.diagnostics import quote
from corsmith.errors import UsageError

__all__ = [
    "BACKLOG",
    "PortTakenError",
    "address_of",
    "end_stalled",
    "free_near",
    "holder_of",
    "listen",
    "listen_near",
    "reached_at",
    "wait_for_answer",
]

BACKLOG: Final = 1_024
"""The connections that may wait to be accepted: as Granian, nginx 511."""

_LISTENING: Final = "0A"
"""The state LISTEN in /proc/net/tcp (Linux, include/net/tcp_states.h)."""

_PROC: Final = Path("/proc")

_STALLED: Final[int | None] = getattr(socket, "TCP_USER_TIMEOUT", None)
"""The option for how long what is sent may wait to be taken (tcp(7)): Linux has it."""

_SELF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared, not bound

_PROBE_SECONDS: Final = 0.02

_ADVICE: Final = "write --host 127.0.0.1 for this machine alone, or --host 0.0.0.0 for its network"

_LONGEST_COMMAND: Final = 80
_LAST_PORT: Final = 65_535
_TRIED: Final = 20
"""How many ports are tried for one to suggest; beyond them it is the system's choice."""

_FIRST_FOR_ALL: Final = 8_000

_PYTHON: Final = re.compile(r"python[0-9.]*")
_MODULES: Final = {"corsmith": "corsmith", "corsmith.server.follower": "corsmith"}
"""What ``python -m`` runs as a command of another name."""


_READY: Final = b"\x16\x03\x01\x00\x04\x01\x00\x00\x00"
"""To HTTP no head; to TLS a record with an empty ClientHello (RFC 8446, sections 5.1 and 4)."""


class PortTakenError(UsageError):
    """Another server listens on the port; the message says which and what to type."""


def listen_near(host: str, first: int, last: int) -> tuple[socket.socket, str | None]:
    """Return a socket on the first free port from ``first`` to ``last``.

    Beside it stands what is to be said where that is not ``first``. Raises ``UsageError``,
    about ``first``, where none is free.
    """
    taken: PortTakenError | None = None
    for port in range(first, last + 1):
        try:
            listening = listen(host, port)
        except PortTakenError as error:
            taken = taken or error
        else:
            if taken is None:
                return listening, None
            return listening, f"{str(taken).splitlines()[0]}, so this is port {port}"
    raise taken or ValueError("there is no port between them")


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on ``host`` and ``port`` alone; port 0 finds a free one.

    Raises ``UsageError`` with the flag to change.
    """
    # As in a URL, so as it may be copied.
    family, address = _resolve(host.removeprefix("[").removesuffix("]"), port)
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Only so that a server which has just ended leaves its port at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        kind = PortTakenError if error.errno == errno.EADDRINUSE else UsageError
        raise kind(_why_not(error, host, port)) from None
    return listening


def free_near(host: str, port: int) -> int:
    """Return a port beside ``port`` that is free now; 0 is for any, where none is found.

    Looked for are the ports above it, or below it where there is none above.
    """
    step = 1 if port + _TRIED <= _LAST_PORT else -1
    numbers = (port + step * distance for distance in range(1, _TRIED + 1))
    return next((one for one in numbers if _is_free(host, one)), 0)


def _is_free(host: str, port: int) -> bool:
    family, address = _resolve(host.removeprefix("[").removesuffix("]"), port)
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(address)
        except OSError:
            return False
    return True


def end_stalled(listening: socket.socket, seconds: float) -> None:
    """Have the system end connections whose client takes nothing for so long, where it can.

    An application cannot: what it has handed over waits in the server for the client.
    """
    if _STALLED is not None:
        # Connections inherit it.
        listening.setsockopt(socket.IPPROTO_TCP, _STALLED, int(seconds * 1000))


def address_of(listening: socket.socket) -> tuple[str, int]:
    """Return the IP address and the port that a socket listens on."""
    name = listening.getsockname()
    return str(name[0]), int(name[1])


def reached_at(address: str) -> str:
    """Return where a server that listens on an address is reached from this machine.

    >>> reached_at("127.0.0.1"), reached_at("::")
    ('127.0.0.1', '::1')
    """
    return _SELF.get(address, address)


def wait_for_answer(address: str, port: int) -> None:
    """Return once the server that listens on an address answers.

    What is sent is neither a request nor a handshake, so the server's parser answers it: no
    application sees it, and no line is written.
    """
    host = reached_at(address)
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, port), timeout=1) as asking,
        ):
            asking.sendall(_READY)
            if asking.recv(1):
                return
        time.sleep(_PROBE_SECONDS)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    # As bytes where it is ASCII: for text, Python loads its tables of international names.
    asked = host.encode() if host.isascii() else host
    try:
        found = socket.getaddrinfo(asked, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        found = []
    if not found:
        raise UsageError(_no_address(host))
    # What is called localhost is reached by 127.0.0.1 from everywhere, ::1 less so.
    found.sort(key=lambda entry: entry[0] is not socket.AF_INET)
    family, _, _, _, address = found[0]
    return family, address


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        holder = holder_of(port)
        taken = f"port {port} is taken" if holder is None else f"port {port} is taken by {holder}"
        free = free_near(host, port)
        another = f"another with --port {free}, or " if free else ""
        return f"{taken}\n  give {another}any free one with --port 0"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return (
            f"port {port} may not be listened on by this user\n"
            f"  give one above 1023, such as --port {free_near(host, _FIRST_FOR_ALL - 1)}"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return _no_address(host)
    return f"cannot listen on {host} port {port}: {error.strerror}\n  {_ADVICE}"


def _no_address(host: str) -> str:
    name, colon, port = host.rpartition(":")
    meant = _ADVICE
    if colon and port.isdigit() and ":" not in name:
        meant = f"write --host {name or '127.0.0.1'} --port {port}"
    return f"--host {quote(host)} is no address of this machine\n  {meant}"


def holder_of(port: int, proc: Path = _PROC) -> str | None:
    """Return the command and the process that listens on a port, if /proc tells.

    It tells on Linux, and only about processes of the same user, or everything to root.
    """
    wanted = {f"socket:[{inode}]" for inode in _listeners(port, proc)}
    if not wanted:
        return None
    holders: dict[str, str] = {}
    parents: dict[str, str] = {}
    for process in proc.glob("[0-9]*"):
        # Another user's cannot be read, nor one that has just ended.
        with contextlib.suppress(OSError):
            if any(str(file.readlink()) in wanted for file in (process / "fd").iterdir()):
                holders[process.name] = f"{_command(process)} (process {process.name})"
                parents[process.name] = _parent(process)
    # The workers of a server have its socket too.
    return next((told for name, told in holders.items() if parents.get(name) not in holders), None)


def _parent(process: Path) -> str:
    """Return the process that started one; its own name may hold spaces and parentheses."""
    return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1]


def _listeners(port: int, proc: Path) -> Iterator[str]:
    """Yield the inode of each socket that listens on a port, on whatever address."""
    for table in ("net/tcp", "net/tcp6"):
        try:
            lines = (proc / table).read_text(encoding="ascii").splitlines()[1:]
        except (OSError, UnicodeError):
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == _LISTENING and columns[1].endswith(f":{port:04X}"):
                yield columns[9]


def _command(process: Path) -> str:
    read = (process / "cmdline").read_bytes().rstrip(b"\0").decode("utf-8", "replace")
    text = " ".join(_as_typed(read.split("\0")))
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    if len(printable) <= _LONGEST_COMMAND:
        return printable
    return printable[:_LONGEST_COMMAND] + "…"


def _as_typed(words: list[str]) -> list[str]:
    """Return a command as a person types it: without folders, and without its interpreter.

    >>> _as_typed(["/v/bin/python3", "/v/bin/corsmith", "serve", "./data"])
    ['corsmith', 'serve', './data']
    >>> _as_typed(["/v/bin/python", ".venv/bin/corsmith", "serve"])
    ['corsmith', 'serve']
    >>> _as_typed(["/usr/bin/python3", "-m", "http.server", "8000"])
    ['python3', '-m', 'http.server', '8000']
    """
    program, *rest = [os.path.basename(words[0]), *words[1:]]  # noqa: PTH119  text
    if not _PYTHON.fullmatch(program) or not rest:
        return [program, *rest]
    if rest[0] == "-m" and " ".join(rest[1:2]) in _MODULES:
        return [_MODULES[rest[1]], *rest[2:]]
    folder, script = os.path.split(rest[0])
    if folder and "." not in script:
        return [script, *rest[1:]]
    return [program, script if folder.startswith("/") else rest[0], *rest[1:]]

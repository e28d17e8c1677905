"""What this machine is called, for a server that more than this machine can reach.

What lives here: finding the names, and which of them a server answers to. What does not: the
check of a request (``hosts``).

Off loopback a rebound name is as dangerous as on it: a page whose name is made to point at
this machine is of the same origin as the server, from any browser that reaches both. An
address is nobody's name, so any of them will do: a page has an address for its host only where
it came from there.
"""

import contextlib
import socket
import subprocess
from collections.abc import Iterable, Iterator
from typing import Final

from corsmith.server.hosts import Hosts, is_loopback

__all__ = ["hosts_for", "machine_names"]

_NAME_SECONDS: Final = 2.0
"""How long the resolver may take to tell the full name: without an answer it is left out."""


def hosts_for(host: str, address: str, port: int, allowed: Iterable[str] = ()) -> Hosts:
    """Return what a Host header may hold for a server that listens on ``address``.

    ``host`` is what was typed for it, a name perhaps, and ``allowed`` are the names of
    ``--allow-host``. Raises ``UsageError`` for one of these that is no name.
    """
    if is_loopback(address):
        return Hosts(port, allowed, own=[host])
    return Hosts(port, allowed, own=[host, *machine_names()], addresses=True)


def machine_names() -> Iterator[str]:
    """Yield the names by which others in its network know this machine."""
    name = socket.gethostname()
    yield name
    yield f"{name.partition('.')[0]}.local"  # multicast DNS (RFC 6762, section 3)
    # Not socket.getfqdn: it waits for a resolver as long as that likes, and a thread of it
    # would hold the resolver's locks while workers are forked.
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(
            ["hostname", "-f"],  # noqa: S607  wherever the system has it
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_NAME_SECONDS,
            check=True,
        )
        yield told.stdout.decode("ascii", "replace").strip()

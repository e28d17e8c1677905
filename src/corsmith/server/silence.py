"""Connections over TLS on which nothing is ever asked.

What lives here: finding and closing them, and closing others. What does not: which others
(``stalls``), and any other limit (``limits``, ``processes``).

Measured with Granian 2.8: in its mode for both versions of HTTP, which TLS needs, a client has
ten seconds for its handshake, a head of HTTP/1.1 and a silent HTTP/2 have their time, but who
says nothing after the handshake is waited for without end. Granian has no setting for it and
tells nobody of its connections. So a worker looks through its own files: a connection to our
port from which no request has come in time is shut down. What is closed is what was looked at,
whatever becomes of the number of the file in between: a copy of it is held meanwhile.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, TypeAlias

from corsmith.adapters.asgi import App, Receive, Scope, Send
from corsmith.server.limits import HEAD_SECONDS

__all__ = ["Silence"]

_LOOK_SECONDS: Final = 2.0
"""How often it is looked: a thousand connections cost a few milliseconds."""

_FILES: Final = "/dev/fd"

_Peer: TypeAlias = tuple[str, int]


class Silence:
    """Closes connections to a port from which no request comes within ``seconds``."""

    def __init__(
        self,
        port: int,
        seconds: float = HEAD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with nobody; ``start`` or ``look`` is next."""
        self._port = port
        self._seconds = seconds
        self._clock = clock
        self._heard: set[_Peer] = set()
        self._since: dict[_Peer, float] = {}

    def listen(self, app: App) -> App:
        """Return an application that tells this of every request, and is otherwise ``app``."""
        heard = self._heard

        def listening(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            client = scope.get("client")
            if client is not None:
                heard.add((client[0], int(client[1])))
            return app(scope, receive, send)

        return listening

    def start(self) -> None:
        """Look from now on, in a thread of its own, as long as the process lives."""
        threading.Thread(target=self._run, name="corsmith-silence", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            self.look()

    def look(self) -> int:
        """Close what has been silent for too long, and return how many connections that was."""
        now, closed = self._clock(), 0
        here: set[_Peer] = set()
        for peer, connection in self._connections():
            with connection:
                here.add(peer)
                if peer in self._heard or now - self._since.setdefault(peer, now) < self._seconds:
                    continue
                with contextlib.suppress(OSError):  # it has just ended by itself
                    connection.shutdown(socket.SHUT_RDWR)
                    closed += 1
        # Another thread adds to the set while it is pruned, so it stays the same set.
        self._heard.intersection_update(here)
        self._since = {peer: since for peer, since in self._since.items() if peer in here}
        return closed

    def close(self, peers: set[_Peer]) -> None:
        """Close the connections at whose other ends these are."""
        for peer, connection in self._connections():
            with connection:
                if peer in peers:
                    with contextlib.suppress(OSError):  # it has just ended by itself
                        connection.shutdown(socket.SHUT_RDWR)

    def _connections(self) -> Iterator[tuple[_Peer, socket.socket]]:
        """Yield each connection to our port with who is at its other end; a copy, to be closed."""
        for name in os.listdir(_FILES):  # noqa: PTH208  names are wanted
            with contextlib.suppress(OSError):
                copy = os.dup(int(name))
                try:
                    connection = socket.socket(fileno=copy)
                except OSError:
                    os.close(copy)  # no socket
                    continue
                try:
                    address, port = connection.getpeername()[:2]
                    ours = connection.getsockname()[1] == self._port
                except (OSError, ValueError, IndexError):
                    ours = False  # it listens, or is of another family
                if not ours:
                    connection.close()
                    continue
                yield (address.partition("%")[0], port), connection

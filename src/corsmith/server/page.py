"""The try page: a real second origin, whose page sends to the running server.

What lives here: ``TryPage``, a small server on a loopback port of its own, in the process
that supervises the workers. What does not: what it answers (``visit``), and the way of the
workers' records to this process (``events``).

In the supervising process::

    events = Receiver()
    events.start()
    ...  # start workers, tell them events.address
    in_force = lambda: InForce(policy=now, source="cors.toml")
    page = TryPage("http://127.0.0.1:8000", in_force, events=events)
    url = page.start()  # http://127.0.0.1:54321/?token=…
    ...
    page.stop()  # and with it the events

In each worker::

    publisher = Publisher(address)               # None: there is no page
    if publisher.wants(scope):                   # once a request, cheap
        press = press_of(scope["query_string"])  # None: only looks like the mark
        publisher.publish(Exchange.observed(press=press, …).to_mapping())

The function is called often and from several threads: it returns what is in force, and
the page tells its browsers when that changes. What is served:

=================  =========================================================
``/``              the page; needs the token
``/events``        Server-Sent Events ``policy`` and ``exchange``; needs the token
``/predictions``   what is predicted at ``?path=…``, as JSON; needs the token
``/frame``         the sandboxed frame, whose origin is ``null``; knows no token
``/try.css`` …     style, scripts and icon
=================  =========================================================

It listens on loopback only, answers only to its own names (DNS rebinding), and never
sends a CORS header: no other origin has any business here.
"""

import hmac
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Final, TypeAlias

from corsmith.server.events import Receiver
from corsmith.server.in_force import InForce
from corsmith.server.tried import Tried

__all__ = ["TryPage"]

_HOST: Final = "127.0.0.1"

_MOST_CONNECTIONS: Final = 32
"""The most connections at once; a browser opens up to six to one host."""


class TryPage:
    """The page's server, from ``start`` to ``stop``."""

    most_streams = 8
    """The most event streams at once: one for each open page."""

    def __init__(
        self,
        target: str,
        in_force: Callable[[], InForce],
        tried: Tried | None = None,
        *,
        events: Receiver | None = None,
    ) -> None:
        """Take the origin that the page sends to, and a function that tells what is in force.

        ``tried`` is what is served there: the tutorial's API unless told otherwise. ``events``
        may have begun before, so that workers have its address.
        """
        self.target = target
        self.tried = Tried() if tried is None else tried
        self.in_force = in_force
        self.token = secrets.token_urlsafe(16)
        self.events = Receiver() if events is None else events
        self.streams = threading.BoundedSemaphore(self.most_streams)
        self.stopping = threading.Event()
        self._server: _Server | None = None

    @property
    def address(self) -> str:
        """Where workers publish to; only once started."""
        return self.events.address

    def start(self) -> str:
        """Listen on a free loopback port, and return the URL to open; ``OSError`` if none."""
        server = _Server(self)
        try:
            self.events.start()
        except OSError:
            server.server_close()
            raise
        self._server = server
        threading.Thread(
            target=server.serve_forever, args=(0.1,), name="corsmith-try", daemon=True
        ).start()
        return f"http://{_HOST}:{server.port}/?token={self.token}"

    def stop(self) -> None:
        """End every stream, stop listening and remove the channel; again does nothing."""
        if self._server is None:
            return
        server, self._server = self._server, None
        self.stopping.set()
        self.events.wake()
        server.shutdown()
        server.server_close()
        self.events.stop()

    def knows(self, token: str) -> bool:
        """Return whether it is the token of this page."""
        return hmac.compare_digest(token.encode(), self.token.encode())


_Request: TypeAlias = socket.socket | tuple[bytes, socket.socket]


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """A thread for each connection, of which there are only so many.

    Not ``http.server.HTTPServer``: it asks the name service for this machine's name.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = _MOST_CONNECTIONS  # of 5, a browser's first six would overflow it

    def __init__(self, page: TryPage) -> None:
        self.page = page
        self.connections = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__((_HOST, 0), _visit)
        self.port: int = self.server_address[1]
        self.names = (f"{_HOST}:{self.port}", f"localhost:{self.port}")

    def process_request(self, request: _Request, client_address: object) -> None:
        """Serve the connection in a thread, or close it if there are too many."""
        if self.connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: _Request, client_address: object) -> None:
        """Serve the connection, then make room for another."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.release()

    def handle_error(self, request: _Request, client_address: object) -> None:
        """Say nothing: a browser that goes away is no news."""


def _visit(request: _Request, address: object, server: _Server) -> socketserver.BaseRequestHandler:
    """Serve one connection."""
    from corsmith.server.visit import Visit  # most servers end before anybody visits

    return Visit(request, address, server)

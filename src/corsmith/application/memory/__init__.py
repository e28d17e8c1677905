"""An application called in memory: one request in, its answer or its exception out.

What lives here: ASGI with its lifespan, and WSGI, without a socket, and what speaks neither
turned into ASGI. What does not: importing the application (``loading``) and judging its answers
(``browser``).

Facts that shape the code:

* an ASGI application runs in an event loop on a thread of its own, so that it may be called
  where a loop runs already, and so that one that blocks is given up after its time;
* a WSGI application runs in the caller's thread, whose database connection it may share,
  unless a time limit is given;
* what raises before it answers gets from a server a plain 500 without any header of ours, and
  gets the same here.
"""

import threading
from types import TracebackType
from typing import Final, Self

from corsmith.application.frames import their_frame
from corsmith.application.memory import aiohttp, tornado, wsgi
from corsmith.application.memory.asgi import Loop
from corsmith.application.memory.part import App, Called, Pairs, Raised, Request, late
from corsmith.browser import Sent
from corsmith.exchange import Answer, NoAnswer
from corsmith.importers.objects import class_names
from corsmith.installer import is_asgi

__all__ = ["OTHERS", "Called", "InMemory", "Raised"]

OTHERS: Final = {aiohttp.CLASS: aiohttp.as_asgi, tornado.CLASS: tornado.as_asgi}
"""The classes of applications that speak neither protocol, and what speaks ASGI for them."""

_SECONDS: Final = 10.0


class InMemory:
    """An application that is called in place of a server; close it, or use it in ``with``.

    >>> def app(environ, start_response):
    ...     start_response("204 No Content", [("Access-Control-Allow-Origin", "*")])
    ...     return []
    >>> with InMemory(app) as server:
    ...     called = server.call("GET", "http://localhost/")
    >>> called.result.status, called.result.get("access-control-allow-origin")
    (204, '*')
    """

    def __init__(self, app: App, *, seconds: float | None = None, root: str | None = None) -> None:
        """Take an application; ``root`` is the folder of the user's own files.

        ``seconds`` is how long an answer may take: 10 for ASGI, without limit for WSGI,
        unless given. Raises ``PolicyError`` where ``app`` is none that can be called.
        """
        names = class_names(app)
        app = next((make(app) for name, make in OTHERS.items() if name in names), app)
        self.app = app
        self.is_asgi = is_asgi(app)
        self.calls: list[Called] = []
        self._seconds = seconds
        self._root = root
        self._loop: Loop | None = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def start(self) -> None:
        """Run the application's start-up, if it has one; the first call does it by itself.

        Raises ``AppError`` where it fails.
        """
        if self.is_asgi and self._loop is None:
            loop = Loop(self.app, self._seconds or _SECONDS)
            try:
                loop.start()
            except BaseException:
                loop.close()
                raise
            self._loop = loop

    def close(self) -> None:
        """Run the application's shutdown, if it was started; it may be called again."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def send(self, sent: Sent, body: bytes | None) -> Answer | NoAnswer:
        """Answer a request of the browser half, as ``Exchange`` wants it."""
        return self.call(sent.method, sent.url, sent.headers, body).result

    def call(self, method: str, url: str, headers: Pairs = (), body: bytes | None = None) -> Called:
        """Return what the application makes of one request."""
        if self.is_asgi:
            self.start()
            assert self._loop is not None  # noqa: S101  start() made it
            called = self._loop.call(Request.read(method, url, headers, body), self._raised)
        else:
            called = self._call_wsgi(Request.read(method, url, headers, body))
        self.calls.append(called)
        return called

    def opens(self, url: str, headers: Pairs) -> bool:
        """Return whether the application accepts a WebSocket handshake, and then leave."""
        self.start()
        if self._loop is None:  # WSGI has none
            return False
        return self._loop.opens(Request.read("GET", url, headers, None))

    def _raised(self, error: BaseException) -> Raised:
        frame = their_frame(error, self._root)
        file, line = (None, None) if frame is None else frame
        return Raised(error=error, file=file, line=line)

    def _call_wsgi(self, request: Request) -> Called:
        if self._seconds is None:
            return wsgi.run(self.app, request, self._raised)
        done: list[Called] = []
        thread = threading.Thread(
            target=lambda: done.append(wsgi.run(self.app, request, self._raised)), daemon=True
        )
        thread.start()
        thread.join(self._seconds)
        return done[0] if done else late(self._seconds)

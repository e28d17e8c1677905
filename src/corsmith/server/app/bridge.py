"""A WSGI application as an ASGI one, each request in a thread of its own.

What lives here: the answer, from ``start_response`` to ``close()``. What does not: the
environment (``environ``), the body of the request (``upload``), and CORS, which is around
this (``front``).

Facts that shape the code:

* one request stays in one thread: frameworks keep what belongs to it there;
* what an application yields is sent before it is asked for more (PEP 3333, "Buffering and
  Streaming"), and at most one part is on its way: whoever reads slowly is waited for;
* the head is held until the first bytes: until then an application may replace it;
* each change of threads costs more than all the rest, so a short answer takes one there and
  one back: what waits is taken together.
"""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from corsmith.adapters.asgi import Message, Receive, Scope, Send
from corsmith.server.app.environ import environ_of
from corsmith.server.app.upload import Upload, as_file
from corsmith.server.body import has_body

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

__all__ = ["THREADS", "Bridge"]

THREADS: Final = 40
"""The most requests that one worker answers at once: as Starlette; Waitress has 4.

Not counted is who waits for a slow client: else 40 of those would keep everybody out.
"""

_SLOW_THREADS: Final = 400
"""The most requests that may wait for slow clients besides; each is a thread that sleeps."""

_SLOW_SECONDS: Final = 0.1
"""From when on a client is slow that lets its answer, or the rest of its body, wait."""

_App: TypeAlias = Callable[..., Iterable[bytes]]
_T = TypeVar("_T")
_Lines: TypeAlias = list[tuple[bytes, bytes]]

_OF_CONNECTION: Final = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
"""What is said of a connection, which belongs to the server (PEP 3333, "Other HTTP Features")."""


class _LeftError(ConnectionAbortedError):
    """Ends an application whose answer nobody reads any more."""


class Bridge:
    """An ASGI application that has a WSGI application answer, in one of ``threads``."""

    def __init__(self, app: _App, threads: int = THREADS) -> None:
        """Take the application; its threads are started as they are needed."""
        self.app = app
        self._places = asyncio.Semaphore(threads)
        self._pool = ThreadPoolExecutor(threads + _SLOW_THREADS, thread_name_prefix="corsmith-wsgi")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a WebSocket is closed, for WSGI has none."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            raise NotImplementedError(f"no {scope['type']} here")
        await self._places.acquire()
        call = _Call(asyncio.get_running_loop(), scope, receive, send, self._places.release)
        try:
            self._pool.submit(contextvars.copy_context().run, call.answer, self.app)
            await call.forward()
        except _LeftError:
            return  # its answer has no end, and nobody to miss it
        finally:
            call.give_up()


@dataclass(frozen=True, slots=True)
class _End:
    """The end of an answer, with the head if nothing was sent yet; or why there is none."""

    head: Message | None = None
    error: BaseException | None = None


class _Call:
    """One request and its answer; ``answer`` is called in a thread, all else in the loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        scope: Scope,
        receive: Receive,
        send: Send,
        leave_place: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._scope = scope
        self._receive = receive
        self._send = send
        self._leave = leave_place
        self._has_place = True
        self._upload = Upload(self._next, is_empty=not has_body(scope))
        self._head: Message | None = None
        self._has_begun = False
        # What the thread has for the loop; there is room for one part.
        self._waiting: deque[tuple[Message | None, bytes] | _End] = deque()
        self._room = threading.Semaphore(1)
        self._woken: asyncio.Future[None] = loop.create_future()
        self._is_waking = False
        self._watch: asyncio.Task[None] | None = None
        self._is_gone = False

    # ── in the thread ──────────────────────────────────────────────────────────

    def answer(self, app: _App) -> None:
        """Have the application answer, and tell the loop how that ended."""
        try:
            end = self._run(app)
        except (SystemExit, KeyboardInterrupt) as error:
            # In the event loop it would end the server, and every other request.
            told = RuntimeError(f"the application raised {type(error).__name__}")
            end = _End(error=told.with_traceback(error.__traceback__))
        except BaseException as error:  # noqa: BLE001  it is raised where somebody waits for it
            end = _End(error=error)
        self._put(end)

    def _run(self, app: _App) -> _End:
        environ = environ_of(self._scope, as_file(self._upload))
        body = app(environ, self.start)
        try:
            for part in body:
                self.write(part)
            if self._head is None:
                raise RuntimeError("the application did not call start_response")
            return _End(head=None if self._has_begun else self._head)
        finally:
            close = getattr(body, "close", None)
            if close is not None:
                close()

    def start(
        self, status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
    ) -> Callable[[bytes], None]:
        """Be the ``start_response`` of the application."""
        if self._has_begun and exc_info is not None and exc_info[1] is not None:
            # Too late to say anything else: the connection ends with it.
            raise exc_info[1].with_traceback(exc_info[2])
        if self._head is not None and exc_info is None:
            raise RuntimeError("start_response is called a second time, without exc_info")
        self._head = {
            "type": "http.response.start",
            "status": int(status.partition(" ")[0]),
            "headers": _lines(headers),
        }
        return self.write

    def write(self, part: bytes) -> None:
        """Send a part of the body, once the one before it has been taken."""
        if not part:
            return
        if self._head is None:
            raise RuntimeError("the application did not call start_response")
        self._room.acquire()
        if self._is_gone:
            raise _LeftError("the client went away before the answer had ended")
        head = None if self._has_begun else self._head
        self._has_begun = True
        self._put((head, part))

    def _put(self, item: tuple[Message | None, bytes] | _End) -> None:
        self._waiting.append(item)
        # Once is enough, until the loop has looked.
        if not self._is_waking:
            self._is_waking = True
            with suppress(RuntimeError):  # the loop has ended, and the server with it
                self._loop.call_soon_threadsafe(self._wake)

    def _next(self) -> Message:
        """Return the next message of the client."""
        receiving = self._wait_for(self._receive)
        return asyncio.run_coroutine_threadsafe(receiving, self._loop).result()

    # ── in the loop ────────────────────────────────────────────────────────────

    def _wake(self) -> None:
        self._is_waking = False
        if not self._woken.done():
            self._woken.set_result(None)

    async def forward(self) -> None:
        """Send what the thread has, to the end; raise what the application raised."""
        while True:
            while not self._waiting:
                # What comes between these lines wakes the loop after the last of them.
                self._woken = self._loop.create_future()
                await self._woken
            item = self._waiting.popleft()
            if isinstance(item, _End):
                await self._end(item)
                return
            head, part = item
            if head is not None:
                await self._send(head)
            last = self._waiting[0] if self._waiting else None
            if isinstance(last, _End) and last.error is None:
                self._leave_place()  # the thread has ended
                await self._send({"type": "http.response.body", "body": part})
                return
            if self._watch is None and self._upload.is_over:
                self._watch = self._loop.create_task(self._wait_for_leaving())
            sending: Message = {"type": "http.response.body", "body": part, "more_body": True}
            await self._wait_for(partial(self._send, sending))
            self._room.release()

    async def _end(self, end: _End) -> None:
        self._leave_place()
        if end.error is not None:
            raise end.error
        if end.head is not None:
            await self._send(end.head)
        await self._send({"type": "http.response.body", "body": b""})

    async def _wait_for_leaving(self) -> None:
        """Note that nobody reads any more, so that an endless answer ends."""
        while (await self._receive())["type"] != "http.disconnect":
            pass  # the end of a body, told once more
        self._is_gone = True

    async def _wait_for(self, client: Callable[[], Awaitable[_T]]) -> _T:
        """Wait for the client; for one that is slow, in no place that another could have."""
        timer = self._loop.call_later(_SLOW_SECONDS, self._leave_place)
        try:
            return await client()
        finally:
            timer.cancel()

    def _leave_place(self) -> None:
        """Let another request begin.

        No place is waited for later: those that have one may wait for what this one holds.
        """
        if self._has_place:
            self._has_place = False
            self._leave()

    def give_up(self) -> None:
        """Have the thread stop at its next part, if it still runs."""
        self._leave_place()
        self._is_gone = True
        self._room.release()
        if self._watch is not None:
            self._watch.cancel()


def _lines(headers: Iterable[tuple[str, str]]) -> _Lines:
    """Return the headers as bytes, without those of the connection."""
    lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return [line for line in lines if line[0] not in _OF_CONNECTION]

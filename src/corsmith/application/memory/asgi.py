"""An ASGI application called in memory, with its lifespan, in an event loop of its own.

What lives here: the messages of ASGI 3. What does not: which application, and for how long.
"""

import asyncio
import threading
from collections.abc import Awaitable, Coroutine, MutableMapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import unquote

from corsmith.application.memory.part import (
    MOST_BODY,
    App,
    Called,
    Explain,
    Raised,
    Request,
    crashed,
    late,
)
from corsmith.browser import Failure
from corsmith.errors import AppError
from corsmith.exchange import Answer, NoAnswer

__all__ = ["Loop"]

# ASGI messages hold values of any type by their specification.
Message: TypeAlias = MutableMapping[str, Any]
_T = TypeVar("_T")

_BODY_SECONDS: Final = 1.0
"""How long a body may go on after its head: an event stream never ends by itself."""

_DISCONNECT_SECONDS: Final = 0.1
"""How long an application has to see that its client went away."""


class Loop:
    """An event loop on its own thread, with the application's lifespan in it."""

    def __init__(self, app: App, seconds: float) -> None:
        self._app = app
        self._seconds = seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._state: dict[str, Any] = {}
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._told: asyncio.Queue[Message | None] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Run the start-up; raise ``AppError`` where the application says that it failed."""
        try:
            told = self._run(self._start_up())
        except FutureTimeoutError:
            raise AppError(
                f"the application's start-up takes over {self._seconds:g} seconds"
            ) from None
        if told is not None and told["type"] == "lifespan.startup.failed":
            message = str(told.get("message", "")).rstrip() or "it gives no reason"
            raise AppError("the application's start-up fails", trace=message)

    def call(self, request: Request, explain: Explain) -> Called:
        """Return what the application makes of a request, or that it took too long."""
        try:
            return self._run(_Conversation(self._app, request, self._state, explain).run())
        except FutureTimeoutError:
            return late(self._seconds)

    def opens(self, request: Request) -> bool:
        """Return whether the application accepts a WebSocket handshake."""
        try:
            return self._run(_shake_hands(self._app, request, self._state))
        except FutureTimeoutError:
            return False

    def close(self) -> None:
        """Run the shutdown and end the thread, even where the application hangs."""
        with suppress(FutureTimeoutError):
            self._run(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._seconds)

    def _serve(self) -> None:
        self._loop.run_forever()
        # What was too late to be cancelled in time must not be destroyed while it waits.
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(self._seconds)
        except FutureTimeoutError:
            future.cancel()
            raise

    async def _start_up(self) -> Message | None:
        await self._inbox.put({"type": "lifespan.startup"})
        self._lifespan = asyncio.create_task(self._live())
        return await self._told.get()

    async def _live(self) -> None:
        scope = {"type": "lifespan", "asgi": _ASGI, "state": self._state}
        # ASGI, lifespan: an application that raises here has no lifespan, and is served.
        with suppress(Exception):
            await self._app(scope, self._inbox.get, self._told.put)
        await self._told.put(None)

    async def _shut_down(self) -> None:
        task = self._lifespan
        if task is not None and not task.done():
            await self._inbox.put({"type": "lifespan.shutdown"})
            await self._told.get()
            with suppress(asyncio.CancelledError):
                await task
        await self._loop.shutdown_asyncgens()


_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class _Conversation:
    """One HTTP request to an ASGI application."""

    def __init__(
        self,
        app: App,
        request: Request,
        state: dict[str, Any],
        explain: Explain,
    ) -> None:
        self._app = app
        self._request = request
        self._explain = explain
        self._scope = _scope(request, state)
        self._start: Message | None = None
        self._started = asyncio.Event()
        self._done = asyncio.Event()
        self._body = bytearray()
        self._given = False

    async def run(self) -> Called:
        call: Awaitable[None] = self._app(self._scope, self._receive, self._send)
        task = asyncio.ensure_future(call)
        task.add_done_callback(lambda _: self._started.set())
        raised = None
        await self._started.wait()
        await asyncio.wait([task], timeout=_BODY_SECONDS)
        ended = task.done() or self._done.is_set()
        self._done.set()
        await asyncio.wait([task], timeout=_DISCONNECT_SECONDS)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever leaves the application
            raised = self._explain(error)
        return self._called(raised, ended=ended)

    def _called(self, raised: Raised | None, *, ended: bool) -> Called:
        if self._start is None:
            if raised is not None:
                return crashed(raised)
            problem = "the application returns without an answer"
            none = NoAnswer(failure=Failure.CLOSED, step="answer", problem=problem)
            return Called(result=none)
        answer = Answer(
            status=int(self._start["status"]),
            headers=tuple(
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in self._start.get("headers", ())
            ),
            body=bytes(self._body),
            ended="complete" if ended else "time",
        )
        return Called(result=answer, raised=raised)

    async def _receive(self) -> Message:
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._done.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # An iterator can be read once, and a list may be changed afterwards.
            self._start = {**message, "headers": list(message.get("headers", ()))}
            self._started.set()
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            del self._body[MOST_BODY:]
            if not message.get("more_body", False):
                # ASGI, "Disconnect - receive event": it comes after the whole answer too.
                self._done.set()


_CONNECT: Final[Message] = {"type": "websocket.connect"}
_DISCONNECT: Final[Message] = {"type": "websocket.disconnect", "code": 1005}


async def _shake_hands(app: App, request: Request, state: dict[str, Any]) -> bool:
    """Return whether a handshake is accepted; whoever asks goes away at once."""
    answered = asyncio.Event()
    sent: list[str] = []
    connects = iter([_CONNECT])

    async def receive() -> Message:
        message = next(connects, _DISCONNECT)
        if message is _DISCONNECT:
            await answered.wait()
        return dict(message)

    async def send(message: Message) -> None:
        sent.append(message["type"])
        answered.set()

    scope = _scope(request, state)
    del scope["method"]
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if request.scheme == "https" else "ws"
    scope["subprotocols"] = []
    task = asyncio.ensure_future(app(scope, receive, send))
    task.add_done_callback(lambda _: answered.set())
    await answered.wait()
    await asyncio.wait([task], timeout=_DISCONNECT_SECONDS)
    task.cancel()
    # What a handler makes of a client that leaves at once is nobody's concern here.
    await asyncio.gather(task, return_exceptions=True)
    return sent[:1] == ["websocket.accept"]


def _scope(request: Request, state: dict[str, Any]) -> Message:
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(request.raw_path),
        "raw_path": request.raw_path.encode("latin-1"),
        "query_string": request.query.encode("latin-1"),
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in request.headers
        ],
        "client": ("127.0.0.1", 50000),
        "server": (request.host, request.port),
        "state": dict(state),
        "extensions": {},
    }

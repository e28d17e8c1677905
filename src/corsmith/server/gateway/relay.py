"""The bodies of one exchange, streamed both ways at the pace of the slower side.

What lives here: the page's body as the upstream reads it, the upstream's as the page reads
it, and what happens when either goes away. What does not: heads (``forward``).

What always holds:

* a part is read when the one before it was taken, so nothing heaps up here;
* an answer that the upstream did not end is never ended well: it is left without its last
  part, and the server then cuts the page's connection;
* a client that goes away ends its request to the upstream, whatever that waits for.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp

from corsmith.adapters.asgi import Message, Receive, Send
from corsmith.server.gateway.bulk import Bulk
from corsmith.server.gateway.request import Begun

__all__ = ["Client", "LeftError", "Watch", "relay"]

_LOOK_SECONDS: Final = 0.1
"""How often the clients are looked at: a person does not notice a tenth of a second."""


_T = TypeVar("_T")


class LeftError(Exception):
    """The client went away inside its body; the upstream must not take that for the end."""


class Watch:
    """An eye on all who ask one gateway: who has left, and whose upstream is late.

    It looks a few times a second. A task that waits for the client of each request, and a
    timer for each, would cost a small request a fifth of its time; most are over before they
    are looked at.
    """

    __slots__ = ("_clients", "_is_looking", "seconds")

    def __init__(self, seconds: float) -> None:
        """Give an upstream ``seconds`` to begin its answer."""
        self.seconds = seconds
        self._clients: set[Client] = set()
        self._is_looking = False

    def begin(self, client: "Client") -> None:
        """Have an eye on a client."""
        self._clients.add(client)
        if not self._is_looking:
            self._is_looking = True
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def end(self, client: "Client") -> None:
        """Look away."""
        self._clients.discard(client)

    def _look(self) -> None:
        now = monotonic()
        for client in tuple(self._clients):
            client.look(now)
        self._is_looking = bool(self._clients)
        if self._is_looking:
            asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)


class Client:
    """Who asked: its body, part by part, and an eye on whether it is still there.

    Used in a ``with`` by the task that answers. Whatever that waits for is cancelled when the
    client leaves, which is no error and ends the ``with`` quietly.
    """

    __slots__ = (
        "_beginning",
        "_deadline",
        "_is_late",
        "_receive",
        "_task",
        "_waits",
        "_watch",
        "_watching",
        "_whole",
        "left",
    )

    def __init__(self, receive: Receive, watch: Watch, *, has_body: bool) -> None:
        """Read from ``receive``, under ``watch``."""
        self._receive = receive
        self._watch = watch
        self._whole = not has_body
        self._task = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._deadline = monotonic() + watch.seconds
        self._waits = False
        self._is_late = False
        self._beginning = b""
        self.left = False

    def __enter__(self) -> Self:
        """Have an eye on the client."""
        self._watch.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Look away; what was cancelled because the client left ends here."""
        self._watch.end(self)
        self._whole = True
        if self._watching is not None:
            self._watching.cancel()
        task, self._task = self._task, None
        return (
            kind is asyncio.CancelledError
            and self.left
            and task is not None
            and task.uncancel() == 0
        )

    def body(self) -> AsyncIterator[bytes] | None:
        """Return the parts of the body as they come; ``None`` where there is none."""
        return None if self._whole and not self._beginning else self

    async def whole(self, length: int) -> bytes | None:
        """Return a body of so many bytes (its head says so), if its first part is all of it.

        Otherwise that part is the first of ``body``.
        """
        try:
            part = await self._next()
        except LeftError:
            part = b""
            await asyncio.sleep(0)  # where this is cancelled, as the client has left
        if len(part) == length:
            # The server may tell the end apart from it: what comes now is that, or that it left.
            self._whole = True
            return part
        self._beginning = part
        return None

    async def begun(self, asking: Awaitable[_T]) -> _T:
        """Return the answer once it has begun; ``TimeoutError`` where it does not in time."""
        self._waits = True
        try:
            return await asking
        except asyncio.CancelledError:
            if self._is_late and self._task is not None and self._task.uncancel() == 0:
                raise TimeoutError from None
            raise
        finally:
            self._waits = False

    def look(self, now: float) -> None:
        """Take notice of a client that has left, and of an upstream that is late."""
        if self._watching is None and self._whole:
            # A body tells by itself when its client leaves.
            self._watching = asyncio.create_task(self._wait())
        if self._waits and now >= self._deadline and self._task is not None:
            self._waits = False
            self._is_late = True
            self._task.cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next part; called by the task that sends to the upstream."""
        part, self._beginning = self._beginning, b""
        if part := part or await self._next():
            return part
        raise StopAsyncIteration

    async def _next(self) -> bytes:
        """Return the next part that is not empty; an empty one is the end."""
        while not self._whole:
            message = await self._receive()
            if message["type"] != "http.request":
                self._leave()
                raise LeftError
            self._whole = not message.get("more_body")
            # What lasts is the upload: the upstream has its time after the last part.
            self._deadline = monotonic() + self._watch.seconds
            part: bytes = message.get("body", b"")
            if part:
                return part
        return b""

    async def _wait(self) -> None:
        """Wait until the client leaves."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        if self._task is not None:
            self.left = True
            # Not at once: the library may read a body inside a step of this very task, which
            # would then be cancelled wherever it waits next, be it after its end here.
            asyncio.get_running_loop().call_soon(self._cancel)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def relay(answer: Begun, start: Message, send: Send) -> bool:
    """Send on an answer that begins with ``start``; return whether the upstream ended it.

    The first part goes out at once, although it may be empty: the server holds the head back
    until there is one, and a page that opens a stream of events waits for the head.
    """
    content = answer.content
    if answer.connection is None and content.is_eof() and content.exception() is None:
        # All of it is here, so there is nothing to wait for or to lose.
        await send(start)
        body = content.read_nowait()
        await send({"type": "http.response.body", "body": body, "more_body": False})
        return True
    closed = _closed(answer)

    def lose(_closed: "asyncio.Future[None]") -> None:
        """End the wait for what cannot come: after a malformed chunk the library does not."""
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection is gone"))

    if closed is not None:
        closed.add_done_callback(lose)
    try:
        await send(start)
        part = await _relay_parts(answer, send)
    except (aiohttp.ClientError, OSError):
        return False
    finally:
        if closed is not None:
            closed.remove_done_callback(lose)
    if part is None:
        return True
    # A body without a length ends with its connection, and a reset is no end.
    if closed is not None and closed.done() and closed.exception() is not None:
        return False
    await send({"type": "http.response.body", "body": part, "more_body": False})
    return True


async def _relay_parts(answer: Begun, send: Send) -> bytes | None:
    """Send on a body but for its last part, which is returned; ``None`` where that went too."""
    content = answer.content
    part = content.read_nowait()
    while not content.at_eof():
        await send({"type": "http.response.body", "body": part, "more_body": True})
        part = content.read_nowait()
        if part or content.is_eof():
            continue
        if (bulk := Bulk.of(answer)) is not None:
            await _relay_bulk(bulk, send)
            return None
        part = await content.readany()
    return part


async def _relay_bulk(bulk: Bulk, send: Send) -> None:
    """Send on the rest of a long body."""
    while not bulk.is_over:
        part = await bulk.read()
        more = not bulk.is_over
        await send({"type": "http.response.body", "body": part, "more_body": more})


def _closed(answer: Begun) -> "asyncio.Future[None] | None":
    """Return what is done when the answer's connection is; ``None`` where that is over."""
    connection = answer.connection
    protocol = None if connection is None else connection.protocol
    return None if protocol is None else protocol.closed

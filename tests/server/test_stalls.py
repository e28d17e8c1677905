"""Answers over HTTP/2 that nobody takes are ended, and the connection with the last of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.serving import CUT
from corsmith.server.stalls import Stalls
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

HERE = ("127.0.0.1", 50_000)
THERE = ("127.0.0.1", 50_001)
PART = {"type": "http.response.body", "body": b"x", "more_body": True}


class Server:
    """Answers that last until they may end, and the connections that were closed."""

    def __init__(self) -> None:
        self.now = 0.0
        self.closed: list[set[tuple[str, int]]] = []
        stalls = Stalls(self.close, 0.05, lambda: self.now)
        self.app = stalls.listen(self.answer)
        self.stalls = stalls

    def close(self, peers: set[tuple[str, int]]) -> None:
        self.closed.append(peers)

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        await send(PART)
        await receive()

    def ask(self, send: Any, receive: Any = None, **changes: Any) -> asyncio.Future[None]:
        self.request = scope(**{"http_version": "2", "client": HERE, **changes})
        return asyncio.ensure_future(self.app(self.request, receive, send))

    async def look(self, after: float = 0.0) -> None:
        """Let so much time go by, and have it looked twice."""
        await asyncio.sleep(0.005)
        self.now += after
        await asyncio.sleep(0.03)


async def take(_message: Any) -> None:
    """Take a part at once."""


async def stall(_message: Any) -> None:
    """Take no part ever."""
    await asyncio.Event().wait()


async def never() -> Any:
    await asyncio.Event().wait()


def drive(test: Callable[[Server], Coroutine[Any, Any, None]]) -> None:
    async def serve() -> None:
        await test(Server())

    asyncio.run(serve())


def test_an_answer_that_nobody_takes_is_ended_and_its_connection_closed() -> None:
    async def test(server: Server) -> None:
        task = server.ask(stall)
        await server.look(0.04)
        assert not task.done()
        assert CUT not in server.request
        await server.look(0.01)
        assert task.done()
        assert task.exception() is None
        assert server.request[CUT] == "client-left"
        assert server.closed == [{HERE}]
        assert not server.stalls._answers

    drive(test)


def test_an_answer_that_is_taken_may_last_as_long_as_it_does() -> None:
    async def test(server: Server) -> None:
        end = asyncio.Event()
        task = server.ask(take, end.wait)
        await server.look(1_000.0)
        assert not task.done()
        end.set()
        await task
        await server.look()
        assert not server.closed
        assert not server.stalls._answers

    drive(test)


def test_a_connection_on_which_another_answer_moves_is_closed_after_that() -> None:
    async def test(server: Server) -> None:
        end = asyncio.Event()
        moving, other = server.ask(take, end.wait), server.ask(take, never, client=THERE)
        stalled = server.ask(stall)
        await server.look(0.05)
        assert stalled.done()
        assert not server.closed
        assert not moving.done()
        end.set()
        await moving
        await server.look()
        assert server.closed == [{HERE}]
        assert not other.done()
        other.cancel()

    drive(test)


def test_whoever_else_cancels_an_answer_is_heard() -> None:
    async def test(server: Server) -> None:
        task = server.ask(stall)
        await server.look()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        twice = server.ask(stall)
        await server.look()
        server.now += 1
        server.stalls._look()
        twice.cancel()
        with pytest.raises(asyncio.CancelledError):
            await twice

    drive(test)


@pytest.mark.parametrize(
    "changes", [{"http_version": "1.1"}, {"client": None}, {"type": "lifespan", "client": None}]
)
def test_all_else_passes_as_it_is(changes: dict[str, Any]) -> None:
    seen: list[Any] = []

    async def app(*given: Any) -> None:
        seen.extend(given)

    async def call() -> None:
        listening = Stalls(lambda _peers: None).listen(app)
        await listening(request, never, stall)

    request = scope(**{"http_version": "2", "client": HERE, **changes})
    asyncio.run(call())
    assert seen == [request, never, stall]
    assert seen[2] is stall


def test_only_a_task_gives_an_answer() -> None:
    caught: list[str] = []

    def begin() -> None:
        coroutine: Any = Server().app(scope(http_version="2", client=HERE), never, stall)
        with pytest.raises(RuntimeError) as told:
            coroutine.send(None)
        caught.append(str(told.value))

    async def serve() -> None:
        # A callback of the loop runs in no task.
        asyncio.get_running_loop().call_soon(begin)
        await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert caught == ["an answer is given by a task"]

"""How a WSGI application's answer ends: against the rules, closed, or with nobody to read it."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.app.bridge import Bridge
from tests.server.in_memory import ask, parts, scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ORIGIN = (b"origin", b"https://app.example")


def late(_environ: Any, start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", [])
    yield b"begun"
    try:
        int("too late")
    except ValueError as error:
        start_response("500 Oh", [], (ValueError, error, error.__traceback__))


def twice(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def never(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    return []


def never_but_yields(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    return [b"x"]


def exits(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    sys.exit(2)


def interrupts(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    raise KeyboardInterrupt


def no_status(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("OK", [])
    return []


@pytest.mark.parametrize(
    ("app", "error", "told", "begun"),
    [
        (late, ValueError, "too late", True),
        (twice, RuntimeError, "a second time, without exc_info", False),
        (never, RuntimeError, "did not call start_response", False),
        (never_but_yields, RuntimeError, "did not call start_response", False),
        (no_status, ValueError, "invalid literal", False),
        (exits, RuntimeError, "the application raised SystemExit", False),
        (interrupts, RuntimeError, "the application raised KeyboardInterrupt", False),
    ],
)
def test_what_is_against_the_rules_is_raised_to_the_server(
    app: Any, error: type[Exception], told: str, begun: bool
) -> None:
    """So that it is a 500 with its CORS headers, or a connection that is cut."""
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        messages.append(message)

    async def serve() -> None:
        await Bridge(app)(scope(), receive, send)

    with pytest.raises(error, match=told):
        asyncio.run(serve())
    assert bool(messages) is begun
    assert all(message.get("more_body", True) for message in messages)


def test_what_is_written_is_sent_before_what_is_returned() -> None:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        write = start_response("200 OK", [])
        write(b"written ")
        return [b"returned"]

    assert ask(Bridge(app), "GET", "/").body == b"written returned"


def test_the_body_is_closed_whatever_became_of_it() -> None:
    closed: list[str] = []

    class Body:
        def __init__(self, name: str, *, fails: bool) -> None:
            self.name, self.fails = name, fails

        def __iter__(self) -> Iterator[bytes]:
            yield b"x"
            if self.fails:
                raise ValueError(self.name)

        def close(self) -> None:
            closed.append(self.name)

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Body(environ["PATH_INFO"], fails=environ["PATH_INFO"] == "/fails")

    ask(Bridge(app), "GET", "/works")
    with pytest.raises(ValueError, match="fails"):
        ask(Bridge(app), "GET", "/fails")
    assert closed == ["/works", "/fails"]


# ── clients that leave ─────────────────────────────────────────────────────────


def leave(app: Callable[..., Iterable[bytes]], after: int) -> list[Any]:
    """Ask an application, and leave after so many parts of its answer."""
    messages: list[Any] = []
    left = asyncio.Event()

    told = parts(b"")

    async def receive() -> Any:
        if told:
            return told.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        messages.append(message)
        if len(messages) > after:
            left.set()
        await asyncio.sleep(0.001)

    async def serve() -> None:
        await asyncio.wait_for(Bridge(app)(scope(), receive, send), 10)

    asyncio.run(serve())
    return messages


def test_an_endless_answer_ends_when_nobody_reads_it_any_more() -> None:
    closed = threading.Event()

    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                yield b"tick"
        finally:
            closed.set()

    messages = leave(app, after=3)
    assert closed.wait(5)
    # It never looks like an answer that was whole.
    assert all(message.get("more_body", True) for message in messages)


def test_a_request_that_is_cancelled_stops_its_thread_at_its_next_part() -> None:
    closed = threading.Event()

    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while True:
                time.sleep(0.01)
                yield b"tick"
        finally:
            closed.set()

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(_message: Any) -> None: ...

    async def serve() -> None:
        task = asyncio.ensure_future(Bridge(app)(scope(), receive, send))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(closed.wait, 5)

    asyncio.run(serve())
    assert closed.is_set()

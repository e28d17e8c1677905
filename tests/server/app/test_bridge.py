"""A WSGI application as an ASGI one: what PEP 3333 promises it, and what a client sees."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.server.app.bridge import Bridge
from corsmith.server.front import Front
from tests.server.in_memory import ask, parts, post, run, scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ORIGIN = (b"origin", b"https://app.example")


def test_an_answer_is_its_head_and_its_parts() -> None:
    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("418 I'm a teapot", [("X-One", "1"), ("X-Two", "\xe9")])
        return [b"a", b"", environ["PATH_INFO"].encode()]

    got = ask(Bridge(app), "GET", "/tea")
    assert (got.status, got.lines) == (418, [(b"x-one", b"1"), (b"x-two", b"\xe9")])
    bodies = [(one["body"], one.get("more_body", False)) for one in got.messages[1:]]
    # What is ready when the loop looks is taken together.
    assert bodies in (
        [(b"a", True), (b"/tea", True), (b"", False)],
        [(b"a", True), (b"/tea", False)],
    )


def test_what_is_said_of_the_connection_is_the_servers() -> None:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Connection", "close"), ("Transfer-Encoding", "chunked")])
        return []

    got = ask(Bridge(app), "GET", "/")
    assert (got.lines, got.body) == ([], b"")


def test_a_part_is_sent_before_the_next_is_asked_for() -> None:
    """At most one part is on its way: an endless answer takes no memory."""
    made: list[int] = []
    seen: list[int] = []

    def app(_environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(5):
            made.append(number)
            yield b"%d" % number

    async def send(message: Any) -> None:
        await asyncio.sleep(0.02)
        if message.get("body"):
            seen.append(len(made))

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def serve() -> None:
        await Bridge(app)(scope(), receive, send)

    asyncio.run(serve())
    assert all(count <= sent + 2 for sent, count in enumerate(seen, 1)), seen


def test_one_request_stays_in_one_thread_which_is_not_that_of_the_loop() -> None:
    threads: list[int] = []

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            threads.append(threading.get_ident())
            yield b"x"
            threads.append(threading.get_ident())

        def close(self) -> None:
            threads.append(threading.get_ident())

    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        threads.append(threading.get_ident())
        start_response("200 OK", [])
        return Body()

    ask(Bridge(app), "GET", "/")
    assert len(threads) == 4
    assert len({*threads}) == 1
    assert threads[0] != threading.get_ident()


def test_no_more_requests_are_answered_at_once_than_there_are_threads() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        start_response("204 No Content", [])
        return []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(_message: Any) -> None: ...

    async def serve() -> None:
        bridge = Bridge(app, threads=2)
        await asyncio.gather(*(bridge(scope(), receive, send) for _ in range(7)))

    asyncio.run(serve())
    assert most == 2


class Slow:
    """A client that sends no more of its body, or takes no more of its answer, for a while."""

    def __init__(self, *, reads: bool) -> None:
        self.reads = reads
        self.has_sent = False
        self.goes_on = asyncio.Event()
        self.messages: list[Any] = []

    async def receive(self) -> Any:
        await self.goes_on.wait()
        if self.has_sent:
            await asyncio.sleep(3600)  # it stays
        self.has_sent = True
        return {"type": "http.request", "body": b"late", "more_body": False}

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        if not self.reads and message["type"] == "http.response.body":
            await self.goes_on.wait()


@pytest.mark.parametrize(("reads", "parts_of_answer"), [(True, 1), (False, 1), (False, 7)])
def test_slow_clients_have_no_place_that_another_could_have(
    reads: bool, parts_of_answer: int
) -> None:
    """And once they go on they are served, with no place too many at the end."""
    now, most = 0, 0
    lock = threading.Lock()

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        nonlocal now, most
        if environ["PATH_INFO"] == "/slow":
            start_response("200 OK", [])
            return [environ["wsgi.input"].read()] if reads else [b"x"] * parts_of_answer
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        start_response("200 OK", [])
        return [b"quick"]

    async def quick(bridge: Bridge) -> Any:
        client = Slow(reads=True)
        await bridge(scope(), client.receive, client.send)
        return b"".join(message["body"] for message in client.messages[1:])

    async def serve() -> None:
        bridge = Bridge(app, threads=2)
        clients = [Slow(reads=reads) for _ in range(6)]
        request = scope("POST", "/slow", (b"content-length", b"4"))
        asked = [
            asyncio.ensure_future(bridge(dict(request), client.receive, client.send))
            for client in clients
        ]
        assert await asyncio.wait_for(quick(bridge), 5) == b"quick"
        for client in clients:
            client.goes_on.set()
        await asyncio.gather(*asked)
        body = b"late" if reads else b"x" * parts_of_answer
        for client in clients:
            assert b"".join(m["body"] for m in client.messages[1:]) == body
        assert set(await asyncio.gather(*(quick(bridge) for _ in range(8)))) == {b"quick"}

    asyncio.run(serve())
    assert most == 2


# ── bodies of requests ─────────────────────────────────────────────────────────


def counts(environ: Any, start_response: Any) -> Iterable[bytes]:
    size = 0
    while part := environ["wsgi.input"].read(65_536):
        size += len(part)
    start_response("200 OK", [])
    return [str(size).encode()]


def test_an_upload_is_counted_as_it_comes() -> None:
    assert post(Bridge(counts), b"x" * 100_000, b"y" * 50_000).body == b"150000"
    assert ask(Bridge(counts), "POST", "/").body == b"0"


def test_an_upload_that_breaks_off_is_no_success() -> None:
    request = scope("POST", "/", (b"transfer-encoding", b"chunked"))
    with pytest.raises(ConnectionAbortedError):
        run(Bridge(counts), request, parts(b"abc", broken=True))
    # With the limits around it, the person who sent it is told.
    got = run(
        Front(Bridge(counts), Policy(origins="*"), streams=True),
        request,
        parts(b"abc", broken=True),
    )
    assert got.status == 400


def test_a_body_that_is_not_read_is_left_to_the_server() -> None:
    def app(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"not read"]

    got = post(Bridge(app), b"a", b"b")
    assert (got.body, got.received) == (b"not read", 0)


# ── start_response ─────────────────────────────────────────────────────────────


def replaces(_environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("X-Old", "1")])
    try:
        int("its mind changed")
    except ValueError:
        start_response("500 Oh", [("X-New", "1")], sys.exc_info())
    return [b"error"]


def test_a_head_may_be_replaced_until_the_body_begins() -> None:
    got = ask(Bridge(replaces), "GET", "/")
    assert (got.status, got.lines) == (500, [(b"x-new", b"1")])


def never(_environ: Any, _start_response: Any) -> Iterable[bytes]:
    return []


def test_a_websocket_is_refused_and_nothing_else_is_spoken() -> None:
    async def serve(kind: str) -> list[Any]:
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            messages.append(message)

        await Bridge(never)({"type": kind}, receive, send)
        return messages

    assert asyncio.run(serve("websocket")) == [{"type": "websocket.close", "code": 1008}]
    with pytest.raises(NotImplementedError, match="no lifespan here"):
        asyncio.run(serve("lifespan"))


def test_an_error_before_the_answer_is_a_500_that_a_page_can_read() -> None:
    front = Front(Bridge(never), Policy(origins=["https://app.example"]), streams=True)
    messages: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        messages.append(message)

    async def serve() -> None:
        await front(scope("GET", "/", ORIGIN), receive, send)

    with pytest.raises(RuntimeError, match="start_response"):
        asyncio.run(serve())
    assert messages[0]["status"] == 500
    assert (b"access-control-allow-origin", b"https://app.example") in messages[0]["headers"]

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.server import body as module
from corsmith.server import front as reading
from corsmith.server.body import Body, Patience, drain, has_body
from corsmith.server.echo import PROBLEM, echo
from corsmith.server.front import Front
from corsmith.server.limits import DRAIN_BYTES, Problem
from corsmith.server.log import Log
from tests.server.in_memory import parts, run, scope

CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.fixture(autouse=True)
def undrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nothing read after the answer: that has tests of its own, below."""

    async def stop(_receive: object) -> None:
        """Read nothing."""

    monkeypatch.setattr(reading, "drain", stop)


class Bodies(Log):
    """A log that keeps the bodies that it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Body] = []

    def body(self, scope: Any, body: Body) -> None:
        self.found.append(body)

    def request(self, *_parts: object) -> None:
        """Write nothing."""


def reader(bodies: Bodies, limit: int, keep: int) -> Front:
    front = Front(echo, Policy(origins="*"), limit_body=limit, log=bodies)
    front._keep = keep
    return front


def read(
    *messages: Any, line: tuple[bytes, bytes] = CHUNKED, limit: int = 10, keep: int = 10
) -> tuple[Body | Problem, int]:
    """Return what a body is read as, and how many messages that took."""
    bodies = Bodies()
    request = scope("POST", "/", line)
    answer = run(reader(bodies, limit, keep), request, messages)
    return (bodies.found[0] if bodies.found else request[PROBLEM]), answer.received


def word(found: Body | Problem) -> tuple[int, str]:
    assert isinstance(found, Problem)
    return found.status, found.word


def test_a_body_is_all_of_its_parts() -> None:
    assert read(*parts(b"ab", b"", b"cd")) == (Body(b"abcd", 4), 3)


def test_only_the_beginning_is_kept() -> None:
    assert read(*parts(b"abc", b"def", b"ghi"), keep=4) == (Body(b"abcd", 9), 3)
    assert read(*parts(b"abc"), keep=0) == (Body(b"", 3), 1)


def test_a_request_without_length_and_coding_has_an_empty_body() -> None:
    """Nothing is waited for: nothing would come (RFC 9112, section 6.3)."""
    assert read(line=(b"accept", b"*/*")) == (Body(b"", 0), 0)
    assert read(line=(b"content-length", b"0")) == (Body(b"", 0), 0)


def test_a_body_may_be_exactly_as_large_as_the_limit() -> None:
    ten = (b"content-length", b"10")
    assert read(*parts(b"a" * 10), line=ten) == (Body(b"a" * 10, 10), 1)


def test_a_length_over_the_limit_is_refused_before_anything_is_read() -> None:
    found, received = read(line=(b"content-length", b"11"))
    assert word(found) == (413, "body-too-large")
    assert received == 0


def test_chunks_over_the_limit_are_refused_as_soon_as_they_are() -> None:
    found, received = read(*parts(b"a" * 10, b"a", b"a"))
    assert word(found) == (413, "body-too-large")
    assert received == 2


def test_a_body_that_breaks_off_or_has_bad_chunks_is_refused() -> None:
    assert word(read(*parts(b"ab", broken=True))[0]) == (400, "body-incomplete")


@pytest.mark.parametrize(
    ("line", "may"),
    [
        (CHUNKED, True),
        ((b"content-length", b"3"), True),
        ((b"content-length", b"0"), False),
        ((b"accept", b"*/*"), False),
    ],
)
def test_the_head_says_whether_a_body_follows(line: tuple[bytes, bytes], *, may: bool) -> None:
    assert has_body(scope("PUT", "/", line)) is may


@pytest.mark.parametrize(
    ("method", "line", "may"),
    [
        ("PUT", (b"accept", b"*/*"), True),
        ("PUT", (b"content-length", b"0"), False),
        ("GET", (b"accept", b"*/*"), False),
        ("GET", (b"content-length", b"3"), True),
    ],
)
def test_in_http_2_a_body_may_follow_unannounced(
    method: str, line: tuple[bytes, bytes], *, may: bool
) -> None:
    assert has_body(scope(method, "/", line, http_version="2")) is may


# ── a client that goes silent ──────────────────────────────────────────────────


async def read_with(patience: Patience, receive: Any) -> Body | Problem:
    """Return what an application with such patience reads."""
    bodies = Bodies()
    front = reader(bodies, 100, 0)
    front._patience = patience
    request = scope("POST", "/", CHUNKED)

    async def send(_message: Any) -> None:
        """Take the answer, which is not looked at."""

    await front(request, receive, send)
    return bodies.found[0] if bodies.found else request[PROBLEM]


async def read_slowly(patience: Patience, pauses: list[float]) -> Body | Problem:
    """Read a body whose parts come after pauses, and then no more."""
    waiting = list(pauses)

    async def receive() -> Any:
        await asyncio.sleep(waiting.pop(0) if waiting else 3600)
        return {"type": "http.request", "body": b"a", "more_body": True}

    return await read_with(patience, receive)


def test_a_silent_client_is_given_up() -> None:
    found = asyncio.run(read_slowly(Patience(0.05), []))
    assert word(found) == (408, "body-too-slow")


def test_silence_is_counted_from_the_last_part() -> None:
    """Five pauses are longer than the limit together, and none of them is alone."""

    async def serve() -> tuple[Body | Problem, float]:
        start = asyncio.get_running_loop().time()
        found = await read_slowly(Patience(0.6), [0.15] * 5)
        return found, asyncio.get_running_loop().time() - start

    found, seconds = asyncio.run(serve())
    assert word(found) == (408, "body-too-slow")
    assert seconds > 0.7


def test_one_silent_client_ends_no_other() -> None:
    async def serve() -> list[Body | Problem]:
        patience = Patience(0.2)
        other = read_slowly(patience, [0.1, 0.1, 0.1, 0.1, 3600])
        return list(await asyncio.gather(read_slowly(patience, []), other))

    assert [word(found)[1] for found in asyncio.run(serve())] == ["body-too-slow"] * 2


def test_the_task_goes_on_after_it_gave_up() -> None:
    """What was cancelled was the waiting: the answer is still to be sent."""

    async def serve() -> int:
        await read_slowly(Patience(0.05), [])
        await asyncio.sleep(0)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert asyncio.run(serve()) == 0


def test_a_task_that_somebody_else_cancels_is_cancelled() -> None:
    async def serve() -> None:
        task = asyncio.create_task(read_slowly(Patience(5), []))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(serve())


def test_a_second_look_cancels_nobody_twice() -> None:
    """A task that is slow to end, as one that awaits in its cleaning up, is left alone."""

    async def serve() -> Body | Problem:
        async def receive() -> Any:
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(0.1)

        return await read_with(Patience(0.05), receive)

    assert word(asyncio.run(serve())) == (408, "body-too-slow")


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "corsmith-patience"]


def test_nobody_looks_while_nobody_reads() -> None:
    patience = Patience(0.05)
    for _ in range(2):
        found = asyncio.run(read_slowly(patience, []))
        assert word(found) == (408, "body-too-slow")
        for thread in watchers():
            thread.join(10)
        assert patience._watched is False


def test_one_thread_looks_for_all() -> None:
    async def serve() -> int:
        patience = Patience(0.5)
        reading = [asyncio.create_task(read_slowly(patience, [])) for _ in range(20)]
        await asyncio.sleep(0.1)
        count = len(watchers())
        await asyncio.gather(*reading)
        return count

    for thread in watchers():
        thread.join(10)
    assert asyncio.run(serve()) == 1


def test_a_client_that_was_heard_in_the_meantime_is_not_given_up() -> None:
    """It is the loop that gives up, and by then the client may have sent something."""

    async def serve() -> int:
        patience = Patience(30)
        task = patience.begin()
        patience._give_up([task], longest=patience._heard[task] - 1)
        cancelled = task.cancelling()
        patience.end(task)
        patience._give_up([task], longest=float("inf"))
        return cancelled + task.cancelling()

    assert asyncio.run(serve()) == 0


def test_who_looks_ends_with_the_loop() -> None:
    patience = Patience(0.05)
    loop = asyncio.new_event_loop()
    loop.close()
    patience._heard[object()] = 0.0  # type: ignore[index]  # a task that nobody will end
    patience._watch(loop)
    assert patience._watched is False


def test_only_a_task_reads_a_body() -> None:
    caught: list[str] = []

    def begin() -> None:
        with pytest.raises(RuntimeError) as told:
            Patience().begin()
        caught.append(str(told.value))

    async def serve() -> None:
        # A callback of the loop runs in no task.
        asyncio.get_running_loop().call_soon(begin)
        await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert caught == ["a body is read by a task"]


# ── a body that nobody wants ───────────────────────────────────────────────────


def drained(part: bytes, pause: float = 0.0, most: int = 10_000) -> int:
    """Return how many parts of an endless body are read away."""
    count = 0

    async def receive() -> Any:
        nonlocal count
        count += 1
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": part, "more_body": count < most}

    asyncio.run(drain(receive))
    return count


def test_an_unwanted_body_is_read_to_its_end() -> None:
    assert drained(b"a", most=3) == 3


def test_it_is_read_no_further_than_is_worth_it() -> None:
    assert drained(b"a" * 1_048_576) == DRAIN_BYTES // 1_048_576 + 1


def test_nor_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAIN_SECONDS", 0.05)
    assert drained(b"a", pause=0.03) <= 3

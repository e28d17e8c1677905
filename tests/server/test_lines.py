"""Lines reach the standard streams in their order, and few writes carry many."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import termios
import threading
import time
from typing import TYPE_CHECKING

import pytest

from corsmith.server.lines import MOST_WAITING, WRITE_BYTES, Lines

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, bytes]]:
    writes: list[tuple[int, bytes]] = []

    def write(stream: int, data: bytes) -> int:
        writes.append((stream, data))
        return len(data)

    monkeypatch.setattr(os, "write", write)
    return writes


def test_a_line_that_comes_alone_is_written_at_once(written: list[tuple[int, bytes]]) -> None:
    async def serve() -> None:
        lines = Lines()
        lines.put(2, b"one\n")
        assert not written
        await asyncio.sleep(0)
        assert written == [(2, b"one\n")]

    asyncio.run(serve())


def test_lines_that_follow_closely_are_gathered_and_come_within_a_moment(
    written: list[tuple[int, bytes]],
) -> None:
    async def serve() -> None:
        lines = Lines()
        for number in range(50):
            lines.put(2, b"%d\n" % number)
            await asyncio.sleep(0)
        assert len(written) < 10
        await asyncio.sleep(0.05)
        lines.put(2, b"later\n")
        await asyncio.sleep(0)

    asyncio.run(serve())
    expected = [*(b"%d" % number for number in range(50)), b"later"]
    assert b"".join(data for _, data in written).split() == expected
    assert written[-1] == (2, b"later\n")


def test_a_busy_time_has_a_write_for_each_pause_and_no_more(
    written: list[tuple[int, bytes]],
) -> None:
    async def serve() -> None:
        lines = Lines()
        loop = asyncio.get_running_loop()
        begin = loop.time()
        count = 0
        while loop.time() < begin + 0.1:
            lines.put(2, b"x\n")
            count += 1
            await asyncio.sleep(0.001)
        lines.flush()
        assert sum(data.count(b"\n") for _, data in written) == count
        assert len(written) <= (loop.time() - begin) / 0.01 + 2

    asyncio.run(serve())


def test_the_two_streams_keep_the_order_in_which_they_were_written(
    written: list[tuple[int, bytes]],
) -> None:
    async def serve() -> None:
        lines = Lines()
        for stream, line in ((1, b"a\n"), (2, b"b\n"), (2, b"c\n"), (1, b"d\n")):
            lines.put(stream, line)

    asyncio.run(serve())
    assert written == [(1, b"a\n"), (2, b"b\nc\n"), (1, b"d\n")]


def test_no_line_is_parted_and_no_write_is_too_large(written: list[tuple[int, bytes]]) -> None:
    async def serve() -> None:
        lines = Lines()
        for _ in range(100):
            lines.put(2, b"a" * 200 + b"\n")
        lines.put(2, b"b" * WRITE_BYTES)
        lines.put(2, b"c\n")

    asyncio.run(serve())
    assert b"".join(data for _, data in written).count(b"\n") == 101
    assert len(written) < 20
    assert all(len(data) <= WRITE_BYTES for _, data in written)
    assert all(data.endswith(b"\n") for _, data in written[:-2])


def test_a_reader_that_has_gone_stops_nothing() -> None:
    async def serve() -> None:
        lines = Lines()
        lines.put(99_999, b"x\n")
        lines.flush()
        lines.flush()

    asyncio.run(serve())


# ── readers that do not read ───────────────────────────────────────────────────


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe whose reading end never waits."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for end in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(end)


def read(reading: int) -> bytes:
    found = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(reading, 65_536):
            found += part
    return found


def test_a_reader_that_stops_holds_nobody_up_and_gets_all_when_it_goes_on(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    sent = [b"%06d %b\n" % (number, b"x" * 92) for number in range(2_000)]

    async def serve() -> bytes:
        lines = Lines()
        for line in sent:
            lines.put(writing, line)
            await asyncio.sleep(0)
        found = b""
        while len(found) < 200_000:
            await asyncio.sleep(0.01)
            found += read(reading)
        return found

    assert asyncio.run(asyncio.wait_for(serve(), 10)).splitlines(keepends=True) == sent


def test_one_stream_that_takes_nothing_keeps_no_other_waiting(pipe: tuple[int, int]) -> None:
    _, writing = pipe
    reading, other = os.pipe()

    async def serve() -> None:
        lines = Lines()
        for _ in range(1_000):
            lines.put(writing, b"x" * 100)
            lines.put(other, b"y")
            await asyncio.sleep(0)
        await asyncio.sleep(0.3)

    asyncio.run(serve())
    assert os.read(reading, 2_000) == b"y" * 1_000
    os.close(reading)
    os.close(other)


def test_what_finds_no_room_is_counted_and_the_count_is_told(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    line = b"x" * 1_023 + b"\n"
    many = 2 * MOST_WAITING // len(line)

    async def serve() -> bytes:
        lines = Lines()
        for _ in range(many):
            lines.put(writing, line)
            await asyncio.sleep(0)
        found = b""
        while b"no reader" not in found:
            await asyncio.sleep(0.01)
            found += read(reading)
        return found

    before = os.dup(2)
    os.dup2(writing, 2)
    try:
        found = asyncio.run(asyncio.wait_for(serve(), 10))
    finally:
        os.dup2(before, 2)
        os.close(before)
    *kept, told = found.splitlines(keepends=True)
    assert set(kept) == {line}
    assert len(kept) >= MOST_WAITING // len(line)
    assert told == b"corsmith: %d lines had no reader, and were not kept\n" % (many - len(kept))


def test_a_terminal_that_is_paused_holds_nobody_up() -> None:
    """As by Ctrl-S."""
    reading, terminal = os.openpty()

    async def serve() -> None:
        lines = Lines()
        termios.tcflow(terminal, termios.TCOOFF)
        for _ in range(3):
            lines.put(terminal, b"one\n")
            await asyncio.sleep(0.03)
        assert not select.select([reading], [], [], 0)[0]
        termios.tcflow(terminal, termios.TCOON)
        await asyncio.sleep(0.3)

    asyncio.run(asyncio.wait_for(serve(), 10))
    assert os.read(reading, 100) == b"one\r\n" * 3
    os.close(reading)
    os.close(terminal)


def test_the_last_lines_wait_a_moment_for_a_reader_and_no_longer(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = Lines()

    async def serve() -> None:
        for _ in range(100):
            lines.put(writing, b"x" * 1_024)

    asyncio.run(serve())
    found: list[bytes] = []
    thread = threading.Timer(0.1, lambda: found.append(read(reading)))
    thread.start()
    lines.flush()
    thread.join()
    assert len(b"".join(found) + read(reading)) == 100 * 1_024
    full = b"x" * 65_536
    os.write(writing, full)
    start = time.monotonic()
    asyncio.run(serve())
    lines.flush()
    assert 0.4 < time.monotonic() - start < 5
    assert read(reading) == full

"""Lines reach the standard streams in their order, and few writes carry many."""

from __future__ import annotations

import asyncio
import os

import pytest

from corsmith.server.lines import WRITE_BYTES, Lines


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

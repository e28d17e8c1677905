"""What a request for a file is answered with: status, header lines, and which bytes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from corsmith.server.folder.ranges import Span
from corsmith.server.folder.reply import Replies, Reply, asked_of, reply_to
from corsmith.server.folder.tree import Opened

EXTRA = (b"x-extra", b"1")
NOW = 1_000_000.0


def opened(size: int = 100, modified: float = 5.0, inode: int = 1) -> Opened:
    return Opened(-1, size, modified, (5, size, inode), is_folder=False)


def answer(method: str = "GET", file: Opened | None = None, **asked: Any) -> Reply:
    names = {name.replace("_", "-"): value for name, value in asked.items()}
    return reply_to("a.json", file or opened(), method, names, NOW)


def lines(reply: Reply) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in reply.lines}


def test_a_whole_file_is_its_version_type_and_length() -> None:
    reply = answer()
    assert lines(reply) == {
        "etag": '"5-64-1"',
        "last-modified": "Thu, 01 Jan 1970 00:00:05 GMT",
        "accept-ranges": "bytes",
        "content-type": "application/json",
        "content-length": "100",
    }
    assert (reply.status, reply.parts, reply.length) == (200, (Span(0, 100),), 100)


@pytest.mark.parametrize(
    ("method", "asked", "status", "parts"),
    [
        ("GET", {"range": "bytes=0-9"}, 206, (Span(0, 10),)),
        ("GET", {"range": "bytes=100-"}, 416, None),
        ("GET", {"range": "bytes=0-9", "if_range": '"5-64-1"'}, 206, (Span(0, 10),)),
        ("GET", {"range": "bytes=0-9", "if_range": '"v0"'}, 200, (Span(0, 100),)),
        ("GET", {"if_none_match": '"5-64-1"'}, 304, ()),
        ("GET", {"if_match": '"v0"'}, 412, None),
        ("HEAD", {"range": "bytes=0-9"}, 200, (Span(0, 100),)),
        ("HEAD", {"range": "bytes=0-"}, 206, (Span(0, 100),)),
        ("HEAD", {"range": "bytes=100-"}, 200, (Span(0, 100),)),
    ],
)
def test_conditions_come_before_ranges(
    method: str, asked: dict[str, Any], status: int, parts: tuple[Span, ...] | None
) -> None:
    reply = answer(method, **asked)
    assert (reply.status, reply.parts) == (status, parts)


def test_a_range_says_which_bytes_it_is() -> None:
    assert lines(answer(range="bytes=-1"))["content-range"] == "bytes 99-99/100"
    assert lines(answer(range="bytes=100-"))["content-range"] == "bytes */100"


def test_several_ranges_have_a_boundary_that_no_other_answer_has() -> None:
    first, second = (answer(range="bytes=0-0,5-6") for _ in range(2))
    assert first.status == 206
    assert lines(first)["content-type"].startswith("multipart/byteranges; boundary=")
    assert lines(first)["content-type"] != lines(second)["content-type"]
    assert lines(first)["content-length"] == str(first.length)
    assert first.parts is not None
    assert [part for part in first.parts if isinstance(part, Span)] == [Span(0, 1), Span(5, 7)]


@pytest.mark.parametrize(
    ("modified", "told"),
    [(-5.0, "Thu, 01 Jan 1970 00:00:00 GMT"), (NOW + 10, "Mon, 12 Jan 1970 13:46:40 GMT")],
)
def test_a_time_is_between_the_epoch_and_now(modified: float, told: str) -> None:
    assert lines(answer(file=opened(modified=modified)))["last-modified"] == told


def test_of_the_headers_only_those_are_read_that_an_answer_depends_on() -> None:
    request = [
        (b"range", b"bytes=0-1"), (b"accept", b"*/*"), (b"if-match", b'"a"'),
        (b"if-match", b'"b"'),
    ]  # fmt: skip
    assert asked_of(request) == {"range": "bytes=0-1", "if-match": '"a", "b"'}


# ── what is remembered ─────────────────────────────────────────────────────────


def test_the_lines_of_a_version_are_made_once_and_those_of_another_anew() -> None:
    replies = Replies([EXTRA])
    first = replies.of("a.json", opened(), "GET", (), NOW)
    assert first.lines[-1] == EXTRA
    assert replies.of("a.json", opened(), "GET", (), NOW + 1) is first
    changed = replies.of("a.json", opened(size=7), "GET", (), NOW)
    assert (lines(changed)["etag"], lines(changed)["content-length"]) == ('"5-7-1"', "7")
    assert lines(replies.of("b.csv", opened(), "GET", (), NOW))["content-type"].startswith(
        "text/csv"
    )


def test_what_a_request_asks_more_is_not_remembered() -> None:
    replies = Replies([EXTRA])
    part = replies.of("a.json", opened(), "GET", [(b"range", b"bytes=0-1")], NOW)
    assert (part.status, part.lines[-1]) == (206, EXTRA)
    assert replies.of("a.json", opened(), "GET", (), NOW).status == 200
    failed = replies.of("a.json", opened(), "GET", [(b"if-match", b'"x"')], NOW)
    assert EXTRA not in failed.lines


def test_a_time_to_come_is_told_anew_each_time() -> None:
    replies = Replies([])
    ahead = opened(modified=time.time() + 1_000)
    told = [lines(replies.of("a", ahead, "GET", (), now))["last-modified"] for now in (5, 6)]
    assert told == ["Thu, 01 Jan 1970 00:00:05 GMT", "Thu, 01 Jan 1970 00:00:06 GMT"]


def test_no_more_is_remembered_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corsmith.server.folder.reply._REMEMBERED", 2)
    replies = Replies([])
    for number in range(9):
        replies.of(f"{number}.json", opened(), "GET", (), NOW)
        assert len(replies._whole) <= 2

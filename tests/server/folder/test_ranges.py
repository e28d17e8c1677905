"""Ranges by RFC 9110, section 14; each example is one that a reader of data sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.folder.ranges import MOST_RANGES, Span, multipart, select

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-9", [(0, 10)]),
        ("BYTES=5-", [(5, 100)]),
        ("bytes=-5", [(95, 100)]),
        ("bytes=-500", [(0, 100)]),
        ("bytes=99-99", [(99, 100)]),
        ("bytes=90-1000", [(90, 100)]),
        (f"bytes=0-{'9' * 5000}", [(0, 100)]),
        (f"bytes=-{'9' * 40}", [(0, 100)]),
        (f"bytes={'0' * 40}7-8", [(7, 9)]),
        ("bytes=0-1,4-5", [(0, 2), (4, 6)]),
        ("bytes=4-5, 0-1 ,\t,-1", [(4, 6), (0, 2), (99, 100)]),
        ("bytes=200-,0-1", [(0, 2)]),
        ("bytes=-0,0-1", [(0, 2)]),
    ],
)
def test_what_exists_of_each_range_is_given_in_the_order_asked(
    value: str, expected: Sequence[tuple[int, int]]
) -> None:
    assert select(value, 100) == tuple(Span(*span) for span in expected)


@pytest.mark.parametrize(
    "value", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=200-,-0", f"bytes={'9' * 5000}-"]
)
def test_nothing_that_exists_is_no_range_at_all(value: str) -> None:
    assert select(value, 100) == ()


@pytest.mark.parametrize(
    "value",
    [
        "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1;2-3",
        "bytes=+1-2", "bytes=1_0-20", "bytes=0x1-2", "bytes=٣-٤", "bytes=0-1,x", "items=0-1",
        "bytes =0-1", "bytes=1 - 2", "bytes=1-2-3", " bytes=0-1", "bytes=5-4,0-1", "bytes=0-0\n",
        f"bytes=1{'0' * 25}-{'9' * 25}",
    ],
)  # fmt: skip
def test_what_is_malformed_or_in_another_unit_is_ignored(value: str) -> None:
    assert select(value, 100) is None


def test_ranges_that_are_more_than_the_file_together_are_answered_with_all_of_it() -> None:
    assert select("bytes=0-,0-,0-", 100) is None
    assert select("bytes=0-49,50-99", 100) == (Span(0, 50), Span(50, 100))


def test_very_many_ranges_are_answered_with_all_of_the_file() -> None:
    asked = [f"{number}-{number}" for number in range(MOST_RANGES + 1)]
    assert select(f"bytes={','.join(asked)}", 1000) is None
    assert len(select(f"bytes={','.join(asked[1:])}", 1000) or ()) == MOST_RANGES


def test_of_an_empty_file_only_its_end_can_be_asked_for() -> None:
    assert select("bytes=0-", 0) == ()
    assert select("bytes=-1", 0) is None
    assert select("bytes=-0", 0) == ()


numbers = st.integers(0, 40)


@given(size=st.integers(1, 30), first=numbers, last=st.none() | numbers)
def test_a_satisfiable_range_is_never_refused_and_is_the_slice(
    size: int, first: int, last: int | None
) -> None:
    content = bytes(range(size))
    value = f"bytes={first}-{'' if last is None else last}"
    spans = select(value, size)
    if last is not None and last < first:
        assert spans is None
    elif first < size:
        assert spans is not None
        ((start, stop),) = spans
        assert content[start:stop] == content[first : None if last is None else last + 1]
    else:
        assert spans == ()


@given(size=st.integers(1, 30), length=st.integers(1, 40))
def test_a_suffix_is_never_refused_and_is_the_end(size: int, length: int) -> None:
    content = bytes(range(size))
    assert select(f"bytes=-{length}", size) is not None
    ((start, stop),) = select(f"bytes=-{length}", size) or ()
    assert content[start:stop] == content[-length:]


@given(st.text(st.sampled_from("0123456789-, \tbytes=x"), max_size=30), st.integers(0, 30))
def test_any_header_gives_parts_of_the_file_that_are_not_more_than_it(
    value: str, size: int
) -> None:
    spans = select(f"bytes={value}", size) or ()
    assert all(0 <= start < stop <= size for start, stop in spans)
    assert sum(stop - start for start, stop in spans) <= size


def test_several_ranges_are_parts_with_their_own_head() -> None:
    content = b"0123456789"
    parts, length = multipart([Span(0, 2), Span(8, 10)], 10, "text/plain", "B")
    body = b"".join(p if isinstance(p, bytes) else content[p.start : p.stop] for p in parts)
    assert body == (
        b"--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n"
        b"--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--B--\r\n"
    )
    assert length == len(body)

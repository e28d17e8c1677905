"""Conditions by RFC 9110, section 13, for a file that was changed at a known second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.folder.conditions import allows_range, judge, read_date, write_date

TAG = '"a"'
AT = 784111777
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, None),
        ({"if-match": TAG}, None),
        ({"if-match": "*"}, None),
        ({"if-match": f'"b", {TAG}'}, None),
        ({"if-match": '"b"'}, 412),
        ({"if-match": f"W/{TAG}"}, 412),
        ({"if-match": "a"}, 412),
        ({"if-match": ""}, 412),
        ({"if-none-match": TAG}, 304),
        ({"if-none-match": f"W/{TAG}"}, 304),
        ({"if-none-match": f'"b",{TAG}'}, 304),
        ({"if-none-match": " * "}, 304),
        ({"if-none-match": '"b"'}, None),
        ({"if-none-match": "a"}, None),
        ({"if-modified-since": DATE}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": BEFORE}, None),
        ({"if-modified-since": "yesterday"}, None),
        ({"if-unmodified-since": DATE}, None),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": "yesterday"}, None),
        # A tag is worth more than a time, whatever the time says.
        ({"if-match": TAG, "if-unmodified-since": BEFORE}, None),
        ({"if-none-match": '"b"', "if-modified-since": DATE}, None),
        ({"if-match": TAG, "if-none-match": TAG}, 304),
        ({"if-match": '"b"', "if-none-match": TAG}, 412),
        ({"if-unmodified-since": DATE, "if-modified-since": DATE}, 304),
    ],
)
def test_each_condition_ends_a_request_as_the_standard_says(
    asked: dict[str, str], status: int | None
) -> None:
    assert judge(asked, TAG, AT) == status


@pytest.mark.parametrize(
    ("if_range", "now", "allowed"),
    [
        (None, AT, True),
        (TAG, AT, True),
        ('"b"', AT, False),
        (f"W/{TAG}", AT + 60, False),
        (DATE, AT + 1, True),
        (DATE, AT, False),
        (BEFORE, AT + 60, False),
        (AFTER, AT + 60, False),
        ("a", AT + 60, False),
    ],
)
def test_a_range_counts_only_of_the_very_file_that_the_client_has(
    if_range: str | None, now: float, allowed: bool
) -> None:
    assert allows_range(if_range, TAG, AT, now) is allowed


@pytest.mark.parametrize(
    "text",
    [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_all_three_forms_of_a_date_are_read(text: str) -> None:
    assert read_date(text) == AT


def test_a_year_of_two_digits_is_the_nearer_one() -> None:
    assert write_date(read_date("Sunday, 01-Jan-23 00:00:00 GMT") or 0).endswith(
        "Jan 2023 00:00:00 GMT"
    )


@pytest.mark.parametrize(
    "text",
    [
        None, "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT", f"{DATE}\n",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "784111777",
    ],
)  # fmt: skip
def test_anything_else_is_no_date(text: str | None) -> None:
    assert read_date(text) is None


@given(st.integers(0, 253402300799))
def test_a_date_is_read_as_it_was_written(seconds: int) -> None:
    assert read_date(write_date(seconds)) == seconds

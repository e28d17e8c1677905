"""Lists and names as a sentence has them."""

from __future__ import annotations

import doctest

import pytest

from corsmith import prose
from corsmith.prose import join_words, spell_header


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(prose) == (0, 2)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], ""),
        (["a"], "a"),
        (list("abcdefg"), "a, b, c, d, e, f, g"),
        (list("abcdefgh"), "a, b, c, d, e, f and 2 more"),
    ],
)
def test_a_long_list_is_counted_rather_than_told(words: list[str], text: str) -> None:
    assert join_words(words) == text


def test_a_header_is_spelled_as_people_know_it() -> None:
    assert spell_header("etag") == "ETag"
    assert spell_header("access-control-allow-origin") == "Access-Control-Allow-Origin"

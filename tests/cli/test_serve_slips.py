"""What is told of a slip: a flag of another tool, and several targets."""

from __future__ import annotations

import doctest

import pytest

from corsmith.cli import serve_slips
from corsmith.cli.serve_flags import FLAGS
from corsmith.cli.serve_slips import OTHERS_WORDS, several_targets


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(serve_slips) == (0, 1)


def test_each_word_of_another_tool_is_for_a_flag_that_is_there() -> None:
    ours = {word for flag in FLAGS for word in (*flag.opts, *flag.secondary_opts)}
    assert set(OTHERS_WORDS.values()) <= ours
    assert not ours & OTHERS_WORDS.keys()


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (["a.csv", "b.parquet"], "to serve them all, write corsmith serve ."),
        (["my data/a", "my data/b", "my data/c"], "to serve them all, write corsmith serve 'my d"),
        (["a/x", "b/x"], "start one for each, with --port of its own"),
        (["http://a.example", "http://b.example"], "start one for each"),
    ],
)
def test_several_targets_are_told_with_what_would_serve_them(words: list[str], step: str) -> None:
    first, second = several_targets(words).splitlines()
    assert first == f"{len(words)} targets are named, and a server has one"
    assert second.startswith(f"  {step}")

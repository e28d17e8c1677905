"""Which repeats ``re`` may read in a number of ways that doubles with the text."""

from __future__ import annotations

import re

import pytest

from corsmith.ambiguity import is_ambiguous
from corsmith.expression import read_expression

AMBIGUOUS = [
    r"([a-z0-9-]+)+",
    r"(.+\.)*",
    r"(\w+\.\w+)+",
    r"(a+a+\.)*",
    r"(a*)*",
    r"(a|a)*",
    r"(a|ab|b)*",
    r"x(a|aa)+y",
    r"(a?b?)*",
    r"(a{1,2})*",
    r"(?:\w+-?)+",
    r"(\w|\d)+",
    r"(?i:(K|k)*)",
    r"(?>(a|a)*)",
    r"(?=(a|a)+)b",
    r"(?:[a-z]+\.?){1,20}",
    r"([a-z]{1,500}){2,}",
]

PLAIN = [
    r"[a-z0-9-]+",
    r"[a-z]{1,63}",
    r"(.+\.)?",
    r"([a-z0-9-]+\.)*",
    r"([a-z]+[._])*",
    r"([a-z]+\.){1,20}",
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+",
    r"(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+",
    r"(?:[a-z]|[0-9])+",
    r"(?:www|app|admin)*",
    r"(a{4}-|a{5}_)*",
    r"([a-z]++\.?)+",
    r"(?>a+)*",
    r"(a(?=b)|b)*",
    r"(é|é)*",
    r"(x{0,70000}-)*",
    r"(?:a{2,}-)*",
    r"(?:(?:[a-z]+\.?){1,9}-)?",
]


def ambiguous(pattern: str) -> bool:
    """Return the answer for an expression."""
    node = read_expression(re.compile(pattern, re.ASCII))
    assert node is not None
    return is_ambiguous(node)


@pytest.mark.parametrize("pattern", AMBIGUOUS)
def test_a_repeat_that_two_ways_lead_around_is_ambiguous(pattern: str) -> None:
    """A text of n turns can then be read in two to the n ways."""
    assert ambiguous(pattern)


@pytest.mark.parametrize("pattern", PLAIN)
def test_a_repeat_that_each_text_leads_around_once_is_plain(pattern: str) -> None:
    """However long it is, there is one way to read it."""
    assert not ambiguous(pattern)


def test_a_repeat_that_is_too_large_to_be_judged_is_refused() -> None:
    """The answer that cannot be had in bounded time is never the permissive one."""
    assert ambiguous("(?:" + "ab" * 201 + ")*")
    assert not ambiguous("(?:" + "ab" * 200 + ")*")

"""Each cause is two sentences and a first question, short enough to be read."""

from __future__ import annotations

import re
import string

import pytest

from corsmith.pasted.causes import BLANKS, CAUSES, fill
from corsmith.pasted.ranking import RANKING

COLUMNS = 80


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_begins_with_one_sentence_that_fits_a_line(name: str) -> None:
    cause = CAUSES[name]
    word = "likely" if cause.is_cors else "not CORS"
    assert len(f"{word}: {fill(cause.head, {'status': '500'})}") <= COLUMNS
    assert re.fullmatch(r"[^?!]*\.", cause.head)


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_goes_on_and_says_what_to_do_first(name: str) -> None:
    cause = CAUSES[name]
    assert cause.more.endswith(".")
    assert cause.ask.endswith((".", "?"))


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_has_no_blank_that_may_stay_empty(name: str) -> None:
    cause = CAUSES[name]
    fields = {
        field
        for text in (cause.head, cause.more, cause.ask)
        for _, field, _, _ in string.Formatter().parse(text)
        if field is not None
    }
    assert fields <= set(BLANKS)


def test_every_cause_comes_first_or_later_for_some_code() -> None:
    ranked = {name for rules in RANKING.values() for _, names in rules for name in names}
    assert ranked == set(CAUSES)


def test_an_empty_value_leaves_the_words_of_its_blank() -> None:
    assert fill("at {host}", {"host": ""}) == "at the server"

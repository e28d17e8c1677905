"""A clue is found in any spelling, and a status wherever a console writes it."""

from __future__ import annotations

import pytest

from corsmith.pasted.clues import find_clues, find_status, straighten
from corsmith.pasted.ranking import RANKING
from tests.pasted_lines import REAL_LINES


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GET https://a.example/ net::ERR_FAILED 500 (Internal Server Error)", "500"),
        ("the server responded with a status of 404 ()", "404"),
        ("(Reason: CORS header missing). Status code: 401.", "401"),
        ("The response had HTTP status code 503.", "503"),
        ("XHR GET https://a.example/ [HTTP/2 502 30ms]", "502"),
        ("413 Request Entity Too Large", "413"),
        ("Status code: (null)", None),
        ("line 500 of main.js", None),
    ],
)
def test_a_status_is_found_where_a_console_writes_it(text: str, status: str | None) -> None:
    assert find_status(text) == status


def test_curly_quotes_and_wrapped_lines_are_straightened() -> None:
    assert straighten("\u2018a\u2019\n  \u201cb\u201d `c`") == "'a' \"b\" 'c'"


def test_a_clue_gives_what_stands_in_it() -> None:
    text = "Origin checking failed - https://app.example does not match any trusted origins."
    assert list(find_clues(text)) == [("csrf-check", {"page": "https://app.example"})]


def test_a_second_form_of_a_name_is_the_same_name() -> None:
    text = "Attempt to set a forbidden header was denied: Origin"
    assert list(find_clues(text)) == [("header-forbidden", {"header": "Origin"})]


def test_a_code_is_told_once() -> None:
    text = "CSRF verification failed. Request aborted. CSRF Failed: CSRF token missing."
    assert [code for code, _ in find_clues(text)].count("csrf-check") == 1


@pytest.mark.parametrize("text", [row[-1] for row in REAL_LINES])
def test_a_clue_stands_for_a_code_that_has_causes(text: str) -> None:
    assert {code for code, _ in find_clues(straighten(text))} <= set(RANKING)


@pytest.mark.parametrize("text", ["", "hello", "200 OK", "https://api.example/", "it works now"])
def test_a_text_without_a_clue_has_none(text: str) -> None:
    assert list(find_clues(text)) == []

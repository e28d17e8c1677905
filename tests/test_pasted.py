"""What is pasted is read whole: its cause first, its request beside it, its secrets hidden."""

from __future__ import annotations

import pytest

from corsmith.pasted import read_pasted
from tests.pasted_lines import BROWSER_LINES, REAL_LINES


@pytest.mark.parametrize(("engine", "code", "cause", "text"), BROWSER_LINES)
def test_every_line_of_a_browser_has_its_cause_first(
    engine: str, code: str, cause: str, text: str
) -> None:
    first = read_pasted(text).sightings[0]
    assert (first.engine, first.code, first.causes[0].name) == (engine, code, cause)


@pytest.mark.parametrize(("code", "cause", "text"), REAL_LINES)
def test_what_threads_quote_has_its_cause_first(code: str, cause: str, text: str) -> None:
    first = read_pasted(text).sightings[0]
    assert (first.code, first.causes[0].name) == (code, cause)

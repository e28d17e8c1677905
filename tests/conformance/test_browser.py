"""What the public tests of browsers say, played through the browser half.

``browser.jsonl`` and ``own/browser.jsonl`` have exchanges of web-platform-tests and of our own;
what an engine does otherwise was recorded in that engine (``tests/browsers/stage.py``).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from corsmith.browser import ENGINES
from tests.conformance.browser_cases import cases, differences, problems

if TYPE_CHECKING:
    from tests.conformance.browser_cases import Facts

CASES = cases()
TOPICS = sorted({case["topic"] for case in CASES})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("topic", TOPICS)
def test_each_engine_does_what_was_recorded(topic: str, engine: str) -> None:
    wrong = {
        case["id"]: found
        for case in CASES
        if case["topic"] == topic and (found := list(problems(case, ENGINES[engine])))
    }
    assert wrong == {}


def test_no_two_cases_have_the_same_name() -> None:
    assert [
        name for name, count in Counter(case["id"] for case in CASES).items() if count > 1
    ] == []


def test_a_fact_that_differs_is_told() -> None:
    case = CASES[0]
    seen: Facts = {"outcome": "ok", "requests": [], "readable": None}
    expect = {"outcome": "ok", "actual_sent": True, "trace": ["0:actual"], "readable_headers": None}
    assert list(differences(seen, expect, case)) == [
        "actual_sent: False, expected True",
        "trace: [], expected ['0:actual']",
    ]

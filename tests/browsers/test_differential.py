"""The browser half against the browsers themselves, fact by fact, on exchanges by chance.

``make test`` plays 300 exchanges; ``make differential N=5000`` as many as you like, with the seed
of the day. A disagreement is a bug of the model, or a departure that ``engines.py`` lacks.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from corsmith.browser import ENGINES
from tests.browsers.generated import exchanges
from tests.browsers.stage import stage
from tests.conformance.browser_cases import cases, facts
from tests.conformance.compared import disagreements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.browsers.browser import Browser
    from tests.conformance.browser_cases import Case

SEED = int(os.environ.get("DIFFERENTIAL_SEED", "20260702"))
COUNT = int(os.environ.get("DIFFERENTIAL_COUNT", "300"))
# A page plays this many and posts them home at once.
BATCH = 250
# Recorded exchanges that are played again: those without long waits and without a cookie.
PUBLIC = [
    case
    for case in cases()[:64]
    if case["page_origin"] != "P"
    and case["topic"] != "httpcache"  # pages under WebDriver are private: WebKit keeps no answer
    and not any(step.get("wait_ms") for step in case.get("steps", ()))
]


def warm_up(number: int) -> Case:
    """Return an exchange that does not count, for the first ones of a browser.

    Firefox asks twice for the first preflight without credentials to a host it is also on.
    """
    request = {"method": "PUT", "credentials": "omit"}
    allowed = [["Access-Control-Allow-Origin", "*"], ["Access-Control-Allow-Methods", "PUT"]]
    return {
        "id": f"warm-up-{number}",
        "page_origin": "A",
        "target": "ABC"[number % 3],
        "steps": [{"request": request}, {"request": request}],
        "responses": [
            {
                "for": "preflight",
                "status": 204,
                "headers": [*allowed, ["Access-Control-Max-Age", "9"]],
            },
            {"for": "actual", "status": 200, "headers": [*allowed, ["Cache-Control", "no-store"]]},
        ],
    }


def disagreeing(browser: Browser, batch: Sequence[Case]) -> dict[str, list[str]]:
    """Return the exchanges in which a browser and its model differ, and in what; asked twice."""
    first = _disagreeing(browser, batch)
    again = [case for case in batch if json.dumps(case) in first]
    return _disagreeing(browser, again) if again else {}


def _disagreeing(browser: Browser, batch: Sequence[Case]) -> dict[str, list[str]]:
    engine = ENGINES[browser.engine]
    found: dict[str, list[str]] = {}
    with stage() as servers:
        for start in range(0, len(batch), BATCH):
            part = batch[start : start + BATCH]
            played = servers.play(browser, [*map(warm_up, range(start, start + 6)), *part])
            for case in part:
                if differ := list(disagreements(case, facts(case, engine), played[case["id"]])):
                    found[json.dumps(case)] = differ
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_browser_and_its_model_agree_on_every_exchange(browser: Browser) -> None:
    batch = exchanges(SEED, COUNT)
    assert disagreeing(browser, batch) == {}


@pytest.mark.timeout(120)
def test_a_browser_still_does_what_was_recorded(browser: Browser) -> None:
    assert disagreeing(browser, PUBLIC) == {}

"""Law: a preflight's answer that was kept never allows what a new one would not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.browser import ENGINES, Engine, FetchRequest, Outcome, Profile, Received, fetch
from tests.laws.halves import CREDENTIALS
from tests.laws.strategies import examples

PAGE, API = "https://app.example", "https://api.example/"
NAMES = ("x-a", "x-b", "authorization", "*")
METHODS = ("PUT", "DELETE", "patch", "*")


@st.composite
def requests(draw: st.DrawFn) -> FetchRequest:
    """Return a request that needs a preflight, mostly."""
    return FetchRequest(
        page=PAGE,
        url=API,
        method=draw(st.sampled_from(("GET", *METHODS))),
        headers=tuple((name, "1") for name in draw(st.sets(st.sampled_from(NAMES), max_size=2))),
        credentials=draw(st.sampled_from(CREDENTIALS)),
    )


@st.composite
def answers(draw: st.DrawFn) -> Received:
    """Return a preflight's answer; with it, the page may read the request's."""
    return Received(
        status=204,
        headers=(
            ("Access-Control-Allow-Origin", draw(st.sampled_from((PAGE, PAGE, "*")))),
            ("Access-Control-Allow-Credentials", draw(st.sampled_from(("true", "true", "no")))),
            ("Access-Control-Allow-Methods", ",".join(draw(st.sets(st.sampled_from(METHODS))))),
            ("Access-Control-Allow-Headers", ",".join(draw(st.sets(st.sampled_from(NAMES))))),
            ("Access-Control-Max-Age", draw(st.sampled_from(("60", "60", "0", "5")))),
        ),
    )


def outcome(request: FetchRequest, answer: Received, profile: Profile) -> Outcome:
    """Return what comes of a request; the request itself is always answered well."""
    good = (("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Credentials", "true"))
    run = fetch(request, profile)
    try:
        sent = next(run)
        while True:
            preflight = sent.kind == "preflight"
            sent = run.send(answer if preflight else Received(status=200, headers=good))
    except StopIteration as stop:
        found: Outcome = stop.value.outcome
        return found


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@examples(400)
@given(st.lists(requests(), max_size=3), requests(), answers(), st.sampled_from((0.0, 4.0, 7.0)))
def test_what_is_kept_allows_no_more_than_a_new_question(
    engine: Engine,
    before: list[FetchRequest],
    request: FetchRequest,
    answer: Received,
    later: float,
) -> None:
    profile = Profile(engine=engine)
    for one in before:
        outcome(one, answer, profile)
    profile.now = later
    with_kept = outcome(request, answer, profile)
    asked_anew = outcome(request, answer, Profile(engine=engine))
    assert asked_anew is Outcome.OK or with_kept is not Outcome.OK


@examples(200)
@given(requests(), answers())
def test_what_has_ended_is_asked_again(request: FetchRequest, answer: Received) -> None:
    profile = Profile()
    outcome(request, answer, profile)
    profile.now = 61.0
    run, anew = fetch(request, profile), fetch(request)
    assert next(run).kind == next(anew).kind

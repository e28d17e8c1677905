"""Law: an answer that does not vary on Origin serves any page as its own would."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.browser import FetchRequest, Outcome, Profile, Received, fetch
from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.halves import API, CREDENTIALS, PAGES, meet
from tests.laws.strategies import an_origin_of, examples, fields


def load(policy: Policy, request: FetchRequest, profile: Profile) -> None:
    """Load an answer with a long life."""
    run = fetch(request, profile)
    sent = next(run)
    decision = decide(policy, CorsRequest.from_headers(sent.method, sent.headers))
    lines = (*decision.headers, ("Cache-Control", "max-age=60"))
    with contextlib.suppress(StopIteration):
        run.send(Received(status=200, headers=lines + vary(decision.vary)))


def vary(names: tuple[str, ...] | str | None) -> tuple[tuple[str, str], ...]:
    """Return the Vary line of a decision."""
    value = names if isinstance(names, str) else ", ".join(names or ())
    return (("Vary", value),) if value else ()


@examples(600)
@given(fields(), st.data())
def test_a_cache_gives_no_page_what_its_own_request_would_not(
    mapping: dict[str, Any], data: st.DataObject
) -> None:
    policy, profile = Policy.from_mapping(mapping), Profile()
    pages = [an_origin_of(entry) for entry in mapping["origins"] if entry != "*"]
    draw = data.draw
    first, second = (
        FetchRequest(
            page=draw(st.sampled_from([*pages, *PAGES])),
            url=API,
            credentials=draw(st.sampled_from(CREDENTIALS)),
        )
        for _ in range(2)
    )
    load(policy, first, profile)
    served = from_cache(second, profile)
    assert served is None or served is meet(policy, second).verdict.outcome


def from_cache(request: FetchRequest, profile: Profile) -> Outcome | None:
    """Return what a stored answer comes to; ``None``: the server has to be asked."""
    run = fetch(request, profile)
    try:
        next(run)
    except StopIteration as stop:
        found: Outcome = stop.value.outcome
        return found
    return None

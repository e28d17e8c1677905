"""Law: a page may read exactly where every decision allowed it and credentials match.

The browser half sees header lines only, the server half requests only. Neither knows the other,
so that a mistake in one of them shows here.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.browser import Outcome
from corsmith.policy import Policy
from tests.laws.halves import meet, requests
from tests.laws.strategies import examples, fields


@examples(800)
@given(fields(), st.data())
def test_the_halves_agree(mapping: dict[str, Any], data: st.DataObject) -> None:
    policy = Policy.from_mapping(mapping)
    request = data.draw(requests(mapping))
    meeting = meet(policy, request)
    allowed = all(decision.allowed for decision in meeting.decisions)
    matches = request.credentials != "include" or policy.credentials
    assert (meeting.verdict.outcome is Outcome.OK) is (allowed and matches)


@examples(400)
@given(fields(), st.data())
def test_what_the_browser_asks_is_what_the_server_understands(
    mapping: dict[str, Any], data: st.DataObject
) -> None:
    meeting = meet(Policy.from_mapping(mapping), data.draw(requests(mapping)))
    kinds = [decision.kind.value for decision in meeting.decisions]
    assert kinds == [sent.kind for sent in meeting.verdict.sent]

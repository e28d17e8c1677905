"""Law: whatever is left out of a policy, nothing becomes allowed by it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.strategies import fields, requests


@given(fields(), requests(), st.data())
def test_a_stricter_policy_allows_no_more(
    policy: dict[str, Any], request: CorsRequest, data: st.DataObject
) -> None:
    stricter = dict(policy)
    for name in ("origins", "methods", "headers", "expose"):
        kept = st.lists(st.sampled_from(policy[name]), unique=True) if policy[name] else st.just([])
        stricter[name] = data.draw(kept, label=name)
    stricter["origins"] = stricter["origins"] or policy["origins"][:1]
    strict = decide(Policy.from_mapping(stricter), request)
    lax = decide(Policy.from_mapping(policy), request)
    assert lax.allowed or not strict.allowed
    readable = dict(strict.headers).get("Access-Control-Expose-Headers", "")
    more = dict(lax.headers).get("Access-Control-Expose-Headers", "")
    assert {*readable.split(",")} <= {*more.split(","), ""}

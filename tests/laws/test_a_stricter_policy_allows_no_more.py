"""Law: whatever is left out of a policy, nothing becomes allowed by it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.strategies import meetings

EXPOSE = "Access-Control-Expose-Headers"


@given(meetings(), st.data())
def test_a_stricter_policy_allows_no_more(
    meeting: tuple[dict[str, Any], CorsRequest], data: st.DataObject
) -> None:
    policy, request = meeting
    stricter = dict(policy)
    for name in ("origins", "methods", "headers", "expose"):
        kept = st.sets(st.sampled_from(policy[name])) if policy[name] else st.just(set[str]())
        stricter[name] = data.draw(kept, label=name)
    stricter["origins"] = stricter["origins"] or policy["origins"][:1]
    strict = decide(Policy.from_mapping(stricter), request)
    lax = decide(Policy.from_mapping(policy), request)
    assert lax.allowed or not strict.allowed
    readable, more = (dict(each.headers).get(EXPOSE, "") for each in (strict, lax))
    assert {*readable.split(",")} <= {*more.split(","), ""}

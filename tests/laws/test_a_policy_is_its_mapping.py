"""Law: a policy is what its mapping says, however it is written down, copied or ordered."""

from __future__ import annotations

import copy
import json
import pickle
import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.strategies import fields, meetings


@given(fields())
def test_a_policy_comes_back_from_wherever_it_was_put(given_fields: dict[str, Any]) -> None:
    policy = Policy.from_mapping(given_fields)
    mapping = policy.to_mapping()
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in mapping.items())
    for again in (
        Policy.from_mapping(mapping),
        Policy.from_mapping(json.loads(json.dumps(mapping))),
        Policy.from_mapping(tomllib.loads(lines)),
        copy.copy(policy),
        copy.deepcopy(policy),
        pickle.loads(pickle.dumps(policy)),  # noqa: S301  our own bytes
        eval(repr(policy), {"Policy": Policy}),  # noqa: S307  our own words
    ):
        assert again == policy
        assert hash(again) == hash(policy)
        assert again.to_mapping() == mapping
        assert again.warnings == policy.warnings


@given(meetings(), st.randoms(use_true_random=False))
def test_the_order_of_a_list_changes_no_verdict(
    meeting: tuple[dict[str, Any], CorsRequest], random: Any
) -> None:
    policy, request = meeting
    shuffled = dict(policy)
    for name in ("origins", "methods", "headers", "expose"):
        shuffled[name] = random.sample(policy[name], len(policy[name])) + policy[name][:1]
    one, other = Policy.from_mapping(policy), Policy.from_mapping(shuffled)
    assert one == other
    assert hash(one) == hash(other)
    left, right = decide(one, request), decide(other, request)
    assert left.allowed is right.allowed
    assert left.kind is right.kind
    assert [reason.code for reason in left.reasons] == [reason.code for reason in right.reasons]

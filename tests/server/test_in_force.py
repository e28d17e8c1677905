from __future__ import annotations

from corsmith.policy import Policy
from corsmith.server.in_force import InForce


def test_a_policy_of_flags_alone_has_no_file_and_no_problems() -> None:
    policy = Policy(origins=["https://app.example"])
    now = InForce(policy=policy)
    assert (now.policy, now.source, now.flags, now.problems) == (policy, None, (), ())
    assert not now.is_brought

"""Law: names fed over several header lines mean what they mean on one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, decide
from tests.laws.strategies import EXACT, METHODS, names_asked, policies

if TYPE_CHECKING:
    from corsmith.policy import Policy


@given(policies, st.sampled_from(EXACT), st.sampled_from(METHODS), names_asked, st.data())
def test_names_over_several_lines_are_one_list(
    policy: Policy, origin: str, method: str, names: list[str], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(names)), max_size=3), label="cuts"))
    bounds = [0, *cuts, len(names)]
    lines = [names[a:b] for a, b in itertools.pairwise(bounds)]
    blanks = st.sampled_from(("", " ", "\t", ", ,"))
    split = tuple(
        data.draw(blanks, label="blank") + ",".join(line) + data.draw(blanks, label="blank")
        for line in lines
    )
    whole = (",".join(names),)
    one = decide(policy, CorsRequest("OPTIONS", (origin,), method, whole))
    other = decide(policy, CorsRequest("OPTIONS", (origin,), method, split))
    assert one.headers == other.headers
    assert one.allowed is other.allowed
    assert one.reasons == other.reasons

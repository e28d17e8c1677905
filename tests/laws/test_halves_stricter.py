"""Law: a page may do no more with a policy from which something was left out."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.browser import Outcome
from corsmith.policy import Policy
from tests.laws.halves import meet, requests
from tests.laws.strategies import examples, fields


@examples(400)
@given(fields(), st.data())
def test_a_stricter_policy_never_lets_a_page_do_more(
    mapping: dict[str, Any], data: st.DataObject
) -> None:
    request = data.draw(requests(mapping))
    stricter = dict(mapping)
    for name in ("methods", "headers", "expose"):
        kept = st.sets(st.sampled_from(mapping[name])) if mapping[name] else st.just(set[str]())
        stricter[name] = sorted(data.draw(kept, label=name))
    stricter["credentials"] = mapping["credentials"] and data.draw(st.booleans())
    strict, lax = (meet(Policy.from_mapping(each), request).verdict for each in (stricter, mapping))
    assert lax.outcome is Outcome.OK or strict.outcome is not Outcome.OK
    if strict.outcome is Outcome.OK:
        assert {name for name, _ in strict.visible} <= {name for name, _ in lax.visible}

"""Law: what a page may do with a policy is what the policy says, in plain sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.browser import Outcome
from corsmith.policy import Policy
from corsmith.safelists import is_safelisted_request_header
from tests.laws.halves import meet, requests
from tests.laws.strategies import examples, fields, means

if TYPE_CHECKING:
    from corsmith.browser import FetchRequest


def may(policy: dict[str, Any], request: FetchRequest) -> bool:
    """State the policy in plain sets."""
    star, named = "*" in policy["headers"], {name for name in policy["headers"] if name != "*"}
    asked = {
        name for name, value in request.headers if not is_safelisted_request_header(name, value)
    }
    origin = any(entry == "*" or means(entry, request.page) for entry in policy["origins"])
    method = {request.method, "*"} & {"GET", "HEAD", "POST", *policy["methods"]} != set()
    names = asked - named <= (set() if not star else asked - {"authorization"})
    return (
        origin and method and names and (policy["credentials"] or request.credentials != "include")
    )


@examples(800)
@given(fields(), st.data())
def test_a_page_may_what_the_policy_says(mapping: dict[str, Any], data: st.DataObject) -> None:
    request = data.draw(requests(mapping))
    outcome = meet(Policy.from_mapping(mapping), request).verdict.outcome
    assert (outcome is Outcome.OK) is may(mapping, request)

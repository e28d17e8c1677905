"""Law: who is allowed what equals a statement of the policy in plain sets."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from corsmith.decision import CorsRequest, Kind, decide
from corsmith.policy import Policy
from tests.laws.strategies import examples, means, meetings


def is_allowed(policy: dict[str, Any], request: CorsRequest) -> bool:
    """State the policy in plain sets."""
    one = request.origins[0].strip(" \t") if len(request.origins) == 1 else ""
    origin = policy["origins"] == ["*"] or any(means(entry, one) for entry in policy["origins"])
    if request.kind is not Kind.PREFLIGHT:
        return origin
    names = {name.lower() for name in request.request_headers}
    forbidden = policy["credentials"] and request.request_method in {"TRACE", "TRACK", "CONNECT"}
    methods = {"GET", "HEAD", "POST", *policy["methods"]}
    method = request.request_method in methods or ("*" in methods and not forbidden)
    unlisted = names - set(policy["headers"])
    return (
        origin
        and method
        and not (unlisted & {"authorization"} if "*" in policy["headers"] else unlisted)
    )


@examples(800)
@given(meetings())
def test_a_page_is_allowed_exactly_what_the_policy_says(
    meeting: tuple[dict[str, Any], CorsRequest],
) -> None:
    policy, request = meeting
    allowed = decide(Policy.from_mapping(policy), request).allowed
    assert allowed is (is_allowed(policy, request) if request.origins else None)

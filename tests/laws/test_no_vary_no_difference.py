"""Law: without `Vary: Origin` an answer is the same for every origin, and for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given

from corsmith.decision import CorsRequest, decide
from tests.laws.strategies import policies, received, requests

if TYPE_CHECKING:
    from corsmith.policy import Policy


@given(policies, requests(), received)
def test_what_is_not_said_to_vary_does_not(
    policy: Policy, request: CorsRequest, origin: str
) -> None:
    decision = decide(policy, request)
    others = [
        decide(policy, CorsRequest(request.method, origins, asked, request.request_headers))
        for origins in ((), (origin,), (origin, origin))
        for asked in (request.request_method,)
        if origins or asked is None
    ]
    assert {other.vary for other in others} <= {decision.vary}
    if not decision.vary and request.origins:
        assert {other.headers for other in others} <= {decision.headers}
        assert dict(decision.headers)["Access-Control-Allow-Origin"] == "*"

"""Law: without `Vary: Origin` an answer is the same for every origin, and for none."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.laws.strategies import meetings, received


@given(meetings(), received)
def test_what_is_not_said_to_vary_does_not(
    meeting: tuple[dict[str, Any], CorsRequest], origin: str
) -> None:
    policy, request = Policy.from_mapping(meeting[0]), meeting[1]
    decision = decide(policy, request)
    asked = request.request_method
    others = [
        decide(policy, CorsRequest(request.method, origins, asked, request.request_headers))
        # Without Origin, what would be a preflight is the application's.
        for origins in ((), (origin,), (origin, origin))[asked is not None :]
    ]
    assert {other.vary for other in others} <= {decision.vary}
    if not decision.vary and request.origins:
        assert {other.headers for other in others} <= {decision.headers}
        assert dict(decision.headers)["Access-Control-Allow-Origin"] == "*"

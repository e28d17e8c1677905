"""Law: the verdict of a decision is what a browser concludes from the headers it sends."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from tests.conformance.judge import Answer, verdict
from tests.laws.strategies import examples, meetings


@examples(800)
@given(meetings())
def test_a_browser_comes_to_the_same_conclusion(
    meeting: tuple[dict[str, Any], CorsRequest],
) -> None:
    policy, request = Policy.from_mapping(meeting[0]), meeting[1]
    decision = decide(policy, request)
    answer = Answer(status=policy.preflight_status, headers=decision.headers, app_ran=False)
    asked = {
        "headers": [
            *(("Origin", value) for value in request.origins),
            ("Access-Control-Request-Method", request.request_method or ""),
            *(("Access-Control-Request-Headers", value) for value in request.request_headers),
        ]
    }
    concluded = verdict(asked, answer, decision.kind, credentials=policy.credentials)
    assert decision.allowed is concluded

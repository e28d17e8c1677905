"""Law: Access-Control-Allow-Origin is `*`, the bytes that were received, or not there."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from corsmith.decision import CorsRequest, decide
from corsmith.headers import ALLOW_CREDENTIALS, ALLOW_ORIGIN
from corsmith.policy import Policy
from tests.laws.strategies import meetings


@given(meetings())
def test_the_origin_is_given_back_byte_for_byte(
    meeting: tuple[dict[str, Any], CorsRequest],
) -> None:
    policy, request = Policy.from_mapping(meeting[0]), meeting[1]
    headers = decide(policy, request).headers
    sent = [value for name, value in headers if name == ALLOW_ORIGIN]
    assert len(sent) <= 1
    if sent == ["*"]:
        assert policy.origins == ("*",)
    elif sent:
        assert sent == [value.strip(" \t") for value in request.origins]
    else:
        # Refused means: nothing that speaks of credentials either.
        assert ALLOW_CREDENTIALS not in dict(headers)

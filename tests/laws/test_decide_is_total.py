"""Law: `decide` answers any bytes, with a verdict that its own headers bear out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, Kind, decide
from tests.laws.strategies import policies

if TYPE_CHECKING:
    from corsmith.policy import Policy

octets = st.binary(max_size=60)
lists = st.lists(octets, max_size=3)


@given(policies, octets | st.just(b"OPTIONS"), lists, st.none() | octets, lists)
def test_any_bytes_are_answered_without_an_exception(
    policy: Policy, method: bytes, origins: list[bytes], asked: bytes | None, names: list[bytes]
) -> None:
    lines = [
        *((b"Origin", value) for value in origins),
        *((b"Access-Control-Request-Method", value) for value in (asked,) if value is not None),
        *((b"Access-Control-Request-Headers", value) for value in names),
    ]
    decision = decide(policy, CorsRequest.from_headers(method.decode("latin-1"), lines))
    assert decision.kind is not Kind.NOT_CORS or not origins
    assert (decision.allowed is None) is (not origins)
    assert bool(decision.reasons) is (decision.allowed is False)
    for name, value in decision.headers:
        assert name.isascii()
        # No header line can be made to end early.
        assert value.isascii()
        assert value.isprintable()


@given(policies, st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_is_answered_without_an_exception(
    policy: Policy, text: str, texts: list[str]
) -> None:
    decide(policy, CorsRequest(text, texts, text, texts))
    decide(policy, CorsRequest("OPTIONS", (text,), text, texts))

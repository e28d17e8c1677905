"""Law: `decide` answers any bytes, with a verdict that its own headers bear out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, Kind, decide
from corsmith.policy import Policy
from tests.laws.strategies import an_origin_of, examples, fields, policies

if TYPE_CHECKING:
    from collections.abc import Iterable

octets = st.sampled_from((b"PUT", b"x-a", b"x\ny")) | st.binary(max_size=60)
lines = st.lists(octets, max_size=3)


@st.composite
def calls(draw: st.DrawFn) -> tuple[dict[str, Any], list[bytes]]:
    """Return the fields of a policy, and Origin lines that it may allow."""
    policy = draw(fields())
    own = st.sampled_from([an_origin_of(entry).encode() for entry in policy["origins"]])
    return policy, draw(own.map(lambda value: [value]) | st.lists(own | octets, max_size=3))


def headers(name: bytes, values: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Return a line for each value."""
    return [(name, value) for value in values]


@examples(300)
@given(calls(), st.just("OPTIONS") | st.text(), st.none() | octets, lines)
def test_any_bytes_are_answered_without_an_exception(
    call: tuple[dict[str, Any], list[bytes]], method: str, asked: bytes | None, names: list[bytes]
) -> None:
    policy, origins = call
    received = [
        *headers(b"Origin", origins),
        *headers(b"Access-Control-Request-Method", [] if asked is None else [asked]),
        *headers(b"Access-Control-Request-Headers", names),
    ]
    decision = decide(Policy.from_mapping(policy), CorsRequest.from_headers(method, received))
    assert (decision.kind is Kind.NOT_CORS) is (not origins)
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

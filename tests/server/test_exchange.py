"""The record of one exchange: what it holds, what it hides, and how large it may be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.decision import CorsRequest, decide
from corsmith.policy import Policy
from corsmith.server.exchange import HIDDEN, Exchange, Reason, press_of, without_press

POLICY = Policy(origins=["https://app.example"])


def observed(**changes: Any) -> Exchange:
    fields: dict[str, Any] = {
        "time": 1.5,
        "press": "7f3a",
        "method": "GET",
        "path": "/items",
        "status": 200,
        "request_headers": [("Origin", "https://app.example")],
        "response_headers": [],
        "decision": decide(POLICY, CorsRequest("GET", "https://app.example")),
    }
    return Exchange.observed(**(fields | changes))


@pytest.mark.parametrize(
    ("query", "press"),
    [
        ("corsmith-try=7f3a", "7f3a"),
        (b"a=1&corsmith-try=7f3a&b=2", "7f3a"),
        ("", None),
        ("x-corsmith-try=7f3a", None),
        ("corsmith-try=", None),
        ("corsmith-try=7F", None),
        ("corsmith-try=<b>", None),
        ("corsmith-try=" + "a" * 33, None),
        (b"\xff", None),
    ],
)
def test_a_press_is_a_short_word_after_the_mark(query: str | bytes, press: str | None) -> None:
    assert press_of(query) == press


@pytest.mark.parametrize(
    ("query", "without"),
    [
        (b"corsmith-try=7f3a", b""),
        (b"corsmith-try=7f3a&a=1", b"a=1"),
        (b"a=1&corsmith-try=7f3a&b=%26&b", b"a=1&b=%26&b"),
        (b"a=corsmith-try=7f3a&", b"a=corsmith-try=7f3a&"),
        (b"corsmith-try=<b>", b"corsmith-try=<b>"),
    ],
)
def test_only_the_mark_is_taken_out_of_a_query(query: bytes, without: bytes) -> None:
    assert without_press(query) == without


def test_only_the_headers_that_tell_about_cors_are_kept() -> None:
    exchange = observed(
        request_headers=[
            (b"Host", b"127.0.0.1:8000"),
            (b"origin", b"https://app.example"),
            (b"User-Agent", b"x"),
            (b"Content-Type", b"application/json"),
            (b"X-Trace", b"1"),
            (b"Access-Control-Request-Method", b"PUT"),
            (b"Access-Control-Request-Headers", b"x-key"),
        ],
        response_headers=[
            ("Access-Control-Allow-Origin", "https://app.example"),
            ("Vary", "Origin"),
            ("Allow", "GET"),
            ("Set-Cookie", "a=1"),
            ("Content-Length", "2"),
        ],
    )
    assert exchange.request_headers == (
        ("Origin", "https://app.example"),
        ("Content-Type", "application/json"),
        ("X-Trace", "1"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-key"),
    )
    assert exchange.response_headers == (
        ("Access-Control-Allow-Origin", "https://app.example"),
        ("Vary", "Origin"),
        ("Allow", "GET"),
    )


@pytest.mark.parametrize("name", ["Authorization", "COOKIE", "x-api-key", "X-Auth-Token"])
def test_a_secret_is_never_in_a_record(name: str) -> None:
    exchange = observed(request_headers=[(name, "top secret")])
    assert [value for _, value in exchange.request_headers] == [HIDDEN]
    assert "secret" not in json.dumps(exchange.to_mapping())


def test_a_refusal_carries_its_reasons() -> None:
    decision = decide(POLICY, CorsRequest("OPTIONS", "https://app.example", "PUT"))
    asked = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "PUT")]
    exchange = observed(method="OPTIONS", request_headers=asked, decision=decision)
    assert (exchange.kind, exchange.allowed) == ("preflight", False)
    assert [reason.code for reason in exchange.reasons] == ["method-not-allowed"]


def test_a_preflight_is_one_also_where_no_policy_covers_its_path() -> None:
    asked = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"PUT")]
    exchange = observed(method="OPTIONS", request_headers=asked, decision=None)
    assert (exchange.kind, exchange.allowed, exchange.reasons) == ("preflight", None, ())
    assert observed(decision=None).kind == "actual"


def test_a_record_is_small_whatever_the_request_holds() -> None:
    huge = "é" * 100_000
    exchange = observed(
        method="M" * 100_000,
        path="/" + huge,
        request_headers=[(f"x-{huge}", huge)] * 1000,
        response_headers=[("vary", huge)] * 1000,
        decision=decide(POLICY, CorsRequest("GET", huge)),
    )
    assert len(json.dumps(exchange.to_mapping(), ensure_ascii=False).encode()) < 65_536


@given(
    st.builds(
        Exchange,
        time=st.floats(allow_nan=False, allow_infinity=False),
        press=st.text(),
        kind=st.text(),
        method=st.text(),
        path=st.text(),
        status=st.integers(),
        allowed=st.none() | st.booleans(),
        request_headers=st.lists(st.tuples(st.text(), st.text())).map(tuple),
        response_headers=st.lists(st.tuples(st.text(), st.text())).map(tuple),
        reasons=st.lists(
            st.builds(Reason, code=st.text(), message=st.text(), fix=st.none() | st.text())
        ).map(tuple),
    )
)
def test_a_record_is_the_same_after_its_way_as_json(exchange: Exchange) -> None:
    assert Exchange.from_mapping(json.loads(json.dumps(exchange.to_mapping()))) == exchange


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_anything_else_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match="no record of an exchange"):
        Exchange.from_mapping(value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("status", True),
        ("status", "200"),
        ("time", 1),
        ("allowed", 1),
        ("path", None),
        ("request_headers", [["one"]]),
        ("request_headers", [["a", 1]]),
        ("response_headers", 7),
        ("reasons", [{}]),
        ("reasons", ["text"]),
        ("reasons", [{"code": "a", "message": "b", "fix": 7}]),
    ],
)
def test_a_field_of_another_type_is_a_value_error(field: str, value: object) -> None:
    with pytest.raises(ValueError, match="no record of an exchange"):
        Exchange.from_mapping(observed().to_mapping() | {field: value})

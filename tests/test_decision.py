"""A policy and the requests under it, each with its whole header set, its verdict and why not."""

# ruff: noqa: E501  a line of a table is a line that is printed

from __future__ import annotations

import doctest
from typing import Any

import pytest

from corsmith import decision as module
from corsmith.decision import CorsRequest, Kind, decide, explain_fault
from corsmith.policy import Policy
from corsmith.tables import Fault

APP = "https://app.example"
EVIL = "https://evil.example"
ALLOW = "Access-Control-Allow-"
ACRM = "Access-Control-Request-Method"
ACRH = "Access-Control-Request-Headers"

POLICY = Policy(
    origins=[APP, "https://*.staging.example"],
    methods=["GET", "PUT"],
    headers=["X-Key", "Content-Type"],
    expose=["X-Total"],
    credentials=True,
    max_age=600,
)
OPEN = Policy(origins="*", methods="*", headers=["*", "Authorization"], expose="*")
ECHO = Policy(origins=[APP], methods="*", headers="*", credentials=True)
BARE = Policy(origins=[APP], methods=[], headers=[])


def preflight(origin: str = APP, method: str = "PUT", *names: str) -> CorsRequest:
    return CorsRequest("OPTIONS", (origin,), method, names)


def told(policy: Policy, request: CorsRequest) -> list[str]:
    """Return each reason of a decision as it is printed."""
    return [str(reason) for reason in decide(policy, request).reasons]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module) == (0, 3)


@pytest.mark.parametrize(
    ("method", "headers", "kind"),
    [
        ("GET", [], Kind.NOT_CORS),
        ("OPTIONS", [(ACRM, "PUT")], Kind.NOT_CORS),
        ("OPTIONS", [("X-Origin", APP), (ACRM, "PUT")], Kind.NOT_CORS),
        ("GET", [("Origin", APP)], Kind.ACTUAL),
        ("GET", [("Origin", APP), (ACRM, "PUT")], Kind.ACTUAL),
        ("POST", [("Origin", "")], Kind.ACTUAL),
        ("OPTIONS", [("Origin", APP)], Kind.ACTUAL),
        ("OPTIONS", [("Origin", APP), (ACRH, "x-key")], Kind.ACTUAL),
        ("options", [("Origin", APP), (ACRM, "PUT")], Kind.ACTUAL),
        ("OPTIONS", [("Origin", APP), (ACRM, "PUT")], Kind.PREFLIGHT),
        ("OPTIONS", [("origin", APP), (ACRM.upper(), "PUT")], Kind.PREFLIGHT),
        # Present means that the line exists, even empty.
        ("OPTIONS", [("Origin", ""), (ACRM, "")], Kind.PREFLIGHT),
        ("OPTIONS", [("Origin", APP), ("Origin", APP), (ACRM, "x"), (ACRM, "y")], Kind.PREFLIGHT),
    ],
)
def test_a_preflight_is_options_with_an_origin_and_a_requested_method(
    method: str, headers: list[tuple[str, str]], kind: Kind
) -> None:
    assert CorsRequest.from_headers(method, headers).kind is kind


def test_a_request_has_one_form_however_it_was_given() -> None:
    wanted = CorsRequest("OPTIONS", (APP,), "PUT", ("x-a", "x-b"))
    lines = [
        ("oRIGIN", f" {APP}\t"),
        (ACRM, "\tPUT "),
        (ACRH, " x-a"),
        ("Host", "h"),
        (ACRH, "x-b "),
    ]
    octets = [(name.encode(), value.encode()) for name, value in lines]
    assert CorsRequest.from_headers("OPTIONS", lines) == wanted
    assert CorsRequest.from_headers("OPTIONS", octets) == wanted
    loose: Any = CorsRequest
    assert loose(b"OPTIONS", APP, bytearray(b"PUT"), [b"x-a", "x-b"]) == wanted
    assert loose("GET", None).origins == ()
    assert loose("GET", [b"\xff"]).origins == ("\xff",)
    assert hash(wanted) == hash(loose("OPTIONS", [APP], "PUT", iter(["x-a", "x-b"])))


def test_two_lines_of_a_requested_method_are_one_list_and_no_method() -> None:
    lines = [("Origin", APP), (ACRM, "PUT"), (ACRM, "GET")]
    request = CorsRequest.from_headers("OPTIONS", lines)
    assert request.request_method == "PUT, GET"
    assert told(POLICY, request) == ['method-malformed: methods: "PUT, GET" is no method.']


@pytest.mark.parametrize(
    ("policy", "request_", "allowed", "headers", "vary"),
    [
        # A policy of exact origins and patterns
        (POLICY, CorsRequest("GET"), None, {}, True),
        (POLICY, CorsRequest("GET", APP), True, {"Origin": APP, "Credentials": "true", "Expose": "X-Total"}, True),
        (POLICY, CorsRequest("DELETE", APP), True, {"Origin": APP, "Credentials": "true", "Expose": "X-Total"}, True),
        (POLICY, CorsRequest("OPTIONS", APP), True, {"Origin": APP, "Credentials": "true", "Expose": "X-Total"}, True),
        (POLICY, CorsRequest("GET", "https://a.b.staging.example"), True, {"Origin": "https://a.b.staging.example", "Credentials": "true", "Expose": "X-Total"}, True),
        (POLICY, CorsRequest("GET", EVIL), False, {}, True),
        (POLICY, CorsRequest("GET", "null"), False, {}, True),
        (POLICY, CorsRequest("GET", (APP, APP)), False, {}, True),
        (POLICY, CorsRequest("GET", f"{APP}, {APP}"), False, {}, True),
        (POLICY, CorsRequest("GET", ""), False, {}, True),
        (POLICY, preflight(), True, {"Origin": APP, "Credentials": "true", "Methods": "GET,PUT", "Headers": "X-Key,Content-Type", "Age": "600"}, True),
        (POLICY, preflight(APP, "GET", "x-key,content-type"), True, {"Origin": APP, "Credentials": "true", "Methods": "GET,PUT", "Headers": "X-Key,Content-Type", "Age": "600"}, True),
        (POLICY, preflight(APP, "HEAD"), True, {"Origin": APP, "Credentials": "true", "Methods": "GET,PUT", "Headers": "X-Key,Content-Type", "Age": "600"}, True),
        # It tells the truth about the policy and lets the browser judge
        (POLICY, preflight(APP, "DELETE", "x-other"), False, {"Origin": APP, "Credentials": "true", "Methods": "GET,PUT", "Headers": "X-Key,Content-Type", "Age": "600"}, True),
        (POLICY, preflight(APP, ""), False, {"Origin": APP, "Credentials": "true", "Methods": "GET,PUT", "Headers": "X-Key,Content-Type", "Age": "600"}, True),
        (POLICY, preflight(EVIL, "PUT", "x-key"), False, {}, True),
        (POLICY, CorsRequest("OPTIONS", (APP, EVIL), "PUT"), False, {}, True),
        # Nothing for an empty list
        (BARE, CorsRequest("GET", APP), True, {"Origin": APP}, True),
        (BARE, preflight(APP, "GET"), True, {"Origin": APP}, True),
        (BARE, preflight(APP, "PUT"), False, {"Origin": APP}, True),
        # The open policy says the same to everyone
        (OPEN, CorsRequest("GET"), None, {"Origin": "*", "Expose": "*"}, False),
        (OPEN, CorsRequest("GET", EVIL), True, {"Origin": "*", "Expose": "*"}, False),
        (OPEN, CorsRequest("GET", ("\xff", "")), True, {"Origin": "*", "Expose": "*"}, False),
        (OPEN, preflight("null", "CHICKEN", "x-a,authorization"), True, {"Origin": "*", "Methods": "*", "Headers": "*,Authorization"}, False),
        # With credentials what was asked is echoed
        (ECHO, preflight(APP, "CHICKEN", "x-a,x-b"), True, {"Origin": APP, "Credentials": "true", "Methods": "CHICKEN", "Headers": "x-a,x-b"}, True),
        (ECHO, preflight(APP, "GET"), True, {"Origin": APP, "Credentials": "true", "Methods": "GET"}, True),
        (ECHO, preflight(APP, "GET", "authorization,x-a"), False, {"Origin": APP, "Credentials": "true", "Methods": "GET", "Headers": "x-a"}, True),
        (ECHO, preflight(APP, "TRACE"), False, {"Origin": APP, "Credentials": "true"}, True),
        (ECHO, preflight(EVIL, "GET", "x-a"), False, {}, True),
    ],
)  # fmt: skip
def test_a_request_is_answered(
    policy: Policy, request_: CorsRequest, allowed: bool | None, headers: dict[str, str], vary: bool
) -> None:
    names = {"Expose": "Access-Control-Expose-Headers", "Age": "Access-Control-Max-Age"}
    decision = decide(policy, request_)
    assert decision.headers == tuple(
        (names.get(name, ALLOW + name), value) for name, value in headers.items()
    )
    assert decision.allowed is allowed
    assert decision.vary == (("Origin",) if vary else ())
    assert decision.kind is request_.kind
    assert bool(decision.reasons) is (allowed is False)


@pytest.mark.parametrize(
    ("policy", "request_", "lines"),
    [
        (POLICY, CorsRequest("GET", EVIL), ['origin-not-allowed: origins: the policy does not allow "https://evil.example".']),
        (POLICY, CorsRequest("GET", "null"), ['origin-not-allowed: origins: the policy does not allow "null".']),
        (POLICY, CorsRequest("GET", APP + "/"), ['origin-malformed: origins: "https://app.example/" is not one serialized origin.']),
        (POLICY, CorsRequest("GET", ""), ['origin-malformed: origins: "" is not one serialized origin.']),
        (POLICY, CorsRequest("GET", "\xff\n"), ['origin-malformed: origins: "ÿ\\n" is not one serialized origin.']),
        (POLICY, CorsRequest("GET", (APP, EVIL)), ['origin-malformed: origins: "https://app.example, https://evil.example" is not one serialized origin.']),
        (POLICY, preflight(EVIL, "DELETE"), ['origin-not-allowed: origins: the policy does not allow "https://evil.example".', "method-not-allowed: methods: the policy allows GET, HEAD, POST, PUT, not DELETE."]),
        (POLICY, preflight(APP, "put"), ["method-not-allowed: methods: the policy allows GET, HEAD, POST, PUT, not put."]),
        (POLICY, preflight(APP, "a b"), ['method-malformed: methods: "a b" is no method.']),
        (POLICY, preflight(APP, "x" * 41), [f'method-not-allowed: methods: the policy allows GET, HEAD, POST, PUT, not "{"x" * 41}".']),
        (POLICY, preflight(APP, "PUT", "x-key,x-other"), ["header-not-allowed: headers: the policy does not allow the request header x-other."]),
        (POLICY, preflight(APP, "PUT", "x" * 200), [f'header-not-allowed: headers: the policy does not allow the request header "{"x" * 120}…".']),
        (POLICY, preflight(APP, "PUT", "authorization"), ["header-not-allowed: headers: the policy does not allow the request header Authorization."]),
        (ECHO, preflight(APP, "PUT", "authorization"), ['header-not-allowed: headers: the policy does not name Authorization, and "*" never covers it.']),
        (ECHO, preflight(APP, "TRACE"), ["method-not-allowed: methods: TRACE is forbidden: browsers let no page send it."]),
        (POLICY, preflight(APP, "PUT", "x y"), ['headers-malformed: headers: "x y" is no header name, so the list is not read.']),
        (POLICY, preflight(APP, "PUT", "," * 5000), ["headers-too-many: headers: the preflight asks for 5000 bytes of request headers: no page does."]),
    ],
)  # fmt: skip
def test_a_refusal_says_why_in_one_line(
    policy: Policy, request_: CorsRequest, lines: list[str]
) -> None:
    assert told(policy, request_) == lines
    assert all(line.isprintable() for line in lines)


def test_a_reason_names_the_field_that_would_change_it() -> None:
    reasons = decide(POLICY, preflight(EVIL, "DELETE")).reasons
    assert [(reason.field, reason.value) for reason in reasons] == [
        ("origins", EVIL),
        ("methods", "DELETE"),
    ]
    assert {reason.severity for reason in reasons} == {"info"}


def test_a_fault_is_explained_by_the_policy_that_has_it() -> None:
    fault = Fault(code="method-not-allowed", field="methods", value="PUT")
    said = explain_fault(BARE, fault)
    assert said.message == "the policy allows GET, HEAD, POST, not PUT."


@pytest.mark.parametrize("policy", [POLICY, OPEN, ECHO, BARE])
@pytest.mark.parametrize("value", ["", "\0", "\xff", "x" * 100_000, "," * 100_000, "\ud800", "*"])
def test_a_decision_never_raises_whatever_the_request_holds(policy: Policy, value: str) -> None:
    for method in ("GET", "OPTIONS", value):
        for origins in ((), (APP,), (value,), (value, value)):
            for asked in (None, value):
                decide(policy, CorsRequest(method, origins, asked, (value,) * 3))

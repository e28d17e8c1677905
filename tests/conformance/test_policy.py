"""Each case of policy.jsonl: a policy, a request, and what the answer must be to a browser."""

from __future__ import annotations

import pytest

from corsmith.decision import CorsRequest, Decision, Kind, decide
from corsmith.errors import PolicyError
from corsmith.fields import RISKS
from corsmith.headers import merge_vary
from corsmith.policy import Policy
from tests.conformance.judge import Answer, Case, cases, judge

# Private Network Access is left out on purpose: no browser sends or reads its headers any more.
CASES = [case for case in cases("policy") if not case["policy"].get("private_network")]


def make(case: Case) -> Policy | None:
    """Return the policy of a case, or `None` if it is refused."""
    fields = {key: value for key, value in case["policy"].items() if key != "private_network"}
    try:
        return Policy.from_mapping({**fields, "accept_risks": RISKS})
    except PolicyError:
        return None


def decide_case(case: Case) -> tuple[Decision, Answer] | None:
    """Return the decision on a case's request and the answer it amounts to."""
    policy = make(case)
    if policy is None:
        return None
    request = case["request"]
    decision = decide(policy, CorsRequest.from_headers(request["method"], request["headers"]))
    app = case.get("app_response", {})
    preflight = decision.kind is Kind.PREFLIGHT
    varies = [] if preflight else [v for k, v in app.get("headers", ()) if k.lower() == "vary"]
    for name in decision.vary:
        varies = [merge_vary(varies, name)]
    answer = Answer(
        status=policy.preflight_status if preflight else app.get("status", 200),
        headers=(*decision.headers, *(("Vary", value) for value in varies)),
        app_ran=not preflight,
    )
    return decision, answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_answer_is_one_that_the_case_calls_right(case: Case) -> None:
    decided = decide_case(case)
    judgement = judge(case, decided and decided[1])
    assert judgement.right, judgement.faults


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_decision_is_what_a_browser_concludes_from_the_answer(case: Case) -> None:
    decided = decide_case(case)
    if decided is None:
        assert {"config": "reject"} in case.get("expect_any", [case["expect"]])
        return
    decision, answer = decided
    alternatives = [
        each
        for each in case.get("expect_any", [case["expect"]])
        if not judge({**case, "expect_any": [each]}, answer).faults
    ]
    assert (decision.kind, decision.allowed) in [
        (each["kind"], each["allowed"]) for each in alternatives
    ]


def test_nearly_every_answer_is_the_better_alternative() -> None:
    worse = []
    for case in CASES:
        decided = decide_case(case)
        if not judge(case, decided and decided[1]).better:
            worse.append(case["id"])
    assert len(worse) <= 0.05 * len(CASES), worse

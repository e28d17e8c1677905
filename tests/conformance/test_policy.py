"""Each case of policy.jsonl: a policy, a request, and what the answer must be to a browser."""

from __future__ import annotations

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


def test_every_answer_is_one_that_its_case_calls_right() -> None:
    wrong = {}
    for case in CASES:
        decided = decide_case(case)
        judgement = judge(case, decided and decided[1])
        if not judgement.right:
            wrong[case["id"]] = judgement.faults
    assert wrong == {}


def concluded(case: Case, answer: Answer) -> list[tuple[str, bool]]:
    """Return what a browser concludes from an answer that a case calls right."""
    return [
        (each["kind"], each["allowed"])
        for each in case.get("expect_any", [case["expect"]])
        if not judge({**case, "expect_any": [each]}, answer).faults
    ]


def test_each_decision_is_what_a_browser_concludes_from_the_answer() -> None:
    wrong = []
    for case in CASES:
        if (decided := decide_case(case)) is None:
            is_right = {"config": "reject"} in case.get("expect_any", [case["expect"]])
        else:
            decision, answer = decided
            is_right = (decision.kind, decision.allowed) in concluded(case, answer)
        if not is_right:
            wrong.append(case["id"])
    assert wrong == []


def test_nearly_every_answer_is_the_better_alternative() -> None:
    worse = []
    for case in CASES:
        decided = decide_case(case)
        if not judge(case, decided and decided[1]).better:
            worse.append(case["id"])
    assert len(worse) <= 0.05 * len(CASES), worse

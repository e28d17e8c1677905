"""Each case of origins.jsonl: a policy, the value of an Origin header, allow or deny."""

from __future__ import annotations

from corsmith.decision import CorsRequest, decide
from corsmith.errors import PolicyError
from corsmith.fields import RISKS
from corsmith.headers import ALLOW_ORIGIN
from corsmith.policy import Policy
from tests.conformance.judge import Case, cases

CASES = cases("origins")
# A matter of taste: reported by `test_a_matter_of_taste_is_decided_as_written_down`.
TASTE = {"strict", "convention"}


def values(case: Case) -> list[str]:
    """Return the Origin lines of a case: Latin-1 text that stands for bytes."""
    return case["origins"] if "origins" in case else [case["origin"]]


def make(case: Case) -> Policy | None:
    """Return the policy of a case, or `None` if it is refused."""
    try:
        return Policy.from_mapping({**case["policy"], "accept_risks": RISKS})
    except PolicyError:
        return None


def outcome(case: Case) -> str:
    """Return whether a page of this origin may read the answer."""
    policy = make(case)
    if policy is None:
        # No policy, no headers: whoever is denied is denied, the others are not counted.
        return "deny" if case["expect"] == "deny" else "allow"
    headers = [("Origin", value) for value in values(case)]
    decision = decide(policy, CorsRequest.from_headers("GET", headers))
    sent = dict(decision.headers).get(ALLOW_ORIGIN)
    received = [value.strip(" \t") for value in values(case)]
    # What is sent is what was received, byte for byte, or the literal of the open policy.
    if sent not in {None, "*", *received} or decision.allowed is not (sent is not None):
        return f"{decision.allowed}, sends {sent}"
    return "allow" if decision.allowed else "deny"


def wrong(chosen: list[Case]) -> dict[str, tuple[str, str]]:
    """Return what is decided otherwise than a case says, and why it says that."""
    return {
        case["id"]: (found, case["why"])
        for case in chosen
        if (found := outcome(case)) != case["expect"]
    }


def test_nobody_but_whom_the_policy_means_is_allowed() -> None:
    assert wrong([case for case in CASES if case["tier"] not in TASTE]) == {}


def test_a_matter_of_taste_is_decided_as_written_down() -> None:
    assert wrong([case for case in CASES if case["tier"] in TASTE]) == {}


def test_no_policy_is_refused_but_the_one_with_a_unicode_host() -> None:
    assert {case["policy_id"] for case in CASES if make(case) is None} == {"idn"}


def test_a_preflight_and_its_request_agree_on_the_origin() -> None:
    apart = []
    for case in CASES:
        if (policy := make(case)) is None:
            continue
        headers = [("Origin", value) for value in values(case)]
        preflight = [*headers, ("Access-Control-Request-Method", "GET")]
        asked = decide(policy, CorsRequest.from_headers("OPTIONS", preflight))
        if asked.allowed is not decide(policy, CorsRequest.from_headers("GET", headers)).allowed:
            apart.append(case["id"])
    assert apart == []

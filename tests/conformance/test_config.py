"""Each case of config.jsonl: a policy that is accepted or refused, and why."""

from __future__ import annotations

import pytest

from corsmith.errors import PolicyError
from corsmith.policy import Policy
from tests.conformance.judge import Case, cases

CASES = cases("config")

# What the cases call the risks that a user may accept.
RISKS = {"insecure-origins": "insecure-origin", "public-suffix-wildcards": "public-suffix"}


def problems(case: Case) -> list[str]:
    """Return the code of each problem that making the case's policy tells."""
    fields = {key: value for key, value in case["policy"].items() if key != "private_network"}
    accepted = [RISKS.get(name, name) for name in case.get("dangerously_allow", ())]
    try:
        Policy.from_mapping({**fields, "accept_risks": accepted})
    except PolicyError as error:
        return [problem.code for problem in error.problems]
    return []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_policy_is_accepted_or_refused_as_the_case_says(case: Case) -> None:
    found = problems(case)
    outcome = "reject" if found else "accept"
    # `also_ok` is another defensible outcome: its first word counts.
    assert outcome in {case["expect"], case.get("also_ok", "").partition(" ")[0]}, found


@pytest.mark.parametrize(
    "case", [case for case in CASES if "min_errors" in case], ids=lambda case: case["id"]
)
def test_all_problems_are_told_at_once(case: Case) -> None:
    assert len(problems(case)) >= case["min_errors"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if "codes" in case], ids=lambda case: case["id"]
)
def test_each_problem_has_the_code_that_names_it(case: Case) -> None:
    assert sorted(set(problems(case))) == sorted(case["codes"])


def test_nearly_every_outcome_is_the_better_alternative() -> None:
    worse = [case["id"] for case in CASES if bool(problems(case)) is (case["expect"] == "accept")]
    assert len(worse) <= 0.05 * len(CASES), worse

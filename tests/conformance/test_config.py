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


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """Return the codes of each case, by its id."""
    return {case["id"]: problems(case) for case in CASES}


def test_every_policy_is_accepted_or_refused_as_its_case_says(found: dict[str, list[str]]) -> None:
    # `also_ok` is another defensible outcome: its first word counts.
    wrong = {
        case["id"]: found[case["id"]]
        for case in CASES
        if ("reject" if found[case["id"]] else "accept")
        not in {case["expect"], case.get("also_ok", "").partition(" ")[0]}
    }
    assert wrong == {}


def test_all_problems_are_told_at_once(found: dict[str, list[str]]) -> None:
    several = [case for case in CASES if "min_errors" in case]
    few = [case["id"] for case in several if len(found[case["id"]]) < case["min_errors"]]
    assert several
    assert few == []


def test_each_problem_has_the_code_that_names_it(found: dict[str, list[str]]) -> None:
    coded = {case["id"]: sorted(case["codes"]) for case in CASES if "codes" in case}
    assert coded
    assert {name: sorted(set(found[name])) for name in coded} == coded


def test_nearly_every_outcome_is_the_better_alternative(found: dict[str, list[str]]) -> None:
    worse = [
        case["id"] for case in CASES if bool(found[case["id"]]) is (case["expect"] == "accept")
    ]
    assert len(worse) <= 0.05 * len(CASES), worse

"""The values of the browser half: what is sent, what comes back, what is concluded."""

from __future__ import annotations

from corsmith.browser import Outcome, Received, Sent, Step, Verdict


def sent(kind: str) -> Sent:
    return Sent(
        kind="preflight" if kind == "preflight" else "actual",
        method="GET",
        url="https://api.example/",
        headers=(),
        credentials=False,
        hop=0,
    )


def step(name: str, *, passed: bool) -> Step:
    return Step(name=name, passed=passed, evidence="", spec="")


def test_the_lines_of_a_header_are_one_value() -> None:
    answer = Received(status=200, headers=(("Vary", " a\t"), ("vary", "b"), ("X", "c")))
    assert answer.get("VARY") == "a, b"
    assert answer.values("vary") == ("a", "b")


def test_an_absent_header_has_no_value() -> None:
    assert Received(status=200).get("vary") is None


def test_the_failing_step_is_the_first_that_did_not_pass() -> None:
    steps = (step("a", passed=True), step("b", passed=False), step("c", passed=False))
    failing = Verdict(outcome=Outcome.NETWORK_ERROR, steps=steps).failing_step
    assert failing is steps[1]


def test_a_verdict_without_a_failure_has_no_failing_step() -> None:
    assert Verdict(outcome=Outcome.OK, steps=(step("a", passed=True),)).failing_step is None


def test_a_verdict_tells_what_was_sent() -> None:
    asked = Verdict(outcome=Outcome.NETWORK_ERROR, sent=(sent("preflight"),))
    assert (asked.preflight_sent, asked.actual_sent) == (True, False)
    loaded = Verdict(outcome=Outcome.OK, sent=(sent("actual"),))
    assert (loaded.preflight_sent, loaded.actual_sent) == (False, True)

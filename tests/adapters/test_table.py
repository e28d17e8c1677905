"""Every adapter gives the same reply to the same request: the table, and the public cases.

The public cases are thousands: one test asks all of them of a host, and tells each that is wrong.
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.errors import PolicyError
from corsmith.fields import RISKS
from corsmith.policy import Policy
from tests.adapters.hosts import HOSTS, App, Reply, Request
from tests.adapters.table import CASES
from tests.conformance import judge
from tests.conformance.judge import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.adapters.table import Case

# The validator of WSGI knows the methods of HTTP/1.1 only.
pytestmark = pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")

# Private Network Access is left out on purpose: no browser sends or reads its headers any more.
POLICY_CASES = [c for c in judge.cases("policy") if not c["policy"].get("private_network")]
# A matter of taste is decided, and reported, where the core is tested.
TASTE = {"strict", "convention"}
ORIGIN_CASES = [case for case in judge.cases("origins") if case["tier"] not in TASTE]
FEWEST = 0.8
"""The part of all public cases that a host must be able to be asked."""


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="corsmith")


@pytest.fixture(params=HOSTS)
def ask(request: pytest.FixtureRequest) -> Callable[..., Reply]:
    """Return the way to ask each adapter, one after the other."""
    return HOSTS[request.param]


@pytest.fixture
def is_async(request: pytest.FixtureRequest) -> bool:
    """Return whether the host calls policy functions as ``async def``."""
    return bool(request.getfixturevalue("ask") is HOSTS["asgi"])


def for_host(source: Any, *, is_async: bool) -> Any:
    """Return a policy function as the host wants it written; anything else as it is."""
    if not (is_async and inspect.isfunction(source)):
        return source

    async def chosen(*shared: Any) -> Any:
        return source(*shared)

    return chosen


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reply_has_exactly_these_headers(
    ask: Callable[..., Reply], case: Case, *, is_async: bool
) -> None:
    reply = ask(for_host(case.source, is_async=is_async), case.request, case.app)
    assert reply.cors == case.expect
    assert (reply.status, reply.app_ran) == (case.status, case.app_ran)


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.app_ran], ids=lambda case: case.name
)
def test_a_preflight_has_no_body_and_says_so_unless_its_status_does(
    ask: Callable[..., Reply], case: Case, *, is_async: bool
) -> None:
    reply = ask(for_host(case.source, is_async=is_async), case.request, case.app)
    assert reply.body == b""
    assert reply.lines("content-length") == ([] if case.status == 204 else ["0"])


def test_what_the_application_says_besides_stays_as_it_is(ask: Callable[..., Reply]) -> None:
    lines = (("Set-Cookie", "a=1"), ("X-Total", "3"), ("Set-Cookie", "b=2"), ("vary", "x"))
    reply = ask(CASES[0].source, CASES[0].request, App(headers=lines, body=b"\x00\xff"))
    kept = [pair for pair in reply.headers if pair[0] in {"Set-Cookie", "X-Total"}]
    assert kept == [pair for pair in lines if pair[0] != "vary"]
    assert reply.body == b"\x00\xff"


def test_a_table_that_tests_nothing_would_be_seen(ask: Callable[..., Reply]) -> None:
    assert len({case.name for case in CASES}) == len(CASES) > 100
    assert {case.app_ran for case in CASES} == {True, False}


def make(case: judge.Case) -> Policy | None:
    """Return the policy of a public case, or ``None`` if it is refused."""
    fields = {key: value for key, value in case["policy"].items() if key != "private_network"}
    try:
        return Policy.from_mapping({**fields, "accept_risks": RISKS})
    except PolicyError:
        return None


def fits(lines: Iterable[Sequence[str]], ask: Callable[..., Reply]) -> bool:
    """Return whether these header lines can be sent: not with the end of a line inside one."""
    return ask is not HOSTS["http.server"] or not any(set("\r\n") & set(v) for _, v in lines)


def answer_to(case: judge.Case, ask: Callable[..., Reply]) -> Answer | None:
    """Return what a host answers to a public case."""
    policy = make(case)
    if policy is None:
        return None
    scripted = case.get("app_response", {})
    lines = tuple((name, value) for name, value in scripted.get("headers", ()))
    asked = case["request"]
    reply = ask(
        policy,
        Request(method=asked["method"], headers=tuple((n, v) for n, v in asked["headers"])),
        App(status=scripted.get("status", 200), headers=lines, body=b""),
    )
    return Answer(status=reply.status, headers=reply.headers, app_ran=reply.app_ran)


def test_every_answer_is_one_that_the_public_case_calls_right(ask: Callable[..., Reply]) -> None:
    judgements = {
        case["id"]: judge.judge(case, answer_to(case, ask))
        for case in POLICY_CASES
        if fits(case["request"]["headers"], ask)
    }
    assert len(judgements) > FEWEST * len(POLICY_CASES)
    assert {name: j.faults for name, j in judgements.items() if not j.right} == {}
    worse = [name for name, j in judgements.items() if not j.better]
    assert len(worse) <= 0.05 * len(POLICY_CASES), worse


def outcome(case: judge.Case, ask: Callable[..., Reply], *, preflight: bool) -> str | None:
    """Return whether a page of this origin may read the answer; ``None``: it cannot be asked."""
    policy = make(case)
    values = case["origins"] if "origins" in case else [case["origin"]]
    lines = tuple(("Origin", value) for value in values)
    if policy is None or not fits(lines, ask):
        return None
    if preflight:
        lines += (("Access-Control-Request-Method", "GET"),)
    reply = ask(policy, Request(method="OPTIONS" if preflight else "GET", headers=lines))
    sent = reply.lines("access-control-allow-origin")
    if sent not in ([], ["*"], [value.strip(" \t") for value in values]):
        return f"sends {sent}"
    return "allow" if sent else "deny"


@pytest.mark.parametrize("preflight", [False, True], ids=["request", "preflight"])
def test_nobody_but_whom_the_policy_means_is_allowed_on_the_wire(
    ask: Callable[..., Reply], *, preflight: bool
) -> None:
    outcomes = [(case, outcome(case, ask, preflight=preflight)) for case in ORIGIN_CASES]
    asked = [(case, found) for case, found in outcomes if found is not None]
    assert len(asked) > FEWEST * len(ORIGIN_CASES)
    wrong = {case["id"]: (found, case["why"]) for case, found in asked if found != case["expect"]}
    assert wrong == {}

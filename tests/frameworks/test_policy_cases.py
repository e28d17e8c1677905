"""What an adapter answers to the table of all adapters and to the public cases, in each host.

A test runs all cases of a kind, and tells each that is wrong: an application for each of them
is made, so a test for each would take longer than the cases do.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters import table
from tests.adapters.hosts import App, Request
from tests.adapters.test_table import POLICY_CASES, make
from tests.conformance import judge
from tests.frameworks.hosts import calls_async

if TYPE_CHECKING:
    from tests.adapters.hosts import Reply
    from tests.adapters.table import Case
    from tests.frameworks.hosts import Host

pytestmark = pytest.mark.slow

KINDS = {
    "origins": table.ORIGINS,
    "preflights": table.PREFLIGHTS,
    "no preflights": table.NO_PREFLIGHTS,
    "statuses": table.STATUSES,
    "headers of the application": table.OWN,
    "policies that are chosen": table.CHOSEN,
}
FEWEST = 0.8
"""The part of all cases that a host must be able to be asked."""


@dataclass(frozen=True, slots=True)
class Called:
    """A policy function of the table, as a host calls it; a process of its own can be sent it."""

    chooser: Any

    def __call__(self, origin: str | None, scheme: str, host: str | None, path: str) -> Any:
        """Choose; a test client may send a Host of its own, which the table does not."""
        assert host is None or isinstance(host, str)
        return self.chooser(origin, scheme, None, path)


class Awaited(Called):
    """The same for a host that awaits it."""

    async def __call__(self, origin: str | None, scheme: str, host: str | None, path: str) -> Any:
        """Choose likewise."""
        return Called.__call__(self, origin, scheme, host, path)


def fitted(source: Any, host: Host) -> Any:
    """Return a policy function as the host calls it; anything else as it is."""
    if not inspect.isfunction(source):
        return source
    return (Awaited if calls_async(host.key) else Called)(source)


def differences(case: Case, reply: Reply) -> list[str]:
    """Return what is wrong with a reply."""
    found = []
    if reply.cors != case.expect:
        found.append(f"{reply.cors} instead of {case.expect}")
    if (reply.status, reply.app_ran) != (case.status, case.app_ran):
        found.append(f"status {reply.status}, application ran: {reply.app_ran}")
    if not case.app_ran:
        length = [] if case.status == 204 else ["0"]
        if reply.body or reply.lines("content-length") != length:
            found.append(f"{reply.body!r}, Content-Length {reply.lines('content-length')}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_of_the_table_has_exactly_its_headers(host: Host, kind: str) -> None:
    wrong = {}
    for case in KINDS[kind]:
        if host.can_ask(case.request, case.app):
            reply = host.scripted(fitted(case.source, host), case.app)(case.request)
            if found := differences(case, reply):
                wrong[case.name] = found
    assert wrong == {}


def question(case: judge.Case) -> tuple[Request, App]:
    """Return what a public case asks, and what its application answers."""
    asked, scripted = case["request"], case.get("app_response", {})
    lines = tuple((name, value) for name, value in scripted.get("headers", ()))
    return (
        Request(method=asked["method"], headers=tuple((n, v) for n, v in asked["headers"])),
        App(status=scripted.get("status", 200), headers=lines, body=b""),
    )


def answer_to(case: judge.Case, host: Host) -> judge.Answer | None:
    """Return what a host answers to a public case; ``None``: its policy is refused."""
    policy = make(case)
    if policy is None:
        return None
    request, app = question(case)
    reply = host.scripted(policy, app)(request)
    return judge.Answer(status=reply.status, headers=reply.headers, app_ran=reply.app_ran)


def test_every_answer_is_one_that_the_public_case_calls_right(host: Host) -> None:
    judgements = {
        case["id"]: judge.judge(case, answer_to(case, host))
        for case in POLICY_CASES
        if host.can_ask(*question(case))
    }
    assert {name: j.faults for name, j in judgements.items() if not j.right} == {}


def test_a_host_can_be_asked_nearly_everything(host: Host) -> None:
    asked = [(case.request, case.app) for case in table.CASES]
    asked += [question(case) for case in POLICY_CASES]
    possible = [host.can_ask(request, app) for request, app in asked]
    assert sum(possible) >= FEWEST * len(possible)


def test_what_the_application_says_besides_stays_as_it_is(host: Host) -> None:
    lines = (("Set-Cookie", "a=1"), ("X-Total", "3"), ("Set-Cookie", "b=2"), ("vary", "x"))
    case = table.CASES[0]
    reply = host.scripted(case.source, replace(case.app, headers=lines, body=b"\x00\xff"))(
        case.request
    )
    kept = [value for name, value in reply.headers if name.lower() in {"set-cookie", "x-total"}]
    assert sorted(kept) == ["3", "a=1", "b=2"]
    assert reply.body == b"\x00\xff"

"""The eight probes: whatever an application answers, the page can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.frameworks.pages import APP, OTHER, POLICY, PROBES, ask, faults

if TYPE_CHECKING:
    from tests.frameworks.hosts import Host
    from tests.frameworks.pages import Probe


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_answer_can_be_read_by_the_page(host: Host, probe: Probe) -> None:
    assert faults(probe, host.probed(POLICY)(probe.request), host.statuses(probe)) == []


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_stranger_gets_the_same_answers_without_the_permission(host: Host, probe: Probe) -> None:
    reply = host.probed(POLICY)(ask(probe.method, probe.path, OTHER))
    assert reply.status in host.statuses(probe)
    assert [*reply.cors] == ["vary"]
    assert "Origin" in reply.cors["vary"][0]


def test_a_preflight_of_any_route_is_answered_before_the_application(host: Host) -> None:
    pages = host.probed(POLICY)
    for path in ("/items", "/slash", "/slash/", "/teapot", "/fails", "/a/b/c", "/"):
        reply = pages(ask("OPTIONS", path, APP))
        assert (path, reply.status, reply.body) == (path, 200, b"")
        assert reply.lines("access-control-allow-methods") == [",".join(POLICY.methods)]


def test_options_that_is_no_preflight_is_the_applications(host: Host) -> None:
    reply = host.probed(POLICY)(ask("GET", "/items", APP))
    assert reply.status == 200
    without = ask("OPTIONS", "/nowhere", APP)
    lines = tuple(pair for pair in without.headers if not pair[0].startswith("Access"))
    other = host.probed(POLICY)(type(without)(method="OPTIONS", path="/nowhere", headers=lines))
    assert other.status in {404, 405}
    assert other.lines("access-control-allow-origin") == [APP]
    assert other.lines("access-control-allow-methods") == []

"""``enforce`` refuses before the application runs, and a policy can be swapped at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, PolicyError
from tests.adapters.hosts import App, Request
from tests.adapters.table import APP as LISTED
from tests.adapters.table import OPEN, ROUTES, get, preflight
from tests.adapters.table import OTHER as STRANGER
from tests.adapters.table import POLICY as TABLED
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from tests.frameworks.hosts import Host

ALLOW = "access-control-allow-origin"


def from_site(request: Request, site: str) -> Request:
    """Return the request with what a browser says of the sites of both."""
    lines = (*request.headers, ("Sec-Fetch-Site", site))
    return Request(method=request.method, path=request.path, headers=lines)


@pytest.mark.parametrize(
    ("source", "request_", "status"),
    [
        (TABLED, get(LISTED), 200),
        (TABLED, get(), 200),
        (TABLED, get(STRANGER), 403),
        (TABLED, get("null"), 403),
        (TABLED, from_site(get(STRANGER), "same-origin"), 200),
        (TABLED, from_site(get(STRANGER), "same-site"), 403),
        (TABLED, preflight(STRANGER), 200),
        (OPEN, get(STRANGER), 200),
        (ROUTES, get(STRANGER), 403),
        (ROUTES, get(STRANGER, path="/items/none"), 200),
        (ROUTES, get(STRANGER, path="/elsewhere"), 200),
    ],
    ids=lambda value: f"{value.path} {value.headers}" if isinstance(value, Request) else None,
)
def test_a_stranger_is_refused_before_the_application_runs(
    host: Host, source: Any, request_: Request, status: int
) -> None:
    reply = host.scripted(source, App(), enforce=True)(request_)
    assert reply.status == status
    assert reply.app_ran == (status == 200 and request_.method != "OPTIONS")
    if status == 403:
        assert reply.cors == {"vary": ["Origin"]}
        assert reply.body.startswith(b"This origin may not use this server")
        assert reply.lines("content-type") == ["text/plain; charset=utf-8"]
        assert host.scripted(source, App())(request_).status == 200


def test_a_marked_route_is_guarded_by_its_own_policy(host: Host) -> None:
    pages = host.probed(POLICY, enforce=True)
    assert pages(ask("DELETE", "/marked", APP)).status == 403
    assert pages(ask("DELETE", "/marked", OTHER)).status == 200
    assert pages(ask("GET", "/exempt", OTHER)).status == 200
    assert pages(ask("GET", "/items", OTHER)).status == 403


def test_another_policy_is_in_force_at_the_next_request(host: Host) -> None:
    pages, put = host.swappable(POLICY)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    put(PARTNER)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == []
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert pages(ask("OPTIONS", "/nowhere", OTHER)).lines(ALLOW) == [OTHER]


def test_a_policy_that_is_none_is_refused_and_the_old_one_stays(host: Host) -> None:
    pages, put = host.swappable(POLICY)
    with pytest.raises(PolicyError, match="is no policy"):
        put("cors.toml")
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]


def test_the_fields_of_a_policy_may_be_given_directly(host: Host) -> None:
    pages = host.probed(None, origins=[OTHER], methods=["PUT"])
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert pages(ask("OPTIONS", "/nowhere", OTHER)).lines("access-control-allow-methods") == ["PUT"]


def test_what_is_wrong_with_a_policy_is_told_when_it_is_installed(host: Host) -> None:
    with pytest.raises(PolicyError, match="origin-has-path"):
        host.probed(None, origins=["https://app.example/"])
    with pytest.raises(PolicyError, match="Give one of the two"):
        host.probed(Policy(origins="*"), origins=[OTHER])
    with pytest.raises(PolicyError, match="neither True nor False"):
        host.probed(POLICY, enforce="true")

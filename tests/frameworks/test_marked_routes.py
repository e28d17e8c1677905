"""A route's own policy comes before that of the whole, and its preflights follow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, Routes
from tests.frameworks.hosts import calls_async
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from tests.frameworks.hosts import Host

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def test_a_marked_route_answers_whom_its_own_policy_allows(host: Host) -> None:
    pages = host.probed(POLICY)
    assert pages(ask("DELETE", "/marked", OTHER)).lines(ALLOW) == [OTHER]
    assert pages(ask("DELETE", "/marked", APP)).lines(ALLOW) == []
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == []


def test_the_preflight_of_a_marked_route_follows_the_mark(host: Host) -> None:
    pages = host.probed(POLICY)
    allowed = pages(ask("OPTIONS", "/marked", OTHER, "DELETE"))
    assert (allowed.status, allowed.lines(ALLOW)) == (200, [OTHER])
    assert allowed.lines(METHODS) == [",".join(PARTNER.methods)]
    refused = pages(ask("OPTIONS", "/marked", APP, "DELETE"))
    assert (refused.status, refused.cors) == (200, {"vary": ["Origin"]})


@pytest.mark.parametrize("origin", [APP, OTHER, None])
def test_an_exempt_route_gets_no_header(host: Host, origin: str | None) -> None:
    reply = host.probed(POLICY)(ask("GET", "/exempt", origin))
    assert (reply.status, reply.cors) == (200, {})


def test_the_preflight_of_an_exempt_route_is_the_applications(host: Host) -> None:
    reply = host.probed(POLICY)(ask("OPTIONS", "/exempt", APP, "GET"))
    assert ALLOW not in reply.cors
    assert METHODS not in reply.cors


def test_an_unmarked_route_beside_a_marked_one_has_the_policy_of_the_whole(host: Host) -> None:
    pages = host.probed(POLICY)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert pages(ask("OPTIONS", "/items", APP)).lines(METHODS) == [",".join(POLICY.methods)]


def test_routes_say_which_policy_a_path_has(host: Host) -> None:
    pages = host.probed(Routes({"/items": POLICY, "/slash/": PARTNER, "/teapot": None}))
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert pages(ask("OPTIONS", "/items", APP)).lines(METHODS) == [",".join(POLICY.methods)]
    assert pages(ask("GET", "/slash/x", OTHER)).lines(ALLOW) == [OTHER]
    assert pages(ask("OPTIONS", "/slash/x", OTHER)).lines(METHODS) == ["DELETE"]
    exempt = pages(ask("GET", "/teapot", APP))
    assert (exempt.lines(ALLOW), "Origin" in exempt.lines("vary")) == ([], False)
    assert pages(ask("OPTIONS", "/nowhere", APP)).lines(METHODS) == []


def test_a_mark_comes_before_routes(host: Host) -> None:
    pages = host.probed(Routes({"/": POLICY}))
    assert pages(ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert pages(ask("GET", "/exempt", APP)).cors == {}


def tell(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
    """Return a policy that tells what its function was asked with."""
    shared = f"x-{json.dumps([origin, scheme, host, path]).encode().hex()}"
    return Policy(origins=[APP], headers=[shared], expose=[shared])


async def tell_later(*shared: Any) -> Policy:
    """Tell the same to a host that awaits it."""
    return tell(*shared)


def test_a_policy_function_is_asked_with_what_a_preflight_and_its_request_share(
    host: Host,
) -> None:
    pages = host.probed(tell_later if calls_async(host.key) else tell)
    before = pages(ask("OPTIONS", "/items", APP)).lines("access-control-allow-headers")
    after = pages(ask("GET", "/items", APP)).lines("access-control-expose-headers")
    assert before == after
    origin, scheme, _, path = json.loads(bytes.fromhex(after[0].removeprefix("x-")))
    assert (origin, path) == (APP, "/items")
    assert scheme in {"http", "https"}

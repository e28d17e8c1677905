"""Which policy for which path: the table, its rule, and paths that are read in two ways."""

# ruff: noqa: E501  a line of a table is a line that is printed

from __future__ import annotations

import copy
import doctest
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from corsmith import routes as module
from corsmith.errors import PolicyError
from corsmith.policy import Policy
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable

API = Policy(origins=["https://api.example"])
OPEN = Policy(origins="*")
REST = Policy(origins=["https://rest.example"])
UNTYPED: Any = Routes  # called as no type checker would let it be


def problems(make: Callable[[], object]) -> list[str]:
    """Return each problem that making routes tells, as it is printed."""
    with pytest.raises(PolicyError) as caught:
        make()
    return [str(problem) for problem in caught.value.problems]


def repickled(value: object) -> object:
    """Return what a pickle of the value becomes again."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  our own bytes


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module) == (0, 3)


@pytest.mark.parametrize(
    ("path", "policy"),
    [
        # `/api/` covers what is below it
        ("/api/", API),
        ("/api/x", API),
        ("/api/x/y", API),
        ("/api", None),
        ("/apix", None),
        ("/x/api/", None),
        # `/public` covers itself and what is below `/public/`
        ("/public", OPEN),
        ("/public/", OPEN),
        ("/public/x", OPEN),
        ("/publicx", None),
        ("/public.html", None),
        # the longest wins
        ("/api/open", OPEN),
        ("/api/open/x", OPEN),
        ("/api/openx", API),
        ("/api/open/private", API),
        ("/api/open/private/x", API),
        # None touches nothing
        ("/api/health", None),
        ("/api/health/deep", None),
        ("/api/healthy", API),
        # paths compare with case, and only from their beginning
        ("/API/x", None),
        ("/Public", None),
        ("", None),
        ("*", None),
        ("api/", None),
        # `/.well-known/` is plain
        ("/.well-known/x", REST),
        ("/.well-known", None),
    ],
)
def test_the_longest_key_that_covers_a_path_wins(path: str, policy: Policy | None) -> None:
    entries = {
        "/api/": API,
        "/api/health": None,
        "/api/open": OPEN,
        "/api/open/private": API,
        "/public": OPEN,
        "/.well-known/": REST,
    }
    backwards = dict(reversed(entries.items()))
    for routes in (Routes(entries), Routes(backwards)):
        assert routes.policy_for(path) is policy
        assert not routes.is_ambiguous(path)


def test_a_slash_covers_every_path() -> None:
    routes = Routes({"/": REST, "/api/": API})
    assert [routes.policy_for(path) for path in ("/", "/x", "/api", "/api/")] == [
        REST,
        REST,
        REST,
        API,
    ]
    assert Routes({}).policy_for("/") is None


@pytest.mark.parametrize(
    ("path", "raw_path", "ambiguous"),
    [
        # another reading would choose another policy
        ("/public/../api/x", None, True),
        ("/public/./../api/x", None, True),
        ("//api/x", None, True),
        ("/public//../api/x", None, True),
        ("/api/..", None, True),
        ("/api/../public", None, True),
        ("/public/%2e%2e/api/x", None, True),
        ("/public/..%2fapi/x", None, True),
        ("/public\\..\\api\\x", None, True),
        ("/public/..\\api/x", None, True),
        ("/public%5c..%5capi/x", None, True),
        ("/api/x", "/api%2Fx", True),
        ("/public/../api/x", "/public%2F..%2Fapi/x", True),
        ("/api/x", "/api%5cx", True),
        ("/publ\ufffdic/x", None, True),
        ("/pub\udcfflic/x", None, True),
        ("/public\ufffd\ufffdx", None, True),
        ("/public/\ufffd\ufffd\ufffd\ufffd/api/x", None, True),
        ("/publ\0ic/x", None, True),
        ("/public/..;/api/x", None, True),
        ("/public/.;/../api/x", None, True),
        ("/public/;/../api/x", None, True),
        ("/public/..;a=b;c/api/x", None, True),
        ("/public/..%3b/api/x", None, True),
        ("/public\\..;\\api\\x", None, True),
        ("/public/..;/api/x", "/public%2F..;%2Fapi/x", True),
        ("/api;v=1/x", None, True),
        ("/public;v=1", None, True),
        # every reading chooses the same
        ("/api/x;v=1", None, False),
        ("/api/..x;v=1", None, False),
        ("/api/x;v=1/y;w", None, False),
        ("/public/;", None, False),
        ("/api/y/..;/x", None, False),
        ("/other;v=1", None, False),
        ("/api//x", None, False),
        ("/api/./x", None, False),
        ("/api/y/../x", None, False),
        ("/api/%2e%2e%2e", None, False),
        ("/api/100%", None, False),
        ("/api/x\\y", None, False),
        ("/api/x\ufffdy", None, False),
        ("/api/x\ty", None, False),
        ("/api/x", "/api/x", False),
        ("/api/x/y", "/api/x%2Fy", False),
        ("/api/x/y", "/%61pi/x%2fy", False),
        ("/elsewhere/../x", None, False),
        ("/.well-known/x", None, False),
        ("/api/...", None, False),
        ("/api/..x", None, False),
        ("/api/.x", None, False),
    ],
)
def test_a_path_that_two_policies_could_claim_gets_none(
    path: str, raw_path: str | None, ambiguous: bool
) -> None:
    routes = Routes({"/api/": API, "/public": OPEN})
    assert routes.is_ambiguous(path, raw_path) is ambiguous
    if ambiguous:
        assert routes.policy_for(path, raw_path) is None


def test_a_path_between_two_equal_policies_is_not_ambiguous() -> None:
    routes = Routes({"/api/": API, "/other/": Policy.from_mapping(API.to_mapping())})
    assert routes.policy_for("/other/../api/x") == API


def test_an_exempt_path_is_another_policy_too() -> None:
    routes = Routes({"/api/": API, "/api/health": None})
    assert routes.policy_for("/api/health/../x") is None
    assert routes.is_ambiguous("/api/x/../health")
    assert routes.policy_for("/api/x/../y") is API


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 'route-bad-path: path: "" does not begin with a slash, so no request path is below it. Write "/".'),
        ("api", 'route-bad-path: path: "api" does not begin with a slash, so no request path is below it. Write "/api".'),
        ("*/api", 'route-bad-path: path: "*/api" does not begin with a slash, so no request path is below it. Write "/api".'),
        ("^/api/.*$", 'route-bad-path: path: "^/api/.*$" does not begin with a slash, so no request path is below it. Write "/api/".'),
        ("https://api.example/v1/", 'route-bad-path: path: "https://api.example/v1/" does not begin with a slash, so no request path is below it. Write "/v1/".'),
        ("/api/*", 'route-bad-path: path: "/api/*" is a pattern; a route is a plain path and covers what is below it. Write "/api/".'),
        ("/api?x=1", 'route-bad-path: path: "/api?x=1" is a pattern; a route is a plain path and covers what is below it. Write "/api".'),
        ("/api#x", 'route-bad-path: path: "/api#x" is a pattern; a route is a plain path and covers what is below it. Write "/api".'),
        ("//api", 'route-bad-path: path: "//api" is no decoded path: it has empty, dot or encoded parts. Write "/api".'),
        ("/a/../api", 'route-bad-path: path: "/a/../api" is no decoded path: it has empty, dot or encoded parts. Write "/api".'),
        ("/caf%C3%A9", 'route-bad-path: path: "/caf%C3%A9" is no decoded path: it has empty, dot or encoded parts. Write "/café".'),
        ("/a\\b", 'route-bad-path: path: "/a\\\\b" is no decoded path: it has empty, dot or encoded parts. Write "/a/b".'),
        ("/%", 'route-bad-path: path: "/%" is no decoded path: it has empty, dot or encoded parts.'),
        ("/\ufffd", 'route-bad-path: path: "/\ufffd" is no decoded path: it has empty, dot or encoded parts.'),
        (7, 'wrong-type: path: 7 is no path. Write path = "/api/".'),
        (None, 'wrong-type: path: None is no path. Write path = "/api/".'),
    ],
)  # fmt: skip
def test_a_key_that_no_request_path_is_below_is_refused(path: object, line: str) -> None:
    assert problems(lambda: UNTYPED({path: API})) == [line]


@pytest.mark.parametrize("path", ["/", "/api", "/api/", "/é/", "/a b", "/.well-known/", "/a~b;c=d"])
def test_any_decoded_path_is_a_key(path: str) -> None:
    assert Routes({path: API}).policy_for(path) is API


def test_a_key_with_a_parameter_is_the_one_without_to_who_cuts_them_off() -> None:
    routes = Routes({"/": REST, "/a;v=1": API, "/b;v=1": API, "/b": OPEN, "/;/c": OPEN})
    assert routes.policy_for("/a;v=1/x") is API
    # Another version, or none: what has no parameters holds for one, and `/a;v=1` for the next.
    assert routes.policy_for("/a/x") is REST
    assert routes.is_ambiguous("/a;v=2/x")
    # `/b` is a route of its own.
    assert routes.is_ambiguous("/b;v=1")
    assert [routes.policy_for(path) for path in ("/b", "/;/c", "/;/d")] == [OPEN, OPEN, REST]
    # In whatever order they are written.
    backwards = Routes({key: routes.entries[key] for key in reversed([*routes.entries])})
    assert backwards.is_ambiguous("/b;v=1")
    assert backwards.policy_for("/a;v=1/x") is API


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (lambda: UNTYPED([("/", API)]), ["wrong-type: routes: [('/', Policy(origins=['https://api.example']))] is no mapping of paths to policies. Write Routes({\"/api/\": policy})."]),
        (lambda: UNTYPED({"/": "*", "a": None}), ['wrong-type: routes: "*" is no policy; a route has a Policy or None.', 'route-bad-path: path: "a" does not begin with a slash, so no request path is below it. Write "/a".']),
        (lambda: Routes.from_mapping(UNTYPED), ["wrong-type: routes: <class 'corsmith.routes.Routes'> is no mapping with a list of routes."]),
        (lambda: Routes.from_mapping({}), ["wrong-type: routes: routes are one list of tables, each with a path and the fields of a policy."]),
        (lambda: Routes.from_mapping({"routes": {}, "policy": {}}), ['unknown-field: "policy" is no key beside the list of routes. The only key is routes.', "wrong-type: routes: routes are one list of tables, each with a path and the fields of a policy."]),
        (lambda: Routes.from_mapping({"routes": [7]}), ["wrong-type: routes: 7 is no table with a path and the fields of a policy."]),
        (lambda: Routes.from_mapping({"routes": [{"origins": 7}]}), ['wrong-type: path: a route has no path. Write path = "/api/".', 'wrong-type: origins: 7 is of type int; origins takes a list, tuple or set of strings. Write origins=["…"].']),
        (lambda: Routes.from_mapping({"routes": [{"path": "/a", "origins": ["https://x/"], "x": 1}, {"path": "b"}]}), ['unknown-field: /a: a policy has no field "x". The fields are origins, methods, headers, expose, credentials, max_age, origin_regex, preflight_status, accept_risks.', 'origin-has-path: /a origins: "https://x/" has a trailing slash. An origin is scheme, host and port. Write "https://x".', 'route-bad-path: path: "b" does not begin with a slash, so no request path is below it. Write "/b".', 'origins-empty: b origins: no origin is allowed, so no page could read any answer. Write origins=["https://app.example"], or origins="*" for everyone.']),
        (lambda: Routes.from_mapping({"routes": [{"path": "/a", "cors": True}]}), ["wrong-type: /a cors: cors can only be false, and then stands alone beside path. Write cors = false, or leave it out."]),
        (lambda: Routes.from_mapping({"routes": [{"path": "/a", "cors": False, "origins": "*"}]}), ["wrong-type: /a cors: cors can only be false, and then stands alone beside path. Write cors = false, or leave it out."]),
        (lambda: Routes.from_mapping({"routes": [{"path": "/a", "cors": False}] * 2}), ['route-repeated: path: "/a" has two routes. Keep one of them.']),
    ],
)  # fmt: skip
def test_every_problem_of_a_table_is_told_at_its_place(
    make: Callable[[], object], lines: list[str]
) -> None:
    assert problems(make) == lines


TABLE = {
    "routes": [
        {"path": "/health", "cors": False},
        {"path": "/api/", **API.to_mapping()},
        {"path": "/public", **OPEN.to_mapping()},
    ]
}


def test_a_mapping_of_routes_makes_equal_ones() -> None:
    routes = Routes({"/health": None, "/api/": API, "/public": OPEN})
    assert routes.to_mapping() == TABLE
    assert Routes.from_mapping(TABLE) == routes
    assert Routes.from_mapping({"routes": tuple(reversed(TABLE["routes"]))}) == routes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, repickled])
def test_a_copy_is_equal_and_answers_the_same(copied: Callable[[Routes], object]) -> None:
    routes = Routes.from_mapping(TABLE)
    again = copied(routes)
    assert isinstance(again, Routes)
    assert again == routes
    assert hash(again) == hash(routes)
    assert again.policy_for("/api/x") == API


def test_routes_are_equal_if_they_give_every_path_an_equal_policy() -> None:
    assert Routes({"/a": API, "/b": None}) == Routes({"/b": None, "/a": API})
    assert Routes({"/a": API}) != Routes({"/a": OPEN})
    assert Routes({"/a": API}) != Routes({"/a/": API})
    assert Routes({"/a": API}) != {"/a": API}


def test_routes_do_not_change() -> None:
    given: dict[str, Policy | None] = {"/api/": API}
    routes: Any = Routes(given)
    given["/"] = OPEN
    with pytest.raises(AttributeError, match="Routes do not change; make others to have another"):
        routes.entries = {}
    with pytest.raises(AttributeError, match="Routes do not change; entries cannot be deleted"):
        del routes.entries
    with pytest.raises(TypeError):
        routes.entries["/"] = OPEN
    assert routes == Routes({"/api/": API})


def test_the_policies_and_their_warnings_are_those_of_every_route() -> None:
    loud = Policy(origins=["https://a.example:*"], max_age=7201)
    same = Policy(origins=["https://b.example"], max_age=7201)
    routes = Routes({"/a": loud, "/b": None, "/c": same})
    assert list(routes.policies()) == [loud, same]
    assert [warning.code for warning in routes.warnings] == ["any-port", "max-age-over-cap"]


def test_routes_are_shown_as_the_call_that_makes_them() -> None:
    routes = Routes({"/api/": API, "/health": None})
    assert repr(routes) == (
        "Routes({'/api/': Policy(origins=['https://api.example']), '/health': None})"
    )
    assert eval(repr(routes), {"Policy": Policy, "Routes": Routes}) == routes  # noqa: S307  ours

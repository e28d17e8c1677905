"""Which policy is in force: assigned, made of fields, chosen by a function or by the path."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, PolicyError, Routes
from corsmith.adapters import asgi, wsgi
from tests.adapters.hosts import (
    HOSTS,
    Request,
    ask_asgi,
    ask_http_server,
    ask_wsgi,
    environ_of,
    run,
    scope_of,
)
from tests.adapters.table import APP, OPEN, POLICY, READ, ROUTES, VARY, get, preflight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import Reply

EACH = pytest.mark.parametrize("ask", HOSTS.values(), ids=HOSTS)
Shared = tuple[str | None, str, str | None, str]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def wsgi_app(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b""]


def over_asgi(middleware: Any, **changes: Any) -> dict[str, str]:
    """Return the headers that an ASGI middleware answers a page with."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    assert run(middleware(scope_of(get(APP), **changes), send, send)) is None
    return {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}


def over_wsgi(middleware: Any, **changes: Any) -> dict[str, str]:
    """Return the headers that a WSGI middleware answers a page with."""
    heads: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        heads.append(headers)

    middleware(environ_of(get(APP), **changes), start_response)
    return {name.lower(): value for name, value in heads[0]}


BOTH = pytest.mark.parametrize(
    ("make", "over", "app"),
    [
        (asgi.CORSMiddleware, over_asgi, asgi_app),
        (wsgi.CORSMiddleware, over_wsgi, wsgi_app),
    ],
    ids=["asgi", "wsgi"],
)


@BOTH
def test_the_next_request_meets_a_policy_that_was_assigned(make: Any, over: Any, app: Any) -> None:
    middleware = make(app, POLICY)
    assert middleware.policy is POLICY
    for source, expected in ((OPEN, "*"), (ROUTES, APP), (POLICY, APP)):
        middleware.policy = source
        assert middleware.policy is source
        assert over(middleware)["access-control-allow-origin"] == expected


@BOTH
def test_a_bad_policy_is_refused_and_the_old_one_stays(make: Any, over: Any, app: Any) -> None:
    middleware = make(app, POLICY)
    for bad in ("https://app.example", None, {"origins": "*"}, lambda: POLICY, 7):
        with pytest.raises(PolicyError):
            middleware.policy = bad
        assert middleware.policy is POLICY
        assert over(middleware)["access-control-allow-origin"] == APP


@BOTH
def test_a_policy_is_also_made_of_fields(make: Any, over: Any, app: Any) -> None:
    middleware = make(app, origins=[APP], max_age=5)
    assert middleware.policy == Policy(origins=[APP], max_age=5)
    assert over(middleware)["access-control-allow-origin"] == APP
    with pytest.raises(PolicyError, match="allow_origins"):
        make(app, allow_origins=[APP])
    with pytest.raises(PolicyError, match="origins-empty"):
        make(app)
    with pytest.raises(PolicyError, match="beside it: max_age"):
        make(app, POLICY, max_age=5)


def test_a_request_keeps_the_policy_that_it_began_with() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        middleware.policy = OPEN
        await asgi_app(scope, receive, send)

    middleware = asgi.CORSMiddleware(app, POLICY)
    assert over_asgi(middleware)["access-control-allow-origin"] == APP
    assert over_asgi(middleware)["access-control-allow-origin"] == "*"


class Subclass(Policy):
    """A policy with methods of the user's own."""


@EACH
def test_a_policy_may_be_of_a_subclass(ask: Callable[..., Reply]) -> None:
    reply = ask(Subclass(origins=[APP]), get(APP))
    assert reply.cors["access-control-allow-origin"] == [APP]


# ── a function in place of a policy ────────────────────────────────────────────


def asking(asked: list[Shared]) -> tuple[Any, Any]:
    """Return two functions, plain and async, that note what they are given."""

    def choose(*shared: Any) -> Policy:
        asked.append(shared)
        return POLICY

    async def choose_later(*shared: Any) -> Policy:
        return choose(*shared)

    return choose, choose_later


WITH_HOST = (("Origin", APP), ("Host", "api.example"), ("Cookie", "a=b"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (APP, "http", "api.example", "/items")),
        ({"scheme": "https", "path": "/ä b"}, (APP, "https", "api.example", "/ä b")),
        ({"root_path": "/items"}, (APP, "http", "api.example", "/")),
        ({"root_path": "/api", "path": "/api/x"}, (APP, "http", "api.example", "/x")),
        ({"root_path": "/api", "path": "/apix"}, (APP, "http", "api.example", "/apix")),
        ({"headers": []}, (None, "http", None, "/items")),
        ({"headers": [(b"origin", b"\t\xff ")]}, ("\xff", "http", None, "/items")),
        ({"headers": [(b"origin", b"a"), (b"host", b"b")] * 2}, (None, "http", None, "/items")),
    ],
)
def test_over_asgi_a_function_is_given_what_both_requests_share(
    changes: dict[str, Any], expected: Shared
) -> None:
    asked: list[Shared] = []
    middleware = asgi.CORSMiddleware(asgi_app, asking(asked)[1])
    for method, lines in (("GET", ()), ("OPTIONS", preflight().headers)):
        scope = scope_of(Request(method=method, headers=(*WITH_HOST, *lines)))
        over_asgi(middleware, **{"method": method, "headers": scope["headers"]} | changes)
    assert asked == [expected] * 2


def test_over_asgi_the_scheme_is_http_where_the_server_does_not_say() -> None:
    asked: list[Shared] = []
    scope = scope_of(get(APP))
    del scope["scheme"]
    run(asgi.CORSMiddleware(asgi_app, asking(asked)[1])(scope, print, asgi_send))  # type: ignore[arg-type]
    assert asked == [(APP, "http", None, "/items")]


async def asgi_send(message: Any) -> None:
    """Take a message."""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, (APP, "http", "api.example", "/items")),
        ({"wsgi.url_scheme": "https"}, (APP, "https", "api.example", "/items")),
        ({"SCRIPT_NAME": "/api"}, (APP, "http", "api.example", "/items")),
        ({"PATH_INFO": ""}, (APP, "http", "api.example", "/")),
        ({"PATH_INFO": "/\xc3\xa4"}, (APP, "http", "api.example", "/ä")),
        ({"PATH_INFO": "/\xff"}, (APP, "http", "api.example", "/\ufffd")),
        ({"PATH_INFO": "/\u2026"}, (APP, "http", "api.example", "/?")),
        ({"HTTP_ORIGIN": f" {APP}\t"}, (APP, "http", "api.example", "/items")),
    ],
)
def test_over_wsgi_a_function_is_given_what_both_requests_share(
    changes: dict[str, Any], expected: Shared
) -> None:
    asked: list[Shared] = []
    middleware = wsgi.CORSMiddleware(wsgi_app, asking(asked)[0])
    for method, lines in (("GET", ()), ("OPTIONS", preflight().headers)):
        environ = environ_of(Request(method=method, headers=(*WITH_HOST, *lines)))
        over_wsgi(middleware, **environ | changes)
    assert asked == [expected] * 2


def test_over_http_server_a_function_is_given_what_both_requests_share() -> None:
    asked: list[Shared] = []
    choose, _ = asking(asked)
    lines = (("Origin", f"{APP} "), ("Host", "api.example"))
    ask_http_server(choose, Request(path="/a%20%C3%A4?x#y", headers=lines))
    ask_http_server(choose, Request(method="OPTIONS", headers=(*lines, *preflight().headers)))
    ask_http_server(choose, Request(path="http://api.example/c", headers=lines * 2))
    assert asked == [
        (APP, "http", "api.example", "/a ä"),
        (APP, "http", "api.example", "/items"),
        (None, "http", None, "/c"),
    ]


@EACH
def test_no_answer_of_a_function_is_kept(ask: Callable[..., Reply]) -> None:
    answers = [POLICY, OPEN, None]
    left = list(answers)

    def choose(*shared: Any) -> Policy | None:
        return left.pop(0)

    async def choose_later(*shared: Any) -> Policy | None:
        return left.pop(0)

    source = choose_later if ask is ask_asgi else choose
    seen = [ask(source, get(APP)).cors.get("access-control-allow-origin") for _ in answers]
    assert seen == [[APP], ["*"], None]


class Choosing:
    """A policy function that is an object."""

    async def __call__(self, *shared: Any) -> Policy:
        return POLICY


async def choose_later(policy: Policy, *shared: Any) -> Policy:
    return policy


def choose_now(policy: Policy, *shared: Any) -> Policy:
    return policy


@pytest.mark.parametrize("function", [Choosing(), functools.partial(choose_later, POLICY)])
def test_a_function_may_be_any_object_that_is_called_as_one(function: Any) -> None:
    assert ask_asgi(function, get(APP)).cors == READ
    assert ask_wsgi(functools.partial(choose_now, POLICY), get(APP)).cors == READ


@EACH
@pytest.mark.parametrize("returned", ["*", 7, [APP], True], ids=str)
def test_what_is_no_policy_refuses_and_is_logged(
    ask: Callable[..., Reply], returned: Any, caplog: pytest.LogCaptureFixture
) -> None:

    def choose(*shared: Any) -> Any:
        return returned

    async def choose_later(*shared: Any) -> Any:
        return returned

    source = choose_later if ask is ask_asgi else choose
    with caplog.at_level(logging.WARNING, logger="corsmith"):
        assert ask(source, get(APP)).cors == VARY
        assert ask(source, preflight(APP)).cors == VARY
    assert [record.message for record in caplog.records] == [f'refused "{APP}": policy-failed'] * 2
    assert f"a policy function returned {type(returned).__name__}" in caplog.text


# ── paths ──────────────────────────────────────────────────────────────────────

SLASHED = Routes({"/a/b": None, "/": POLICY})


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"path": "/a/b", "raw_path": b"/a/b"}, False),
        ({"path": "/a/b/c", "raw_path": b"/a%2Fb/c"}, False),
        ({"path": "/x/y", "raw_path": b"/x%2fy"}, True),
        ({"path": "/x/y", "raw_path": None}, True),
        ({"path": "/r/x/y", "raw_path": b"/r/x%2fy?/a%2fb", "root_path": "/r"}, True),
        ({"path": "/r/x%y", "raw_path": b"/%72/x%25y", "root_path": "/r"}, True),
    ],
)
def test_over_asgi_the_path_is_the_one_that_the_application_routes_on(
    changes: dict[str, Any], allowed: bool
) -> None:
    headers = over_asgi(asgi.CORSMiddleware(asgi_app, SLASHED), **changes)
    assert ("access-control-allow-origin" in headers) is allowed


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"PATH_INFO": "/a/b"}, False),
        ({"PATH_INFO": "/a/b/c", "RAW_URI": "/a%2Fb/c?x=%2F"}, False),
        ({"PATH_INFO": "/x/y", "RAW_URI": "/x%2Fy"}, True),
        ({"PATH_INFO": "/x/y", "RAW_URI": "http://api.example/x%2Fy"}, True),
        ({"PATH_INFO": "/a/b", "REQUEST_URI": "/a%2Fb"}, False),
        ({"PATH_INFO": "/x/y", "SCRIPT_NAME": "/r", "REQUEST_URI": "/r/x%2Fy"}, True),
    ],
)
def test_over_wsgi_the_path_is_the_one_that_the_application_routes_on(
    changes: dict[str, Any], allowed: bool
) -> None:
    headers = over_wsgi(wsgi.CORSMiddleware(wsgi_app, SLASHED), **changes)
    assert ("access-control-allow-origin" in headers) is allowed


@pytest.mark.parametrize("path", ["/a%2Fb", "/x/../a/b", "//a/b/../b", "/a/b%5Cc", "/%61/b/../c"])
def test_over_http_server_an_ambiguous_path_gets_no_headers(path: str) -> None:
    assert "access-control-allow-origin" not in ask_http_server(SLASHED, get(APP, path=path)).cors
    assert ask_http_server(SLASHED, get(APP, path="/x")).cors == READ

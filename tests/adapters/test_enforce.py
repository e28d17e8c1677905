"""``enforce``: who is refused before the application runs, over ASGI, WSGI and WebSocket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, PolicyError
from corsmith.adapters import asgi, wsgi
from tests.adapters.hosts import Request, ask_asgi, ask_wsgi, run, scope_of
from tests.adapters.table import APP, OPEN, OTHER, POLICY, ROUTES, VARY, get, preflight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import Reply

BOTH = pytest.mark.parametrize("ask", [ask_asgi, ask_wsgi])


def with_site(request: Request, *sites: str) -> Request:
    """Return the request with Sec-Fetch-Site lines."""
    lines = tuple(("Sec-Fetch-Site", site) for site in sites)
    return Request(method=request.method, path=request.path, headers=request.headers + lines)


@BOTH
def test_a_stranger_gets_one_sentence_before_the_application_runs(
    ask: Callable[..., Reply],
) -> None:
    reply = ask(POLICY, get(OTHER), enforce=True)
    assert (reply.status, reply.app_ran) == (403, False)
    assert reply.cors == VARY
    assert reply.lines("content-type") == ["text/plain; charset=utf-8"]
    assert reply.lines("content-length") == [str(len(reply.body))]
    assert reply.body.count(b".") == reply.body.count(b"\n") == 1


@BOTH
@pytest.mark.parametrize(
    ("source", "request_", "status"),
    [
        (POLICY, get(APP), 200),
        (POLICY, get("https://a.shop.example"), 200),
        (POLICY, get(), 200),
        (POLICY, get("null"), 403),
        (POLICY, get(""), 403),
        (POLICY, get(APP, APP), 403),
        (POLICY, with_site(get(OTHER), "same-origin"), 200),
        (POLICY, with_site(get(OTHER), "same-site"), 403),
        (POLICY, with_site(get(OTHER), "none"), 403),
        (POLICY, with_site(get(OTHER), "same-origin", "same-origin"), 403),
        (POLICY, with_site(get(OTHER), "SAME-ORIGIN"), 403),
        (POLICY, preflight(OTHER), 200),
        (POLICY, preflight(OTHER, method=None), 403),
        (OPEN, get(OTHER, OTHER), 200),
        (ROUTES, get(OTHER), 403),
        (ROUTES, get(OTHER, path="/items/none"), 200),
        (ROUTES, get(OTHER, path="/elsewhere"), 200),
        (ROUTES, get(OTHER, path="/open/x"), 200),
        (ROUTES, get(APP, path="/elsewhere/../items"), 403),
        (ROUTES, get(path="/elsewhere/../items"), 200),
        (ROUTES, with_site(get(APP, path="/elsewhere/../items"), "same-origin"), 200),
    ],
)
def test_only_the_origin_is_enforced_and_only_where_a_policy_holds(
    ask: Callable[..., Reply], source: Any, request_: Request, status: int
) -> None:
    assert ask(source, request_, enforce=True).status == status
    assert ask(source, request_).status == 200


@BOTH
@pytest.mark.parametrize("origin", [APP, "https://nobody.invalid"])
def test_a_function_that_fails_refuses_everyone(ask: Callable[..., Reply], origin: str) -> None:
    def fails(*shared: Any) -> Policy:
        raise OSError

    async def fails_later(*shared: Any) -> Policy:
        raise OSError

    source = fails_later if ask is ask_asgi else fails
    assert ask(source, get(origin), enforce=True).status == 403
    assert ask(source, get(), enforce=True).status == 200


@pytest.mark.parametrize("enforce", [1, "true", None])
def test_enforce_is_true_or_false(enforce: Any) -> None:
    async def app(*arguments: Any) -> None:
        """Answer nothing."""

    for middleware in (asgi.CORSMiddleware, wsgi.CORSMiddleware):
        with pytest.raises(PolicyError, match=r"enforce: .* is neither True nor False\."):
            middleware(app, POLICY, enforce=enforce)  # type: ignore[arg-type]  # never called


# ── WebSocket ──────────────────────────────────────────────────────────────────


def handshake(
    source: Any,
    *origins: str,
    path: str = "/items",
    enforce: bool = True,
    first: str = "websocket.connect",
) -> tuple[bool, list[Any], int]:
    """Return whether the application got a handshake, what was sent, how much received."""
    ran = False
    received = 0
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal ran
        ran = True

    async def receive() -> Any:
        nonlocal received
        received += 1
        return {"type": first}

    async def send(message: Any) -> None:
        sent.append(message)

    lines = (*(("Origin", origin) for origin in origins), ("Sec-Fetch-Site", "same-origin"))
    scope = scope_of(Request(path=path, headers=lines), type="websocket", scheme="ws")
    assert run(asgi.CORSMiddleware(app, source, enforce=enforce)(scope, receive, send)) is None
    return ran, sent, received


CLOSED: Any = (False, [{"type": "websocket.close", "code": 1008}], 1)
PASSED: Any = (True, [], 0)


def test_a_handshake_of_a_stranger_is_closed_also_where_it_says_same_origin() -> None:
    assert handshake(POLICY, OTHER) == CLOSED


def test_a_handshake_is_closed_only_after_the_connection_was_announced() -> None:
    assert handshake(POLICY, OTHER, first="websocket.disconnect") == (False, [], 1)


@pytest.mark.parametrize(
    ("source", "origins", "path", "expected"),
    [
        (POLICY, (APP,), "/", PASSED),
        (POLICY, ("https://a.shop.example",), "/", PASSED),
        (POLICY, (), "/", PASSED),
        (POLICY, (APP, APP), "/", CLOSED),
        (POLICY, ("null",), "/", CLOSED),
        (POLICY, ("",), "/", CLOSED),
        (OPEN, (OTHER,), "/", PASSED),
        (OPEN, (OTHER, APP), "/", PASSED),
        (ROUTES, (OTHER,), "/items", CLOSED),
        (ROUTES, (OTHER,), "/items/none", PASSED),
        (ROUTES, (OTHER,), "/elsewhere", PASSED),
        (ROUTES, (APP,), "/elsewhere/../items", CLOSED),
    ],
)
def test_a_handshake_is_judged_by_its_origin(
    source: Any, origins: tuple[str, ...], path: str, expected: Any
) -> None:
    assert handshake(source, *origins, path=path) == expected
    assert handshake(source, *origins, path=path, enforce=False) == PASSED


def test_a_function_judges_a_handshake_too() -> None:
    async def by_origin(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
        assert scheme == "ws"
        return POLICY

    assert handshake(by_origin, OTHER) == CLOSED
    assert handshake(by_origin, APP) == PASSED

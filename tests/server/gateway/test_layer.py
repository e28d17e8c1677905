"""The CORS layer of a gateway: what it lets through, and what a page may read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.gateway.guard import VOUCHES
from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from tests.server.in_memory import ask

ALLOWED = (b"origin", b"http://localhost:5173")
STRANGER = (b"origin", b"https://evil.example")
OWN = (b"sec-fetch-site", b"same-origin")
POLICY = Policy(origins=["@loopback"], credentials=True)
EXPOSE = "access-control-expose-headers"


async def api(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [
        (b"content-type", b"text/x"),
        (b"X-Total-Count", b"7"),
        (b"x-total-count", b"8"),
        (b"etag", b'"x"'),
        (b"set-cookie", b"a=b"),
        (b"vary", b"Accept"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def exposing(policy: Policy | Routes = POLICY) -> ExposingLayer:
    return ExposingLayer(api, policy, enforce=True)


def test_an_allowed_page_may_read_every_header_that_was_sent() -> None:
    answer = ask(exposing(), "GET", "/", ALLOWED)
    assert answer.headers[EXPOSE] == "x-total-count,etag,vary"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_a_list_of_the_policy_is_part_of_it_and_no_second_line() -> None:
    policy = Policy(origins=["@loopback"], credentials=True, expose=["X-Gone"])
    answer = ask(exposing(policy), "GET", "/", ALLOWED)
    assert [name for name, _ in answer.lines].count(EXPOSE.encode()) == 1
    assert answer.headers[EXPOSE] == "x-total-count,etag,vary"


@pytest.mark.parametrize("line", [STRANGER, (b"accept", b"*/*")])
def test_nobody_else_is_told_what_could_be_read(line: tuple[bytes, bytes]) -> None:
    assert EXPOSE not in ask(exposing(), "GET", "/", line).headers


def test_a_preflight_exposes_nothing() -> None:
    asked = (b"access-control-request-method", b"PUT")
    answer = ask(exposing(), "OPTIONS", "/", ALLOWED, asked)
    assert answer.headers["access-control-allow-methods"]
    assert EXPOSE not in answer.headers


def test_an_answer_with_nothing_to_expose_exposes_nothing() -> None:
    async def bare(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    layer = ExposingLayer(bare, Policy(origins="*"), enforce=True)
    assert EXPOSE not in ask(layer, "GET", "/", ALLOWED).headers


@pytest.mark.parametrize("path", ["/", "/api", "/none", "/none/../api"])
def test_what_a_form_of_another_site_opens_loads_nothing(path: str) -> None:
    # Not even its icon, which a browser would ask the upstream for as its own page.
    answer = ask(EnforcingLayer(api, ROUTES, enforce=True), "POST", path, STRANGER)
    assert answer.status == 403
    assert answer.headers["content-security-policy"] == "default-src 'none'"


@pytest.mark.parametrize("kind", [EnforcingLayer, ExposingLayer])
def test_an_answers_headers_by_themselves_get_what_the_layer_gives(
    kind: type[EnforcingLayer],
) -> None:
    answer = ask(kind(api, POLICY, enforce=True), "GET", "/", ALLOWED)
    bare: list[Any] = []

    async def send(message: Any) -> None:
        bare.append(message)

    asyncio.run(api({}, None, send))
    pairs = POLICY.byte_answers.find(ALLOWED[1]) or POLICY.byte_answers.meet(ALLOWED[1])
    assert pairs is not None
    given = list(bare[0]["headers"])
    assert kind.dress(bare[0]["headers"], pairs) == answer.lines
    assert bare[0]["headers"] == given


async def vouched(scope: Any, _receive: Any, send: Any) -> None:
    """Answer what the layer says of an origin that the request does not show."""
    said = await scope[VOUCHES](scope, scope["query_string"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(said).encode()})


@pytest.mark.parametrize("kind", [EnforcingLayer, ExposingLayer])
@pytest.mark.parametrize(
    ("path", "origin", "said"),
    [
        ("/api", "http://localhost:5173", b"True"),
        ("/api", "https://evil.example", b"False"),
        ("/api", "", b"False"),
        ("/none", "http://localhost:5173", b"False"),
        ("/elsewhere", "http://localhost:5173", b"False"),
        ("/none/../api", "http://localhost:5173", b"False"),
    ],
)
def test_an_origin_by_itself_is_judged_by_the_policy_of_the_path(
    kind: type[EnforcingLayer], path: str, origin: str, said: bytes
) -> None:
    answer = ask(kind(vouched, ROUTES, enforce=True), "GET", f"{path}?{origin}")
    assert answer.body == said


# ── a path without a policy ────────────────────────────────────────────────────

ROUTES = Routes({"/api": POLICY, "/none": None})


@pytest.mark.parametrize("path", ["/none", "/elsewhere", "/none/../api"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("line", [ALLOWED, STRANGER])
def test_no_other_origin_comes_through_where_no_policy_holds(
    path: str, method: str, line: tuple[bytes, bytes]
) -> None:
    answer = ask(EnforcingLayer(api, ROUTES, enforce=True), method, path, line)
    assert answer.status == 403
    assert b"No policy holds for this path" in answer.body
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("lines", [(), (STRANGER, OWN)])
def test_who_is_no_other_origin_comes_through(lines: tuple[tuple[bytes, bytes], ...]) -> None:
    assert ask(EnforcingLayer(api, ROUTES, enforce=True), "GET", "/none", *lines).status == 200


def test_where_a_policy_holds_it_decides() -> None:
    layer = EnforcingLayer(api, ROUTES, enforce=True)
    assert ask(layer, "GET", "/api", ALLOWED).status == 200
    assert ask(layer, "GET", "/api", STRANGER).status == 403


@pytest.mark.parametrize(
    ("path", "line", "through"),
    [
        ("/api", ALLOWED, True),
        ("/api", STRANGER, False),
        ("/none", ALLOWED, False),
        ("/elsewhere", STRANGER, False),
        ("/none", (b"user-agent", b"websocat"), True),
    ],
)
def test_a_websocket_needs_a_policy_too(
    path: str, line: tuple[bytes, bytes], through: bool
) -> None:
    reached: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(scope["path"])

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": [line]}
    asyncio.run(EnforcingLayer(app, ROUTES, enforce=True)(scope, receive, send))
    assert bool(reached) is through
    assert (sent == []) is through

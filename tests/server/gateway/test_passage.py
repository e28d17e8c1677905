"""The short way of a gateway: what goes it, and under which policy."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.exchange import PRESS_PARAMETER
from corsmith.server.gateway.layer import EnforcingLayer
from corsmith.server.serving import CUT, NOTE
from tests.server.gateway.asking import (
    OK,
    PAGE,
    gateway,
    listening,
    living,
)
from tests.server.gateway.ways import GET, RICH, SEED, Way, answering, asked
from tests.server.in_memory import scope

pytestmark = pytest.mark.servers

# ── what goes the long way ─────────────────────────────────────────────────────

STRANGER = (b"origin", b"https://evil.example")
LONG_WAY = {
    "a stranger": scope("GET", "/", STRANGER),
    "a preflight": scope("OPTIONS", "/", PAGE, (b"access-control-request-method", b"PUT")),
    "OPTIONS": scope("OPTIONS", "/", PAGE),
    "another host": scope("GET", "/", PAGE, host=b"evil.example:8000"),
    "two origins": scope("GET", "/", PAGE, PAGE),
    "no origin": scope("GET", "/", (b"sec-fetch-site", b"cross-site")),
    "a loop": scope("GET", "/", PAGE, (b"via", b"1.1 corsmith-1")),
    "TRACE": scope("TRACE", "/", PAGE),
    "a body": scope("GET", "/", PAGE, (b"content-length", b"00")),
    "large": scope("GET", "/", PAGE, (b"cookie", b"a" * 5_000)),
    "its own page as a stranger": scope("GET", "/", STRANGER, (b"sec-fetch-site", b"same-origin")),
}


@pytest.mark.parametrize("request_scope", LONG_WAY.values(), ids=LONG_WAY)
def test_whatever_is_to_be_refused_or_read_goes_the_long_way(request_scope: dict[str, Any]) -> None:
    way, found = asked(*[request_scope] * 3)
    assert way.long == 3
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("request_scope", LONG_WAY.values(), ids=LONG_WAY)
def test_also_after_others_went_the_short_one(request_scope: dict[str, Any]) -> None:
    way, _ = asked(GET, GET, request_scope, request_scope)
    assert way.long == 3


def test_what_is_no_request_goes_the_long_way() -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            sent: list[Any] = []

            async def send(message: Any) -> None:
                sent.append(message)

            async def receive() -> Any:
                return {"type": "websocket.connect"}

            socket = {**GET, "type": "websocket", "headers": [STRANGER]}
            await way.short(socket, receive, send)
            assert way.long == 1
            assert sent == [{"type": "websocket.close", "code": 1008}]

    asyncio.run(scenario())


# ── the policy in force ────────────────────────────────────────────────────────


def test_an_edit_is_met_by_the_very_next_request() -> None:
    strict = Policy(origins=["https://app.example"])
    # Each is in force long enough that its answer is remembered.
    edits = [SEED, SEED, strict, strict, strict, SEED, SEED, strict, SEED]
    waiting = edits[1:]

    def edit(way: Way) -> None:
        if waiting:
            way.front.policy = waiting.pop(0)

    way, found = asked(*[GET] * len(edits), between=edit)
    assert [one[0]["status"] for one in found] == [200 if one is SEED else 403 for one in edits]
    for messages in found:
        allowed = (b"access-control-allow-origin", PAGE[1]) in messages[0]["headers"]
        assert allowed is (messages[0]["status"] == 200)
    words = [said[2].partition(" ")[0] for said in way.log.said]
    assert words == ["allowed" if one is SEED else "refused" for one in edits]
    assert 1 < way.long < len(edits)


def test_an_origin_that_is_allowed_in_passing_is_from_then_on() -> None:
    stranger = scope("GET", "/", STRANGER)
    way, found = asked(
        *[stranger] * 3, between=lambda way: way.front.admit(("https://evil.example",))
    )
    assert [one[0]["status"] for one in found] == [403, 200, 200]
    assert way.long == 2


@pytest.mark.parametrize("expose", [(), ("ETag",)])
def test_what_a_policy_exposes_is_that_of_the_policy_in_force(expose: tuple[str, ...]) -> None:
    other = Policy(origins=["@loopback"], expose=expose)

    def edit(way: Way) -> None:
        if len(way.log.said) == 2:
            way.front.policy = other

    _, found = asked(*[GET] * 4, raw=RICH, between=edit, layer=EnforcingLayer)
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert found[1] != found[2]


def test_one_kind_of_heads_is_asked_about_once_and_each_path_is_its_own() -> None:
    heads = [scope("GET", f"/{number}?q={number}", PAGE) for number in range(5)]
    way, found = asked(*heads, *heads)
    assert (way.long, way.asked) == (1, 1)
    assert [one[0]["status"] for one in found] == [200] * 10
    assert len({said[3] for said in way.log.said}) == 1


@pytest.mark.parametrize("target", ["/" + "a" * 1_024, "/?" + "a" * 1_024, "/" + "a" * 9_000])
def test_a_long_path_is_asked_about_by_itself(target: str) -> None:
    way, found = asked(GET, GET, *[scope("GET", target, *GET["headers"][1:])] * 2)
    refused = len(target) > 8_192
    assert [one[0]["status"] for one in found][2:] == [414 if refused else 200] * 2
    assert way.long == (3 if refused else 1)
    # Once for what came first, and for each long one that is not remembered.
    assert way.asked == 2 + refused


ROUTES = Routes({"/a": SEED, "/b": Policy(origins=["https://app.example"]), "/c": None})


@pytest.mark.parametrize(
    ("path", "status", "long"),
    [("/a", 200, 1), ("/b", 403, 2), ("/c", 403, 2), ("/d/../a", 403, 2)],
)
def test_each_path_has_its_own_policy(path: str, status: int, long: int) -> None:
    way, found = asked(*[scope("GET", path, PAGE)] * 2, policy=ROUTES)
    assert [one[0]["status"] for one in found] == [status] * 2
    assert way.long == long


def test_also_after_a_head_of_its_kind_was_welcome_on_another_path() -> None:
    paths = ["/a", "/a", "/b", "/c", "/a/x", "/b", "/a"]
    _, found = asked(*[scope("GET", path, PAGE) for path in paths], policy=ROUTES)
    assert [one[0]["status"] for one in found] == [200, 200, 403, 403, 200, 403, 200]


# ── the try page ───────────────────────────────────────────────────────────────


def test_a_press_of_the_try_page_goes_the_long_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(way: Way) -> None:
        monkeypatch.setattr(way.front._publisher, "_address", "/nowhere")
        monkeypatch.setattr(way.front._publisher, "publish", lambda _record: None)

    press = scope("GET", f"/a?b&{PRESS_PARAMETER}=1", PAGE)
    way, found = asked(GET, press, press, between=pressed)
    assert way.long == 3
    assert [one[0]["status"] for one in found] == [200] * 3


def test_nothing_of_one_request_is_left_for_the_next() -> None:
    async def scenario() -> None:
        async with listening(answering(OK)) as port, living(gateway(port)) as app:
            way = Way(app)
            await way.ask(GET)
            one = {**GET}
            await way.short(one, asyncio.Event().wait, _nowhere)  # type: ignore[arg-type]  # never returns
            assert CUT not in one
            assert NOTE in one
            other = {**GET}
            assert NOTE not in other

    asyncio.run(scenario())


async def _nowhere(_message: Any) -> None:
    """Send to nobody."""

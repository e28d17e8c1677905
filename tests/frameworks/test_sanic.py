"""What is particular to Sanic: middlewares around ours, routes, views, blueprints, WebSockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sanic import Blueprint, HTTPResponse, json, text
from sanic.exceptions import Unauthorized
from sanic.views import HTTPMethodView

import corsmith
from corsmith import Policy, PolicyError, Routes
from corsmith.adapters.sanic import cors, install
from tests.adapters.hosts import scope_of
from tests.frameworks.hosts.sanic import new, over_sanic, pages, start
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


async def hello(request: Any) -> HTTPResponse:
    return text("hello")


class Views(HTTPMethodView):
    cors_policy = POLICY

    async def get(self, request: Any) -> HTTPResponse:
        return json({})

    @cors(PARTNER)
    async def delete(self, request: Any) -> HTTPResponse:
        return json({})


def test_the_application_stays_the_object_that_it_was() -> None:
    app = new()
    assert install(app, POLICY) is app
    assert app.ctx.corsmith.policy is POLICY
    assert corsmith.install(new(), POLICY).ctx.corsmith.policy is POLICY


@pytest.mark.parametrize("app", [Blueprint("shop"), "main:app", None])
def test_what_is_no_sanic_application_is_refused(app: Any) -> None:
    with pytest.raises(PolicyError, match="is no Sanic application"):
        install(app, POLICY)


def test_an_application_that_is_started_is_too_late() -> None:
    app = pages()
    asyncio.run(start(app))
    with pytest.raises(PolicyError, match="Install corsmith before that"):
        install(app, POLICY)


def test_installing_again_puts_the_second_policy_in_place_of_the_first() -> None:
    asked = over_sanic(install(install(pages(), POLICY), PARTNER, enforce=True))
    assert asked(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("GET", "/items", APP)).status == 403


@pytest.mark.parametrize("path", ["/items", "/nowhere"])
def test_no_login_sees_a_preflight(path: str) -> None:
    seen: list[str] = []
    app = pages()

    @app.on_request(priority=1_000_000)
    async def login(request: Any) -> None:
        seen.append(request.method)
        raise Unauthorized

    asked = over_sanic(install(app, POLICY))
    assert asked(ask("OPTIONS", path, APP)).status == 200
    assert seen == []
    reply = asked(ask("GET", path, APP))
    assert (reply.status, reply.lines(ALLOW), seen) == (401, [APP], ["GET"])


def test_a_response_middleware_that_raises_takes_no_header_away() -> None:
    app = pages()

    @app.on_response
    async def broken(request: Any, response: HTTPResponse) -> None:
        response.headers["access-control-allow-origin"] = "*"
        raise LookupError

    asked = over_sanic(install(app, POLICY))
    reply = asked(ask("GET", "/items", OTHER))
    assert (reply.status, reply.lines("vary")) == (200, ["Origin"])
    assert asked(ask("GET", "/nowhere", OTHER)).lines("vary") == ["Origin"]


@pytest.mark.parametrize("priority", [-1, 0, 1_000_000])
def test_what_a_response_middleware_puts_in_place_has_the_headers_too(priority: int) -> None:
    app = pages()

    @app.on_response(priority=priority)
    async def other(request: Any, response: HTTPResponse) -> HTTPResponse:
        return text("other", headers={"Access-Control-Allow-Origin": "*", "Vary": "Cookie"})

    reply = over_sanic(install(app, POLICY))(ask("GET", "/items", APP))
    assert (reply.body, reply.lines(ALLOW), reply.lines("vary")) == (
        b"other",
        [APP],
        ["Cookie, Origin"],
    )


@pytest.mark.parametrize(("method", "allowed"), [("GET", [APP]), ("OPTIONS", [])])
def test_what_is_answered_before_every_middleware_is_marked_unless_it_is_a_preflight(
    method: str, allowed: list[str]
) -> None:
    app = pages()

    @app.on_request(priority=10**30)
    async def first(request: Any) -> HTTPResponse:
        return text("down", status=503)

    reply = over_sanic(install(app, POLICY))(ask(method, "/items", APP))
    assert (reply.status, reply.lines(ALLOW)) == (503, allowed)


def test_a_handler_is_marked_and_so_is_a_view_and_each_of_its_methods() -> None:
    app = new()
    app.add_route(cors(PARTNER)(hello_once()), "/marked")
    app.add_route(Views.as_view(), "/views")
    asked = over_sanic(install(app, origins="*"))
    assert asked(ask("GET", "/marked", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("GET", "/views", APP)).lines(ALLOW) == [APP]
    assert asked(ask("OPTIONS", "/views", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert asked(ask("OPTIONS", "/views", APP, "GET")).lines(METHODS) == ["GET,PUT"]


def test_a_method_that_no_route_has_is_answered_by_the_policy_of_those_that_there_are() -> None:
    app = new()
    app.add_route(cors(PARTNER)(hello_once()), "/marked", methods=["GET", "POST"], name="marked")
    app.add_route(cors(PARTNER)(hello_once()), "/mixed", methods=["GET"], name="mixed")
    app.add_route(hello_once(), "/mixed", methods=["POST"], name="mixed_post")
    asked = over_sanic(install(app, POLICY))
    reply = asked(ask("OPTIONS", "/marked", OTHER, "PUT"))
    assert (reply.status, reply.lines(ALLOW), reply.lines(METHODS)) == (200, [OTHER], ["DELETE"])
    reply = asked(ask("PUT", "/marked", OTHER))
    assert (reply.status, reply.lines(ALLOW)) == (405, [OTHER])
    assert asked(ask("OPTIONS", "/mixed", OTHER, "PUT")).lines(ALLOW) == []
    assert asked(ask("OPTIONS", "/mixed", APP, "PUT")).lines(ALLOW) == [APP]
    reply = asked(ask("PUT", "/mixed", APP))
    assert (reply.status, reply.lines(ALLOW)) == (405, [APP])


def hello_once() -> Any:
    """Return a handler that no other test has marked."""

    async def handler(request: Any) -> HTTPResponse:
        return text("hello")

    return handler


def test_a_mark_that_is_none_is_told_when_the_server_starts() -> None:
    app = new()
    app.add_route(hello, "/wrong", ctx_cors="https://app.example")
    told = asyncio.run(start(install(app, POLICY)))
    assert told["type"] == "lifespan.startup.failed"
    assert "no policy of a route" in told["message"]


def test_a_blueprint_is_behind_the_layer_too() -> None:
    shop = Blueprint("shop", url_prefix="/shop")
    shop.add_route(hello, "/items")
    shop.add_route(hello, "/partner", ctx_cors=PARTNER, name="partner")
    app = new()
    app.blueprint(shop)
    asked = over_sanic(install(app, POLICY))
    assert asked(ask("GET", "/shop/items", APP)).lines(ALLOW) == [APP]
    assert asked(ask("OPTIONS", "/shop/partner", OTHER, "GET")).lines(METHODS) == ["DELETE"]


def test_what_is_streamed_carries_the_headers() -> None:
    app = new()

    @app.get("/stream")
    async def stream(request: Any) -> None:
        response = await request.respond(content_type="text/plain")
        await response.send("one ")
        await response.send("two")
        await response.eof()

    reply = over_sanic(install(app, POLICY))(ask("GET", "/stream", APP))
    assert (reply.body, reply.lines(ALLOW)) == (b"one two", [APP])


def test_percent_encoded_paths_are_read_as_routes_do() -> None:
    asked = over_sanic(install(pages(), Routes({"/caf\xe9": POLICY})))
    assert asked(ask("GET", "/caf%C3%A9", APP)).lines(ALLOW) == [APP]
    assert asked(ask("GET", "/caf%C3%AA", APP)).lines(ALLOW) == []


def test_an_origin_that_is_no_ascii_is_refused_as_the_bytes_that_it_is() -> None:
    asked: list[str | None] = []

    async def choose(origin: str | None, *_: object) -> Policy:
        asked.append(origin)
        return POLICY

    reply = over_sanic(install(pages(), choose))(ask("GET", "/items", "https://app.example\xff"))
    assert reply.cors == {"vary": ["Origin"]}
    assert asked == ["https://app.example\xff"]


@pytest.mark.parametrize(("origin", "ran"), [(APP, True), (OTHER, False)])
def test_a_handshake_of_a_stranger_is_refused_by_enforce(origin: str, *, ran: bool) -> None:
    app = new()
    opened: list[str] = []

    @app.websocket("/socket")
    async def socket(request: Any, ws: Any) -> None:
        opened.append(request.headers["origin"])

    install(app, POLICY, enforce=True)
    asyncio.run(start(app))
    request = ask("GET", "/socket", origin)
    # It says that it is the same origin: that exempts no handshake.
    lines = (*request.headers, ("Upgrade", "websocket"), ("Sec-Fetch-Site", "same-origin"))
    scope = scope_of(
        replace(request, headers=lines),
        type="websocket",
        scheme="ws",
        client=("127.0.0.1", 1),
        subprotocols=[],
    )
    sent: list[str] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(app(scope, receive, send))
    assert opened == ([origin] if ran else [])
    assert ("websocket.accept" in sent) is ran

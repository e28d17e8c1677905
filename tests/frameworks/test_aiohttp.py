"""What is particular to aiohttp: marks on routes, applications inside others, its own answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

import corsmith
from corsmith import Policy, PolicyError, Routes
from corsmith.adapters.aiohttp import CORS, CORS_KEY, cors, install, setup
from tests.adapters.hosts import raw_request
from tests.frameworks.hosts.aiohttp import LOOP, exchange, over_aiohttp, pages, started
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from pathlib import Path

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


async def hello(request: web.Request) -> web.StreamResponse:
    return web.Response(text="hello")


async def greet(request: web.Request) -> web.StreamResponse:
    return web.Response(text="welcome")


class Views(web.View):
    cors_policy = POLICY

    async def get(self) -> web.StreamResponse:
        return web.Response()

    @cors(PARTNER)
    async def delete(self) -> web.StreamResponse:
        return web.Response()


def test_the_application_stays_the_object_that_it_was() -> None:
    app = web.Application()
    assert install(app, POLICY) is app
    assert corsmith.install(web.Application(), POLICY)[CORS_KEY].policy is POLICY
    assert type(app[CORS_KEY]) is CORS


@pytest.mark.parametrize("app", [web.RouteTableDef(), "main:app", None])
def test_what_is_no_aiohttp_application_is_refused(app: Any) -> None:
    with pytest.raises(PolicyError, match=r"is no aiohttp\.web\.Application"):
        install(app, POLICY)


def test_an_application_that_is_started_or_inside_another_is_too_late() -> None:
    inner = web.Application()
    web.Application().add_subapp("/api", inner)
    with pytest.raises(PolicyError, match="Install corsmith before that"):
        install(inner, POLICY)


def test_installing_again_puts_the_second_policy_in_place_of_the_first() -> None:
    app = pages()
    layer = setup(app, POLICY)
    layer.add(app.router.add_get("/added", hello), PARTNER)
    assert setup(app, PARTNER, enforce=True) is layer
    asked = over_aiohttp(app)
    assert asked(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("GET", "/items", APP)).status == 403
    assert asked(ask("GET", "/added", OTHER)).lines(ALLOW) == [OTHER]


def test_no_middleware_comes_before_a_preflight() -> None:
    seen: list[str] = []

    @web.middleware
    async def login(request: web.Request, handler: Any) -> web.StreamResponse:
        seen.append(request.method)
        raise web.HTTPUnauthorized

    app = web.Application()
    install(app, POLICY)
    app.middlewares.insert(0, login)
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/items", APP)).status == 200
    assert seen == []
    reply = asked(ask("GET", "/items", APP))
    assert (reply.status, reply.lines(ALLOW), seen) == (401, [APP], ["GET"])


def test_a_middleware_that_looks_for_another_path_finds_it() -> None:
    app = pages()
    setup(app, Routes({"/": POLICY}))
    reply = over_aiohttp(app)(ask("GET", "//items", APP))
    assert (reply.status, reply.lines("location"), reply.lines(ALLOW)) == (308, ["/items"], [APP])


@pytest.mark.parametrize(
    "policy", [PARTNER, {"origins": [OTHER], "methods": ["DELETE"]}], ids=["policy", "fields"]
)
def test_a_route_is_marked_as_aiohttp_cors_does(policy: Any) -> None:
    app = web.Application()
    layer = setup(app, POLICY)
    app.router.add_get("/items", hello)
    route = app.router.add_delete("/items", hello)
    added = layer.add(route, **policy) if isinstance(policy, dict) else layer.add(route, policy)
    assert added is route
    assert layer.added == {route: PARTNER}
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/items", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert asked(ask("DELETE", "/items", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("GET", "/items", APP)).lines(ALLOW) == [APP]


def test_a_resource_is_marked_with_all_of_its_routes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    app = web.Application()
    layer = setup(app, POLICY)
    resource = layer.add(app.router.add_resource("/items"), PARTNER)
    resource.add_route("DELETE", hello)
    layer.add(app.router.add_static("/files", tmp_path), origins="*")
    layer.add(app.router.add_get("/health", hello), None)
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/items", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    reply = asked(ask("GET", "/files/a.txt", OTHER))
    assert (reply.status, reply.lines("content-length"), reply.lines(ALLOW)) == (200, ["4"], ["*"])
    assert asked(ask("GET", "/health", APP)).cors == {}


def test_a_method_that_no_route_has_is_answered_by_the_policy_of_those_that_there_are() -> None:
    app = web.Application()
    layer = setup(app, Routes({}))
    layer.add(app.router.add_get("/items", hello), PARTNER)
    layer.add(app.router.add_get("/mixed", hello), PARTNER)
    app.router.add_post("/mixed", hello)
    asked = over_aiohttp(app)
    reply = asked(ask("OPTIONS", "/items", OTHER, "PUT"))
    assert (reply.status, reply.lines(ALLOW), reply.lines(METHODS)) == (200, [OTHER], ["DELETE"])
    reply = asked(ask("PUT", "/items", OTHER))
    assert (reply.status, reply.lines(ALLOW)) == (405, [OTHER])
    assert asked(ask("OPTIONS", "/mixed", OTHER, "PUT")).status == 405


def test_what_is_added_for_get_holds_for_its_head() -> None:
    app = web.Application()
    layer = setup(app, Routes({}))
    app.router.add_head("/items", hello)
    layer.add(app.router.add_get("/items", greet, allow_head=False), PARTNER)
    layer.add(app.router.add_get("/both", hello), PARTNER)
    asked = over_aiohttp(app)
    assert asked(ask("HEAD", "/both", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("HEAD", "/items", OTHER)).lines(ALLOW) == []


def test_what_may_be_written_as_a_mark_is_checked_when_it_is_added() -> None:
    app = web.Application()
    layer = setup(app, POLICY)
    route = app.router.add_get("/items", hello)
    with pytest.raises(PolicyError, match="is no route"):
        layer.add("/items", PARTNER)  # type: ignore[type-var]  # that is what is told
    with pytest.raises(PolicyError, match="is no policy of a route"):
        layer.add(route, "*")  # type: ignore[arg-type]  # that is what is told
    with pytest.raises(PolicyError, match="Give one of the two"):
        layer.add(route, PARTNER, origins="*")


def test_a_route_can_be_marked_while_the_application_runs() -> None:
    app = web.Application()
    route = app.router.add_get("/items", hello)
    layer = setup(app, POLICY)
    asked = over_aiohttp(app)
    assert asked(ask("GET", "/items", OTHER)).lines(ALLOW) == []
    layer.add(route, PARTNER)
    assert asked(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]


@pytest.mark.parametrize("add", ["add_view", "add_route"])
def test_a_view_has_a_policy_and_each_of_its_methods_may_have_another(add: str) -> None:
    app = web.Application()
    if add == "add_view":
        app.router.add_view("/items", Views)
    else:
        app.router.add_route("DELETE", "/items", Views)
    install(app, origins="*")
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/items", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert asked(ask("DELETE", "/items", OTHER)).lines(ALLOW) == [OTHER]
    # The policy of the methods that there are is that of a 405.
    allowed = [APP] if add == "add_view" else []
    assert asked(ask("GET", "/items", APP)).lines(ALLOW) == allowed


def test_a_policy_holds_for_the_applications_inside() -> None:
    inner, domain = web.Application(), web.Application()
    inner.router.add_get("/items", hello)
    domain.router.add_get("/items", hello)
    app = web.Application()
    app.add_domain("files.example", domain)
    app.add_subapp("/api", inner)
    install(app, POLICY)
    asked = over_aiohttp(app)
    for path, status in (("/api/items", 200), ("/api/nowhere", 404)):
        assert asked(ask("GET", path, APP)).status == status
        assert asked(ask("GET", path, APP)).lines(ALLOW) == [APP]
        assert asked(ask("OPTIONS", path, APP)).lines(METHODS) == ["GET,PUT"]
    elsewhere = ask("OPTIONS", "/items", APP)
    host = (("Host", "files.example"), *elsewhere.headers[1:])
    assert asked(replace(elsewhere, headers=host)).lines(METHODS) == ["GET,PUT"]


@pytest.mark.parametrize("enforce", [False, True])
def test_an_application_inside_keeps_a_policy_of_its_own(*, enforce: bool) -> None:
    inner, deeper = web.Application(), web.Application()
    inner.router.add_delete("/items", hello)
    deeper.router.add_get("/items", hello)
    install(inner, PARTNER, enforce=enforce)
    app = pages()
    app.add_subapp("/api", inner)
    app.add_subapp("/plain", deeper)
    install(app, POLICY)
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/api/items", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert asked(ask("DELETE", "/api/items", OTHER)).lines(ALLOW) == [OTHER]
    refused = asked(ask("DELETE", "/api/items", APP))
    assert (refused.status, refused.cors) == (403 if enforce else 200, {"vary": ["Origin"]})
    assert asked(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert asked(ask("GET", "/plain/items", APP)).lines(ALLOW) == [APP]
    assert asked(ask("OPTIONS", "/items", APP)).lines(METHODS) == ["GET,PUT"]


def test_a_policy_inside_holds_where_there_is_none_around() -> None:
    inner = install(web.Application(), PARTNER)
    app = pages()
    app.add_subapp("/api", web.Application())
    app.add_subapp("/partner", inner)
    asked = over_aiohttp(app)
    assert asked(ask("OPTIONS", "/partner/x", OTHER)).lines(METHODS) == ["DELETE"]
    assert asked(ask("GET", "/partner/x", OTHER)).lines(ALLOW) == [OTHER]
    assert asked(ask("GET", "/items", OTHER)).cors == {}


def test_what_is_streamed_carries_the_headers() -> None:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"part")
        return response

    app = web.Application()
    app.router.add_get("/stream", stream)
    install(app, POLICY)
    reply = over_aiohttp(app)(ask("GET", "/stream", APP))
    assert (reply.body, reply.lines(ALLOW)) == (b"4\r\npart\r\n0\r\n\r\n", [APP])


@pytest.mark.parametrize(
    "source", [POLICY, Routes({"/": POLICY}), Routes({"/nowhere": POLICY})], ids=repr
)
def test_what_aiohttp_refuses_before_any_handler_carries_the_headers(source: Any) -> None:
    app = install(pages(), source)
    request = ask("GET", "/items", APP)
    expecting = replace(request, headers=(*request.headers, ("Expect", "much")))
    reply = over_aiohttp(app)(expecting)
    allowed = [] if source == Routes({"/nowhere": POLICY}) else [APP]
    assert (reply.status, reply.lines(ALLOW)) == (417, allowed)


def shake(app: web.Application, origin: str) -> bytes:
    """Return the head of the answer to a WebSocket's handshake."""
    lines = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
    lines.append(("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="))
    # It says that it is the same origin: that exempts no handshake.
    lines.append(("Sec-Fetch-Site", "same-origin"))
    request = ask("GET", "/socket", origin)
    received = raw_request(replace(request, headers=(*request.headers, *lines)))
    closing = b"\x88\x80\x00\x00\x00\x00"
    return LOOP.run_until_complete(exchange(started(app), received + closing))


def test_a_handshake_carries_the_headers_and_is_refused_by_enforce() -> None:
    async def socket(request: web.Request) -> web.StreamResponse:
        response = web.WebSocketResponse()
        await response.prepare(request)
        await response.close()
        return response

    app = web.Application()
    app.router.add_get("/socket", socket)
    install(app, POLICY, enforce=True)
    opened = shake(app, APP)
    assert opened.startswith(b"HTTP/1.1 101 ")
    assert f"Access-Control-Allow-Origin: {APP}\r\n".encode() in opened


def test_a_handshake_of_a_stranger_is_refused() -> None:
    app = install(web.Application(), POLICY, enforce=True)
    request = ask("GET", "/socket", OTHER)
    lines = (("Upgrade", "websocket"), ("Sec-Fetch-Site", "same-origin"))
    reply = over_aiohttp(app)(replace(request, headers=(*request.headers, *lines)))
    assert reply.status == 403


def test_an_origin_that_is_no_ascii_is_refused_as_the_bytes_that_it_is() -> None:
    asked: list[str | None] = []

    async def choose(origin: str | None, *_: object) -> Policy:
        asked.append(origin)
        return POLICY

    app = install(pages(), choose)
    reply = over_aiohttp(app)(ask("GET", "/items", "https://app.example\xff"))
    assert reply.cors == {"vary": ["Origin"]}
    assert asked == ["https://app.example\xff"]


def test_only_so_many_origins_of_a_pattern_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("corsmith.adapters.aiohttp.MAX_ORIGINS_MET", 2)
    app = install(web.Application(), origins=["https://*.shop.example"])
    asked = over_aiohttp(app)
    for name in "abca":
        origin = f"https://{name}.shop.example"
        assert asked(ask("GET", "/", origin)).lines(ALLOW) == [origin]
    assert asked(ask("GET", "/", OTHER)).lines(ALLOW) == []
    assert sorted(app[CORS_KEY].__dict__["_ready"]) == [f"https://{n}.shop.example" for n in "ab"]
    app[CORS_KEY].policy = POLICY
    assert asked(ask("GET", "/", "https://a.shop.example")).lines(ALLOW) == []


def test_enforce_refuses_a_stranger_where_a_path_has_two_readings() -> None:
    app = install(pages(), Routes({"/items": POLICY, "/open/": PARTNER}), enforce=True)
    reply = over_aiohttp(app)(ask("GET", "/items/../open/x", APP))
    assert (reply.status, reply.cors) == (403, {})
    assert over_aiohttp(app)(ask("GET", "/items/../open/x", None)).status == 404

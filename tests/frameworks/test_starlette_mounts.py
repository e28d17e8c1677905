"""Marks in Starlette: on classes and their methods, and on what is mounted, with a layer or not."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import BaseRoute, Host, Mount, Route, Router

from corsmith import Policy, Routes, refusals
from corsmith.adapters import asgi
from corsmith.adapters.starlette import CORSMiddleware, cors, install
from tests.adapters.hosts import Request
from tests.frameworks.calling import over_asgi
from tests.frameworks.hosts import starlette as host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"
THIRD = "https://third.example"


def allowed(app: Any, path: str, wanted: str = "GET") -> set[str]:
    """Return who may ask with this method; a preflight and its request agree."""
    pages = over_asgi(app)
    found = set()
    for origin in (APP, OTHER, THIRD):
        asked = pages(ask("OPTIONS", path, origin, wanted)).lines(ALLOW)
        assert pages(ask(wanted, path, origin)).lines(ALLOW) == asked
        found |= set(asked)
    return found


class Marked(HTTPEndpoint):
    """A class with a mark, and one on one of its methods."""

    cors_policy = PARTNER

    async def get(self, request: Any) -> Any:
        return JSONResponse({})

    @cors(origins=[THIRD], methods=["PUT"])
    async def put(self, request: Any) -> Any:
        return JSONResponse({})


class Partly(HTTPEndpoint):
    """A class of which only the way to read is marked."""

    @cors(PARTNER)
    async def get(self, request: Any) -> Any:
        return JSONResponse({})

    async def post(self, request: Any) -> Any:
        return JSONResponse({})


def test_a_method_of_a_class_comes_before_its_class() -> None:
    app = install(Starlette(routes=[Route("/x", Marked)]), POLICY)
    assert allowed(app, "/x") == {OTHER}
    assert allowed(app, "/x", "HEAD") == {OTHER}
    assert allowed(app, "/x", "PUT") == {THIRD}
    assert allowed(app, "/x", "DELETE") == {OTHER}


def test_a_class_may_have_marked_methods_only() -> None:
    app = install(Starlette(routes=[Route("/x", Partly)]), POLICY)
    assert allowed(app, "/x") == {OTHER}
    assert allowed(app, "/x", "HEAD") == {OTHER}
    assert allowed(app, "/x", "POST") == {APP}


def test_a_route_that_does_not_take_the_method_still_has_its_policy() -> None:
    routes = [
        Route("/x", cors(PARTNER)(Plain())),
        Route("/y", host.items),
        Route("/y", host.delete, methods=["DELETE"]),
    ]
    routes[0].methods = {"GET"}
    app = install(Starlette(routes=routes), POLICY)
    assert allowed(app, "/x", "PUT") == {OTHER}
    assert allowed(app, "/y", "PUT") == {APP}
    assert allowed(app, "/y", "DELETE") == {OTHER}


class Plain:
    """An application that is no framework's."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("plain")(scope, receive, send)


def test_a_redirect_to_the_path_with_or_without_a_slash_has_the_policy_of_its_target() -> None:
    routes = [
        Route("/with/", cors(PARTNER)(Plain())),
        Route("/without", cors(PARTNER)(Plain())),
        Mount("/in", routes=[Route("/with/", cors(PARTNER)(Plain()))]),
        Mount(
            "/strict", app=Router([Route("/x/", cors(PARTNER)(Plain()))], redirect_slashes=False)
        ),
        Mount("/app", app=Starlette(routes=[Route("/x/", cors(PARTNER)(Plain()))])),
    ]
    app = install(Starlette(routes=routes), POLICY)
    for path in ("/with", "/without/", "/in/with", "/app/x"):
        assert over_asgi(app)(ask("GET", path, OTHER)).status == 307
        assert allowed(app, path) == {OTHER}
    assert allowed(app, "/strict/x") == {APP}
    assert allowed(app, "/nowhere") == {APP}
    assert allowed(app, "/") == {APP}
    app.router.redirect_slashes = False
    app.router.routes.append(Route("/more", host.items))
    assert allowed(app, "/with") == {APP}


def test_what_is_mounted_has_its_mark_and_a_route_inside_of_it_comes_before_that() -> None:
    inner = Router([Route("/own", cors(origins=[THIRD])(Plain())), Route("/x", host.items)])
    routes: list[BaseRoute] = [
        Mount("/plain", cors(PARTNER)(Plain())),
        Mount("/inner", cors(PARTNER)(inner)),
        Mount("/exempt", cors(None)(Starlette(routes=[Route("/x", host.items)]))),
        Host("api.example", cors(PARTNER)(Router([Route("/x", host.items)]))),
        Mount("/deep", routes=[Mount("/er", cors(PARTNER)(Plain()))]),
        Route("/x", host.items),
    ]
    app = install(Starlette(routes=routes), POLICY)
    for path in ("/plain/x", "/inner/x", "/inner/nowhere", "/deep/er/x"):
        assert allowed(app, path) == {OTHER}
    assert allowed(app, "/inner/own") == {THIRD}
    assert allowed(app, "/exempt/x") == set()
    assert allowed(app, "/x") == {APP}
    lines = (("Host", "api.example"), ("Origin", OTHER))
    assert over_asgi(app)(Request(path="/x", headers=lines)).lines(ALLOW) == [OTHER]


def test_a_mark_of_a_layer_around_what_is_mounted_is_found() -> None:
    class Layer:
        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self.app(scope, receive, send)

    inner = cors(PARTNER)(Starlette(routes=[Route("/own", cors(origins=[THIRD])(Plain()))]))
    app = install(Starlette(routes=[Mount("/in", inner, middleware=[Middleware(Layer)])]), POLICY)
    assert allowed(app, "/in/own") == {THIRD}
    assert allowed(app, "/in/nowhere") == {OTHER}


def test_what_is_mounted_without_a_mark_or_a_layer_has_the_policy_of_the_whole() -> None:
    circle = Plain()
    circle.app = circle  # type: ignore[attr-defined]  # what no application should be
    sub = host.pages()
    sub.add_middleware(Gate)
    routes = [Mount("/circle", circle), Mount("/sub", sub), Mount("/own", cors(PARTNER)(Plain()))]
    app = install(Starlette(routes=routes), POLICY)
    assert allowed(app, "/circle/x") == allowed(app, "/sub/items") == {APP}
    assert allowed(app, "/own/x") == {OTHER}


class Gate:
    """A middleware of the outer application that answers everything itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("Who are you?", 401)(scope, receive, send)


def by_installing(app: Starlette, source: Any, **options: Any) -> Any:
    return install(app, source, **options)


def by_adding(app: Starlette, source: Any, **options: Any) -> Any:
    app.add_middleware(CORSMiddleware, source, **options)
    return app


def by_adding_the_protocols(app: Starlette, source: Any, **options: Any) -> Any:
    app.add_middleware(asgi.CORSMiddleware, source, **options)  # type: ignore[arg-type]  # its fields are objects
    return app


def by_wrapping(app: Starlette, source: Any, **options: Any) -> Any:
    return asgi.CORSMiddleware(app, source, **options)


EACH = pytest.mark.parametrize(
    "put", [by_installing, by_adding, by_adding_the_protocols, by_wrapping]
)


@EACH
def test_a_mounted_application_keeps_its_own_policy_below_its_path(put: Any) -> None:
    sub = put(host.pages(), PARTNER)
    app = install(Starlette(routes=[Mount("/sub", sub), Route("/x", host.items)]), POLICY)
    for _ in range(2):  # its layer is made with its first request
        for path in ("/sub/items", "/sub/nowhere", "/sub/fails"):
            assert allowed(app, path) == {OTHER}
        assert allowed(app, "/x") == {APP}
        assert over_asgi(app)(ask("OPTIONS", "/sub/items", OTHER)).lines(METHODS) == ["DELETE"]
    # Served alone it is as before.
    assert allowed(sub, "/items") == {OTHER}


@EACH
def test_what_the_outer_application_answers_for_it_has_that_policy_too(put: Any) -> None:
    app = install(Starlette(routes=[Mount("/sub", put(host.pages(), PARTNER))]), POLICY)
    app.add_middleware(Gate)
    assert allowed(app, "/sub/items") == {OTHER}
    assert over_asgi(app)(ask("OPTIONS", "/sub/items", OTHER)).status == 200
    assert over_asgi(app)(ask("GET", "/sub/items", OTHER)).status == 401


@EACH
def test_a_mounted_application_asks_its_own_function_or_routes_itself(put: Any) -> None:
    async def choose(origin: Any, scheme: str, host: Any, path: str) -> Policy:
        return PARTNER if path == "/items" else Policy(origins=[THIRD])

    routes = Routes({"/items": PARTNER, "/": Policy(origins=[THIRD])})
    for source in (choose, routes):
        app = install(Starlette(routes=[Mount("/sub", put(host.pages(), source))]), POLICY)
        assert allowed(app, "/sub/items") == {OTHER}
        assert allowed(app, "/sub/teapot") == {THIRD}
        assert allowed(app, "/nowhere") == {APP}


@EACH
def test_a_mounted_application_that_enforces_still_does(put: Any) -> None:
    app = Starlette(routes=[Mount("/sub", put(host.pages(), PARTNER, enforce=True))])
    pages = over_asgi(install(app, POLICY))
    assert pages(ask("GET", "/sub/items", APP)).status == 403
    assert pages(ask("GET", "/sub/items", OTHER)).status == 200
    assert pages(ask("GET", "/nowhere", OTHER)).status == 404


def test_a_mark_inside_of_a_mounted_application_comes_before_its_policy() -> None:
    sub = install(host.pages(), Policy(origins=[THIRD]))
    app = install(Starlette(routes=[Mount("/sub", sub)]), POLICY)
    assert allowed(app, "/sub/items") == {THIRD}
    assert allowed(app, "/sub/marked", "DELETE") == {OTHER}
    assert allowed(app, "/sub/exempt") == set()


@pytest.fixture
def _unsaid() -> Iterator[None]:
    """Let everything be said, and be forgotten afterwards."""
    before = set(refusals._said)
    refusals._said.clear()
    yield
    refusals._said.clear()
    refusals._said.update(before)


@pytest.mark.usefixtures("_unsaid")
@pytest.mark.parametrize("put", [by_installing, by_adding])
def test_no_header_of_a_mounted_application_is_said_to_be_replaced(
    put: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="corsmith")
    app = install(Starlette(routes=[Mount("/sub", put(host.pages(), PARTNER))]), POLICY)
    for _ in range(2):
        assert over_asgi(app)(ask("GET", "/sub/items", OTHER)).lines(ALLOW) == [OTHER]
    assert caplog.records == []


def test_a_route_whose_matching_fails_is_told_of_by_the_router() -> None:
    class Broken(Route):
        def matches(self, scope: Any) -> Any:
            raise ZeroDivisionError

    routes = [Broken("/broken", host.items), Route("/x", host.delete)]
    reply = over_asgi(install(Starlette(routes=routes), POLICY))(ask("GET", "/x", APP))
    assert isinstance(reply.raised, ZeroDivisionError)
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])

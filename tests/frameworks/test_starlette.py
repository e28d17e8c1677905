"""What is particular to Starlette: the outermost place, and who answers what nobody handled."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware as Stock
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route, Router, WebSocketRoute

from corsmith import PolicyError, install, refusals
from corsmith.adapters import asgi
from corsmith.adapters.starlette import CORSMiddleware, cors
from corsmith.adapters.starlette import install as install_here
from tests.adapters.hosts import scope_of
from tests.frameworks.calling import over_asgi
from tests.frameworks.hosts import starlette as host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def installed(app: Starlette, source: Any = POLICY, **options: Any) -> Starlette:
    install_here(app, source, **options)
    return app


def added(app: Starlette, source: Any = POLICY, **options: Any) -> Starlette:
    app.add_middleware(CORSMiddleware, source, **options)
    return app


def added_first(app: Starlette, source: Any = POLICY, **options: Any) -> Starlette:
    """Add the layer, and another one after it, which is then outside of it."""
    added(app, source, **options).add_middleware(Passing)
    return app


def around(app: Starlette, source: Any = POLICY, **options: Any) -> Any:
    return CORSMiddleware(app, source, **options)


class Passing:
    """A middleware that changes nothing."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


class Hiding:
    """A middleware that keeps what is inside of it under a name of its own."""

    def __init__(self, app: Any) -> None:
        self.inside = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.inside(scope, receive, send)


EACH = pytest.mark.parametrize("put", [installed, added, added_first, around])
INSIDE = pytest.mark.parametrize("put", [installed, added, added_first])


@EACH
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_answer_can_be_read_wherever_the_layer_was_put(put: Any, probe: Any) -> None:
    reply = over_asgi(put(host.pages()))(probe.request)
    assert faults(probe, reply, probe.statuses) == []


@EACH
def test_the_marks_are_found_wherever_the_layer_was_put(put: Any) -> None:
    pages = over_asgi(put(host.pages()))
    assert pages(ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]
    assert pages(ask("DELETE", "/marked", OTHER)).lines(ALLOW) == [OTHER]
    assert pages(ask("GET", "/exempt", APP)).cors == {}


def test_the_application_that_is_served_is_the_one_that_was_given() -> None:
    app = host.pages()
    assert install(app, POLICY) is app
    assert install_here(app, POLICY) is app
    app.add_middleware(Passing)
    app.router.routes.append(Route("/later", host.items))
    assert over_asgi(app)(ask("GET", "/later", APP)).lines(ALLOW) == [APP]


def answering(handler: Any, **options: Any) -> Starlette:
    """Return an application whose own handler answers what nobody else did."""
    app = Starlette(routes=[Route("/fails", host.fails)], **options)
    app.add_exception_handler(Exception, handler)
    return app


@EACH
@pytest.mark.parametrize("is_async", [True, False])
def test_the_applications_own_handler_answers_once_what_nobody_handled(
    put: Any, *, is_async: bool
) -> None:
    called = []

    def handler(request: Any, error: Exception) -> Any:
        called.append((request.url.path, type(error)))
        return JSONResponse({"oops": True}, 503)

    async def handler_async(request: Any, error: Exception) -> Any:
        return handler(request, error)

    app = put(answering(handler_async if is_async else handler))
    reply = over_asgi(app)(ask("GET", "/fails", APP))
    assert (reply.status, reply.body) == (503, b'{"oops":true}')
    assert reply.cors == {
        ALLOW: [APP],
        "access-control-expose-headers": ["x-total"],
        "vary": ["Origin"],
    }
    assert called == [("/fails", LookupError)]
    assert isinstance(reply.raised, LookupError)


@EACH
def test_the_page_for_debugging_is_shown_and_can_be_read(put: Any) -> None:
    app = put(Starlette(debug=True, routes=[Route("/fails", host.fails)]))
    reply = over_asgi(app)(ask("GET", "/fails", APP))
    assert reply.status == 500
    assert b"Traceback" in reply.body
    assert reply.lines(ALLOW) == [APP]


@INSIDE
def test_a_stranger_gets_the_500_without_the_permission(put: Any) -> None:
    reply = over_asgi(put(host.pages()))(ask("GET", "/fails", OTHER))
    assert (reply.status, reply.cors) == (500, {"vary": ["Origin"]})


@EACH
def test_an_answer_that_had_begun_is_not_begun_again(put: Any) -> None:
    async def breaks(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise LookupError

    app = put(Starlette(routes=[Mount("/", breaks)]))
    reply = over_asgi(app)(ask("GET", "/x", APP))
    assert (reply.status, reply.body, reply.lines(ALLOW)) == (200, b"", [APP])
    assert isinstance(reply.raised, LookupError)


def test_a_layer_that_cannot_see_the_outermost_one_answers_itself() -> None:
    app = added(host.pages())
    app.add_middleware(Hiding)
    pages = over_asgi(app)
    reply = pages(ask("GET", "/fails", APP))
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])
    assert pages(ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]


def test_an_application_that_builds_no_outermost_layer_has_its_500_answered() -> None:
    class Bare(Starlette):
        def build_middleware_stack(self) -> Any:
            return CORSMiddleware(self.router, POLICY)

    reply = over_asgi(Bare(routes=[Route("/fails", host.fails)]))(ask("GET", "/fails", APP))
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])


class Gate:
    """A middleware that answers everything itself."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await PlainTextResponse("Who are you?", 401)(scope, receive, send)


def test_a_middleware_that_is_added_later_is_outside_of_an_added_layer() -> None:
    """It answers preflights as it likes, as it would around Starlette's own layer."""
    app = added(host.pages())
    app.add_middleware(Gate)
    for request in (ask("GET", "/items", APP), ask("OPTIONS", "/items", APP)):
        reply = over_asgi(app)(request)
        assert (reply.status, reply.cors) == (401, {})


def test_a_middleware_that_is_added_later_is_inside_of_an_installed_layer() -> None:
    app = installed(host.pages())
    app.add_middleware(Gate)
    reply = over_asgi(app)(ask("GET", "/items", APP))
    assert (reply.status, reply.lines(ALLOW)) == (401, [APP])
    assert over_asgi(app)(ask("OPTIONS", "/items", APP)).status == 200


def test_installing_again_replaces_the_policy() -> None:
    app = installed(host.pages(), enforce=True)
    installed(app, PARTNER)
    pages = over_asgi(app)
    assert pages(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]
    reply = pages(ask("GET", "/items", APP))
    assert (reply.status, reply.cors) == (200, {"vary": ["Origin"]})
    installed(app, enforce=True)
    assert pages(ask("GET", "/items", OTHER)).status == 403
    with pytest.raises(PolicyError, match="neither True nor False"):
        installed(app, PARTNER, enforce="no")
    assert pages(ask("GET", "/items", APP)).status == 200


def test_a_policy_is_installed_in_an_application_that_has_started() -> None:
    app = host.pages()
    assert over_asgi(app)(ask("GET", "/items", APP)).cors == {}
    installed(app)
    pages = over_asgi(app)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert pages(ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]


async def start(app: Any) -> list[str]:
    """Start and stop an application as a server does, and return what it says."""
    received = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    said = []

    async def receive() -> Any:
        return received.pop(0)

    async def send(message: Any) -> None:
        said.append(message["type"])

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    return said


@INSIDE
def test_the_policy_can_be_swapped_as_soon_as_the_application_has_started(put: Any) -> None:
    app = put(host.pages())
    assert asyncio.run(start(app)) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    app.state.corsmith.policy = PARTNER
    assert over_asgi(app)(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]


def test_a_layer_added_to_an_application_with_a_policy_leaves_that_in_its_place() -> None:
    app = added(installed(host.pages()), PARTNER)
    pages = over_asgi(app)
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert app.state.corsmith.policy == POLICY


def test_something_that_is_no_mark_is_told_when_the_application_starts() -> None:
    class Endpoint:
        cors_policy = 7

    app = installed(Starlette(routes=[Route("/x", Endpoint)]))
    with pytest.raises(PolicyError, match="7 is no policy of a route"):
        asyncio.run(start(app))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """Return what corsmith logs, as if nothing had been said before."""
    caplog.set_level(logging.WARNING, logger="corsmith")
    before = set(refusals._said)
    refusals._said.clear()
    yield lambda: [record.getMessage() for record in caplog.records if record.name == "corsmith"]
    refusals._said.clear()
    refusals._said.update(before)


def test_starlettes_own_layer_that_was_left_in_is_replaced_and_noted_once(log: Any) -> None:
    app = installed(host.pages())
    app.add_middleware(Stock, allow_origins=["*"], allow_credentials=True)
    pages = over_asgi(app)
    for _ in range(2):
        reply = pages(ask("GET", "/items", APP))
        assert (reply.lines(ALLOW), reply.lines("access-control-allow-credentials")) == ([APP], [])
    assert pages(ask("GET", "/items", OTHER)).cors == {"vary": ["Origin"]}
    assert len([line for line in log() if "the policy decides alone" in line]) == 1


def test_what_is_no_application_but_a_part_of_one_is_wrapped() -> None:
    router = Router([Route("/items", host.items)])
    wrapped = install(router, POLICY)
    assert type(wrapped) is CORSMiddleware
    assert over_asgi(wrapped)(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert over_asgi(install(wrapped, POLICY))(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    other = asgi.CORSMiddleware(host.pages(), POLICY)
    assert over_asgi(install(other, PARTNER))(ask("GET", "/items", APP)).lines(ALLOW) == []


def test_the_layer_of_one_mounted_part_is_for_that_part_alone() -> None:
    layer = Middleware(CORSMiddleware, POLICY)
    app = Starlette(
        routes=[
            Mount(
                "/api",
                routes=[Route("/items", host.items), Route("/fails", host.fails)],
                middleware=[layer],
            ),
            Route("/items", host.items),
            Route("/fails", host.fails),
            Route("/api/items", host.exempt),
        ]
    )
    pages = over_asgi(app)
    assert pages(ask("GET", "/api/items", APP)).lines(ALLOW) == [APP]
    assert pages(ask("OPTIONS", "/api/items", APP)).lines(METHODS) == ["GET,PUT"]
    assert pages(ask("GET", "/api/fails", APP)).lines(ALLOW) == [APP]
    assert pages(ask("GET", "/items", APP)).cors == {}
    assert pages(ask("GET", "/fails", APP)).cors == {}
    assert not hasattr(app.state, "corsmith")


def shake(app: Any, path: str, *origins: str) -> list[str]:
    """Open a WebSocket, and return what the application sends."""
    said = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    headers = [(b"origin", origin.encode()) for origin in origins]
    scope = scope_of(ask("GET", path, None), type="websocket", headers=headers, subprotocols=[])
    del scope["method"]
    asyncio.run(app(scope, receive, send))
    return said


async def talk(websocket: Any) -> None:
    await websocket.accept()
    await websocket.close()


@EACH
def test_a_websocket_is_guarded_by_the_policy_of_its_own_route(put: Any) -> None:
    routes = [WebSocketRoute("/talk", talk), WebSocketRoute("/own", cors(PARTNER)(Talk(talk)))]
    app = put(Starlette(routes=routes), enforce=True)
    opened = ["websocket.accept", "websocket.close"]
    assert shake(app, "/talk", APP) == opened
    assert shake(app, "/talk", OTHER) == ["websocket.close"]
    assert shake(app, "/own", OTHER) == opened
    assert shake(app, "/own", APP) == ["websocket.close"]
    assert shake(app, "/talk") == opened


class Talk:
    """An endpoint that is an object."""

    def __init__(self, answer: Any) -> None:
        self.route = WebSocketRoute("/", answer)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.route.handle(scope, receive, send)


def test_the_fields_of_a_policy_may_be_given_to_add_middleware() -> None:
    app = host.pages()
    app.add_middleware(CORSMiddleware, origins=[APP], credentials=True)
    reply = over_asgi(app)(ask("GET", "/items", APP))
    assert reply.lines("access-control-allow-credentials") == ["true"]


def test_a_policy_is_asked_again_when_another_route_was_added() -> None:
    app = installed(Starlette(routes=[Route("/items", host.items)]))
    pages = over_asgi(app)
    assert pages(ask("GET", "/later", OTHER)).status == 404
    app.router.routes.append(Route("/later", host.delete, methods=["DELETE"]))
    assert pages(ask("DELETE", "/later", APP)).lines(ALLOW) == []
    assert pages(ask("OPTIONS", "/later", OTHER, "DELETE")).lines(ALLOW) == [OTHER]

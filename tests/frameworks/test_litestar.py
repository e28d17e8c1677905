"""What is particular to Litestar: the plugin, ``opt``, and what its own hooks do not meet."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from litestar import (
    Controller,
    Litestar,
    MediaType,
    Request,
    Response,
    Router,
    WebSocket,
    asgi,
    get,
    put,
)
from litestar.config.cors import CORSConfig
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import websocket
from litestar.testing import TestClient

from corsmith import PolicyError, install, refusals
from corsmith.adapters import asgi as protocol
from corsmith.adapters.litestar import CORSPlugin, cors
from corsmith.adapters.litestar import install as install_here
from tests.frameworks.calling import over_asgi
from tests.frameworks.hosts import litestar as host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults
from tests.frameworks.test_starlette import shake, start
from tests.frameworks.test_starlette_mounts import THIRD, allowed

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


@get(["/items", "/slash/"])
async def items() -> dict[str, str]:
    """Answer something."""
    return {}


def plugged(*handlers: Any, **options: Any) -> Litestar:
    """Return an application with the plugin that has started."""
    app = Litestar([*handlers], plugins=[CORSPlugin(POLICY, **options)])
    asyncio.run(start(app))
    return app


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_answer_can_be_read_behind_the_plugin(probe: Any) -> None:
    plugin = CORSPlugin(POLICY)
    app = Litestar([*host.handlers()], plugins=[plugin])
    asyncio.run(start(app))
    reply = over_asgi(app)(probe.request)
    assert faults(probe, reply, probe.statuses) == []


def test_the_plugin_takes_its_place_once_however_often_the_application_starts() -> None:
    app = Litestar([items], plugins=[CORSPlugin(POLICY)])
    asyncio.run(start(app))
    layer = app.asgi_handler
    asyncio.run(start(app))
    assert app.asgi_handler is layer
    reply = over_asgi(app)(ask("GET", "/items", APP))
    assert (reply.status, reply.lines(ALLOW)) == (200, [APP])


def test_a_client_for_tests_starts_the_plugin() -> None:
    plugin = CORSPlugin(origins=[APP])
    with TestClient(Litestar([items], plugins=[plugin])) as client:
        assert client.get("/items", headers={"Origin": APP}).headers[ALLOW] == APP
        plugin.policy = PARTNER
        assert plugin.policy == PARTNER
        assert ALLOW not in client.get("/items", headers={"Origin": APP}).headers


def test_what_is_wrong_with_a_policy_is_told_when_the_plugin_is_made() -> None:
    with pytest.raises(PolicyError, match="origin-has-path"):
        CORSPlugin(origins=["https://app.example/"])
    with pytest.raises(PolicyError, match="Write async def"):
        CORSPlugin(lambda *_: POLICY)


def test_the_application_that_is_served_is_the_one_that_was_given() -> None:
    app = Litestar([items])
    assert install(app, POLICY) is app
    installed = app.asgi_handler
    install_here(app, PARTNER, enforce=True)
    assert app.asgi_handler is installed
    assert over_asgi(app)(ask("GET", "/items", APP)).status == 403
    assert over_asgi(app)(ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]


def test_what_is_no_application_is_wrapped() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    assert type(install_here(app, POLICY)) is protocol.CORSMiddleware


class Books(Controller):
    """A controller with a mark, and handlers that have their own."""

    path = "/books"
    opt = {"cors": PARTNER}  # noqa: RUF012  as Litestar writes it

    @get("/")
    async def all(self) -> dict[str, str]:
        return {}

    @get("/{number:int}", opt={"cors": {"origins": [THIRD]}})
    async def one(self) -> dict[str, int]:
        return {}

    @put("/{number:int}", opt={"cors": None})
    async def write(self) -> dict[str, int]:
        return {}


class Films(Controller):
    """A controller with a handler that is marked."""

    path = "/films"

    @get("/")
    @cors(PARTNER)
    async def all(self) -> dict[str, str]:
        return {}


@cors(PARTNER)
@get("/above")
async def above() -> dict[str, str]:
    """Be marked above the decorator."""
    return {}


def test_a_mark_in_opt_is_that_of_a_controller_a_router_and_a_handler() -> None:
    router = Router("/v1", route_handlers=[items], opt={"cors": PARTNER})
    app = install_here(Litestar([Books, Films, router, items, above]), POLICY)
    for path in ("/books", "/books/", "/films", "/v1/items", "/above"):
        assert allowed(app, path) == {OTHER}
    assert allowed(app, "/books/3") == {THIRD}
    assert allowed(app, "/books/3", "PUT") == set()
    assert allowed(app, "/items") == {APP}
    assert allowed(app, "/books/x") == {APP}


def test_a_method_that_a_marked_path_does_not_take_has_its_policy() -> None:
    app = install_here(Litestar([Books]), POLICY)
    assert allowed(app, "/books", "PUT") == {OTHER}
    assert allowed(app, "/books/3", "DELETE") == {THIRD}


def test_a_mark_is_found_below_a_path_that_is_mounted() -> None:
    @asgi("/static", is_mount=True, copy_scope=True, opt={"cors": PARTNER})
    async def static(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    assert allowed(install_here(Litestar([static, items]), POLICY), "/static/a/b") == {OTHER}


def test_something_that_is_no_mark_is_told_when_it_is_installed() -> None:
    @get("/x", opt={"cors": "https://app.example"})
    async def wrong() -> dict[str, str]:
        return {}

    with pytest.raises(PolicyError, match="is no policy of a route"):
        install_here(Litestar([wrong]), POLICY)


def test_a_handler_that_is_registered_later_has_its_mark() -> None:
    app = install_here(Litestar([items]), POLICY)
    assert allowed(app, "/films") == {APP}
    app.register(Films)
    assert allowed(app, "/films") == {OTHER}
    assert allowed(app, "/items") == {APP}


def test_a_websocket_is_guarded_by_its_own_policy() -> None:
    @websocket("/talk")
    async def talk(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.close()

    @websocket("/own", opt={"cors": PARTNER})
    async def own(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await socket.close()

    app = plugged(talk, own, enforce=True)
    opened = ["websocket.accept", "websocket.close"]
    assert shake(app, "/talk", APP) == opened
    assert shake(app, "/talk", OTHER) == ["websocket.close"]
    assert shake(app, "/own", OTHER) == opened
    assert shake(app, "/own", APP) == ["websocket.close"]


def test_a_path_that_takes_websockets_only_has_the_policy_of_the_whole() -> None:
    @websocket("/own", opt={"cors": PARTNER})
    async def own(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()

    assert allowed(install_here(Litestar([own]), POLICY), "/own") == {APP}


def test_no_guard_meets_a_preflight_and_what_it_refuses_can_be_read() -> None:
    met = []

    def guard(connection: Any, _: Any) -> None:
        met.append(connection.scope["method"])
        raise NotAuthorizedException

    app = install_here(Litestar([items], guards=[guard]), POLICY)
    assert over_asgi(app)(ask("OPTIONS", "/items", APP)).status == 200
    reply = over_asgi(app)(ask("GET", "/items", APP))
    assert (reply.status, reply.lines(ALLOW), met) == (401, [APP], ["GET"])


def test_the_applications_own_handler_answers_what_nobody_handled() -> None:
    def oops(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        return Response("oops", media_type=MediaType.TEXT, status_code=500)

    @get("/fails")
    async def fails() -> None:
        raise LookupError

    own = install_here(Litestar([fails], exception_handlers={Exception: oops}), POLICY)
    reply = over_asgi(own)(ask("GET", "/fails", APP))
    assert (reply.status, reply.body, reply.lines(ALLOW)) == (500, b"oops", [APP])


def test_litestars_own_layer_that_was_left_in_is_replaced_and_noted_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_said", set())
    caplog.set_level(logging.WARNING, logger="corsmith")
    stock = CORSConfig(allow_credentials=True)
    app = install_here(Litestar([items], cors_config=stock, logging_config=None), POLICY)
    for _ in range(2):
        reply = over_asgi(app)(ask("GET", "/items", APP))
        assert (reply.lines(ALLOW), reply.lines("access-control-allow-credentials")) == ([APP], [])
    assert ["the policy decides alone" in record.getMessage() for record in caplog.records] == [
        True
    ]

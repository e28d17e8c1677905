"""What every framework does, and what Starlette, Flask, Quart and Litestar tell besides."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi
import pytest
from flask import Blueprint, Flask, session
from flask_cors import CORS
from litestar import Litestar, WebSocket, get, websocket
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.config.cors import CORSConfig
from litestar.middleware.session.server_side import ServerSideSessionConfig
from quart import Quart
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route
from starlette.staticfiles import StaticFiles

from corsmith import Routes, install
from corsmith.adapters.litestar import CORSPlugin
from corsmith.adapters.starlette import CORSMiddleware
from corsmith.application.anatomy import Spot, examine
from corsmith.application.memory import InMemory
from corsmith.marks import UNMARKED, cors
from tests.application.shops import PARTNER, SHOPS, WHOLE

if TYPE_CHECKING:
    from corsmith.application.anatomy import Anatomy

PAGE = "https://app.example"
OURS: dict[str, Any] = {"origins": [PAGE]}


def templates(anatomy: Anatomy) -> list[str]:
    """Return the routes as they are written."""
    return [route.template for route in anatomy.routes]


def libraries(anatomy: Anatomy) -> list[str]:
    """Return whose CORS layers there are, the outermost first."""
    return [one.library for one in anatomy.cors]


@pytest.mark.parametrize("name", SHOPS)
@pytest.mark.parametrize("fault", ["error", "crash"])
def test_a_handler_raises_for_a_moment_in_every_framework(name: str, fault: Any) -> None:
    app = SHOPS[name](WHOLE)
    anatomy = examine(app)
    assert anatomy.framework == name
    assert anatomy.raising is not None
    if anatomy.prepare is not None:
        anatomy.prepare(Spot())
    with InMemory(app) as server:
        route = next(one.path for one in anatomy.routes if one.template.startswith("/items"))
        with anatomy.raising(fault, Spot(route=route)) as path:
            answer: Any = server.call("GET", f"https://localhost{path}", (("Origin", PAGE),)).result
            assert answer.status == (418 if fault == "error" else 500)
            assert answer.get("access-control-allow-origin") == PAGE
        after: Any = server.call("GET", f"https://localhost{path}").result
        assert after.status in {200, 404}


def test_a_handler_is_added_below_a_prefix_and_once() -> None:
    app = falcon.App()
    anatomy = examine(app)
    assert anatomy.raising is not None
    for _ in range(2):
        with anatomy.raising("crash", Spot(prefix="/api/")) as path:
            assert path == "/api/corsmith-raises"


# ── Starlette ────────────────────────────────────────────────────────────────


def view(_request: object) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("tea")


def test_what_starlette_mounts_has_the_mark_of_the_mount_or_its_own_layer() -> None:
    @cors(PARTNER)
    class Marked(Starlette): ...

    inner = install(Starlette(routes=[Route("/x", view)]), WHOLE)
    by_path = install(Starlette(routes=[Route("/x", view)]), Routes({"/": WHOLE}))
    app = Starlette(
        routes=[
            Mount("/layer", inner),
            Mount("/routes", by_path),
            Host("api.example", Starlette(routes=[Route("/host", view)])),
            Mount("/static", StaticFiles(directory=".")),
        ]
    )
    marks = {route.template: route.mark for route in examine(app).routes}
    assert marks == {"/layer/x": WHOLE, "/routes/x": None, "/host": UNMARKED}


def test_layers_of_starlette_are_told_with_what_is_outside_of_them() -> None:
    app = Starlette()
    app.add_middleware(CORSMiddleware, **OURS)
    app.add_middleware(SessionMiddleware, secret_key="x", same_site="none", https_only=True)

    async def dispatch(request: Any, call_next: Any) -> Any: ...

    from starlette.middleware.base import BaseHTTPMiddleware

    app.add_middleware(BaseHTTPMiddleware, dispatch=dispatch)
    anatomy = examine(app)
    assert libraries(anatomy) == ["corsmith"]
    assert anatomy.above == (dispatch, SessionMiddleware)
    assert [cookie.crosses for cookie in anatomy.cookies] == [True]
    assert examine(install(app, **OURS)).above == ()


def test_a_layer_that_nobody_knows_is_followed_inwards() -> None:
    app = Starlette(routes=[Route("/items", view)])

    class Around:
        def __init__(self, inner: Any) -> None:
            self.anything = inner

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...

    def wrap(inner: Any) -> Any:
        async def call(scope: Any, receive: Any, send: Any) -> None:
            await inner(scope, receive, send)
            await later()

        if inner is None:
            later: Any = None  # an empty cell of the closure
        return call

    for layer in (Around(app), wrap(app), wrap(Around(wrap(app)))):
        assert templates(examine(layer)) == ["/items"]
    assert examine(wrap(3)).framework is None
    marked = examine(GZipMiddleware(install(app, **OURS)))
    assert marked.above == (GZipMiddleware,)
    assert libraries(marked) == ["corsmith"]


# ── Flask and Quart ──────────────────────────────────────────────────────────


def test_our_layer_in_flask_is_found_behind_another() -> None:
    app = install(Flask("shop"), **OURS)

    class Login:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

    app.wsgi_app = Login(app.wsgi_app)
    anatomy = examine(app)
    assert libraries(anatomy) == ["corsmith"]
    assert anatomy.above == (Login,)


def test_flask_cors_of_blueprints_is_one_place_and_beside_the_whole_two() -> None:
    first, second = Blueprint("first", "first"), Blueprint("second", "second")
    app = Flask("shop")
    for blueprint in (first, second):
        CORS(blueprint, origins=[PAGE])
        app.register_blueprint(blueprint)
    assert libraries(examine(app)) == ["flask-cors"]
    CORS(app)
    assert libraries(examine(app)) == ["flask-cors", "flask-cors"]


@pytest.mark.parametrize(
    ("config", "crosses"),
    [
        ({}, [False]),
        ({"SESSION_COOKIE_SAMESITE": "None"}, [False]),
        ({"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": True}, [True]),
        ({"SECRET_KEY": None}, []),
    ],
)
def test_flask_tells_the_cookie_of_a_session_that_is_used(
    config: dict[str, Any], crosses: list[bool]
) -> None:
    app = Flask("shop")
    app.config.update({"SECRET_KEY": "tea", **config})
    assert examine(app).cookies == ()

    @app.get("/login")
    def log_in() -> str:
        return str(session)

    assert [cookie.crosses for cookie in examine(app).cookies] == crosses


def test_an_extension_that_uses_the_session_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask_login", sys)
    app = Flask("shop")
    app.secret_key = "tea"
    assert len(examine(app).cookies) == 1


def test_quart_tells_its_websockets() -> None:
    app = Quart("shop")

    @app.websocket("/live")
    async def live() -> None: ...

    found = {route.template: route.is_websocket for route in examine(app).routes}
    assert found == {"/live": True, "/static/<path:filename>": False}


# ── Litestar ─────────────────────────────────────────────────────────────────


def test_litestar_tells_its_own_layer_a_plugin_a_session_and_its_pages_last() -> None:
    @get("/items")
    async def items() -> None: ...

    @websocket("/live")
    async def live(socket: WebSocket[Any, Any, Any]) -> None: ...

    plain: Any = GZipMiddleware
    sessions = ServerSideSessionConfig(samesite="none", secure=True)
    app = Litestar(
        [items, live],
        cors_config=CORSConfig(allow_origin_regex=r"https://.*\.app\.example"),
        plugins=[CORSPlugin(**OURS)],
        middleware=[plain, sessions.middleware],
        allowed_hosts=AllowedHostsConfig(allowed_hosts=["*.shop.example"]),
    )
    anatomy = examine(app)
    assert libraries(anatomy) == ["corsmith", "litestar"]
    assert [reading.text for reading in anatomy.cors[1].readings] == [r"https://.*\.app\.example"]
    assert [cookie.crosses for cookie in anatomy.cookies] == [True]
    assert anatomy.host == "shop.example"
    assert [route.is_websocket for route in anatomy.routes if route.path == "/live"] == [True]
    assert templates(anatomy)[-1].startswith("/schema")
    assert examine(Litestar([items], openapi_config=None)).cors == ()

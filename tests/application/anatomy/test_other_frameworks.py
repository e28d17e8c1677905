"""What aiohttp, Falcon, Tornado, Sanic and Django tell about their applications."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi
import pytest
from aiohttp import web
from flask import Flask
from flask_cors import CORS
from sanic import Sanic
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from corsmith import Policy, install
from corsmith.adapters.aiohttp import setup
from corsmith.adapters.tornado import CORSMixin
from corsmith.application.anatomy import examine
from corsmith.application.memory import InMemory
from corsmith.marks import UNMARKED, cors
from tests.application.shops import PARTNER, SHOPS, WHOLE

if TYPE_CHECKING:
    from pathlib import Path

    from corsmith.application.anatomy import Anatomy

PAGE = "https://app.example"
OURS: dict[str, Any] = {"origins": [PAGE]}


def templates(anatomy: Anatomy) -> list[str]:
    """Return the routes as they are written."""
    return [route.template for route in anatomy.routes]


def libraries(anatomy: Anatomy) -> list[str]:
    """Return whose CORS layers there are, the outermost first."""
    return [one.library for one in anatomy.cors]


# ── aiohttp ──────────────────────────────────────────────────────────────────


async def answer(request: web.Request) -> web.Response:
    return web.Response()


async def live(request: web.Request) -> web.WebSocketResponse:
    return web.WebSocketResponse()


def test_aiohttp_tells_what_is_inside_and_which_handlers_open_a_websocket() -> None:
    app, inner, marked = web.Application(), web.Application(), web.Application()
    app.router.add_get("/live", live)
    layer = setup(app, WHOLE)
    inner.router.add_get("/items", answer, allow_head=False)
    app.add_subapp("/inner", inner)
    exempt = marked.router.add_get("/exempt", answer, allow_head=False)
    setup(marked, PARTNER).add(exempt, None)
    marked.router.add_get("/items", answer, allow_head=False)
    app.add_subapp("/marked", marked)
    layer.add(app.router.add_resource("/added"), PARTNER).add_route("*", answer)
    app.add_subapp("/function", setup_by_function())
    found = [(one.template, one.is_websocket, one.mark) for one in examine(app).routes]
    assert found == [
        ("/live", True, UNMARKED),
        ("/inner/items", False, UNMARKED),
        ("/marked/exempt", False, None),
        ("/marked/items", False, PARTNER),
        ("/added", False, PARTNER),
        ("/function/items", False, None),
    ]


def setup_by_function() -> web.Application:
    """Return an application whose policy nobody knows before it is asked."""

    async def choose(*_: object) -> None: ...

    app = web.Application()
    setup(app, choose)
    app.router.add_get("/items", answer, allow_head=False)
    return app


def test_a_route_of_aiohttp_that_belongs_to_no_resource_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = web.Application()
    app.router.add_get("/items", answer, allow_head=False)
    known = list(app.router.routes())

    class Without:
        resource = None

    class Router:
        def routes(self) -> list[Any]:
            return [Without(), *known]

        def resources(self) -> list[Any]:
            return []

    monkeypatch.setattr(web.Application, "router", Router())
    assert templates(examine(app)) == ["/items"]


def test_aiohttp_cors_is_told_by_path() -> None:
    import aiohttp_cors

    app = web.Application()
    layer = aiohttp_cors.setup(app)
    options: Any = aiohttp_cors.ResourceOptions
    layer.add(
        app.router.add_get("/items", answer, allow_head=False),
        {PAGE: options(allow_credentials=True)},
    )
    (settings,) = examine(app).cors
    assert settings.page == PAGE
    assert [(path, fields and fields["credentials"]) for path, fields in settings.rows] == [
        ("/items", True),
        ("/items/", None),
    ]


def test_settings_that_cannot_be_read_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    from corsmith.application import anatomy

    app = Flask("shop")
    CORS(app, resources={"/a": {}, "/b": {}})
    assert examine(app).cors[0].rows
    monkeypatch.setattr(anatomy, "import_app", lambda _app: None)
    assert examine(app).cors[0].rows == ()


# ── Falcon ───────────────────────────────────────────────────────────────────


class Resource:
    def on_get(self, req: Any, resp: Any) -> None: ...

    async def on_websocket(self, req: Any, ws: Any) -> None: ...


@pytest.mark.parametrize(
    ("options", "fields", "known"),
    [
        ({}, {"origins": ["*"], "credentials": False, "expose": []}, True),
        (
            {"allow_origins": PAGE, "expose_headers": ["ETag", "Link"], "allow_credentials": PAGE},
            {"origins": [PAGE], "credentials": True, "expose": ["ETag", "Link"]},
            True,
        ),
        (
            {"allow_credentials": [PAGE]},
            {"origins": ["*"], "credentials": True, "expose": []},
            False,
        ),
    ],
)
def test_falcons_own_layer_is_told(
    options: dict[str, Any], fields: dict[str, Any], known: bool
) -> None:
    app = falcon.App(middleware=[falcon.CORSMiddleware(**options)])
    (settings,) = examine(app).cors
    assert (dict(settings.fields), settings.known) == (fields, known)


def test_falcon_tells_websockets_and_its_handler_raises_over_asgi() -> None:
    class Async:
        async def on_get(self, req: Any, resp: Any) -> None: ...

        async def on_websocket(self, req: Any, ws: Any) -> None: ...

    app = install(falcon.asgi.App(), **OURS)
    app.add_route("/live", Async())
    anatomy = examine(app)
    assert libraries(anatomy) == ["corsmith"]
    assert [route.is_websocket for route in anatomy.routes] == [False, True]
    assert anatomy.raising is not None
    with InMemory(app) as server, anatomy.raising("error") as path:
        answered: Any = server.call("GET", f"https://localhost{path}").result
        assert answered.status == 418


def test_a_router_that_nobody_can_ask_tells_no_routes() -> None:
    class Router:
        def add_route(self, *args: Any, **options: Any) -> None: ...

        def find(self, uri: str, req: Any = None) -> None: ...

    router: Any = Router()
    app = falcon.App(router=router)
    assert examine(app).routes == ()


# ── Tornado ──────────────────────────────────────────────────────────────────


class Items(RequestHandler):
    def get(self) -> None: ...


class Live(WebSocketHandler): ...


class Report(CORSMixin, RequestHandler):
    cors_policy = PARTNER

    def get(self) -> None: ...


def test_tornado_tells_the_handlers_of_all_its_routers() -> None:
    app = Application([("/items", Items), ("/live", Live), ("/report", Report)])
    app.add_handlers("api.example", [(r"/items/([0-9]+)", Items)])
    app.default_router.rules[0].target.rules.append(app.default_router.rules[0])
    app.default_router.rules[0].target.rules.pop()
    found = [(one.template, one.path, one.fixed, one.is_websocket) for one in examine(app).routes]
    assert found == [
        ("/items/([0-9]+)", "/items/0", False, False),
        ("/items", "/items", True, False),
        ("/live", "/live", True, True),
        ("/report", "/report", True, False),
    ]
    assert examine(app).cors == ()
    assert [one.given for one in examine(app).routes][-1] == "CORSMixin"


def test_a_rule_of_tornado_that_leads_to_no_handler_is_left_out() -> None:
    def plain(request: Any) -> None: ...

    app = Application([("/plain", plain), ("/items", Items)])
    assert templates(examine(app)) == ["/items"]


# ── Sanic ────────────────────────────────────────────────────────────────────


def test_sanic_tells_classes_and_websockets() -> None:
    from sanic.views import HTTPMethodView

    app = Sanic("anatomy", configure_logging=False)
    Sanic.unregister_app(app)

    class Views(HTTPMethodView):
        async def get(self, request: Any) -> None: ...

        @cors(PARTNER)
        async def delete(self, request: Any) -> None: ...

    app.add_route(Views.as_view(), "/items")

    async def open_live(request: Any, ws: Any) -> None: ...

    app.add_websocket_route(open_live, "/live")

    found = {(one.template, tuple(one.methods)): one for one in examine(app).routes}
    assert found["/items", ("GET",)].mark is UNMARKED
    assert found["/items", ("DELETE",)].mark == PARTNER
    assert found["/live", ()].is_websocket
    assert examine(app).cors == ()


# ── Django ───────────────────────────────────────────────────────────────────

DJANGO = """
import json
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from django.views import View
from corsmith import Policy
from corsmith.adapters.django import cors

settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["shop.example"], SECRET_KEY="x", SECURE_SSL_REDIRECT=%s,
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        %s
    ],
    CSRF_USE_SESSIONS=%s,
    CORS_POLICY={"origins": ["https://app.example"]},
)

class Items(View):
    def get(self, request): return JsonResponse({})
    @cors(Policy(origins=["https://partner.example"]))
    def delete(self, request): return JsonResponse({})

@cors(None)
def exempt(request): return JsonResponse({})

urlpatterns = [path("items/", Items.as_view()), path("exempt/", exempt)]
application = get_wsgi_application()
from corsmith.application.anatomy import examine
anatomy = examine(application)
print(json.dumps([
    [one.library for one in anatomy.cors],
    [one.rpartition(".")[2] for one in anatomy.above],
    [(one.name, one.crosses) for one in anatomy.cookies],
    sorted((one.path, sorted(one.methods), str(one.mark)[:6]) for one in anatomy.routes),
]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("has_layer", [True, False])
def test_django_tells_layers_cookies_and_marks(tmp_path: Path, has_layer: bool) -> None:
    import subprocess

    layer = '"corsmith.adapters.django.CORSMiddleware",' if has_layer else ""
    source = DJANGO % (has_layer, layer, has_layer)
    (tmp_path / "site.py").write_text(source)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "site.py")], capture_output=True, text=True, check=True
    )
    libraries, above, cookies, routes = json.loads(done.stdout)
    csrf = [] if has_layer else [["csrftoken", False]]
    names = ["SecurityMiddleware", "SessionMiddleware", "CsrfViewMiddleware"]
    assert libraries == (["corsmith"] if has_layer else [])
    assert above == (names if has_layer else [])
    assert cookies == [["sessionid", False], *csrf]
    every = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
    assert routes == [
        ["/exempt/", every, "None"],
        ["/items/", ["DELETE"], "Policy"],
        ["/items/", ["GET", "HEAD"], "Unmark"],
    ]


def test_policies_are_told_by_their_fields() -> None:
    assert examine(SHOPS["flask"](Policy(origins="*"))).cors[0].any_origin

"""What applications tell about themselves, by framework, and how one handler is made to raise."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import APIRouter, FastAPI
from flask import Flask
from flask_cors import CORS
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute

from corsmith import Policy, Routes, install
from corsmith.application.anatomy import Settings, examine
from corsmith.application.memory import InMemory

if TYPE_CHECKING:
    from pathlib import Path

    from corsmith.application.anatomy import Anatomy

PAGE = "https://app.example"


def paths(anatomy: Anatomy) -> list[str]:
    """Return the paths that were found, in their order."""
    return [route.path for route in anatomy.routes]


def settings(anatomy: Anatomy) -> Settings:
    """Return the CORS settings, which there must be."""
    assert anatomy.settings is not None
    return anatomy.settings


def view(_request: object) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("tea")


def test_starlette_tells_its_routes_also_below_a_mount() -> None:
    inner = [Route("/{number:int}", view), Route("/{key:uuid}/{rest:path}", view)]
    app = Starlette(routes=[Route("/items", view, methods=["POST"]), Mount("/api", routes=inner)])
    app.router.routes.append(WebSocketRoute("/ws", view))
    anatomy = examine(app)
    assert anatomy.framework == "starlette"
    uuid = "00000000-0000-4000-8000-000000000000"
    assert paths(anatomy) == ["/items", "/api/1", f"/api/{uuid}/1", "/ws"]
    assert [route.fixed for route in anatomy.routes] == [True, False, False, True]
    assert [route.is_websocket for route in anatomy.routes] == [False, False, False, True]
    assert anatomy.routes[0].methods == {"POST"}


def test_fastapi_tells_routers_that_are_included_and_its_own_pages_last() -> None:
    app, router = FastAPI(), APIRouter(prefix="/v1")
    router.add_api_route("/items", list)
    app.include_router(router)
    app.add_api_route("/first", list)
    anatomy = examine(app)
    assert anatomy.title == "FastAPI"
    assert sorted(paths(anatomy)[:2]) == ["/first", "/v1/items"]
    assert "/openapi.json" in paths(anatomy)[2:]


def test_starlette_tells_its_middleware_its_settings_and_a_host() -> None:
    app = Starlette()
    app.add_middleware(CORSMiddleware, allow_origins=[PAGE, "http://a.example"], max_age=5)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["*.shop.example"])
    anatomy = examine(app)
    assert anatomy.layers == (
        "ServerErrorMiddleware",
        "TrustedHostMiddleware",
        "CORSMiddleware",
        "ExceptionMiddleware",
    )
    assert anatomy.host == "shop.example"
    assert settings(anatomy).fields == {"origins": [PAGE, "http://a.example"], "max_age": 5}
    assert settings(anatomy).page == PAGE
    assert not settings(anatomy).any_origin


@pytest.mark.parametrize(
    ("hosts", "host"), [(["*", "a.example"], None), ([1, "a.example"], "a.example"), ([], None)]
)
def test_a_host_check_that_lets_all_through_names_none(hosts: list[Any], host: str | None) -> None:
    app = Starlette()
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    assert examine(app).host == host


@pytest.mark.parametrize(
    ("fields", "page", "lists"),
    [
        ({}, None, False),
        ({"origins": "*"}, None, True),
        ({"origins": ["*"]}, None, True),
        ({"origins": f"http://a.example, {PAGE}/"}, PAGE, False),
        ({"origins": [PAGE]}, PAGE, True),
        ({"origin_regex": r"https://.*\.example"}, "https://x.example", True),
        ({"origins": ["@loopback"], "origin_regex": "x"}, "http://localhost:3000", False),
        ({"origins": ["https://pr-*.shop.example"]}, "https://pr-1.shop.example", False),
    ],
)
def test_settings_name_a_page_and_say_whether_they_mean_one(
    fields: dict[str, Any], page: str | None, lists: bool
) -> None:
    found = Settings(library="starlette", title="", fields=fields)
    assert found.page == page
    assert found.lists(PAGE) is lists


def test_flask_tells_its_rules_and_flask_cors() -> None:
    app = Flask(__name__)
    app.add_url_rule("/items/<int:number>", "item", lambda number: {"n": number})
    CORS(app, origins=[PAGE], supports_credentials=True, expose_headers=["ETag"])
    anatomy = examine(app)
    assert (anatomy.framework, anatomy.host) == ("flask", None)
    assert paths(anatomy) == ["/items/1", "/static/1"]
    fields = settings(anatomy).fields
    assert fields["origins"] == [PAGE]
    assert fields["methods"] == ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
    assert fields["headers"] == ["*", "Authorization"]
    assert (fields["credentials"], fields["expose"]) == (True, ["ETag"])
    assert settings(anatomy).known


@pytest.mark.parametrize(
    ("options", "origins", "known"),
    [
        ({}, ["*"], True),
        (
            {"origins": [r"https://.*\.example"], "allow_headers": ["X-A"]},
            [r"https://.*\.example"],
            False,
        ),
        ({"resources": {"/a": {"origins": PAGE}, "/b": {"origins": "*"}}}, None, False),
    ],
)
def test_what_flask_cors_makes_of_its_options_is_known_or_not(
    options: dict[str, Any], origins: list[str] | None, known: bool
) -> None:
    app = Flask(__name__)
    app.after_request(lambda response: response)
    CORS(app, **options)
    found = settings(examine(app))
    assert found.known is known
    assert origins is None or found.fields["origins"] == origins


def test_a_flask_application_without_routes_cannot_raise() -> None:
    app = Flask(__name__, static_folder=None)
    anatomy = examine(app)
    assert (anatomy.routes, anatomy.settings) == ((), None)
    assert anatomy.raising is not None
    with anatomy.raising("crash") as path:
        assert path is None


@pytest.mark.parametrize(("fault", "status"), [("error", 418), ("crash", 500)])
def test_a_handler_raises_for_a_moment_and_is_itself_again(fault: Any, status: int) -> None:
    flask = Flask(__name__)
    flask.add_url_rule("/items", "items", dict)
    starlette = Starlette(routes=[Route("/items", view)])
    apps: list[Any] = [flask, starlette]
    for app in apps:
        anatomy = examine(app)
        assert anatomy.raising is not None
        with InMemory(app) as server:
            with anatomy.raising(fault) as path:
                assert server.call("GET", f"http://localhost{path}").result.status == status  # type: ignore[union-attr]  # it answers
            assert server.call("GET", "http://localhost/items").result.status == 200  # type: ignore[union-attr]  # it answers


def test_our_own_layer_is_found_outside_and_in_flasks_own_place() -> None:
    policy = Policy(origins=[PAGE], max_age=5)
    outside = examine(install(Starlette(), policy))
    assert settings(outside).library == "corsmith"
    assert settings(outside).fields["max_age"] == 5
    assert outside.layers[0] == "ServerErrorMiddleware"
    flask = Flask(__name__)
    flask.wsgi_app = install(flask.wsgi_app, policy)  # type: ignore[method-assign]  # Flask's own place
    assert settings(examine(flask)).page == PAGE
    routes = install(Starlette(), Routes({"/": policy}))
    assert not settings(examine(routes)).known


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"allow_origins": [PAGE]}, {"origins": [PAGE], "credentials": False}),
        (
            {"allow_origin_regex": "https://a", "allow_credentials": True},
            {"origins": (), "credentials": True, "origin_regex": "https://a"},
        ),
    ],
)
def test_starlettes_layer_is_found_around_an_application_too(
    given: dict[str, Any], fields: dict[str, Any]
) -> None:
    found = examine(CORSMiddleware(Starlette(), **given))
    assert settings(found).fields == fields
    assert found.layers[0] == "CORSMiddleware"


def test_an_application_of_no_framework_tells_nothing() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        return []

    assert examine(app).framework is None
    wrapped = examine(install(app, origins=[PAGE]))
    assert (wrapped.framework, wrapped.layers) == (None, ())
    assert settings(wrapped).page == PAGE


def test_layers_without_end_are_given_up() -> None:
    class Endless:
        def __init__(self) -> None:
            self.app = self

        def __call__(self) -> None: ...

    assert examine(Endless()).framework is None


DJANGO = """
import json, sys
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import include, path, re_path

settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=[".shop.example"], SECRET_KEY="x",
    **json.loads(sys.argv[1]),
)
view = lambda request, **values: JsonResponse({})
urlpatterns = [
    path("items/<int:number>", view), re_path(r"^plain/$", view), re_path(r"^a(b|c)$", view),
    path("api/", include([path("x", view)])),
] if sys.argv[2] == "routes" else []
application = get_wsgi_application()

from corsmith.application.anatomy import examine
from corsmith.application.memory import InMemory
anatomy = examine(application)
server, statuses = InMemory(application), []
for fault in ("error", "crash"):
    with anatomy.raising(fault) as faulty:
        if faulty:
            statuses.append(server.call("GET", "https://shop.example" + faulty).result.status)
found = anatomy.settings
print(json.dumps([
    anatomy.host, [route.path for route in anatomy.routes], statuses,
    found and [found.fields.get("origins"), found.known],
]))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "routes", "found"),
    [
        ({}, "routes", None),
        ({}, "none", None),
        ({"CORS_ALLOWED_ORIGINS": [PAGE]}, "routes", [[PAGE], True]),
        ({"CORS_ALLOW_ALL_ORIGINS": True}, "none", [["*"], True]),
        ({"CORS_ALLOWED_ORIGIN_REGEXES": ["x"]}, "none", [[], False]),
    ],
)
def test_django_tells_its_patterns_and_settings(
    tmp_path: Path, given: dict[str, Any], routes: str, found: Any
) -> None:
    layers = ["corsheaders.middleware.CorsMiddleware"] if given else []
    (tmp_path / "site.py").write_text(DJANGO, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            str(tmp_path / "site.py"),
            json.dumps({**given, "MIDDLEWARE": layers}),
            routes,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = ["/plain/", "/api/x", "/items/1"] if routes == "routes" else []
    statuses = [404, 500] if routes == "routes" else []
    assert json.loads(done.stdout) == ["shop.example", expected, statuses, found]

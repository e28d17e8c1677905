"""Where a source file makes an application and its CORS layer."""

from __future__ import annotations

import ast

import pytest

from corsmith.application.sites import SiteKind, find_sites

HAND = "a header set by hand"


@pytest.mark.parametrize(
    ("source", "kind", "says", "target"),
    [
        ("app = FastAPI()", SiteKind.APP, "FastAPI(…)", "app"),
        ("app = web.Starlette(debug=True)", SiteKind.APP, "Starlette(…)", "app"),
        ("serve(FastAPI())", SiteKind.APP, "FastAPI(…)", None),
        (
            "app.add_middleware(CORSMiddleware)",
            SiteKind.ADD_CORS,
            "add_middleware(CORSMiddleware, …)",
            "app",
        ),
        (
            "make().add_middleware(cors.CORSMiddleware)",
            SiteKind.ADD_CORS,
            "add_middleware(CORSMiddleware, …)",
            None,
        ),
        ("app.add_middleware(Auth)", SiteKind.MIDDLEWARE, "add_middleware(Auth, …)", "app"),
        (
            "layers = [Middleware(CORSMiddleware)]",
            SiteKind.LIST_CORS,
            "Middleware(CORSMiddleware, …)",
            None,
        ),
        (
            "from corsmith.adapters import starlette as s\napp.add_middleware(s.CORSMiddleware)",
            SiteKind.OURS,
            "add_middleware(CORSMiddleware, …)",
            "app",
        ),
        ("import corsmith.adapters as a\na.aiohttp.setup(app)", SiteKind.OURS, "setup(…)", "app"),
        ("import falcon\napp = falcon.App()", SiteKind.APP, "App(…)", "app"),
        ("from aiohttp import web\napp = web.Application()", SiteKind.APP, "Application(…)", "app"),
        ("import tornado.web\ntornado.web.Application([])", SiteKind.APP, "Application(…)", None),
        (
            "from litestar.config.cors import CORSConfig\nCORSConfig()",
            SiteKind.CONFIG,
            "CORSConfig(…)",
            None,
        ),
        ("import falcon as f\napp = f.App()", SiteKind.APP, "App(…)", "app"),
        ("r.set_cookie('a')", SiteKind.COOKIE, "set_cookie(…)", None),
        ("r.headers['access-control-allow-origin'] = '*'", SiteKind.BY_HAND, HAND, None),
        ("r.headers.add('Access-Control-Allow-Origin', '*')", SiteKind.BY_HAND, HAND, None),
        ("r(headers={'Access-Control-Allow-Origin': '*', **more})", SiteKind.BY_HAND, HAND, None),
        ("l = [(b'access-control-allow-origin', b'*')]", SiteKind.BY_HAND, HAND, None),
        (
            "from flask_cors import CORS as C\nC(app)",
            SiteKind.FLASK_CORS,
            "C(app, …)",
            "app",
        ),
        ("from flask_cors import CORS\ncors = CORS()", SiteKind.FLASK_CORS, "CORS()", None),
    ],
)
def test_a_call_is_found_with_what_it_is_about(
    source: str, kind: SiteKind, says: str, target: str | None
) -> None:
    (site,) = find_sites("main.py", source)
    assert (site.kind, site.says, site.target) == (kind, says, target)
    assert str(site) == f"main.py:{source.count(chr(10)) + 1}"


@pytest.mark.parametrize(
    "source",
    [
        "def broken(",
        "x = '\0'",
        "CORS(app)",
        "from flask_cors import cross_origin\ncross_origin()",
        "app.add_middleware()",
        "Middleware(Auth)",
        "OTHER = ['corsheaders.middleware.CorsMiddleware']",
        "app = Application()",
        "from here import Application\napp = Application()",
        "from .here import install\ninstall(app)",
        "add('Access-Control-Allow-Origin')",
        "print(r.headers['Access-Control-Allow-Origin'], {1: 2}, ())",
        "r.get('Access-Control-Allow-Origin')",
        "settings.configure(MIDDLEWARE=LAYERS)",
        "x = {name: 1}",
        "MIDDLEWARE = get()",
        "",
    ],
)
def test_what_is_something_else_is_no_site(source: str) -> None:
    assert find_sites("main.py", source) == ()


def test_a_call_that_is_a_statement_knows_its_statement_and_its_function() -> None:
    source = (
        "def make():\n    if x:\n        app = FastAPI()\n    app.add_middleware(CORSMiddleware)\n"
    )
    made, added = find_sites("main.py", source)
    assert isinstance(made.statement, ast.Assign)
    assert isinstance(added.statement, ast.Expr)
    assert isinstance(added.scope, ast.FunctionDef)
    assert added.scope.name == "make"


def test_a_call_inside_another_has_no_statement_of_its_own() -> None:
    (site,) = find_sites("main.py", "x = wrap(FastAPI())")
    assert site.statement is None
    assert isinstance(site.scope, ast.Module)


def test_a_list_of_middleware_is_at_the_line_of_its_cors_layer() -> None:
    source = "MIDDLEWARE = [\n    1,\n    'corsheaders.middleware.CorsMiddleware',\n]\n"
    (site,) = find_sites("settings.py", source)
    assert (site.kind, site.line) == (SiteKind.DJANGO, 3)
    (other,) = find_sites("settings.py", "MIDDLEWARE = []\n")
    assert other.line == 1

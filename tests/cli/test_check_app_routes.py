"""``corsmith check main:app --routes``: the table of routes, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.applications import BARE, FLASK, ONE, STARLETTE, checked, stand_in
from tests.cli.asking import check

if TYPE_CHECKING:
    from pathlib import Path

folder = pytest.fixture(autouse=True)(stand_in)

SHOP = """\
from fastapi import FastAPI, WebSocket
from corsmith import Policy, Routes, install
from corsmith.adapters.fastapi import cors

app = FastAPI(openapi_url=None)


@app.get("/api/items/{number}")
def read(number: int) -> None: ...


@app.delete("/api/items/{number}")
@cors(origins=["https://partner.example"], methods=["DELETE"], credentials=True)
def drop(number: int) -> None: ...


@app.get("/api/health")
@cors(None)
def health() -> None: ...


@app.get("/public/a-path-that-is-wider-than-its-column")
def read_public() -> None: ...


@app.get("/status")
def status() -> None: ...


@app.websocket("/live")
async def live(socket: WebSocket) -> None: ...


routes = Routes(
    {
        "/api/": Policy(origins=["https://app.example"]),
        "/public": Policy(origins="*"),
        "/status": None,
    }
)
install(app, {source})
"""


def test_each_route_is_shown_with_its_policy_and_the_reason(folder: Path) -> None:
    result = checked(folder, SHOP.replace("{source}", "routes"), "--routes")
    assert result.exit_code == 0
    assert result.stderr == "corsmith: the Python app main:app; its code is imported\n"
    assert (
        result.stdout
        == """\
6 routes of main:app: FastAPI, CORS by corsmith

  /api/items/{number}                 GET        1  Routes["/api/"]
  /api/items/{number}                 DELETE     2  @cors on drop (main.py:12)
  /api/health                         GET        -  exempt, by @cors on health
                                                    (main.py:17)
  /public/a-path-that-is-wider-than-its-column
                                      GET        3  Routes["/public"]
  /status                             GET        -  exempt, by Routes["/status"]
  /live                               WebSocket  -  no entry of Routes covers it

  1  origins https://app.example
  2  origins https://partner.example; methods DELETE; credentials yes
  3  origins *
"""
    )


def test_the_same_is_told_as_json(folder: Path) -> None:
    result = checked(folder, SHOP.replace("{source}", "routes"), "--routes", "--format", "json")
    told = json.loads(result.stdout)
    assert (told["framework"], told["cors"]) == ("fastapi", "corsmith")
    assert [(one["path"], one["why"], one["policy"]) for one in told["routes"]] == [
        ("/api/items/{number}", "routes", 0),
        ("/api/items/{number}", "mark", 1),
        ("/api/health", "exempt", None),
        ("/public/a-path-that-is-wider-than-its-column", "routes", 2),
        ("/status", "exempt", None),
        ("/live", "none", None),
    ]
    assert told["routes"][1] == {
        "path": "/api/items/{number}",
        "methods": ["DELETE"],
        "websocket": False,
        "policy": 1,
        "why": "mark",
        "reason": "@cors on drop (main.py:12)",
        "endpoint": "drop",
        "place": "main.py:12",
    }
    assert told["routes"][-1]["websocket"] is True
    assert told["policies"][1]["methods"] == ["DELETE"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (SHOP.replace("{source}", "Policy(origins='*')"), "the policy of the whole application"),
        (
            SHOP.replace("install(app, {source})", "async def f(o, s, h, p): ...\ninstall(app, f)"),
            "the policy function decides at each request",
        ),
        (BARE, "no CORS layer"),
        (STARLETTE.replace("{arguments}", ONE), "Starlette's CORSMiddleware"),
        (
            FLASK.replace("{arguments}", "resources={'/items/': {}, '/other': {'origins': ['x']}}"),
            "flask-cors, for /items/",
        ),
        (
            FLASK.replace("{arguments}", "resources={'/none': {}, '/other': {'origins': ['x']}}"),
            "flask-cors does not cover it",
        ),
    ],
)
def test_every_reason_is_told(folder: Path, source: str, reason: str) -> None:
    result = checked(folder, source, "--routes", "--format", "json")
    assert reason in {one["reason"] for one in json.loads(result.stdout)["routes"]}


def test_a_plain_application_has_no_routes_that_are_known(folder: Path) -> None:
    result = checked(folder, "async def app(scope, receive, send): ...", "--routes")
    assert result.stdout == (
        "no route of main:app is known here: an application of no framework that is known here\n"
    )


def test_one_route_is_counted_as_one(folder: Path) -> None:
    (folder / "main.py").write_text(BARE)
    result = check("main.py", "--routes")
    assert result.stdout.startswith("1 route of main.py: Starlette, without a CORS layer\n")


def test_an_application_that_cannot_be_imported_is_told_with_its_own_lines(folder: Path) -> None:
    result = checked(folder, "1 / 0", "--routes")
    assert (result.exit_code, result.stdout) == (3, "")
    assert 'main.py", line 1' in result.stderr


@pytest.mark.parametrize(
    "words", [("--from", "https://app.example"), ("-X", "PUT"), ("--fix",), ("--cookies",)]
)
def test_what_asks_something_is_refused_beside_it(folder: Path, words: tuple[str, ...]) -> None:
    result = checked(folder, BARE, "--routes", *words)
    assert result.exit_code == 2
    assert f"{words[0]} asks the application; --routes only reads it" in result.stderr


def test_it_is_for_an_application_only(folder: Path) -> None:
    assert "--routes is for a Python application" in check("https://a.example", "--routes").stderr

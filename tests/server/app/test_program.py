"""An application opened as a worker opens it, and asked in memory."""

from __future__ import annotations

import asyncio
import pickle
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import override_settings

from corsmith.errors import AppError, CorsmithError, UsageError
from corsmith.policy import Policy
from corsmith.server.app.bridge import Bridge
from corsmith.server.app.lifespan import Lifespan
from corsmith.server.app.program import APP_SEED, Program
from corsmith.server.front import Front
from corsmith.server.serving import Starting, Told
from tests.server.in_memory import Answer, parts, scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ORIGIN = (b"origin", b"http://localhost:5173")
ASKED = (b"access-control-request-method", b"PATCH")

ASGI = """
async def app(scope, receive, send):
    assert scope["type"] == "http", "only HTTP"
    if scope["path"] == "/crash":
        raise RuntimeError("crashed")
    status = 200 if scope["path"] == "/" else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""
WSGI = """
def app(environ, start_response):
    if environ["PATH_INFO"] == "/crash":
        raise RuntimeError("crashed")
    found = environ["PATH_INFO"] == "/"
    start_response("200 OK" if found else "404 Not Found", [])
    return [b"ok"]
"""
FASTAPI = """
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=["https://other.example"])

@app.get("/")
def ok(): return "ok"

@app.get("/crash")
def crash(): raise RuntimeError("crashed")
"""
STARLETTE = """
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

async def ok(request): return PlainTextResponse("ok")
async def crash(request): raise RuntimeError("crashed")

app = Starlette(routes=[Route("/", ok), Route("/crash", crash)])
"""
LITESTAR = """
from litestar import Litestar, get

@get("/")
async def ok() -> str: return "ok"

@get("/crash")
async def crash() -> str: raise RuntimeError("crashed")

app = Litestar([ok, crash])
"""
FLASK = """
from flask import Flask
from flask_cors import CORS
app = Flask(__name__)
CORS(app, origins=["https://other.example"])

@app.get("/")
def ok(): return "ok"

@app.get("/crash")
def crash(): raise RuntimeError("crashed")
"""
DJANGO = """
from django.http import HttpResponse
from django.urls import path
from django.core.{0} import get_{0}_application

def ok(request): return HttpResponse("ok")
def crash(request): raise RuntimeError("crashed")

urlpatterns = [path("", ok), path("crash", crash)]
app = get_{0}_application()
"""

SOURCES = {
    "asgi": ASGI,
    "wsgi": WSGI,
    "fastapi": FASTAPI,
    "starlette": STARLETTE,
    "litestar": LITESTAR,
    "flask": FLASK,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in an empty folder, and forget what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def opened(folder: Path, source: str, target: str = "served:app", **fields: Any) -> Any:
    (folder / "served.py").write_text(source)
    return Program(target=target, is_file=target.endswith(".py"), **fields).open()


def ask(front: Front, method: str, path: str, *lines: Any) -> Answer:
    """Return the answer, also where the application raises beside it."""
    answer = Answer()
    waiting = parts(b"")

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(3600)
        return waiting.pop()

    async def send(message: Any) -> None:
        answer.messages.append(message)

    async def serve() -> None:
        await front(scope(method, path, *lines), receive, send)

    try:
        asyncio.run(serve())
    except RuntimeError as error:
        assert str(error) == "crashed"  # noqa: PT017  only some frameworks raise it on
    return answer


@pytest.mark.parametrize("name", SOURCES)
def test_every_answer_of_every_framework_carries_the_policy(name: str, folder: Path) -> None:
    front = Front(opened(folder, SOURCES[name]), Policy.from_mapping(APP_SEED), streams=True)
    check(front)


@pytest.mark.parametrize("protocol", ["wsgi", "asgi"])
def test_django_is_served_in_both_ways(protocol: str, folder: Path) -> None:
    if not settings.configured:
        settings.configure(SECRET_KEY="of a test")
    with override_settings(
        ALLOWED_HOSTS=["*"], DEBUG=False, MIDDLEWARE=[], ROOT_URLCONF="served", LOGGING_CONFIG=None
    ):
        app = opened(folder, DJANGO.format(protocol))
        check(Front(app, Policy.from_mapping(APP_SEED), streams=True))


def check(front: Front) -> None:
    answers = {path: ask(front, "GET", path, ORIGIN) for path in ("/", "/nowhere", "/crash")}
    assert [answer.status for answer in answers.values()] == [200, 404, 500]
    preflight = ask(front, "OPTIONS", "/nowhere", ORIGIN, ASKED)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-methods"] == "*"
    for answer in (*answers.values(), preflight):
        found = [value for name, value in answer.lines if name == b"access-control-allow-origin"]
        assert found == [b"http://localhost:5173"]
    refused = ask(front, "GET", "/", (b"origin", b"https://other.example"))
    assert "access-control-allow-origin" not in refused.headers


def test_an_asgi_application_is_served_as_it_is_and_a_wsgi_one_by_threads(folder: Path) -> None:
    app = opened(folder, ASGI)
    assert isinstance(app, Lifespan)
    assert isinstance(app, Starting)
    assert app.app == sys.modules["served"].app
    del sys.modules["served"]
    app = opened(folder, WSGI, "served.py")
    assert isinstance(app.app, Bridge)
    assert app.app.app == sys.modules["served"].app


def test_what_was_found_is_told_once_it_has_started(folder: Path) -> None:
    app = opened(folder, FASTAPI)
    told: list[Told] = []
    app.on_start(told.append)
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(_message: Any) -> None: ...

    async def live() -> None:
        await app({"type": "lifespan", "state": {}}, receive, send)

    asyncio.run(live())
    ((found, words), (keep, command)) = told[0].notes
    assert (found, keep) == ("found", "keep it")
    assert words == "FastAPI app with its own CORSMiddleware: its headers are replaced"
    assert command.startswith("corsmith import served:app > cors.toml")


def test_a_program_says_what_it_is() -> None:
    program = Program(target="main:app", is_file=False)
    assert program.title == "main:app"
    assert program.seed == APP_SEED
    assert program.notes("http://127.0.0.1:8000") == []
    assert (program.streams, program.has_lifespan, program.enforces) == (True, True, False)


def test_a_program_reaches_a_worker_that_is_not_forked() -> None:
    program = Program(target="main:app", is_file=False, keeps=False, watched=("/folder",))
    assert pickle.loads(pickle.dumps(program)) == program  # noqa: S301  made here


# ── what cannot be opened ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("source", "error", "told"),
    [
        (
            "import nowhere_at_all\n",
            AppError,
            f"not installed for {sys.executable}\n  {sys.executable} -m pip install nowhere_at_all",
        ),
        ("x = 1 / 0\n", AppError, "served.py, line 1; then start again, or use --reload"),
        (
            "raise KeyboardInterrupt\n",
            AppError,
            "interrupts itself when it is imported\n  put what",
        ),
        ("import sys\nsys.exit(2)\n", AppError, "ends the program when it is imported\n  put what"),
        ("app = 1\n", UsageError, "served:app is int, no ASGI or WSGI application"),
        ("y = 1\n", UsageError, "served has no app"),
        (
            "from aiohttp import web\napp = web.Application()\n",
            UsageError,
            "an application of aiohttp, which has a server of its own\n  give it its policy there",
        ),
        (
            "from tornado.web import Application\napp = Application()\n",
            UsageError,
            "an application of Tornado, which has a server of its own",
        ),
        ("async def app(): ...\n", UsageError, "make it a plain def"),
    ],
)
def test_what_cannot_be_served_says_what_to_do(
    source: str, error: type[CorsmithError], told: str, folder: Path
) -> None:
    with pytest.raises(CorsmithError) as caught:
        opened(folder, source)
    assert type(caught.value) is error
    problem = caught.value.problem if isinstance(caught.value, AppError) else str(caught.value)
    assert told in problem
    assert len(problem.splitlines()) <= 3


def test_where_edits_are_followed_the_next_one_is_tried(folder: Path) -> None:
    with pytest.raises(AppError, match=r"served.py, line 1; the next edit is tried"):
        opened(folder, "x = 1 / 0\n", watched=(str(folder),))


def test_several_applications_in_a_file_are_named(folder: Path) -> None:
    source = "from flask import Flask\none = Flask('one')\ntwo = Flask('two')\n"
    with pytest.raises(UsageError) as caught:
        opened(folder, source, "served.py")
    assert str(caught.value).splitlines() == [
        "served.py has 2 applications; type one of",
        "  corsmith serve served:one",
        "  corsmith serve served:two",
    ]


def test_what_an_application_prints_is_there_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (folder / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", object())  # as under some other program
        opened(folder, "print('hello')\n" + ASGI)
        assert (folder / "out").read_text() == "hello\n"

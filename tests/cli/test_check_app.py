"""``corsmith check main:app``: what is found in an application, where, and the change."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.cli.asking import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from click.testing import Result

STARLETTE: Final = """\
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI()
app.add_middleware(CORSMiddleware, {arguments})


@app.get("/items")
def read_items() -> list[str]:
    print("tea")
    return ["tea"]
"""
ONE: Final = 'allow_origins=["https://app.example"]'
FLASK: Final = """\
from flask import Flask
from flask_cors import CORS
app = Flask(__name__)
CORS(app, {arguments})
@app.get("/items/")
def read_items(): return ["tea"]
"""
RIGHT: Final = """\
from flask import Flask
from corsmith import install
app = Flask(__name__)
@app.get("/items/")
def read_items(): return ["tea"]
app.wsgi_app = install(app.wsgi_app, {arguments})
"""
BARE: Final = """\
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
app = Starlette(routes=[Route("/items", lambda request: PlainTextResponse("tea"))])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in an empty folder, and forget what was imported from it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in [
        n for n, m in sys.modules.items() if str(tmp_path) in str(getattr(m, "__file__", ""))
    ]:
        del sys.modules[name]


def checked(folder: Path, source: str, *words: str, target: str = "main:app") -> Result:
    """Check an application whose source this is."""
    (folder / "main.py").write_text(source, encoding="utf-8")
    sys.modules.pop("main", None)
    return check(target, *words)


def codes(result: Result) -> list[str]:
    """Return the codes of the findings of a check in JSON."""
    return [finding["code"] for finding in json.loads(result.stdout)["findings"]]


def test_a_500_that_looks_like_a_cors_error_is_found_with_its_line(folder: Path) -> None:
    result = checked(folder, STARLETTE.format(arguments=ONE))
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == (
        "no: main:app: a 500 looks like a CORS error, for a page of https://app.example"
    )
    assert "  main.py:5: crash-without-headers\n" in result.stdout
    assert "add_middleware(CORSMiddleware, …) is" in result.stdout
    assert '      app = install(app, origins=["https://app.example"])\n' in result.stdout
    assert "as a diff    corsmith check main:app --fix" in result.stdout
    assert result.stderr.splitlines()[0] == (
        "corsmith: the Python app main:app; its code is imported"
    )


def test_what_the_application_prints_does_not_disturb_the_answer(folder: Path) -> None:
    source = "print('start')\n" + STARLETTE
    result = checked(folder, source.replace("{arguments}", ONE), "--format", "json")
    assert json.loads(result.stdout)["answer"] == "no"
    assert {"start", "tea"} <= set(result.stderr.splitlines())


def test_no_line_of_a_report_is_over_80_columns(folder: Path) -> None:
    result = checked(folder, STARLETTE.format(arguments=ONE))
    assert [line for line in result.stdout.splitlines()[1:] if len(line) > 80] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (BARE, ["app-without-cors"]),
        (STARLETTE.replace("{arguments}", ONE), ["crash-without-headers"]),
        (
            STARLETTE.replace("{arguments}", "allow_origins='https://app.example'"),
            ["not-a-list", "crash-without-headers"],
        ),
        (
            STARLETTE.replace("{arguments}", "allow_origins=['https://app.example/']"),
            ["origin-has-path"],
        ),
        (
            STARLETTE.replace("{arguments}", "allow_origins=['*'], allow_credentials=True"),
            ["wildcard-with-credentials", "crash-without-headers"],
        ),
        (
            STARLETTE.replace("{arguments}", "allow_origins=['https://*.app.example']"),
            ["misplaced-wildcard"],
        ),
        (
            STARLETTE.replace("{arguments}", "allow_origin_regex='https://.*'"),
            ["origins-empty", "crash-without-headers"],
        ),
        (FLASK.replace("{arguments}", "origins='https://app.example'"), ["preflight-not-answered"]),
        (FLASK.replace("{arguments}", "origins=['https://app.example', r'https://.*x']"), None),
        (RIGHT.replace("{arguments}", "origins=['https://app.example']"), []),
        (RIGHT.replace("{arguments}", "origins='*'"), []),
    ],
)
def test_what_is_found_has_its_code(folder: Path, source: str, found: list[str] | None) -> None:
    result = checked(folder, source, "--format", "json")
    expected = ["preflight-not-answered"] if found is None else found
    assert [code for code in codes(result) if code != "origins-empty"] == [
        code for code in expected if code != "origins-empty"
    ] or codes(result) == expected
    assert result.exit_code == (1 if expected else 0)


def test_an_application_that_is_right_has_a_clean_report(folder: Path) -> None:
    result = checked(folder, RIGHT.format(arguments="origins=['https://app.example']"))
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "yes: a page of https://app.example may read all 8 answers of main:app\n"
    )
    assert "✗" not in result.stdout


def test_a_file_is_checked_as_its_module_is(folder: Path) -> None:
    result = checked(folder, STARLETTE.format(arguments=ONE), target="main.py")
    assert result.exit_code == 1
    assert "as a diff    corsmith check main.py --fix" in result.stdout


def test_a_page_that_is_not_allowed_is_told_what_is(folder: Path) -> None:
    page = "https://other.example"
    result = checked(folder, STARLETTE.format(arguments=ONE), "--from", page, "--format", "json")
    assert codes(result) == ["origin-not-allowed"]
    assert "it allows https://app.example" in result.stdout
    assert checked(folder, STARLETTE.format(arguments=ONE), "--from", page, "--fix").stdout == ""


def test_what_the_page_sends_is_asked_for(folder: Path) -> None:
    source = STARLETTE.format(arguments=ONE)
    result = checked(folder, source, "-X", "PUT", "-H", "X-Key", "-H", "Range", "--format", "json")
    assert codes(result) == ["crash-without-headers", "preflight-not-answered"]
    preflight = json.loads(result.stdout)["probes"][0]
    assert (preflight["outcome"], preflight["status"]) == ("blocked", 400)


def test_a_layer_outside_the_cors_layer_is_named(folder: Path) -> None:
    auth = """
from starlette.responses import Response
class Auth:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await Response(status_code=401)(scope, receive, send)
app.add_middleware(Auth)
"""
    result = checked(folder, STARLETTE.format(arguments=ONE) + auth)
    assert "main.py:5: preflight-not-answered" in result.stdout
    assert "add_middleware(Auth, …)" in result.stdout
    assert "(main.py:19)" in result.stdout


def test_errors_that_are_answered_outside_are_found(folder: Path) -> None:
    source = """\
async def app(scope, receive, send):
    found = scope["path"] == "/"
    headers = [(b"access-control-allow-origin", b"*")] if found else []
    status = 200 if found else 404
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body"})
"""
    result = checked(folder, source, "--format", "json")
    assert codes(result) == ["preflight-not-answered", "errors-without-headers"]
    text = checked(folder, source).stdout
    assert "an application of no framework that is known here" in text


def test_a_crash_that_an_unknown_layer_leaves_out_is_found(folder: Path) -> None:
    source = RIGHT.replace("from corsmith import install\n", "").partition("app.wsgi_app")[0]
    source += """
@app.after_request
def mark(response):
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
app.testing = True
"""
    result = checked(folder, source, "--format", "json")
    assert codes(result)[0] == "crash-without-headers"


def test_a_policy_is_put_around_the_application_first(folder: Path) -> None:
    (folder / "cors.toml").write_text('[policy]\norigins = ["https://shop.example"]\n')
    result = checked(folder, BARE, "--policy", "cors.toml")
    assert result.exit_code == 0
    assert "a page of https://shop.example may read all" in result.stdout
    assert "CORS by the policy cors.toml" in result.stdout


def test_routes_are_put_around_the_application_too(folder: Path) -> None:
    (folder / "cors.toml").write_text('[[routes]]\npath = "/"\norigins = ["*"]\n')
    assert checked(folder, BARE, "--policy", "cors.toml").exit_code == 0


def test_the_diff_stands_alone_on_standard_output_and_makes_it_right(folder: Path) -> None:
    result = checked(folder, STARLETTE.format(arguments=ONE), "--fix")
    assert result.exit_code == 1
    assert result.stdout.startswith("--- a/main.py\n+++ b/main.py\n")
    assert result.stderr.splitlines()[-1].startswith("corsmith: no: main:app: a 500")
    (folder / "change.diff").write_text(result.stdout)
    subprocess.run(["git", "apply", "change.diff"], cwd=folder, check=True)  # noqa: S607  on PATH
    after = (folder / "main.py").read_text()
    assert checked(folder, after).exit_code == 0


def test_an_application_without_cors_gets_its_diff_once_the_page_is_named(folder: Path) -> None:
    without = checked(folder, BARE, "--fix")
    assert without.stdout == ""
    assert "needs --from ORIGIN" in without.stderr
    named = checked(folder, BARE, "--fix", "--from", "https://app.example", "--cookies")
    assert '+app = install(app, origins=["https://app.example"], credentials=True)' in named.stdout


def test_there_is_no_diff_where_no_place_is_known_or_nothing_is_wrong(folder: Path) -> None:
    listed = BARE.replace(
        "from starlette.app",
        "from starlette.middleware.cors import CORSMiddleware as C\nfrom starlette.app",
    ).replace("app = Starlette(", "app = Starlette(middleware=[M(C, allow_origins=['*'])], ")
    listed = "from starlette.middleware import Middleware as M\n" + listed
    result = checked(folder, listed, "--fix")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no change is certain enough" in result.stderr
    right = checked(folder, RIGHT.format(arguments="origins='*'"), "--fix")
    assert (right.exit_code, right.stdout) == (0, "")


def test_an_application_that_fails_to_import_shows_its_own_traceback(folder: Path) -> None:
    result = checked(folder, "import json\napp = json.loads('{')\n")
    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.count("  File ") == 1
    assert "JSONDecodeError" in result.stderr


def test_an_application_that_raises_by_itself_says_where(folder: Path) -> None:
    source = STARLETTE.format(arguments=ONE).replace(
        '    return ["tea"]', '    raise KeyError("tea")'
    )
    assert "it raised KeyError: 'tea' at main.py:11" in " ".join(
        checked(folder, source).stdout.split()
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "https://a.example", "--from", "https://b.example"], "one page at a time"),
        (["-k"], "-k is for a URL; an application is asked in memory"),
        (["--path", "/x"], "--path is for a URL"),
        (["--fix", "--format", "json"], "--fix prints a diff"),
        (["main:other"], "one application at a time"),
        (["--policy", "none.toml"], "there is no file none.toml"),
    ],
)
def test_what_means_nothing_to_an_application_is_refused(
    folder: Path, words: list[str], told: str
) -> None:
    result = checked(folder, BARE, *words)
    assert result.exit_code == 2
    assert told in result.stderr


@pytest.mark.parametrize("words", [("--fix",), ("--policy", "x")])
def test_what_means_something_only_to_an_application_is_refused_elsewhere(
    folder: Path, words: tuple[str, ...]
) -> None:
    result = check("https://127.0.0.1:9/", *words)
    assert result.exit_code == 2
    assert f"{words[0]} is for a Python application" in result.stderr


def test_an_application_that_answers_nothing_is_told(folder: Path) -> None:
    source = "def app(environ, start_response):\n    return []\n"
    result = checked(folder, source)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "main:app gives no answer to any request: no answer" in result.stderr


def test_starlettes_layer_around_an_application_is_right_for_its_page(folder: Path) -> None:
    around = "app = CORSMiddleware(app, allow_origins=['https://shop.example'])\n"
    source = STARLETTE.replace("app.add_middleware(CORSMiddleware, {arguments})\n", "") + around
    result = checked(folder, source)
    assert result.exit_code == 0
    assert "a page of https://shop.example may read all 8 answers" in result.stdout


def test_a_layer_that_is_not_known_here_is_not_said_to_be_missing(folder: Path) -> None:
    source = """\
def app(environ, start_response):
    start_response("200 OK", [("Vary", "Origin")])
    return []
"""
    assert codes(checked(folder, source, "--format", "json")) == ["origin-not-allowed"]


def test_a_missing_vary_is_found_where_all_else_is_right(folder: Path) -> None:
    source = """\
def app(environ, start_response):
    origin = environ.get("HTTP_ORIGIN")
    headers = [] if origin is None else [("Access-Control-Allow-Origin", origin)]
    start_response("200 OK", headers)
    return []
"""
    result = checked(folder, source)
    assert result.stdout.splitlines()[0] == (
        "no: a page of https://app.example may read main:app, but it has 1 problem"
    )
    assert "  vary-missing\n" in result.stdout


def test_a_redirect_to_another_host_is_no_finding_where_it_has_headers(folder: Path) -> None:
    source = """\
def app(environ, start_response):
    headers = [("Access-Control-Allow-Origin", "*"), ("Location", "https://login.example/")]
    start_response("200 OK" if environ["REQUEST_METHOD"] == "OPTIONS" else "302 Found", headers)
    return []
"""
    assert checked(folder, source).exit_code == 0


def test_a_page_that_a_browser_stops_by_itself_is_told(folder: Path) -> None:
    result = checked(folder, BARE, "--from", "null")
    assert result.exit_code == 1


def test_a_source_file_that_cannot_be_shown_is_left_out(folder: Path) -> None:
    (folder / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'\n")
    (folder / "large.py").write_text("#" * 1_100_000)
    source = "import latin, large\n" + STARLETTE.format(arguments=ONE)
    assert "main.py:6: crash-without-headers" in checked(folder, source).stdout


DJANGO: Final = """\
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "corsheaders.middleware.CorsMiddleware",
]
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["api.example"], SECRET_KEY="x", MIDDLEWARE=MIDDLEWARE,
    CORS_ALLOWED_ORIGINS=["https://app.example"],
)
urlpatterns = [path("items/", lambda request: JsonResponse({}))]
application = get_wsgi_application()
import warnings
warnings.warn("careful")
"""


@pytest.mark.slow
def test_a_slash_redirect_without_headers_is_found_in_django(folder: Path) -> None:
    # In a process of its own: Django's settings are made once.
    (folder / "main.py").write_text(DJANGO, encoding="utf-8")
    command = [sys.executable, "-m", "corsmith", "check", "main:application"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "  main.py:7: redirect-without-headers\n" in done.stdout
    assert "Put corsheaders.middleware.CorsMiddleware first in MIDDLEWARE." in done.stdout
    assert "UserWarning: careful" in done.stderr
    assert "careful" not in done.stdout

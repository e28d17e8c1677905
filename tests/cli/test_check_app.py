"""``corsmith check main:app``: what is found in an application, and where."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.applications import (
    BARE,
    DJANGO,
    FLASK,
    ONE,
    RIGHT,
    STARLETTE,
    checked,
    codes,
    stand_in,
)

if TYPE_CHECKING:
    from pathlib import Path

folder = pytest.fixture(autouse=True)(stand_in)


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
    assert json.loads(result.stdout)["conclusion"] == "no"
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
            ["wide-regex", "crash-without-headers"],
        ),
        (FLASK.replace("{arguments}", "origins='https://app.example'"), ["preflight-not-answered"]),
        (
            FLASK.replace("{arguments}", "origins=['https://app.example', r'https://.*x']"),
            ["wide-regex", "preflight-not-answered"],
        ),
        (RIGHT.replace("{arguments}", "origins=['https://app.example']"), []),
        (RIGHT.replace("{arguments}", "origins='*'"), []),
    ],
)
def test_what_is_found_has_its_code(folder: Path, source: str, found: list[str]) -> None:
    result = checked(folder, source, "--format", "json")
    assert codes(result) == found
    assert result.exit_code == (1 if found else 0)


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
    source = RIGHT.replace("from corsmith import install\n", "").partition("install(app")[0]
    source += """
@app.after_request
def mark(response):
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
app.testing = True
"""
    result = checked(folder, source, "--format", "json")
    assert codes(result)[0] == "crash-without-headers"


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
    assert "  main.py:3: vary-missing\n" in result.stdout


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

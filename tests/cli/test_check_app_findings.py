"""``corsmith check main:app``: findings beyond the eight questions, and when there are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.applications import FLASK, INSTALLED, ONE, STARLETTE, checked, codes, stand_in

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

folder = pytest.fixture(autouse=True)(stand_in)

BY_HAND = """\
import re
from urllib.parse import urlsplit

PAGES = ["https://one.shop.example", 'https://two.shop.example:8443', "http://localhost:3000"]


def app(environ, start_response):
    origin = environ.get("HTTP_ORIGIN", "")
    headers = [("Content-Type", "text/plain"), ("Vary", "Origin")]
    if {test}:
        headers.append(("Access-Control-Allow-Origin", origin))
        {more}
    start_response("200 OK", headers)
    return [b"tea"]
"""


def by_hand(test: str, more: str = "pass") -> str:
    return BY_HAND.replace("{test}", test).replace("{more}", more)


def found(result: Result, code: str) -> Any:
    """Return the finding of a code."""
    (one,) = (one for one in json.loads(result.stdout)["findings"] if one["code"] == code)
    return one


# ── strangers ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("test", "stranger"),
    [
        ("origin in PAGES or origin.endswith('shop.example')", "https://strangershop.example"),
        (
            "any(origin.startswith(page) for page in PAGES)",
            "https://one.shop.example.stranger.invalid",
        ),
        ("re.fullmatch('https://one.shop.example', origin)", "https://onexshop.example"),
        ("origin in PAGES or origin.endswith('.shop.example')", None),
        ("origin in PAGES", None),
        ("urlsplit(origin).hostname == 'localhost'", None),
        ("True", None),
    ],
)
def test_a_layer_by_hand_is_asked_as_a_page_it_names_and_as_strangers(
    folder: Path, test: str, stranger: str | None
) -> None:
    result = checked(folder, by_hand(test), "--format", "json")
    assert codes(result) == ([] if stranger is None else ["stranger-admitted"])
    if stranger is not None:
        one = found(result, "stranger-admitted")
        assert one["message"].startswith(f'"{stranger}" is let in, and is another site')
        assert one["place"] == "main.py:11"


CREDENTIALS = 'headers.append(("Access-Control-Allow-Credentials", "true"))'


@pytest.mark.parametrize(
    ("test", "expected"),
    [("origin", ["wildcard-with-credentials"]), ("origin in PAGES", [])],
)
def test_any_origin_with_credentials_is_found_by_asking(
    folder: Path, test: str, expected: list[str]
) -> None:
    result = checked(folder, by_hand(test, CREDENTIALS), "--format", "json")
    assert codes(result) == expected
    if expected:
        assert "any page reads what is meant" in found(result, expected[0])["message"]


def test_a_stranger_with_credentials_is_said_to_have_them(folder: Path) -> None:
    test = "origin in PAGES or origin.endswith('shop.example')"
    assert "let in with credentials, and is another" in checked(
        folder, by_hand(test, CREDENTIALS)
    ).stdout.replace("\n    ", " ")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("allow_origin_regex=r'https://.*\\.shop\\.example'", []),
        ("allow_origins=['*']", []),
        ("allow_origin_regex=r'https://[a-z]+\\.shop.example'", ["wide-regex"]),
    ],
)
def test_a_regex_is_tried_on_strangers(folder: Path, arguments: str, expected: list[str]) -> None:
    source = STARLETTE.replace("{arguments}", arguments)
    assert codes(checked(folder, source, "--format", "json")) == [
        *expected,
        "crash-without-headers",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("origin_regex=r'https://.*shop\\.example'", ["wide-regex"]),
        ("origin_regex=r'https://(.*\\.)?shop\\.example'", []),
        ("origins=['https://app.example', 'http://localhost:3000']", []),
        (
            "origin_regex='https://.*shop', credentials=True, accept_risks=['wide-regex']",
            [],
        ),
    ],
)
def test_a_hole_in_a_policy_of_ours_is_told_unless_it_is_accepted(
    folder: Path, arguments: str, expected: list[str]
) -> None:
    source = INSTALLED.replace("{arguments}", arguments)
    assert codes(checked(folder, source, "--format", "json")) == expected


def test_an_origin_that_an_inner_layer_lets_in_is_a_stranger(folder: Path) -> None:
    inner = """
from starlette.responses import JSONResponse
app.add_api_route("/first", lambda: JSONResponse({}, headers=HEADERS))
app.router.routes.insert(0, app.router.routes.pop())
HEADERS = dict([("Access-Control-Allow-" + "Origin", "https://stranger.invalid")])
"""
    result = checked(folder, STARLETTE.format(arguments=ONE) + inner, "--format", "json")
    assert "stranger-admitted" in codes(result)


# ── WebSockets ───────────────────────────────────────────────────────────────

SOCKET = """
from fastapi import WebSocket


@app.websocket("/live")
async def live(socket: WebSocket) -> None:
    {test}await socket.accept()
"""


@pytest.mark.parametrize(
    ("arguments", "test", "expected"),
    [
        ("origins=['https://app.example']", "", ["websocket-unguarded"]),
        ("origins='*'", "", []),
        (
            "origins=['https://app.example']",
            "if socket.headers['origin'] == 'https://app.example': ",
            [],
        ),
        ("origins=['https://app.example'], enforce=True", "", []),
    ],
)
def test_a_websocket_is_a_finding_where_strangers_open_what_is_not_public(
    folder: Path, arguments: str, test: str, expected: list[str]
) -> None:
    source = INSTALLED.replace("{arguments}", arguments) + SOCKET.replace("{test}", test)
    result = checked(folder, source, "--format", "json")
    assert codes(result) == expected
    if expected:
        assert found(result, expected[0])["place"] == "main.py:16"


def test_beside_another_layer_a_websocket_needs_ours_in_its_place(folder: Path) -> None:
    source = STARLETTE.format(arguments=ONE) + SOCKET.replace("{test}", "")
    one = found(checked(folder, source, "--format", "json"), "websocket-unguarded")
    assert one["fix"].endswith("enforce=True) does, in place of the layer.")


# ── layers ───────────────────────────────────────────────────────────────────

MIDDLEWARE = """

@app.middleware("http")
async def around(request, call_next):
    {body}
    return await call_next(request)
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("print(request.url)", False),
        ("from starlette.responses import Response; request.app or Response()", True),
        ("from starlette.responses import RedirectResponse as R; request.app or R('/')", True),
        ("make = lambda: PlainTextResponse()", True),
    ],
)
def test_a_layer_outside_is_a_finding_where_it_can_answer(
    folder: Path, body: str, expected: bool
) -> None:
    source = STARLETTE.format(arguments=ONE) + MIDDLEWARE.replace("{body}", body)
    assert ("middleware-order" in codes(checked(folder, source, "--format", "json"))) is expected


def test_a_class_outside_that_answers_nothing_is_no_finding(folder: Path) -> None:
    layer = """

class Timer:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


app.add_middleware(Timer)
"""
    result = checked(folder, STARLETTE.format(arguments=ONE) + layer, "--format", "json")
    assert codes(result) == ["crash-without-headers"]


def test_a_problem_that_several_paths_have_is_told_once(folder: Path) -> None:
    options = "{'origins': ['https://app.example/'], 'supports_credentials': True}"
    arguments = f"resources={{'/items/': {options}, '/other/': {options}}}"
    source = FLASK.replace("{arguments}", arguments)
    source += '@app.get("/other/")\ndef read_others(): return ["coffee"]\n'
    assert codes(checked(folder, source, "--format", "json")) == ["origin-has-path"]


def test_a_policy_function_is_asked_as_the_page_that_the_source_names(folder: Path) -> None:
    function = """
from corsmith import Policy


async def choose(origin, scheme, host, path):
    return Policy(origins=["https://shop.example"])
"""
    source = (
        INSTALLED.replace("install(app, {arguments})", "") + function + "install(app, choose)\n"
    )
    result = checked(folder, source)
    assert result.exit_code == 0
    assert result.stdout.startswith("yes: a page of https://shop.example may read all 8 answers")


WITHOUT = STARLETTE.replace("app.add_middleware(CORSMiddleware, {arguments})\n", "")


def test_layers_without_a_cors_layer_have_no_order(folder: Path) -> None:
    source = WITHOUT + MIDDLEWARE.replace("{body}", "make = lambda: PlainTextResponse()")
    assert codes(checked(folder, source, "--format", "json")) == ["app-without-cors"]


def test_several_layers_outside_are_named_and_those_of_frameworks_are_not(folder: Path) -> None:
    layers = """
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.gzip import GZipMiddleware


class Login:
    class Inner:
        def respond(self):
            return RedirectResponse("/")

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        respond = JSONResponse
        await self.app(scope, receive, send)


app.add_middleware(HTTPSRedirectMiddleware)
app.add_middleware(GZipMiddleware)
app.add_middleware(Login)
"""
    result = checked(folder, STARLETTE.format(arguments=ONE) + layers, "--format", "json")
    one = found(result, "middleware-order")
    assert one["message"].startswith("Login, HTTPSRedirectMiddleware stand outside of ")
    assert one["place"] == "main.py:32"


# ── cookies ──────────────────────────────────────────────────────────────────

COOKIE = """

@app.post("/login")
def log_in(response: Response) -> None:
    response.set_cookie({given})


from fastapi import Response
"""


@pytest.mark.parametrize(
    ("arguments", "given", "expected"),
    [
        ("origins=['https://app.example'], credentials=True", "'id', 'x'", True),
        ("origins=['https://app.example'], credentials=True", "key=NAME", True),
        ("origins=['https://app.example']", "'id', 'x'", False),
        (
            "origins=['https://app.example'], credentials=True",
            "'id', samesite='none', secure=True",
            False,
        ),
        ("origins=['http://localhost:3000'], credentials=True", "'id', 'x'", False),
    ],
)
def test_a_cookie_that_is_kept_back_is_a_finding_where_credentials_are_allowed(
    folder: Path, arguments: str, given: str, expected: bool
) -> None:
    source = "from fastapi import Response\n" + INSTALLED.replace("{arguments}", arguments)
    result = checked(folder, source + COOKIE.replace("{given}", given), "--format", "json")
    assert codes(result) == (["cookie-not-sent"] if expected else [])


def test_a_cookie_is_sent_within_one_site(folder: Path) -> None:
    hosts = """
from starlette.middleware.trustedhost import TrustedHostMiddleware
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["api.shop.example"])
"""
    arguments = "origins=['https://app.shop.example'], credentials=True"
    source = "from fastapi import Response\n" + INSTALLED.replace("{arguments}", arguments) + hosts
    whole = source + COOKIE.replace("{given}", "'id', 'x'")
    assert codes(checked(folder, whole, "--format", "json")) == []

"""Small changes in a source file, and none where it is not certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.application.touches import (
    as_lists,
    enforce,
    first_in_middleware,
    send_cookies,
    without_second,
)

if TYPE_CHECKING:
    from collections.abc import Callable

IMPORT = "from corsmith import install\n"
STOCK = 'app.add_middleware(CORSMiddleware, allow_origins=["*"])\n'
OURS = 'install(app, origins="*")\n'
H, C = '"corsheaders.middleware.CorsMiddleware"', '"django.middleware.common.CommonMiddleware"'
D = '"corsmith.adapters.django.CORSMiddleware"'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('r.set_cookie("a")', 'r.set_cookie("a", samesite="none", secure=True)'),
        (
            'r.set_cookie("ä", samesite="lax", secure=False)',
            'r.set_cookie("ä", samesite="none", secure=True)',
        ),
        (
            'r.set_cookie("a", same_site="Lax", secure=True)',
            'r.set_cookie("a", same_site="none", secure=True)',
        ),
        ('r.add_cookie("a", "b")', 'r.add_cookie("a", "b", samesite="none")'),
        (
            'r.add_cookie("a", "b", secure=False)',
            'r.add_cookie("a", "b", secure=True, samesite="none")',
        ),
        ('r.set_cookie("a", samesite="None", secure=True)', None),
        ('r.set_cookie("a", samesite="None")', 'r.set_cookie("a", samesite="none", secure=True)'),
        ('r.set_cookie("a", **options)', None),
        ('r.set_cookie("a", samesite=MODE, secure=True)', None),
        ("r.set_cookie()", None),
        ('set_cookie("a")', None),
        (
            'app.add_middleware(SessionMiddleware, same_site="lax")',
            'app.add_middleware(SessionMiddleware, same_site="none", https_only=True)',
        ),
        ("app.add_middleware(Auth)", None),
    ],
)
def test_cookies_are_sent_across_sites(before: str, after: str | None) -> None:
    assert send_cookies(before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("install(app, policy)", "install(app, policy, enforce=True)"),
        ("install(app, policy, enforce=False)", "install(app, policy, enforce=True)"),
        ("install(\n    app,\n    policy,\n)", "install(\n    app,\n    policy, enforce=True,\n)"),
        ("install()", "install()"),
        ("other(app)", "other(app)"),
    ],
)
def test_handshakes_are_refused(before: str, after: str) -> None:
    assert enforce(IMPORT + before) == IMPORT + after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (IMPORT + STOCK + OURS, IMPORT + OURS),
        (STOCK + STOCK.replace("*", "null"), STOCK.replace("*", "null")),
        (IMPORT + STOCK.replace("\n", "  # all\n") + OURS, IMPORT + OURS),
        (IMPORT + "x = 1; " + STOCK + OURS, None),
        (IMPORT + STOCK.replace("\n", "; x = 1\n") + OURS, None),
        (f"{IMPORT}if True:\n    {STOCK}{OURS}", None),
        (f"{IMPORT}layers = [{STOCK.strip()}]\n{OURS}", None),
        (STOCK, None),
        (
            'def view(r):\n    r.headers["Access-Control-Allow-Origin"] = "*"\n    return r\n',
            "def view(r):\n    return r\n",
        ),
        (
            'def view(r):\n    r.headers.add("access-control-allow-origin", "*")\n    return r\n',
            "def view(r):\n    return r\n",
        ),
        ('r = Response(headers={"Access-Control-Allow-Origin": "*"})\n', None),
        (
            f"MIDDLEWARE = [\n    {D},\n    {H},\n    {C},\n]\n",
            f"MIDDLEWARE = [\n    {D},\n    {C},\n]\n",
        ),
        (
            f"MIDDLEWARE = [\n    {H},\n    {C},\n    {H},\n]\n",
            f"MIDDLEWARE = [\n    {H},\n    {C},\n]\n",
        ),
        (f"MIDDLEWARE = [{D}, {H}]\n", None),
        (f"MIDDLEWARE = [\n    {H},\n]\n", None),
    ],
)
def test_one_layer_is_left(before: str, after: str | None) -> None:
    assert without_second(before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"MIDDLEWARE = [{C}, {H}]", f"MIDDLEWARE = [{H}, {C}]"),
        (
            f"MIDDLEWARE = [\n    {C},  # first\n    {D},\n]",
            f"MIDDLEWARE = [\n    {D},  # first\n    {C},\n]",
        ),
        (
            f"settings.configure(MIDDLEWARE=[{C}, {H}])",
            f"settings.configure(MIDDLEWARE=[{H}, {C}])",
        ),
        (f"MIDDLEWARE = [{H}, {C}]", None),
        (f"MIDDLEWARE = [{C}, *MORE, {H}]", None),
        (f"MIDDLEWARE = [{C}, {H}, {D}]", None),
        (f"MIDDLEWARE = [{C}, LAYER]", None),
        (f"settings.configure(MIDDLEWARE=({C}, {H}))", None),
    ],
)
def test_the_layer_comes_first(before: str, after: str | None) -> None:
    assert first_in_middleware(before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'{IMPORT}install(app, origins="https://a.example", methods="GET, PUT")',
            f'{IMPORT}install(app, origins=["https://a.example"], methods=["GET", "PUT"])',
        ),
        (f'{IMPORT}install(app, origins="*", max_age=5)', None),
        (
            'CORS_ALLOWED_ORIGINS = "https://a.example"',
            'CORS_ALLOWED_ORIGINS = ["https://a.example"]',
        ),
        (
            'settings.configure(CORS_ALLOW_METHODS="PUT")',
            'settings.configure(CORS_ALLOW_METHODS=["PUT"])',
        ),
        ("CORS_ALLOWED_ORIGINS = ORIGINS", None),
        ('NAME = a["x"] = "https://a.example"', None),
        (
            "from litestar.config.cors import CORSConfig\nCORSConfig(allow_origins='https://a.example')",
            'from litestar.config.cors import CORSConfig\nCORSConfig(allow_origins=["https://a.example"])',
        ),
        ('other(origins="https://a.example")', None),
    ],
)
def test_a_string_becomes_a_list(before: str, after: str | None) -> None:
    assert as_lists(before) == (before if after is None else after)


@pytest.mark.parametrize(
    "touch", [as_lists, enforce, first_in_middleware, send_cookies, without_second]
)
def test_what_has_nothing_to_change_stays_as_it_is(touch: Callable[[str], str]) -> None:
    source = "# ä\nimport os\n\n\ndef app():\n    return os\n"
    assert touch(source) == source

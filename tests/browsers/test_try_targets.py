"""The try page beside a folder, an app and a gateway: each has its own buttons."""

# ruff: noqa: RUF001 - the page writes a typographer's apostrophe

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browsers.serving import serving
from tests.browsers.trying import offered, open_page, press, type_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.servers, pytest.mark.slow]

APP = """async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status = {"PUT": 201, "POST": 422}.get(scope["method"], 404)
    if scope["query_string"] not in (b"", b"a=1"):
        status = 400
    if scope["path"] == "/away":
        away = (b"location", scope["path"].encode().replace(b"/away", b"http://[::1]:9/"))
        await send({"type": "http.response.start", "status": 302, "headers": [away]})
        await send({"type": "http.response.body"})
        return
    await send({"type": "http.response.start", "status": status, "headers": []})
    endless = scope["path"] == "/endless"
    await send({"type": "http.response.body", "body": b"x" * 5000, "more_body": endless})
    while endless and (await receive())["type"] != "http.disconnect":
        pass
"""
READING = {"get", "header", "credentials", "null"}
AS_PREDICTED = "✓ as predicted"


def test_every_button_of_a_folder_ends_as_predicted_and_none_writes(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a" * 1_000_000)
    with serving(tmp_path, "./data") as served:
        open_page(browser, served)
        assert set(offered(browser)) == READING
        assert "Files cannot be written" in browser.text("#sentence")
        assert "corsmith serve ./data --policy cors.toml" in browser.text("#command")
        assert "✓ readable" in browser.text("[data-press=get]")
        for path, status in [("/", 200), ("/a.txt", 200), ("none?a=1", 404)]:
            type_path(browser, path)
            for name in offered(browser):
                assert AS_PREDICTED in press(browser, name)
            outcome = press(browser, "get")
            assert f"readable: the server answered {status}" in outcome
        assert "GET /none?a=1" in outcome
        assert "404 is the server’s own answer" in outcome


def test_every_button_of_an_app_ends_as_predicted_whatever_it_answers(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(APP)
    with serving(tmp_path, "main:app") as served:
        open_page(browser, served)
        assert set(offered(browser)) == READING | {"post", "put"}
        assert "These reach main:app" in browser.text("#sentence")
        type_path(browser, "/items?a=1")  # and nothing else reaches the app
        statuses = {"post": 422, "put": 201}
        for name in offered(browser):
            outcome = press(browser, name)
            assert AS_PREDICTED in outcome
            assert str(statuses.get(name, 404)) in outcome


def test_a_redirect_elsewhere_and_an_answer_without_end_are_told_as_what_they_are(
    browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "main.py").write_text(APP)
    with serving(tmp_path, "main:app") as served:
        open_page(browser, served)
        type_path(browser, "/away")
        outcome = press(browser, "get")
        assert "The server answered 302, which sends the browser on to another address" in outcome
        type_path(browser, "/endless")
        assert "readable: the server answered 404" in press(browser, "get")


def test_a_gateways_buttons_write_only_once_a_person_has_said_so(
    browser: Browser, tmp_path: Path
) -> None:
    with serving(tmp_path) as served, serving(tmp_path, served.target) as gateway:
        open_page(browser, gateway)
        assert f"These are sent to {served.target}" in browser.text("#sentence")
        assert f"corsmith serve {served.target} --policy" in browser.text("#command")
        disabled = "Array.from(document.querySelectorAll('button[data-press]:disabled'), \
b => b.dataset.press)"
        assert set(browser.evaluate(disabled)) == {"post", "put", "s404", "s500"}
        assert "tick above" in browser.text("[data-press=put]")
        browser.press("#writes")
        for name in offered(browser):
            assert AS_PREDICTED in press(browser, name)
        assert "readable: the server answered 405" in press(browser, "put")
        browser.press("#writes")
        assert set(browser.evaluate(disabled)) >= {"post", "put"}

"""What browsers make of a page that was opened from a file: the facts behind `null-origin`.

All three send `Origin: null`, so the open policy lets such a page in, and `file://` in a policy can
never match, although two of them show `file://` as the page's own origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browsers.browser import ScriptError
from tests.browsers.toy import Answer, Toy, toy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browsers.browser import Browser

LOCATION_ORIGIN = {"chromium": "file://", "firefox": "null", "webkit": "file://"}
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET,POST,OPTIONS",
    "Access-Control-Allow-Headers": "x-api-key,Content-Type",
    "Access-Control-Max-Age": "0",
}
ANSWERS = {
    "/open": Answer(body="readable", headers=OPEN),
    "/file": Answer(body="secret", headers={"Access-Control-Allow-Origin": "file://"}),
    "/null": Answer(
        body="readable",
        headers={
            "Access-Control-Allow-Origin": "null",
            "Access-Control-Allow-Credentials": "true",
        },
    ),
    "/closed": Answer(body="secret"),
}
POST_JSON = (
    "{method: 'POST', body: '{}',"
    " headers: {'x-api-key': 'key', 'Content-Type': 'application/json'}}"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Toy]:
    with toy(ANSWERS) as server:
        yield server


@pytest.fixture
def file_page(browser: Browser, tmp_path: Path) -> Browser:
    """A browser that shows a page from a file."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><title>from a file</title>")
    browser.open(page.as_uri())
    return browser


def read(browser: Browser, server: Toy, path: str, init: str = "{}") -> str | None:
    """Return what a page reads of an answer, or None for a network error."""
    del server.seen[:]
    script = f"fetch('{server.origin}{path}', {init}).then(response => response.text())"
    try:
        return str(browser.evaluate(script))
    except ScriptError:
        return None


def test_a_page_from_a_file_is_of_the_null_origin_whatever_its_location_says(
    file_page: Browser,
) -> None:
    assert file_page.evaluate("self.origin") == "null"
    assert file_page.evaluate("location.origin") == LOCATION_ORIGIN[file_page.engine]


@pytest.mark.parametrize(
    ("init", "methods"), [("{}", ["GET"]), (POST_JSON, ["OPTIONS", "POST"])], ids=["get", "post"]
)
def test_the_open_policy_lets_a_page_from_a_file_read_and_write(
    file_page: Browser, server: Toy, init: str, methods: list[str]
) -> None:
    assert read(file_page, server, "/open", init) == "readable"
    assert server.methods("/open") == methods
    assert [seen.headers["Origin"] for seen in server.seen] == ["null"] * len(methods)


def test_a_policy_that_names_null_lets_it_in_with_credentials(
    file_page: Browser, server: Toy
) -> None:
    assert read(file_page, server, "/null", "{credentials: 'include'}") == "readable"


@pytest.mark.parametrize("path", ["/file", "/closed"])
def test_a_policy_that_names_file_lets_it_in_no_more_than_one_that_names_nothing(
    file_page: Browser, server: Toy, path: str
) -> None:
    assert read(file_page, server, path) is None
    assert server.methods(path) == ["GET"]
    file_page.wait_for_console("Access-Control-Allow-Origin")

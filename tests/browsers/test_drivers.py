"""The browser harness itself, on two toy origins: what `browser.py` promises holds in each engine.

The console lines are compared whole: they are what a person pastes, so a browser that words them
anew must turn a test red.
"""

# ruff: noqa: RUF001 - Firefox writes curly quotes

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from selenium.common.exceptions import ElementClickInterceptedException

from tests.browsers.browser import HEIGHT, WIDTH, ScriptError
from tests.browsers.toy import Answer, Toy, toy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browsers.browser import Browser

PAGE = """<!doctype html>
<title>toy</title>
<style>
  body { background: rgb(255, 255, 255) }
  @media (prefers-color-scheme: dark) { body { background: rgb(0, 0, 0) } }
  #cover { position: fixed; bottom: 0; left: 0; width: 100%; height: 60px; background: gray }
  #under { position: fixed; bottom: 10px; left: 10px }
</style>
<button id="one">one</button>
<button id="two">two</button>
<p id="seen"></p>
<button id="under">under</button>
<div id="cover"></div>
<script>
  console.log("ready", 1, true);
  for (const button of document.querySelectorAll("button")) {
    button.onclick = event => {
      document.getElementById("seen").textContent = `${button.id} ${event.isTrusted}`;
    };
  }
</script>
"""
ANSWERS = {
    "/": Answer(body=PAGE, type="text/html"),
    "/blank": Answer(body="<!doctype html><title>blank</title>", type="text/html"),
    "/strict": Answer(
        body="<!doctype html><title>strict</title><p>strict</p>",
        type="text/html",
        headers={"Content-Security-Policy": "default-src 'none'"},
    ),
    "/open": Answer(body="readable", headers={"Access-Control-Allow-Origin": "*"}),
    "/closed": Answer(body="secret"),
    "/put": Answer(
        headers={
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Methods": "PUT",
            "Access-Control-Max-Age": "600",
        }
    ),
    "/no-put": Answer(headers={"Access-Control-Allow-Origin": "*"}),
}
# What script gets for a network error: the browser keeps the reason to its console.
NETWORK_ERROR = {
    "chromium": "TypeError: Failed to fetch",
    "firefox": "TypeError: NetworkError when attempting to fetch resource.",
    "webkit": "TypeError: Load failed",
}
FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at"
)
# What a block looks like in the console, around its reason.
CONSOLE = {
    "chromium": """\
Access to fetch at '{url}' from origin '{origin}' has been blocked by CORS policy: {reason}
Failed to load resource: net::ERR_FAILED""",
    "firefox": f"""\
{FIREFOX} {{url}}. (Reason: {{reason}}""",
    "webkit": """\
{reason}
Fetch API cannot load {url} due to access control checks.
Failed to load resource: {reason}""",
}
NO_ALLOW_ORIGIN = {
    "chromium": "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    "firefox": "CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 200.",
    "webkit": "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: 200",
}
# Firefox adds a second line, about the request that the preflight forbade.
METHOD_REFUSED = {
    "chromium": "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.",
    "firefox": f"""\
Did not find method in CORS header ‘Access-Control-Allow-Methods’).
{FIREFOX} {{url}}. (Reason: CORS request did not succeed). Status code: (null).""",
    "webkit": "Method PUT is not allowed by Access-Control-Allow-Methods.",
}
IS_DARK = "getComputedStyle(document.body).backgroundColor === 'rgb(0, 0, 0)'"


@pytest.fixture(scope="module")
def page() -> Iterator[Toy]:
    """The origin that shows pages."""
    with toy(ANSWERS) as server:
        yield server


@pytest.fixture(scope="module")
def other() -> Iterator[Toy]:
    """The origin that is asked from there."""
    with toy(ANSWERS) as server:
        yield server


def fetch(url: str, method: str = "GET") -> str:
    return f"fetch('{url}', {{method: '{method}'}}).then(response => response.text())"


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_a_page_reads_what_another_origin_allows(browser: Browser, page: Toy, other: Toy) -> None:
    browser.open(f"{page.origin}/")
    assert browser.evaluate(fetch(f"{other.other_site}/open")) == "readable"
    assert other.seen[-1].headers["Origin"] == page.origin


@pytest.mark.parametrize(
    ("path", "method", "reasons"),
    [
        pytest.param("/closed", "GET", NO_ALLOW_ORIGIN, id="no allow-origin"),
        pytest.param("/no-put", "PUT", METHOD_REFUSED, id="method refused"),
    ],
)
def test_what_another_origin_keeps_is_refused_in_the_words_of_the_engine(
    browser: Browser, page: Toy, other: Toy, path: str, method: str, reasons: dict[str, str]
) -> None:
    url = f"{other.other_site}{path}"
    browser.open(f"{page.origin}/blank")
    with pytest.raises(ScriptError) as caught:
        browser.evaluate(fetch(url, method))
    assert str(caught.value) == NETWORK_ERROR[browser.engine]
    template = CONSOLE[browser.engine].replace("{reason}", reasons[browser.engine])
    expected = template.format(url=url, origin=page.origin).splitlines()
    assert browser.wait_for_console(expected[-1]) == expected


def test_the_console_holds_what_the_page_wrote_since_the_last_look(
    browser: Browser, page: Toy
) -> None:
    browser.open(f"{page.origin}/")
    assert browser.wait_for_console("ready") == ["ready 1 true"]
    assert browser.console() == []
    browser.evaluate("[1, 2].forEach(() => console.warn('twice')), console.error('once')")
    assert browser.wait_for_console("once") == ["twice", "twice", "once"]


def test_the_console_survives_going_to_another_page(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    browser.open(f"{page.other_site}/")
    assert browser.console() == ["ready 1 true"] * 2


def test_waiting_for_a_line_that_never_comes_tells_what_came(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    with pytest.raises(TimeoutError, match=r"no 'never' in the console: \['ready 1 true'\]"):
        browser.wait_for_console("never", timeout=0.1)


def test_an_expression_gives_its_value_as_json(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    assert browser.evaluate("window.state = {list: [1, 'a', null], yes: true}") == {
        "list": [1, "a", None],
        "yes": True,
    }
    assert browser.evaluate("window.state.list[1]") == "a"
    assert browser.evaluate("undefined") is None
    assert browser.evaluate("await Promise.resolve(2) + 1") == 3


def test_a_script_that_throws_or_rejects_says_so_here(browser: Browser) -> None:
    with pytest.raises(ScriptError, match="missing"):
        browser.evaluate("missing.name")
    with pytest.raises(ScriptError, match="no way"):
        browser.evaluate("Promise.reject(new Error('no way'))")
    with pytest.raises(ScriptError):
        browser.evaluate("not javascript")


def test_a_strict_content_security_policy_does_not_lock_the_test_out(
    browser: Browser, page: Toy
) -> None:
    browser.open(f"{page.origin}/strict")
    assert browser.evaluate("document.title") == "strict"
    assert browser.text("p") == "strict"


def test_waiting_ends_when_the_condition_holds_and_gives_its_value(
    browser: Browser, page: Toy
) -> None:
    browser.open(f"{page.origin}/")
    browser.evaluate("void setTimeout(() => { window.late = {value: 'here'} }, 200)")
    assert browser.wait_for("window.late.value") == "here"


def test_waiting_in_vain_shows_the_page_and_its_console(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    with pytest.raises(TimeoutError) as caught:
        browser.wait_for("window.never === 1", timeout=0.1)
    message = str(caught.value)
    assert "window.never === 1 (it is False)" in message
    assert "ready 1 true" in message
    assert "one two" in message


def test_a_press_is_a_click_that_the_page_can_trust(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    browser.press("#two")
    assert browser.text("#seen") == "two true"


def test_what_is_covered_cannot_be_pressed(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    with pytest.raises(ElementClickInterceptedException):
        browser.press("#under")
    assert browser.text("#seen") == ""


def test_a_page_can_be_used_with_the_keyboard_alone(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    browser.press_key("Tab", "Tab", "Enter")
    assert browser.text("#seen") == "two true"
    browser.press_key("Shift+Tab", " ")
    assert browser.text("#seen") == "one true"


@pytest.mark.parametrize(("width", "height"), [(320, 640), (1000, 700)])
def test_a_screenshot_is_a_picture_of_the_size_asked_for(
    browser: Browser, page: Toy, tmp_path: Path, width: int, height: int
) -> None:
    browser.resize(width, height)
    browser.open(f"{page.origin}/")
    browser.screenshot(tmp_path / "page.png")
    assert png_size(tmp_path / "page.png") == (width, height)
    browser.open(f"{page.other_site}/")
    assert browser.evaluate("[innerWidth, innerHeight]") == [width, height]


def test_pages_see_whether_the_person_prefers_dark(browser: Browser, page: Toy) -> None:
    browser.open(f"{page.origin}/")
    assert not browser.evaluate(IS_DARK)
    browser.set_dark(dark=True)
    browser.wait_for(IS_DARK)
    browser.open(f"{page.other_site}/")
    assert browser.evaluate(IS_DARK)
    browser.set_dark(dark=False)
    browser.wait_for(f"!({IS_DARK})")


def test_a_reset_browser_remembers_nothing(browser: Browser, page: Toy, other: Toy) -> None:
    remember = "(document.cookie = 'a=1', localStorage.a = sessionStorage.a = 1, name = 'old')"
    recall = "[document.cookie, localStorage.a, sessionStorage.a, name, history.length > 2]"
    put = fetch(f"{other.other_site}/put", "PUT")
    del other.seen[:]
    for _ in range(2):
        browser.open(f"{page.origin}/")
        browser.evaluate(remember)
        browser.evaluate(put)
    assert other.methods("/put") == ["OPTIONS", "PUT", "PUT"]
    browser.resize(400, 400)
    browser.set_dark(dark=True)

    browser.reset()
    assert browser.evaluate("location.href") == "about:blank"
    assert browser.console() == []

    browser.open(f"{page.origin}/")
    assert browser.evaluate(recall) == ["", None, None, "", False]
    assert browser.evaluate("[innerWidth, innerHeight]") == [WIDTH, HEIGHT]
    assert not browser.evaluate(IS_DARK)
    browser.evaluate(put)
    assert other.methods("/put")[3:] == ["OPTIONS", "PUT"]

"""The try page in real browsers, against a real `corsmith serve`."""

# ruff: noqa: RUF001 - the page marks what was not sent with a dash

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from corsmith.policy import Policy
from corsmith.server.in_force import InForce
from corsmith.server.page import TryPage
from tests.browsers.serving import Served, serving
from tests.browsers.trying import NEWEST, READY, SETTLED, open_page, press, shown, steps, type_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.servers, pytest.mark.slow]

BUTTONS = ["get", "post", "put", "header", "credentials", "s404", "s500", "null"]
OPEN = '[policy]\norigins = ["*"]\n'
CLOSED = '[policy]\norigins = ["https://app.example"]\n'
LOOPBACK = '[policy]\norigins = ["@loopback"]\nheaders = ["Content-Type", "X-API-Key"]\n'
GENEROUS = """[policy]
origins = ["@loopback"]
methods = ["GET", "POST", "PUT"]
headers = ["*"]
credentials = true
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server, in two processes, for all tests that leave its policy alone."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "cors.toml").write_text(LOOPBACK, encoding="utf-8")
    with serving(folder, "--policy", "cors.toml", "--workers", "2") as started:
        yield started


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """The policy file of a server of the test's own."""
    path = tmp_path / "cors.toml"
    path.write_text(LOOPBACK, encoding="utf-8")
    return path


@pytest.fixture
def own(policy: Path) -> Iterator[Served]:
    """A server of that policy, in two processes, whose file the test edits."""
    with serving(policy.parent, "--policy", policy.name, "--workers", "2") as started:
        yield started


def edit(browser: Browser, policy: Path, text: str, until: str) -> None:
    """Write the policy file, and wait until the page says so."""
    policy.write_text(text, encoding="utf-8")
    browser.wait_for(f"document.querySelector('.policy').textContent.includes({until!r})")


READABLE = {"get": "200", "post": "200", "put": "405", "header": "200", "credentials": "200"}
READABLE |= {"s404": "404", "s500": "500", "null": "200"}
AT_PREFLIGHT = dict.fromkeys(["post", "put", "header"], "stopped at the preflight, never sent")


@pytest.mark.parametrize(
    ("text", "blocked"),
    [
        (OPEN, AT_PREFLIGHT | {"credentials": "answered 200, but hidden"}),
        (
            CLOSED,
            AT_PREFLIGHT
            | dict.fromkeys(["get", "credentials", "null"], "answered 200, but hidden")
            | {"s404": "answered 404, but hidden", "s500": "answered 500, but hidden"},
        ),
        (GENEROUS, {"null": "answered 200, but hidden"}),
    ],
    ids=["open", "closed", "generous"],
)
def test_every_button_ends_as_the_page_predicted(
    browser: Browser, policy: Path, text: str, blocked: dict[str, str]
) -> None:
    policy.write_text(text, encoding="utf-8")
    with serving(policy.parent, "--policy", policy.name) as served:
        open_page(browser, served)
        for name in BUTTONS:
            outcome = press(browser, name)
            assert "✓ as predicted" in outcome, outcome
            expected = blocked.get(name, f"readable: the server answered {READABLE[name]}")
            assert expected in outcome, outcome
    lines = browser.console()
    assert not [line for line in lines if "Content Security Policy" in line or "CSP" in line]


def test_a_blocked_press_shows_the_whole_ladder(browser: Browser, served: Served) -> None:
    open_page(browser, served)
    outcome = press(browser, "put")
    assert steps(browser) == ["✗", "–", "✗"]
    origin = served.page.partition("/?")[0]
    for part in [
        "OPTIONS /",
        f"Origin: {origin}",
        "Access-Control-Request-Method: PUT",
        f"Access-Control-Allow-Origin: {origin}",
        "Access-Control-Allow-Methods: GET,HEAD,POST",
        "The policy allows GET, HEAD, POST, not PUT. method-not-allowed",
        "Never sent: the browser stopped before it.",
        "TypeError: ",
        'methods = ["GET", "HEAD", "POST", "PUT"]',
        "Write this line in cors.toml, under [policy]",
    ]:
        assert part in outcome, part
    marked = browser.evaluate(f"Array.from({NEWEST}.querySelectorAll('mark'), m => m.textContent)")
    assert marked == [
        "Access-Control-Request-Method: PUT",
        "Access-Control-Allow-Methods: GET,HEAD,POST",
    ]


def test_an_allowed_press_ties_the_preflight_to_its_request(
    browser: Browser, served: Served
) -> None:
    open_page(browser, served)
    outcome = press(browser, "post")
    assert steps(browser) == ["✓", "✓", "✓"]
    for part in [
        "OPTIONS /",
        "Access-Control-Request-Headers: content-type,x-api-key",
        "POST /",
        "X-Api-Key: (hidden)",
        "200 content-length: ",
        '{"status": "OK"}',
        "Nothing needs changing.",
    ]:
        assert part in re.sub(r'": ?"', '": "', outcome), part


def test_a_sandboxed_frame_sends_null_and_is_not_advised(browser: Browser, served: Served) -> None:
    open_page(browser, served)
    outcome = press(browser, "null")
    assert "Origin: null" in outcome
    assert "(no Access-Control-Allow-Origin)" in outcome
    assert "the risk null-origin" in outcome
    assert "Write this line" not in outcome
    assert "token" not in browser.evaluate("document.querySelector('iframe').src")


def test_answers_of_every_kind_are_readable(browser: Browser, policy: Path) -> None:
    policy.write_text(GENEROUS, encoding="utf-8")
    with serving(policy.parent, "--policy", policy.name) as served:
        open_page(browser, served)
        for name, status in [("s404", 404), ("put", 405), ("s500", 500)]:
            assert f"readable: the server answered {status}" in press(browser, name)
        sent = f"send('{served.target}/', {{method: 'POST', body: 'x'.repeat(2 ** 21)}})"
        assert browser.evaluate(f"{sent}.then(got => got.status || got.message)") == 413
        # And the server goes on, on whichever connection.
        assert "readable: the server answered 200" in press(browser, "get")


def test_fifty_presses_at_once_each_get_their_own_answer(browser: Browser, served: Served) -> None:
    open_page(browser, served)
    names = ["get", "post", "put", "s404", "null"]
    browser.evaluate(
        f"Array.from({{length: 50}}, (_, n) => document.querySelector("
        f"`[data-press=${{{names}[n % 5]}}]`).click()).length"
    )
    browser.wait_for(
        "document.querySelectorAll('.card').length === 50 && "
        "Array.from(document.querySelectorAll('.agreed')).every("
        "agreed => agreed.textContent === '✓ as predicted')",
        timeout=40,
    )
    ladders = browser.evaluate(
        "Array.from(document.querySelectorAll('.ladder'), ladder => "
        "Array.from(ladder.querySelectorAll('.dot'), dot => dot.textContent).join(''))"
    )
    # The newest stands first.
    expected = {"get": "–✓✓", "post": "✓✓✓", "put": "✗–✗", "s404": "–✓✓", "null": "–✗✗"}
    assert ladders == [expected[names[n % 5]] for n in reversed(range(50))]


def test_following_the_advice_while_the_page_is_open_turns_it_green(
    browser: Browser, own: Served, policy: Path
) -> None:
    open_page(browser, own)
    assert "✗ at preflight" in browser.text("[data-press=put]")
    press(browser, "put")
    line = browser.evaluate(f"{NEWEST}.querySelector('.fix .code').textContent")
    edit(browser, policy, f"{LOOPBACK}{line}\n", until='"PUT"]')
    assert "✓ 405" in browser.text("[data-press=put]")
    outcome = press_until(browser, "put", "readable: the server answered 405")
    assert "✓ as predicted" in outcome
    assert steps(browser) == ["✓", "✓", "✓"]


def press_until(browser: Browser, name: str, part: str) -> str:
    """Press again, as the page says, while a worker is still about to read the file."""
    for _ in range(20):
        outcome = press(browser, name)
        if part in outcome:
            return outcome
        assert "The policy had just changed: press again." in outcome
    raise AssertionError(outcome)


def test_a_bad_edit_is_told_and_the_policy_before_it_stays(
    browser: Browser, own: Served, policy: Path
) -> None:
    open_page(browser, own)
    edit(browser, policy, LOOPBACK + 'method = ["PUT"]\n', until="stays in force")
    told = browser.text("#problems")
    assert "cors.toml cannot be used as it is now" in told
    assert "unknown-field" in told
    assert "✓ as predicted" in press(browser, "get")
    assert "✗ at preflight" in browser.text("[data-press=put]")
    policy.write_text(GENEROUS, encoding="utf-8")
    browser.wait_for("document.querySelector('#problems').textContent === ''")
    assert "✓ 405" in browser.text("[data-press=put]")


def test_routes_have_a_path_to_choose_each_with_its_own_prediction(
    browser: Browser, policy: Path
) -> None:
    policy.write_text(
        '[[routes]]\npath = "/api/"\norigins = ["@loopback"]\nmethods = ["PUT"]\n'
        '[[routes]]\npath = "/health"\ncors = false\n',
        encoding="utf-8",
    )
    with serving(policy.parent, "--policy", policy.name) as served:
        open_page(browser, served)
        assert "✓ 405" in browser.text("[data-press=put]")
        assert "PUT /api/ readable: the server answered 405 ✓ as predicted" in spaced(
            press(browser, "put")
        )
        browser.evaluate(
            "(document.querySelector('#path').value = '/health', "
            "document.querySelector('#path').dispatchEvent(new Event('change')))"
        )
        assert "✗ at preflight" in browser.text("[data-press=put]")
        outcome = spaced(press(browser, "put"))
        assert "PUT /health stopped at the preflight, never sent ✓ as predicted" in outcome
        assert "No policy covers this path" in outcome
        # A path that is no route of its own is judged by the server.
        type_path(browser, "/api/items")
        assert "✓ 405" in browser.text("[data-press=put]")
        assert "✓ as predicted" in press(browser, "put")


def spaced(outcome: str) -> str:
    """Return the headline with a blank where the page has a gap."""
    return re.sub(r"(/api/|/health)(?=\w)|(sent|405)(?=✓)", r"\1\2 ", outcome)


def test_the_keyboard_is_enough(browser: Browser, served: Served) -> None:
    open_page(browser, served)
    reach(browser, "document.activeElement.dataset.press === 'put'")
    browser.press_key("Enter")
    browser.wait_for(f"{NEWEST} && ({SETTLED})")
    assert "stopped at the preflight" in shown(browser)
    assert "stopped at the preflight" in browser.evaluate(
        "document.querySelector('#said').textContent"
    )
    # The focus stays on the button, and the line to copy is further along.
    reach(browser, "document.activeElement.className === 'copy'")
    visible = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser.evaluate(visible) == "solid"
    browser.press_key("Enter")
    browser.wait_for("['Copied', 'Selected'].includes(document.activeElement.textContent)")
    # An earlier press is opened again by its headline.
    reach(browser, "document.activeElement.dataset.press === 'put'", key="Shift+Tab")
    browser.press_key("Enter")
    browser.wait_for("document.querySelectorAll('.card').length === 2")
    browser.wait_for(SETTLED)
    reach(browser, "document.activeElement.matches('.card:last-child > summary')")
    browser.press_key("Enter")
    browser.wait_for("document.querySelector('.card:last-child').open")


def reach(browser: Browser, condition: str, key: str = "Tab") -> None:
    """Move the focus by the keyboard until the condition holds."""
    for _ in range(20):
        browser.press_key(key)
        if browser.evaluate(condition):
            return
    raise AssertionError(f"not reached by {key}: {condition}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_wider_than_the_window(browser: Browser, served: Served, dark: bool) -> None:
    open_page(browser, served)
    browser.set_dark(dark)
    for width in [1600, 768, 320]:
        browser.resize(width, 800)
        for name in ["put", "credentials", "null", "post"]:
            press(browser, name)
            assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
            # What was pressed is in sight, wherever the buttons are.
            browser.wait_for(f"{NEWEST}.getBoundingClientRect().top < innerHeight")
    paper = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", paper)[:3])) < 200) is dark


def test_a_browser_that_does_not_agree_is_told(browser: Browser, served: Served) -> None:
    mistaken = TryPage(served.target, lambda: InForce(policy=Policy(origins="*", methods="*")))
    try:
        browser.open(mistaken.start())
        browser.wait_for(READY)
        assert "✓ 405" in browser.text("[data-press=put]")
        outcome = press(browser, "put")
    finally:
        mistaken.stop()
    assert "✗ not as predicted (✓ 405)" in outcome
    assert "✓ as predicted" not in outcome


@pytest.mark.parametrize(
    ("flags", "words"),
    [((), "No policy was given. "), (("--origin", "@loopback"), "From the command line. ")],
)
def test_the_page_says_where_the_policy_is_from(
    browser: Browser, tmp_path: Path, flags: tuple[str, ...], words: str
) -> None:
    with serving(tmp_path, *flags) as started:
        open_page(browser, started)
        browser.wait_for(f"document.getElementById('source').textContent.startsWith({words!r})")


def test_the_page_speaks_to_its_target_alone(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    with serving(tmp_path) as open_to_all:
        open_page(browser, served)
        got = browser.evaluate(f"send('{open_to_all.target}/', {{}})")
    assert got["error"] == "TypeError"


def test_the_page_says_when_the_server_is_gone(browser: Browser, own: Served) -> None:
    open_page(browser, own)
    assert "live" in browser.text("#live")
    own.stop()
    browser.wait_for("document.querySelector('#live').textContent.startsWith('not connected')")
    outcome = press(browser, "get")
    assert "no answer: the server saw nothing" in outcome
    assert "Is the server still running?" in outcome

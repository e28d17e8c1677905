# ruff: noqa: RUF001, E501  the engines write curly quotes, and long lines
"""What a person sees in the console, word for word, and what a pasted line says."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import FetchRequest, Outcome, Verdict
from corsmith.browser.console import Recognised, recognise, say
from tests.browser.console_lines import (
    CHROMIUM,
    FIREFOX,
    OF_THE_PREFLIGHT,
    PAGE,
    PASTES,
    PREFLIGHT,
    TABLE,
    URL,
    VALUES,
    WEBKIT,
)


def firefox_line(code: str, reason: str) -> str:
    """Return what Firefox writes: one sentence has the URL in quotes."""
    line = FIREFOX + reason
    return line.replace(URL, f"‘{URL}’") if code.endswith("wildcard-with-credentials") else line


def said(code: str, engine: str, api: Any = "fetch", **values: str) -> tuple[str, ...]:
    request = FetchRequest(page=PAGE, url=URL, api=api)
    pairs = tuple({**VALUES, **values}.items())
    verdict = Verdict(outcome=Outcome.NETWORK_ERROR, code=code, values=pairs)
    return say(verdict, request, engine)


@pytest.mark.parametrize(("code", "chromium", "firefox", "webkit"), TABLE)
def test_each_engine_says_it_in_its_own_words(
    code: str, chromium: str, firefox: str, webkit: str
) -> None:
    assert said(code, "chromium") == (
        CHROMIUM + chromium,
        "Failed to load resource: net::ERR_FAILED",
    )
    assert said(code, "firefox") == (firefox_line(code, firefox),)
    assert said(code, "webkit") == (webkit, WEBKIT)


@pytest.mark.parametrize(("code", "chromium", "firefox", "webkit"), OF_THE_PREFLIGHT)
def test_a_failed_preflight_is_told_as_such_where_an_engine_does(
    code: str, chromium: str, firefox: str, webkit: str
) -> None:
    assert said(code, "chromium")[0] == CHROMIUM + PREFLIGHT + chromium
    assert said(code, "firefox") == (firefox_line(code, firefox),)
    assert said(code, "webkit") == (webkit, WEBKIT)


@pytest.mark.parametrize(
    ("code", "engine", "lines"),
    [
        ("request-refused", "chromium", ("Failed to load resource: net::ERR_CONNECTION_REFUSED",)),
        ("preflight-dns", "chromium", ("Failed to load resource: net::ERR_NAME_NOT_RESOLVED",)),
        ("redirect-mode-error", "chromium", ("Failed to load resource: net::ERR_FAILED",)),
        (
            "resource-policy",
            "chromium",
            ("Failed to load resource: net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin",),
        ),
        (
            "local-network-access",
            "chromium",
            (
                CHROMIUM
                + "Permission was denied for this request to access the `loopback` address space.",
                "Failed to load resource: net::ERR_FAILED",
            ),
        ),
        (
            "mode-same-origin",
            "chromium",
            (
                (
                    f'Fetch API cannot load {URL}. Request mode is "same-origin" but the URL\'s origin '
                    f"is not same as the request origin {PAGE}."
                ),
            ),
        ),
        (
            "request-tls",
            "firefox",
            (FIREFOX + "CORS request did not succeed). Status code: (null).",),
        ),
        (
            "mode-same-origin",
            "firefox",
            (f"Security Error: Content at {PAGE}/ may not load data from {URL}.",),
        ),
        ("request-tls", "webkit", ("Failed to load resource",)),
        ("preflight-closed", "webkit", ("Failed to load resource",)),
        ("mode-same-origin", "webkit", (f"Fetch API cannot load {URL}.",)),
        ("resource-policy", "webkit", (WEBKIT,)),
        ("redirect-mode-error", "firefox", ()),
        ("allow-origin-missing", "standard", ()),
    ],
)
def test_what_is_no_cors_check_is_told_otherwise(
    code: str, engine: str, lines: tuple[str, ...]
) -> None:
    assert said(code, engine, value="loopback") == lines


@pytest.mark.parametrize(
    ("api", "subject"),
    [
        ("xhr", "XMLHttpRequest"),
        ("img", "image"),
        ("script", "script"),
        ("stylesheet", "CSS stylesheet"),
        ("eventsource", "resource"),
    ],
)
def test_chromium_names_what_was_loading(api: str, subject: str) -> None:
    line = said("allow-origin-missing", "chromium", api)[0]
    assert line.startswith(f"Access to {subject} at '{URL}' from origin")


def test_chromium_adds_a_word_about_xmlhttprequest() -> None:
    line = said("wildcard-with-credentials", "chromium", "xhr")[0]
    assert line.endswith(
        "is 'include'. The credentials mode of requests initiated by the XMLHttpRequest is "
        "controlled by the withCredentials attribute."
    )


def test_a_redirect_is_told_where_an_engine_does() -> None:
    line = said("allow-origin-missing", "chromium", first="https://api.example/0")[0]
    assert f"at '{URL}' (redirected from 'https://api.example/0') from origin" in line
    line = said("allow-origin-missing", "webkit", target="https://c.example/")[0]
    assert line == (
        "Cross-origin redirection to https://c.example/ denied by Cross-Origin Resource Sharing "
        f"policy: Origin {PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 404"
    )


def test_firefox_shows_the_element_that_is_no_name() -> None:
    line = said("allow-headers-unreadable", "firefox", value="a b, c", element="a b")[0]
    assert "invalid token ‘a b’ in" in line


def test_chromium_names_the_page_and_never_what_a_redirect_led_to() -> None:
    assert f"from origin '{PAGE}'" in said("allow-origin-missing", "chromium", origin="null")[0]
    line = said("redirect-to-userinfo", "chromium", value="https://u:p@a/")[0]
    assert "Redirect location '' contains" in line


def test_webkit_says_little_about_scripts_and_style_sheets() -> None:
    line = "Cross-origin script load denied by Cross-Origin Resource Sharing policy."
    assert said("allow-origin-missing", "webkit", "script")[1:] == (line,)
    assert said("allow-origin-missing", "webkit", "module")[1:] == ()


def test_firefox_says_more_about_a_script() -> None:
    assert said("allow-origin-missing", "firefox", "script")[1] == (
        f"<script> source URI is not allowed in this document: “{URL}”."
    )
    assert said("allow-origin-missing", "firefox", "module")[1].startswith("Module source URI")


def test_nothing_is_said_where_nothing_was_blocked() -> None:
    request = FetchRequest(page=PAGE, url=URL)
    assert say(Verdict(outcome=Outcome.OK), request, "chromium") == ()
    assert say(Verdict(outcome=Outcome.NETWORK_ERROR), request, "chromium") == ()


def found(text: str) -> list[tuple[str, str]]:
    return [(one.engine, one.code) for one in recognise(text)]


@pytest.mark.parametrize("engine", ["chromium", "firefox", "webkit"])
@pytest.mark.parametrize("code", [row[0] for row in (*TABLE, *OF_THE_PREFLIGHT)])
def test_what_is_said_is_recognised_again(engine: str, code: str) -> None:
    lines = "\n".join(said(code, engine))
    first = recognise(f"[12:00] app.js:1 {lines} app.js:1:2\nmore")[0]
    assert first.engine == engine
    again = FetchRequest(page=PAGE, url=URL)
    values = tuple({**VALUES, **first.values}.items())
    verdict = Verdict(outcome=Outcome.NETWORK_ERROR, code=first.code, values=values)
    assert say(verdict, again, engine) == tuple(lines.split("\n"))
    assert first.values["url"] == URL


@pytest.mark.parametrize(("text", "expected"), PASTES)
def test_a_paste_says_who_wrote_what(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


def one(text: str) -> Recognised:
    return recognise(text)[0]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            f"{CHROMIUM}Something new.",
            {"subject": "fetch", "url": URL, "origin": PAGE, "reason": "Something new."},
        ),
        (
            (
                "XMLHttpRequest cannot load http://b/. No 'Access-Control-Allow-Origin' header is "
                "present on the requested resource. Origin 'http://a' is therefore not allowed "
                "access. The response had HTTP status code 500."
            ),
            {"url": "http://b/", "origin": "http://a", "status": "500"},
        ),
        (f"{FIREFOX}cut off", {"url": URL, "reason": ""}),
        (
            "POST http://b/x net::ERR_CONNECTION_REFUSED",
            {"method": "POST", "url": "http://b/x"},
        ),
        (
            (
                "[Error] Preflight response is not successful. Status code: 404\n"
                "XMLHttpRequest cannot load http://b/x due to access control checks."
            ),
            {"status": "404", "url": "http://b/x", "subject": "XMLHttpRequest cannot load"},
        ),
    ],
)
def test_a_paste_gives_what_stood_in_its_blanks(text: str, values: dict[str, Any]) -> None:
    assert dict(one(text).values) == values


def test_wrapped_lines_and_other_quotes_are_read_all_the_same() -> None:
    line = said("allow-origin-mismatch", "chromium")[0].replace("'", "’")
    wrapped = line.replace(" header ", "\n  header ")
    assert one(wrapped).code == "allow-origin-mismatch"


def test_a_second_reason_without_its_own_end_does_not_take_the_others() -> None:
    text = (
        "Origin http://a is not allowed by Access-Control-Allow-Origin. Status code: 404\n"
        "Fetch API cannot load http://b/1 due to access control checks.\n"
        "Preflight response is not successful. Status code: 500\n" + "x" * 500
    )
    assert [dict(one.values).get("url") for one in recognise(text)] == ["http://b/1", None]


def test_a_long_paste_is_read_in_reasonable_time() -> None:
    assert recognise("Access to fetch at 'x " * 2000 + "{" * 20000) == ()

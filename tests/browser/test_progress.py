"""The state of one fetch: origins, referrers and credentials over redirects, and the record."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, WEBKIT, Engine, Profile
from tests.browser.playing import API, OPEN, PAGE, answer, ask, header

OTHER = "https://other.example/"


def last_origin(*urls: str, engine: Engine = STANDARD, **fields: Any) -> str | None:
    """Return the Origin of the request after redirects from URL to URL."""
    asked = ask(engine=engine, url=urls[0], **fields)
    for url in urls[1:]:
        asked.answered_one(answer({"Access-Control-Allow-Origin": "*", "Location": url}, 307))
    return header(asked.sent, "Origin")


@pytest.mark.parametrize(
    ("urls", "origin"),
    [
        ((API,), PAGE),
        ((API, "https://api.example/x"), PAGE),
        ((f"{PAGE}/x", API), PAGE),
        ((API, OTHER), "null"),
        ((API, f"{PAGE}/x"), "null"),
        ((f"{PAGE}/x", f"{PAGE}/y"), None),
    ],
)
def test_a_redirect_away_from_another_origin_taints(
    urls: tuple[str, ...], origin: str | None
) -> None:
    assert last_origin(*urls) == origin


def test_at_home_only_other_methods_than_get_and_head_name_the_page() -> None:
    assert last_origin(f"{PAGE}/x") is None
    assert last_origin(f"{PAGE}/x", method="PUT") == PAGE


def test_in_two_engines_an_element_with_crossorigin_names_its_page_at_home() -> None:
    home = f"{PAGE}/x"
    assert last_origin(home, api="img", crossorigin="") is None
    assert last_origin(home, api="img", crossorigin="", engine=CHROMIUM) == PAGE
    assert last_origin(home, api="img", engine=CHROMIUM) is None


def test_a_no_cors_request_may_name_null() -> None:
    post: dict[str, Any] = {"method": "POST", "mode": "no-cors"}
    assert last_origin(API, **post) == PAGE
    assert last_origin(API, **post, referrer_policy="no-referrer") == "null"
    assert last_origin(API, **post, referrer_policy="no-referrer", engine=CHROMIUM) == PAGE
    home = (f"{PAGE}/x", API)
    assert last_origin(*home, **post) == PAGE
    assert last_origin(*home, **post, engine=CHROMIUM) == "null"
    hidden: dict[str, Any] = {**post, "referrer_policy": "no-referrer"}
    assert last_origin(*home, **hidden) == "null"
    assert last_origin(*home, **hidden, engine=WEBKIT) == PAGE


def last_referer(*urls: str, engine: Engine = STANDARD, **fields: Any) -> str | None:
    asked = ask(engine=engine, url=urls[0], page_url=f"{PAGE}/page", **fields)
    for url in urls[1:]:
        asked.answered_one(answer({**OPEN, "Location": url}, 307))
    return header(asked.sent, "Referer")


def test_a_referrer_that_was_cut_stays_cut_except_where_engines_restore_it() -> None:
    there_and_back = (API, f"{PAGE}/x")
    assert last_referer(f"{PAGE}/x") == f"{PAGE}/page"
    assert last_referer(*there_and_back) == f"{PAGE}/"
    policy: dict[str, Any] = {"referrer_policy": "origin-when-cross-origin"}
    assert last_referer(*there_and_back, **policy) == f"{PAGE}/"
    assert last_referer(*there_and_back, **policy, engine=FIREFOX) == f"{PAGE}/page"


def test_in_one_engine_the_preflight_after_a_redirect_from_home_refers_to_the_page() -> None:
    near = "https://app.example:8443/x"
    home = (f"{PAGE}/x", near)
    assert last_referer(*home, method="PUT") == f"{PAGE}/"
    assert last_referer(*home, method="PUT", engine=WEBKIT) == f"{PAGE}/page"
    assert last_referer(near, method="PUT", engine=WEBKIT) == f"{PAGE}/"


def test_a_page_that_says_so_has_no_referrer() -> None:
    assert header(ask(page_url="").sent, "Referer") is None


@pytest.mark.parametrize(
    ("credentials", "url", "sent"),
    [
        ("include", API, True),
        ("same-origin", API, False),
        ("same-origin", f"{PAGE}/x", True),
        ("omit", f"{PAGE}/x", False),
    ],
)
def test_credentials_go_as_the_mode_says(credentials: str, url: str, *, sent: bool) -> None:
    asked = ask(credentials=credentials, url=url)
    assert asked.sent is not None
    assert asked.sent.credentials is sent


def test_what_is_sent_tells_how_the_target_stands_to_the_page() -> None:
    sites = {url: ask(url=url).sent for url in (f"{PAGE}/x", f"{PAGE}:8443/", API)}
    assert [sent.site for sent in sites.values() if sent] == [
        "same-origin",
        "same-site",
        "cross-site",
    ]


def test_a_verdict_over_redirects_tells_both_addresses() -> None:
    asked = ask()
    asked.answered_one(answer({**OPEN, "Location": "/x"}, 302))
    verdict = asked.answered(answer())
    assert dict(verdict.values)["url"] == "https://api.example/x"
    assert dict(verdict.values)["first"] == API
    assert [step.hop for step in verdict.steps] == [0, 0, 1]


def test_a_script_reads_status_and_exposed_headers_of_a_cors_answer() -> None:
    verdict = ask().answered(answer({**OPEN, "X-A": "1", "Content-Type": "text/plain"}, 404))
    assert (verdict.status, verdict.response_type, verdict.redirected) == (404, "cors", False)
    assert verdict.visible == (("content-type", "text/plain"),)
    assert verdict.hidden == ("access-control-allow-origin", "x-a")


def test_a_script_reads_nothing_of_an_opaque_answer() -> None:
    verdict = ask(mode="no-cors").answered(answer({"X-A": "1"}, 404))
    assert (verdict.status, verdict.response_type) == (0, "opaque")
    assert (verdict.visible, verdict.hidden) == ((), ("x-a",))


def test_a_redirect_of_an_opaque_answer_does_not_show() -> None:
    asked = ask(mode="no-cors")
    asked.answered_one(answer({"Location": "/x"}, 302))
    assert not asked.answered(answer()).redirected


def test_a_script_reads_everything_at_home() -> None:
    verdict = ask(url=f"{PAGE}/x").answered(answer({"X-A": "1", "Set-Cookie": "a"}))
    assert (verdict.response_type, verdict.visible) == ("basic", (("x-a", "1"),))
    assert verdict.hidden == ("set-cookie",)


def test_a_request_that_was_never_made_has_no_address() -> None:
    verdict = ask(url="no url").answered()
    assert (verdict.code, verdict.values) == ("url-invalid", ())


def test_a_profile_is_a_browser_that_keeps_nothing_yet() -> None:
    profile = Profile()
    assert (profile.engine, profile.now, profile.http_version) == (STANDARD, 0.0, "1.1")


def test_one_engine_judges_by_credentials_what_another_origin_sent_on() -> None:
    chain = (
        answer({"Location": API}, 302),
        answer({**OPEN, "Location": OTHER}, 302),
    )
    home = f"{PAGE}/x"
    assert ask(engine=WEBKIT, url=home).answered(*chain).code == "wildcard-with-credentials"
    assert (
        ask(engine=WEBKIT, url=home, credentials="omit").answered(*chain, answer(OPEN)).code is None
    )
    assert ask(url=home).answered(*chain, answer(OPEN)).code is None


def test_it_judges_the_preflight_after_that_too() -> None:
    asked = ask(engine=WEBKIT, url=f"{PAGE}/x", method="PUT")
    yes = answer({**OPEN, "Access-Control-Allow-Methods": "*"}, 204)
    chain = (answer({"Location": API}, 307), yes, answer({**OPEN, "Location": "/y"}, 307), yes)
    assert asked.answered(*chain).code == "preflight-wildcard-with-credentials"


def test_a_failure_before_a_redirect_tells_one_address() -> None:
    assert dict(ask().answered(answer()).values)["url"] == API
    assert "first" not in dict(ask().answered(answer()).values)
    asked = ask()
    asked.answered_one(answer({**OPEN, "Location": "/x"}, 302))
    assert dict(asked.answered(answer({}, 200)).values)["first"] == API

"""CORS-preflight fetch: the question, the judgement of its answer, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, WEBKIT, Engine, Failure, Profile
from tests.browser.playing import API, OPEN, PAGE, answer, ask, header

PUT = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "PUT"}
KEPT = {**PUT, "Access-Control-Max-Age": "60"}


def test_the_question_names_method_headers_and_page() -> None:
    asked = ask(method="PUT", headers=(("X-B", "1"), ("X-A", "1"), ("Accept", "a")))
    assert asked.sent is not None
    assert (asked.sent.kind, asked.sent.method, asked.sent.credentials) == (
        "preflight",
        "OPTIONS",
        False,
    )
    assert asked.sent.headers == (
        ("Accept", "*/*"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-a,x-b"),
        ("Origin", PAGE),
        ("Referer", f"{PAGE}/"),
    )


def test_without_unsafe_headers_none_are_asked_for() -> None:
    assert header(ask(method="PUT").sent, "Access-Control-Request-Headers") is None


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 204, "preflight-allow-origin-missing"),
        ({}, 404, "preflight-allow-origin-missing"),
        (PUT, 404, "preflight-status"),
        (PUT, 199, "preflight-status"),
        (PUT, 304, "preflight-status"),
        ({**PUT, "Location": "/x"}, 302, "preflight-redirect"),
        (PUT, 302, "preflight-status"),
        (OPEN, 204, "method-not-allowed"),
        ({**PUT, "Access-Control-Allow-Headers": "a b"}, 204, "allow-headers-unreadable"),
    ],
)
def test_an_answer_that_is_not_a_yes_stops_the_request(
    headers: dict[str, str], status: int, code: str
) -> None:
    verdict = ask(method="PUT").answered(answer(headers, status))
    assert verdict.code == code
    assert not verdict.actual_sent
    assert verdict.failing_step is not None
    assert verdict.failing_step.name == "preflight"


def test_the_verdict_has_what_consoles_tell() -> None:
    assert dict(ask(method="PUT").answered(answer(PUT, 404)).values) == {
        "url": API,
        "status": "404",
    }
    refused = ask(method="PUT").answered(answer({"Access-Control-Allow-Origin": "null"}))
    assert dict(refused.values) == {
        "url": API,
        "origin": PAGE,
        "value": "null",
        "status": "200",
    }


@pytest.mark.parametrize("failure", list(Failure))
def test_no_answer_is_told_as_what_it_was(failure: Failure) -> None:
    assert ask(method="PUT").answered(failure).code == f"preflight-{failure}"


def test_a_yes_lets_the_request_go() -> None:
    asked = ask(method="PUT")
    verdict = asked.answered(answer(PUT, 204), answer(OPEN))
    assert verdict.code is None
    assert [sent.kind for sent in verdict.sent] == ["preflight", "actual"]


def profile_after(**fields: Any) -> Profile:
    """Return a browser that has asked once and keeps the answer."""
    profile = Profile()
    ask(profile=profile, method="PUT", **fields).answered(answer(KEPT, 204), answer(OPEN))
    return profile


def kinds(asked: object) -> str:
    sent = getattr(asked, "sent", None)
    return "" if sent is None else str(sent.kind)


def test_what_is_kept_spares_the_question_until_it_ends() -> None:
    profile = profile_after()
    assert kinds(ask(profile=profile, method="PUT")) == "actual"
    assert kinds(ask(profile=profile, method="DELETE")) == "preflight"
    profile.now = 60.0
    assert kinds(ask(profile=profile, method="PUT")) == "preflight"


def test_a_fragment_divides_what_is_kept() -> None:
    assert kinds(ask(profile=profile_after(), method="PUT", url=f"{API}#x")) == "preflight"


def test_a_refused_preflight_ends_what_was_kept() -> None:
    profile = profile_after()
    ask(profile=profile, method="DELETE").answered(answer({}))
    assert kinds(ask(profile=profile, method="PUT")) == "preflight"


def test_in_one_engine_too_short_a_list_ends_nothing() -> None:
    for engine, kind in ((WEBKIT, "actual"), (FIREFOX, "preflight")):
        profile = Profile(engine=engine)
        ask(profile=profile, method="PUT").answered(answer(KEPT, 204), answer(OPEN))
        ask(profile=profile, method="DELETE").answered(answer(KEPT, 204))
        assert kinds(ask(profile=profile, method="PUT")) == kind


def test_cache_modes_ask_again_where_engines_say_so() -> None:
    profile = Profile(engine=CHROMIUM)
    ask(profile=profile, method="PUT", cache="no-store").answered(answer(KEPT, 204), answer(OPEN))
    assert kinds(ask(profile=profile, method="PUT")) == "preflight"
    assert kinds(ask(profile=profile_after(), method="PUT", cache="reload")) == "actual"
    profile = Profile(engine=FIREFOX)
    ask(profile=profile, method="PUT").answered(answer(KEPT, 204), answer(OPEN))
    assert kinds(ask(profile=profile, method="PUT", cache="reload")) == "preflight"


def test_for_an_opaque_origin_todays_engines_keep_nothing() -> None:
    for profile, kind in ((Profile(), "actual"), (Profile(engine=CHROMIUM), "preflight")):
        ask(profile=profile, page="null", method="PUT").answered(answer(KEPT, 204), answer(OPEN))
        assert kinds(ask(profile=profile, page="null", method="PUT")) == kind


def test_a_forced_preflight_needs_an_entry_in_the_standard_only() -> None:
    upload: dict[str, Any] = {"api": "xhr", "method": "POST", "upload_listener": True}
    yes = answer({**OPEN, "Access-Control-Allow-Methods": "GET", "Access-Control-Max-Age": "9"})
    for profile, kind in ((Profile(), "preflight"), (Profile(engine=WEBKIT), "actual")):
        ask(profile=profile, **upload).answered(yes, answer(OPEN))
        assert kinds(ask(profile=profile, **upload)) == kind


def sent_on(engine: Engine, *hops: tuple[str, str]) -> str | None:
    """Return the Origin of the last preflight of a redirected PUT; each hop: target, origin."""
    asked = ask(engine=engine, method="PUT", url=hops[0][0])
    for target, _ in hops[1:]:
        if asked.sent is not None and asked.sent.kind == "preflight":
            asked.answered_one(answer(PUT, 204))
        asked.answered_one(answer({**OPEN, "Location": target}, 307))
    return header(asked.sent, "Origin")


def test_after_a_tainted_redirect_the_preflight_names_null_except_in_one_engine() -> None:
    hops = ((API, ""), ("https://other.example/", ""))
    assert sent_on(STANDARD, *hops) == "null"
    assert sent_on(FIREFOX, *hops) == PAGE


def test_one_engine_does_not_check_the_preflight_to_the_pages_own_origin() -> None:
    asked = ask(engine=FIREFOX, method="PUT")
    redirect = answer({**OPEN, "Location": f"{PAGE}/x"}, 307)
    verdict = asked.answered(
        answer(PUT, 204),
        redirect,
        answer({"Access-Control-Allow-Methods": "PUT"}, 204),
        answer(OPEN),
    )
    assert verdict.code is None


def test_one_engine_judges_what_follows_a_second_redirect_as_credentialed() -> None:
    start: dict[str, Any] = {"method": "PUT", "url": f"{PAGE}/x"}
    answers = (
        answer({"Location": API}, 307),
        answer(PUT, 204),
        answer({**OPEN, "Location": "/y"}, 307),
        answer(PUT, 204),
    )
    assert ask(engine=WEBKIT, **start).answered(*answers).code == (
        "preflight-wildcard-with-credentials"
    )
    assert ask(**start).answered(*answers, answer(OPEN)).code is None

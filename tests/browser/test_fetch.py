"""``fetch``: main fetch, HTTP fetch and the HTTP cache, from a request to a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import (
    CHROMIUM,
    FIREFOX,
    STANDARD,
    WEBKIT,
    Body,
    Engine,
    Failure,
    Outcome,
    Profile,
)
from tests.browser.playing import API, OPEN, PAGE, answer, ask, header

HOME = f"{PAGE}/x"
CACHED = {**OPEN, "Cache-Control": "max-age=60"}


def test_a_simple_request_is_sent_at_once_and_read() -> None:
    asked = ask()
    assert asked.sent is not None
    assert asked.sent.kind == "actual"
    verdict = asked.answered(answer(OPEN))
    assert (verdict.outcome, verdict.code, verdict.status) == (Outcome.OK, None, 200)
    assert [step.name for step in verdict.steps] == ["CORS check"]


def test_an_answer_without_the_header_is_sent_for_and_not_read() -> None:
    verdict = ask().answered(answer())
    assert (verdict.outcome, verdict.code) == (Outcome.NETWORK_ERROR, "allow-origin-missing")
    assert verdict.actual_sent
    assert dict(verdict.values) == {"url": API, "origin": PAGE, "status": "200"}


def test_a_request_that_a_browser_does_not_make_sends_nothing() -> None:
    cases: list[dict[str, Any]]
    cases = [{"method": "TRACE"}, {"url": "https://u:p@api.example/"}, {"url": "x"}]
    for fields in cases:
        verdict = ask(**fields).answered()
        assert (verdict.outcome, verdict.sent) == (Outcome.INVALID_REQUEST, ())


def test_an_element_may_have_a_name_and_password_in_its_address() -> None:
    assert ask(api="img", url="https://u:p@api.example/").sent is not None


def test_a_beacon_is_queued_whatever_comes_of_it() -> None:
    verdict = ask(api="beacon", body=Body(kind="text")).answered(answer())
    assert verdict.outcome is Outcome.QUEUED


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": "data:,x"}, "scheme-not-http"),
        ({"url": "ftp://api.example/"}, "scheme-not-http"),
        ({"url": "http://api.example/"}, "mixed-content"),
        ({"mode": "same-origin"}, "mode-same-origin"),
        ({"mode": "no-cors", "redirect": "error"}, "no-cors-redirect-mode"),
        ({"page": "null", "mode": "same-origin", "url": "http://a.example/"}, "mode-same-origin"),
    ],
)
def test_some_requests_fail_before_anything_is_sent(fields: dict[str, Any], code: str) -> None:
    verdict = ask(**fields).answered()
    assert (verdict.outcome, verdict.code, verdict.sent) == (Outcome.NETWORK_ERROR, code, ())


def test_a_page_over_tls_may_ask_loopback_without() -> None:
    assert ask(url="http://localhost:8000/").sent is not None


@pytest.mark.parametrize(
    ("target", "space"), [("http://127.0.0.1:8000", "loopback"), ("http://10.0.0.1", "local")]
)
def test_one_engine_asks_before_a_public_page_reaches_a_local_address(
    target: str, space: str
) -> None:
    page = "http://public.example"
    for engine, sends in ((CHROMIUM, False), (STANDARD, True)):
        profile = Profile(engine=engine, public=frozenset({page}), local=frozenset({target}))
        asked = ask(profile=profile, page=page, url=f"{target}/")
        assert (asked.sent is not None) is sends
        if asked.verdict is not None:
            assert asked.verdict.code == "local-network-access"
            assert dict(asked.verdict.values)["value"] == space


def test_an_opaque_origin_is_never_at_home() -> None:
    assert header(ask(page="null").sent, "Origin") == "null"
    assert ask(page="null").answered(answer()).code == "allow-origin-missing"


def test_a_stream_needs_http_2_and_a_preflight() -> None:
    stream: dict[str, Any] = {"method": "POST", "body": Body(kind="stream")}
    assert ask(**stream).answered(answer(OPEN, 204)).code == "stream-needs-http2"
    assert (
        ask(profile=Profile(http_version="2"), **stream)
        .answered(answer(OPEN, 204), answer(OPEN))
        .code
        is None
    )
    assert ask(engine=WEBKIT, **stream).answered().code == "stream-not-supported"


@pytest.mark.parametrize("failure", list(Failure))
def test_no_answer_is_told_as_what_it_was(failure: Failure) -> None:
    assert ask().answered(failure).code == f"request-{failure}"


def test_a_resource_policy_refuses_an_opaque_answer() -> None:
    refused = answer({"Cross-Origin-Resource-Policy": "same-origin"})
    assert ask(mode="no-cors").answered(refused).code == "resource-policy"
    assert ask(mode="no-cors").answered(answer()).response_type == "opaque"


def test_an_element_that_makes_nothing_of_an_answer_fails() -> None:
    verdict = ask(api="module").answered(answer({**OPEN, "Content-Type": "text/plain"}))
    assert verdict.code == "element-refuses"


@pytest.mark.parametrize(
    ("redirect", "outcome", "kind"),
    [("error", Outcome.NETWORK_ERROR, None), ("manual", Outcome.OK, "opaqueredirect")],
)
def test_a_script_can_refuse_redirects(redirect: str, outcome: Outcome, kind: str | None) -> None:
    verdict = ask(redirect=redirect).answered(answer({**OPEN, "Location": "/x"}, 302))
    assert (verdict.outcome, verdict.response_type) == (outcome, kind)


def test_a_redirect_must_pass_the_cors_check_itself() -> None:
    for location, target in (("/x", "https://api.example/x"), ("http://", "http://")):
        verdict = ask().answered(answer({"Location": location}, 302))
        assert verdict.code == "allow-origin-missing"
        assert dict(verdict.values)["target"] == target
    assert dict(ask().answered(answer({}, 302)).values)["target"] == ""


def test_a_redirect_to_nowhere_fails() -> None:
    assert ask().answered(answer({**OPEN, "Location": "http://"}, 302)).code == "redirect-malformed"
    assert ask().answered(answer(OPEN, 302)).status == 302


def test_a_redirect_is_fetched_from_the_start() -> None:
    asked = ask(url=HOME)
    asked.answered_one(answer({"Location": API}, 302))
    assert header(asked.sent, "Origin") == PAGE
    assert asked.answered(answer(OPEN)).redirected


def kept_preflight(engine: Engine, **second: Any) -> str:
    """Return what is sent after a request that failed with a preflight kept."""
    profile = Profile(engine=engine)
    yes = {**OPEN, "Access-Control-Allow-Methods": "PUT", "Access-Control-Max-Age": "60"}
    ask(profile=profile, method="PUT").answered(answer(yes, 204), answer(OPEN))
    ask(profile=profile, **second).answered(answer())
    sent = ask(profile=profile, method="PUT").sent
    assert sent is not None
    return sent.kind


def test_a_refused_answer_ends_what_was_kept_where_engines_say_so() -> None:
    assert kept_preflight(STANDARD, method="PUT") == "preflight"
    assert kept_preflight(CHROMIUM, method="PUT") == "actual"
    assert kept_preflight(STANDARD) == "actual"
    assert kept_preflight(FIREFOX) == "preflight"


def test_a_fresh_answer_is_used_again() -> None:
    profile = Profile()
    ask(profile=profile).answered(answer(CACHED))
    again = ask(profile=profile)
    assert again.sent is None
    assert again.verdict is not None
    assert [step.name for step in again.verdict.steps] == ["HTTP cache", "CORS check"]
    profile.now = 60.0
    assert ask(profile=profile).sent is not None


@pytest.mark.parametrize(
    ("mode", "sends"),
    [
        ("default", False),
        ("no-store", True),
        ("reload", True),
        ("no-cache", True),
        ("force-cache", False),
    ],
)
def test_the_cache_mode_says_whether_a_fresh_answer_is_used(mode: str, *, sends: bool) -> None:
    profile = Profile()
    ask(profile=profile).answered(answer(CACHED))
    assert (ask(profile=profile, cache=mode).sent is not None) is sends


def test_only_a_get_is_kept_and_not_with_no_store() -> None:
    cases: list[dict[str, Any]] = [{"method": "POST"}, {"cache": "no-store"}]
    for fields in cases:
        profile = Profile()
        ask(profile=profile, **fields).answered(answer(CACHED))
        assert ask(profile=profile).sent is not None


def test_a_stale_answer_is_asked_about_by_its_tag() -> None:
    profile = Profile()
    ask(profile=profile).answered(answer({**OPEN, "ETag": '"v"'}))
    again = ask(profile=profile)
    assert header(again.sent, "If-None-Match") == '"v"'
    assert again.answered(answer({}, 304)).status == 200


def test_without_vary_a_page_is_given_what_another_request_was_given() -> None:
    profile = Profile()
    ask(profile=profile, mode="no-cors").answered(answer({"Cache-Control": "max-age=60"}))
    again = ask(profile=profile)
    assert again.verdict is not None
    assert again.verdict.code == "allow-origin-missing"
    profile = Profile()
    varied = {"Cache-Control": "max-age=60", "Vary": "Origin"}
    ask(profile=profile, mode="no-cors").answered(answer(varied))
    assert ask(profile=profile).sent is not None


def test_what_cors_refused_is_kept_in_the_standard_only() -> None:
    for engine, sends in ((STANDARD, False), (CHROMIUM, True)):
        profile = Profile(engine=engine)
        ask(profile=profile).answered(answer({"Cache-Control": "max-age=60"}))
        assert (ask(profile=profile).sent is not None) is sends
    profile = Profile(engine=CHROMIUM)
    ask(profile=profile).answered(answer(CACHED))
    assert ask(profile=profile).sent is None


def test_one_engine_keeps_images_and_credentialed_answers_apart() -> None:
    profile = Profile(engine=FIREFOX)
    ask(profile=profile, api="img").answered(answer(CACHED))
    assert ask(profile=profile).sent is not None
    profile = Profile(engine=FIREFOX)
    allowed = {**CACHED, "Access-Control-Allow-Origin": PAGE}
    ask(profile=profile, credentials="omit").answered(answer(allowed))
    assert ask(profile=profile, credentials="include").sent is not None
    assert ask(profile=profile).sent is None


def test_an_accept_of_the_script_stays() -> None:
    assert header(ask(headers=(("accept", "a"),)).sent, "Accept") == "a"
    assert header(ask().sent, "Accept") == "*/*"


def test_a_refused_preflight_stops_the_request() -> None:
    verdict = ask(method="PUT").answered(answer(OPEN, 204))
    assert (verdict.code, verdict.actual_sent) == ("method-not-allowed", False)

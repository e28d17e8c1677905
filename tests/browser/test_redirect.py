"""HTTP-redirect fetch: where a redirect leads, and what it leaves of the request."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, WEBKIT, Body, Engine, Received
from corsmith.browser.redirect import MAX_REDIRECTS
from tests.browser.playing import API, OPEN, PAGE, Asked, answer, ask, header

YES = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "*",
    "Access-Control-Allow-Headers": "*, Authorization",
}
OTHER = "https://other.example/"


def to(*locations: str, status: int = 302) -> Received:
    lines = tuple(("Location", location) for location in locations)
    return Received(status=status, headers=(*OPEN.items(), *lines))


def follow(asked: Asked, *answers: Received) -> Asked:
    """Answer each preflight with yes, and each request in turn."""
    for one in answers:
        if asked.sent is not None and asked.sent.kind == "preflight":
            asked.answered_one(answer(YES, 204))
        asked.answered_one(one)
    return asked


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x", "https://api.example/x"),
        ("?q", f"{API}?q"),
        (OTHER, OTHER),
        ("//other.example", OTHER),
        ("https://:@other.example/", OTHER),
    ],
)
def test_a_redirect_leads_where_its_location_says(location: str, url: str) -> None:
    asked = follow(ask(), to(location))
    assert asked.sent is not None
    assert (asked.sent.url, asked.sent.hop) == (url, 1)


@pytest.mark.parametrize(
    ("locations", "code"),
    [
        (("http://",), "redirect-malformed"),
        (("/x", "/y"), "redirect-malformed"),
        (("/x", "/x"), "redirect-malformed"),
        (("data:,x",), "redirect-not-http"),
        (("ftp://a/",), "redirect-not-http"),
        (("https://u:p@api.example/",), "redirect-to-userinfo"),
    ],
)
def test_a_redirect_to_nowhere_is_a_network_error(locations: tuple[str, ...], code: str) -> None:
    verdict = ask().answered(to(*locations))
    assert verdict.code == code
    assert verdict.failing_step is not None
    assert verdict.failing_step.name == "redirect"


def test_two_equal_locations_are_one_in_two_engines() -> None:
    assert follow(ask(engine=FIREFOX), to("/x", "/x")).sent is not None
    assert ask(engine=FIREFOX).answered(to("/x", "/y")).code == "redirect-malformed"


def test_an_empty_location_is_none_in_one_engine() -> None:
    assert ask(engine=CHROMIUM).answered(to("")).status == 302
    assert follow(ask(), to("")).sent is not None


def test_a_redirect_without_location_is_the_answer() -> None:
    assert ask().answered(to()).status == 302


def test_twenty_redirects_are_followed_and_no_more() -> None:
    asked = follow(ask(), *([to("/x")] * MAX_REDIRECTS))
    assert asked.answered(to("/x")).code == "too-many-redirects"


def test_a_name_and_password_are_refused_in_cors_mode_and_by_one_engine_always() -> None:
    home: dict[str, Any] = {"url": f"{PAGE}/x"}
    there = to("https://u:p@app.example/y")
    assert follow(ask(**home), there).sent is not None
    assert follow(ask(mode="no-cors"), to("https://u:p@api.example/")).sent is not None
    assert ask(engine=CHROMIUM, **home).answered(there).code == "redirect-to-userinfo"


@pytest.mark.parametrize(
    ("method", "status", "becomes"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("PUT", 302, "PUT"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("DELETE", 302, "DELETE"),
    ],
)
def test_a_redirect_keeps_the_method_or_makes_it_get(
    method: str, status: int, becomes: str
) -> None:
    asked = follow(ask(method=method), to(OTHER, status=status))
    if asked.sent is not None and asked.sent.kind == "preflight":
        asked.answered_one(answer(YES, 204))
    assert asked.sent is not None
    assert asked.sent.method == becomes


def test_what_becomes_a_get_loses_its_body_and_the_headers_about_it() -> None:
    asked = follow(ask(method="POST", body=Body(kind="text"), headers=(("Accept", "a"),)), to("/x"))
    assert asked.sent is not None
    assert not asked.sent.has_body
    assert header(asked.sent, "Content-Type") is None
    assert header(asked.sent, "Accept") == "a"


def test_in_one_engine_a_delete_becomes_a_get_at_another_origin() -> None:
    asked = follow(ask(engine=WEBKIT, method="DELETE"), to(OTHER, status=307))
    assert header(asked.sent, "Access-Control-Request-Method") == "GET"
    asked = follow(ask(engine=WEBKIT, method="DELETE"), to("/x", status=307))
    assert header(asked.sent, "Access-Control-Request-Method") == "DELETE"


def test_authorization_does_not_go_to_another_origin() -> None:
    given: dict[str, Any] = {"headers": (("Authorization", "x"),)}
    away = follow(ask(**given), to(OTHER)).sent
    assert away is not None
    assert (away.kind, header(away, "Authorization")) == ("actual", None)
    near = follow(ask(**given), to("/x"))
    assert header(near.sent, "Access-Control-Request-Headers") == "authorization"


@pytest.mark.parametrize(
    ("engine", "kind", "names"),
    [
        (STANDARD, "actual", None),
        (FIREFOX, "preflight", None),
        (WEBKIT, "preflight", "authorization"),
    ],
)
def test_two_engines_ask_again_although_nothing_is_left_to_ask(
    engine: Engine, kind: str, names: str | None
) -> None:
    asked = follow(ask(engine=engine, headers=(("Authorization", "x"),)), to(OTHER))
    assert asked.sent is not None
    assert asked.sent.kind == kind
    assert header(asked.sent, "Access-Control-Request-Headers") == names


def test_they_ask_again_after_a_method_that_had_been_asked_for() -> None:
    away = follow(ask(engine=FIREFOX, method="PUT"), to("/x", status=303))
    home = follow(ask(engine=FIREFOX, method="PUT", url=f"{PAGE}/"), to(API, status=303))
    assert [asked.sent and asked.sent.kind for asked in (away, home)] == ["preflight", "actual"]


def test_one_engine_keeps_the_origin_of_what_became_a_get_at_home() -> None:
    home: dict[str, Any] = {"method": "POST", "url": f"{PAGE}/x"}
    assert header(follow(ask(engine=WEBKIT, **home), to("/y")).sent, "Origin") == PAGE
    assert header(follow(ask(**home), to("/y")).sent, "Origin") is None


def test_a_redirect_can_change_the_referrer_policy() -> None:
    lines = (("Referrer-Policy", "bogus, no-referrer"), ("Location", "/x"))
    redirect = Received(status=302, headers=(*OPEN.items(), *lines))
    assert header(ask().sent, "Referer") == f"{PAGE}/"
    assert header(follow(ask(), redirect).sent, "Referer") is None


def test_one_engine_loses_a_client_hint_in_a_redirect() -> None:
    given: dict[str, Any] = {"url": f"{PAGE}/x", "headers": (("DPR", "x"),)}
    assert header(follow(ask(engine=CHROMIUM, **given), to(API)).sent, "DPR") is None
    assert header(follow(ask(engine=CHROMIUM, **given), to("/y")).sent, "DPR") == "x"
    assert header(follow(ask(**given), to("/y")).sent, "DPR") == "x"

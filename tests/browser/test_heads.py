"""Origin and Referer, as a browser adds them (Fetch; Referrer Policy)."""

from __future__ import annotations

import pytest

from corsmith.browser.engines import CHROMIUM, FIREFOX, STANDARD
from corsmith.browser.heads import DEFAULT_POLICY, POLICIES, determine_referrer, hides_origin
from corsmith.browser.urls import Url, read_url

HOME = "https://app.example"
PAGE = f"{HOME}/page?q"


def url(text: str) -> Url:
    found = read_url(text)
    assert found is not None
    return found


SAME, OTHER, PLAIN = url(f"{HOME}/x"), url("https://api.example/"), url("http://api.example/")


@pytest.mark.parametrize(
    ("policy", "same", "other", "plain"),
    [
        ("no-referrer", "", "", ""),
        ("no-referrer-when-downgrade", PAGE, PAGE, ""),
        ("origin", f"{HOME}/", f"{HOME}/", f"{HOME}/"),
        ("origin-when-cross-origin", PAGE, f"{HOME}/", f"{HOME}/"),
        ("same-origin", PAGE, "", ""),
        ("strict-origin", f"{HOME}/", f"{HOME}/", ""),
        ("strict-origin-when-cross-origin", PAGE, f"{HOME}/", ""),
        ("unsafe-url", PAGE, PAGE, PAGE),
    ],
)
def test_the_policy_says_how_much_of_the_page_referer_shows(
    policy: str, same: str, other: str, plain: str
) -> None:
    assert policy in POLICIES
    seen = [determine_referrer(PAGE, target, policy, STANDARD) for target in (SAME, OTHER, PLAIN)]
    assert seen == [same, other, plain]


@pytest.mark.parametrize("page", ["", "data:,x", "about:srcdoc"])
def test_a_page_without_an_address_on_the_web_has_no_referrer(page: str) -> None:
    assert determine_referrer(page, OTHER, DEFAULT_POLICY, STANDARD) == ""


def test_a_very_long_referrer_is_cut_to_its_origin() -> None:
    assert determine_referrer(f"{HOME}/{'x' * 4096}", SAME, "unsafe-url", STANDARD) == f"{HOME}/"


def test_two_engines_cut_it_for_other_sites_whatever_the_policy() -> None:
    assert determine_referrer(PAGE, OTHER, "unsafe-url", FIREFOX) == f"{HOME}/"
    near = url("https://app.example:8443/")
    assert determine_referrer(PAGE, near, "unsafe-url", FIREFOX) == PAGE


@pytest.mark.parametrize(
    ("policy", "target", "hidden"),
    [
        ("no-referrer", OTHER, True),
        ("same-origin", OTHER, True),
        ("same-origin", SAME, False),
        ("strict-origin", PLAIN, True),
        ("strict-origin", OTHER, False),
        ("unsafe-url", PLAIN, False),
    ],
)
def test_a_referrer_policy_can_hide_the_origin_of_a_no_cors_request(
    policy: str, target: Url, *, hidden: bool
) -> None:
    assert hides_origin(HOME, target, policy, STANDARD) is hidden


def test_one_engine_hides_it_under_neither_policy_that_names_origins() -> None:
    assert not hides_origin(HOME, OTHER, "no-referrer", CHROMIUM)
    assert not hides_origin(HOME, OTHER, "same-origin", CHROMIUM)

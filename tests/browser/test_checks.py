"""The checks of the CORS protocol on an answer, step by step (Fetch)."""

from __future__ import annotations

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, Engine, Received
from corsmith.browser.checks import (
    DEFAULT_MAX_AGE,
    Problem,
    cors_check,
    exposed_names,
    extract_list,
    max_age,
    preflight_lists,
    split_visible,
)

PAGE = "https://app.example"
ALLOW = "Access-Control-Allow-"


def answer(*lines: tuple[str, str]) -> Received:
    return Received(status=200, headers=lines)


def checked(*values: str, credentials: str = "same-origin", allow: str | None = None) -> str | None:
    lines = [(f"{ALLOW}Origin", value) for value in values]
    if allow is not None:
        lines.append((f"{ALLOW}Credentials", allow))
    problem = cors_check(PAGE, credentials, answer(*lines))
    return None if problem is None else problem.code


@pytest.mark.parametrize("value", ["*", PAGE, f" {PAGE}\t"])
def test_the_page_or_a_star_lets_the_page_read(value: str) -> None:
    assert checked(value) is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((), "allow-origin-missing"),
        ((f"{PAGE}/",), "allow-origin-mismatch"),
        (("https://APP.example",), "allow-origin-mismatch"),
        (("null",), "allow-origin-mismatch"),
        (("",), "allow-origin-invalid"),
        (("**",), "allow-origin-invalid"),
        (("app.example",), "allow-origin-invalid"),
        ((f"{PAGE}, *",), "allow-origin-list"),
        ((f"{PAGE} *",), "allow-origin-list"),
        (("*", "*"), "allow-origin-twice"),
        ((PAGE, PAGE), "allow-origin-twice"),
    ],
)
def test_every_other_value_is_refused(values: tuple[str, ...], code: str) -> None:
    assert checked(*values) == code


@pytest.mark.parametrize(
    ("origin", "allow", "code"),
    [
        (PAGE, "true", None),
        (PAGE, "TRUE", "allow-credentials-not-true"),
        (PAGE, "", "allow-credentials-not-true"),
        (PAGE, None, "allow-credentials-missing"),
        ("*", "true", "wildcard-with-credentials"),
    ],
)
def test_credentials_need_the_page_and_the_word_true(
    origin: str, allow: str | None, code: str | None
) -> None:
    assert checked(origin, credentials="include", allow=allow) == code


@pytest.mark.parametrize(
    ("lines", "elements"),
    [
        ((), None),
        (("a",), ["a"]),
        ((" a ,, b\t,",), ["a", "b"]),
        (("a", "b"), ["a", "b"]),
        (("",), []),
        (("a b",), False),
        (("a", "(b)"), False),
    ],
)
def test_a_list_is_read_or_is_no_list(lines: tuple[str, ...], elements: object) -> None:
    assert extract_list("X", answer(*(("x", line) for line in lines))) == elements


def lists(
    method: str,
    *names: str,
    methods: str | None = None,
    headers: str | None = None,
    credentials: str = "omit",
    forced: bool = False,
    engine: Engine = STANDARD,
) -> object:
    lines = [
        (f"{ALLOW}{kind}", value)
        for kind, value in (("Methods", methods), ("Headers", headers))
        if value is not None
    ]
    found = preflight_lists(method, names, credentials, answer(*lines), engine, forced=forced)
    return found.code if isinstance(found, Problem) else found


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_safelisted_method_needs_no_list(method: str) -> None:
    assert lists(method, "x", methods="", headers="X") == ([], ["X"])


def test_methods_compare_by_case_and_names_do_not() -> None:
    assert lists("PUT", methods="put") == "method-not-allowed"
    assert lists("PUT", "x-a", methods="PUT", headers="X-A") == (["PUT"], ["X-A"])
    assert lists("GET", "x-a", "x-b", headers="x-a") == "header-not-allowed"
    assert lists("GET", "x-a") == "header-not-allowed"


def test_an_unreadable_list_fails_even_where_it_is_not_needed() -> None:
    assert lists("GET", methods="a b") == "allow-methods-unreadable"
    assert lists("GET", headers="a b") == "allow-headers-unreadable"


def test_a_star_covers_everything_without_credentials() -> None:
    assert lists("PUT", "x", methods="*", headers="*") == (["*"], ["*"])
    assert lists("PUT", methods="*", credentials="include") == "method-not-allowed"
    assert lists("GET", "x", headers="*", credentials="include") == "header-not-allowed"


def test_a_star_never_covers_authorization_except_in_todays_engines() -> None:
    assert lists("GET", "authorization", headers="*") == "authorization-not-covered"
    assert lists("GET", "authorization", headers="*", engine=CHROMIUM) == ([], ["*"])
    assert lists("GET", "authorization", headers="x") == "header-not-allowed"


def test_a_forced_preflight_allows_its_own_method_in_the_standard() -> None:
    assert lists("PUT", forced=True) == (["PUT"], [])
    assert lists("PUT", forced=True, engine=CHROMIUM) == "method-not-allowed"


@pytest.mark.parametrize(
    ("lines", "engine", "seconds"),
    [
        ((), STANDARD, DEFAULT_MAX_AGE),
        (("600",), STANDARD, 600),
        (("0600",), STANDARD, 600),
        (("0",), STANDARD, 0),
        (("9999999999",), STANDARD, STANDARD.max_age_cap),
        (("99999",), CHROMIUM, 7200),
        (("-1",), STANDARD, DEFAULT_MAX_AGE),
        (("-1",), CHROMIUM, 0),
        (("abc",), CHROMIUM, DEFAULT_MAX_AGE),
        (("abc",), FIREFOX, 0),
        (("",), FIREFOX, DEFAULT_MAX_AGE),
        (("600", "600"), STANDARD, DEFAULT_MAX_AGE),
        (("600", "600"), CHROMIUM, DEFAULT_MAX_AGE),
    ],
)
def test_a_preflight_is_kept_as_long_as_each_engine_reads(
    lines: tuple[str, ...], engine: Engine, seconds: int
) -> None:
    given = answer(*(("Access-Control-Max-Age", line) for line in lines))
    assert max_age(given, engine) == seconds


def expose(value: str | None, credentials: str = "omit") -> set[str] | None:
    lines = () if value is None else (("Access-Control-Expose-Headers", value),)
    return exposed_names(answer(*lines), credentials)


def test_exposed_names_are_what_the_list_says_and_nothing_for_a_bad_one() -> None:
    assert expose("X-A, x-b") == {"x-a", "x-b"}
    assert expose(None) == set()
    assert expose("x-a, no no") == set()


def test_a_star_exposes_everything_without_credentials() -> None:
    assert expose("*") is None
    assert expose("*", "include") == {"*"}


def test_a_script_reads_what_is_exposed_and_never_cookies() -> None:
    given = answer(
        ("Cache-Control", "x"), ("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "c"), ("B", "")
    )
    assert split_visible(given, {"x-a", "set-cookie"}) == (
        (("cache-control", "x"), ("x-a", "1, 2")),
        ("b", "set-cookie"),
    )
    assert split_visible(given, None)[1] == ("set-cookie",)

"""What a browser keeps: preflights' answers, and answers; time is an argument."""

from __future__ import annotations

import pytest

from corsmith.browser import CHROMIUM, FIREFOX, STANDARD, WEBKIT, Engine, Received
from corsmith.browser.cache import PreflightCache, ResponseCache

KEY = ("https://app.example", "https://api.example/", False)
CREDENTIALED = (*KEY[:2], True)
SHELF = ("https://api.example/", False, False)


def kept(
    *names: str,
    methods: tuple[str, ...] = (),
    key: tuple[str, str, bool] = KEY,
    until: float = 10.0,
    engine: Engine = STANDARD,
) -> PreflightCache:
    cache = PreflightCache()
    cache.store(key, list(methods), list(names), until, 0.0, engine)
    return cache


def test_what_was_allowed_needs_no_second_question_until_it_ends() -> None:
    cache = kept("X-A", methods=("PUT",))
    assert cache.covers(KEY, "PUT", ("x-a",), 9.9, STANDARD)
    assert not cache.covers(KEY, "PUT", ("x-a",), 10.0, STANDARD)
    assert not cache.covers(KEY, "DELETE", (), 0.0, STANDARD)
    assert not cache.covers(KEY, None, ("x-b",), 0.0, STANDARD)


def test_an_entry_is_for_one_origin_and_one_url() -> None:
    cache = kept("x-a")
    assert not cache.covers(("https://b.example", KEY[1], False), None, ("x-a",), 0.0, STANDARD)
    assert not cache.covers((KEY[0], KEY[1] + "?q", False), None, ("x-a",), 0.0, STANDARD)


def test_a_star_serves_what_has_no_credentials_and_never_authorization() -> None:
    cache = kept("*", methods=("*",))
    assert cache.covers(KEY, "PUT", ("x-a",), 0.0, STANDARD)
    assert not cache.covers(KEY, None, ("authorization",), 0.0, STANDARD)
    assert cache.covers(KEY, None, ("authorization",), 0.0, WEBKIT)


def test_a_star_serves_no_request_with_credentials() -> None:
    cache = kept("*", methods=("*",), key=CREDENTIALED)
    assert not cache.covers(CREDENTIALED, "PUT", (), 0.0, STANDARD)
    assert not cache.covers(CREDENTIALED, None, ("x-a",), 0.0, STANDARD)
    assert cache.covers(KEY, "PUT", ("x-a",), 0.0, STANDARD)


@pytest.mark.parametrize(("engine", "key"), [(FIREFOX, KEY), (CHROMIUM, CREDENTIALED)])
def test_engines_keep_no_star_where_they_do_not(engine: Engine, key: tuple[str, str, bool]) -> None:
    assert not kept("*", key=key, engine=engine).covers(KEY, None, ("x",), 0.0, engine)


def test_a_credentialed_entry_serves_all_except_in_one_engine() -> None:
    cache = kept("x-a", key=CREDENTIALED)
    assert cache.covers(KEY, None, ("x-a",), 0.0, STANDARD)
    assert not cache.covers(KEY, None, ("x-a",), 0.0, FIREFOX)
    assert not kept("x-a").covers(CREDENTIALED, None, ("x-a",), 0.0, STANDARD)


def test_a_new_answer_says_how_long_the_old_one_lasts() -> None:
    cache = kept("x-a")
    cache.store(KEY, [], ["x-a"], 20.0, 5.0, STANDARD)
    assert cache.covers(KEY, None, ("x-a",), 19.0, STANDARD)
    cache.store(KEY, [], ["x-a"], 6.0, 6.0, FIREFOX)
    assert cache.covers(KEY, None, ("x-a",), 7.0, FIREFOX)
    cache.store(KEY, [], ["x-a"], 6.0, 6.0, STANDARD)
    assert not cache.covers(KEY, None, ("x-a",), 7.0, STANDARD)


def test_any_answer_is_enough_for_what_asks_for_nothing() -> None:
    cache = kept()
    assert cache.has_any(KEY, 9.0, STANDARD)
    assert not cache.has_any(KEY, 10.0, STANDARD)
    assert not cache.has_any(CREDENTIALED, 0.0, STANDARD)


def test_a_url_can_be_forgotten() -> None:
    cache = kept("x-a", methods=("PUT",))
    cache.store((KEY[0], "https://other.example/", False), [], ["x-a"], 10.0, 0.0, STANDARD)
    cache.clear(*KEY[:2])
    assert not cache.covers(KEY, None, ("x-a",), 0.0, STANDARD)
    assert not cache.has_any(KEY, 0.0, STANDARD)
    assert cache.covers((KEY[0], "https://other.example/", False), None, ("x-a",), 0.0, STANDARD)


def response(*lines: tuple[str, str], status: int = 200) -> Received:
    return Received(status=status, headers=lines)


@pytest.mark.parametrize(
    ("answer", "until"),
    [
        (response(("Cache-Control", "public, max-age=60")), 60.0),
        (response(("Cache-Control", "no-cache, max-age=60")), 0.0),
        (response(), 0.0),
        (response(("Cache-Control", "no-store")), None),
        (response(("Vary", "*")), None),
        (response(status=500), None),
    ],
)
def test_an_answer_is_kept_for_as_long_as_it_says(answer: Received, until: float | None) -> None:
    cache = ResponseCache()
    cache.store(SHELF, {}, answer, 0.0)
    stored = cache.find(SHELF, {})
    assert (None if stored is None else stored.until) == until


def test_an_answer_serves_requests_that_agree_in_what_it_varies_on() -> None:
    cache = ResponseCache()
    cache.store(SHELF, {"origin": "a"}, response(("Vary", "Origin, ")), 0.0)
    assert cache.find(SHELF, {"origin": "a"}) is not None
    assert cache.find(SHELF, {"origin": "b"}) is None
    assert cache.find(("https://api.example/", True, False), {"origin": "a"}) is None


def test_a_304_updates_what_is_stored() -> None:
    cache = ResponseCache()
    cache.store(SHELF, {}, response(("ETag", "v"), ("X-A", "1")), 0.0)
    stored = cache.find(SHELF, {})
    assert stored is not None
    fresh = cache.freshen(SHELF, {}, stored, response(("x-a", "2"), status=304), 1.0)
    assert (fresh.status, fresh.get("etag"), fresh.get("x-a")) == (200, "v", "2")
    again = cache.find(SHELF, {})
    assert again is not None
    assert again.response == fresh

"""The head of an answer as a page gets it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corsmith.server.gateway.answered import MOST_HEAD, Page, read_answer
from corsmith.server.gateway.site import Upstream

PAGE = Page(
    upstream=Upstream(origin=b"https://api.example"),
    here=b"http://127.0.0.1:8000",
    path=b"/a",
    abroad=False,
    follows=True,
)
LENGTH = (b"Content-Length", b"2")


def test_what_goes_on_has_names_in_lower_case() -> None:
    answered = read_answer(418, ((b"X-A", b"caf\xe9"), LENGTH), PAGE)
    assert answered.headers == [(b"x-a", b"caf\xe9"), (b"content-length", b"2")]
    assert (answered.fault, answered.sets_cors, answered.elsewhere) == (None, False, None)
    assert answered.size == len(b"X-Acaf\xe9Content-Length2")


@pytest.mark.parametrize(("status", "kept"), [(204, 0), (200, 1), (304, 1)])
def test_where_nothing_can_follow_no_length_is_told(status: int, kept: int) -> None:
    assert len(read_answer(status, (LENGTH,), PAGE).headers) == kept


def test_that_it_has_permissions_of_its_own_is_told_and_they_end_here() -> None:
    answered = read_answer(200, ((b"Access-Control-Allow-Origin", b"*"),), PAGE)
    assert (answered.sets_cors, answered.headers) == (True, [])


@pytest.mark.parametrize(
    ("status", "pairs"),
    [
        (101, ()),
        (20, ()),
        (200, (LENGTH, (b"Transfer-Encoding", b"chunked"))),
        (200, (LENGTH, (b"content-length", b"3"))),
        (200, ((b"content-length", b"+2"),)),
        (200, ((b"content-length", b""),)),
        (200, ((b"content-length", b"1" * 20),)),
        (200, ((b"transfer-encoding", b"gzip, chunked"),)),
        (200, ((b"transfer-encoding", b"gzip"), (b"transfer-encoding", b"chunked"))),
        (200, ((b"x-a", b"a\x01b"),)),
        (200, ((b"x-a", b"a\nb"),)),
        (200, ((b"x-a", b"a\x7fb"),)),
    ],
)
def test_a_head_with_two_meanings_is_not_sent_on(
    status: int, pairs: tuple[tuple[bytes, bytes], ...]
) -> None:
    answered = read_answer(status, pairs, PAGE)
    assert answered.fault is not None
    assert (answered.fault.word, answered.headers) == ("upstream-malformed", [])


@pytest.mark.parametrize(
    "pairs",
    [
        (LENGTH, LENGTH),
        ((b"Transfer-Encoding", b"Chunked"),),
        ((b"x-a", b"a\tb"),),
        (),
    ],
)
def test_a_head_with_one_meaning_is(pairs: tuple[tuple[bytes, bytes], ...]) -> None:
    assert read_answer(200, pairs, PAGE).fault is None


def test_a_head_has_a_largest_size() -> None:
    largest = b"a" * (MOST_HEAD - 3)
    assert read_answer(200, ((b"x-a", largest),), PAGE).fault is None
    answered = read_answer(200, ((b"x-a", largest + b"a"),), PAGE)
    assert answered.fault is not None
    assert (answered.fault.word, answered.size) == ("upstream-head", MOST_HEAD + 1)


ELSEWHERE = ((b"Location", b"https://cdn.example/x"),)


def test_a_redirect_elsewhere_is_told_to_a_script_and_shown_to_a_person() -> None:
    answered = read_answer(302, ELSEWHERE, PAGE)
    assert answered.fault is not None
    assert answered.fault.word == "redirect-elsewhere"
    assert answered.elsewhere == "https://cdn.example/x"
    shown = read_answer(302, ELSEWHERE, replace(PAGE, follows=False))
    assert (shown.fault, shown.headers) == (None, [(b"location", b"https://cdn.example/x")])
    assert shown.elsewhere == "https://cdn.example/x"


@pytest.mark.parametrize(
    ("status", "pairs"),
    [(200, ELSEWHERE), (302, ()), (302, ((b"location", b"/b"),))],
)
def test_anything_else_is_an_answer_as_any_other(
    status: int, pairs: tuple[tuple[bytes, bytes], ...]
) -> None:
    answered = read_answer(status, pairs, PAGE)
    assert (answered.fault, answered.elsewhere) == (None, None)


def test_a_cookie_is_for_the_site_of_the_page() -> None:
    cookie = ((b"set-cookie", b"a=1"),)
    assert read_answer(200, cookie, PAGE).headers == [(b"set-cookie", b"a=1")]
    abroad = read_answer(200, cookie, replace(PAGE, abroad=True))
    assert abroad.headers == [(b"set-cookie", b"a=1; Secure; SameSite=None; Partitioned")]

from __future__ import annotations

import re

import pytest

from corsmith.importers.readings import (
    Reading,
    examples,
    literal,
    narrowed,
    read_pattern,
    starts,
    witness,
)


def text_of(pattern: str | re.Pattern[str], *, ignore_case: bool = False) -> str | None:
    reading = read_pattern(pattern, is_open=True, ignore_case=ignore_case)
    return None if reading is None else reading.text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"https://app\.example", r"https://app\.example"),
        (re.compile(r"https://App\.example", re.IGNORECASE), r"(?i:https://App\.example)"),
        (re.compile(r"(?i)https://APP\.example"), r"(?i:https://APP\.example)"),
        # Without capitals the flag changes nothing: browsers write none.
        (re.compile(r"https://\W\S\.example", re.IGNORECASE), r"https://\W\S\.example"),
        (re.compile("https://a  # a site", re.VERBOSE), "(?x:https://a  # a site\n)"),
        (r"https://(?P<who>a|b)\.example", r"https://(?:a|b)\.example"),
        (r"(?P<who>a)(?P=who)", r"(?P<who>a)(?P=who)"),
    ],
)
def test_the_flags_of_an_expression_are_written_into_it(
    pattern: str | re.Pattern[str], text: str
) -> None:
    assert text_of(pattern) == text


def test_case_is_ignored_where_the_library_does() -> None:
    assert text_of("https://App.example", ignore_case=True) == "(?i:https://App.example)"


def test_what_does_not_compile_is_no_reading() -> None:
    assert text_of("https://(") is None


def test_an_open_expression_admits_what_begins_so_and_a_closed_one_does_not() -> None:
    assert Reading(text="https://a", is_open=True).admits("https://a.example")
    assert not Reading(text="https://a").admits("https://a.example")
    assert Reading(text="https://a").admits("https://a")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"/api/v[12]/.*", ("/api/v1/", "/api/v1/x", "/api/v2/", "/api/v2/x")),
        ("/(api|public)/", ("/api/", "/public/")),
        ("/a(?!b)c?", ("/a", "/ac", "/ab", "/abc")),
        ("/ab{2}", ("/abb",)),
        ("/(?>ab)c", ("/abc",)),
        ("/(?i:A)B", ("/aB",)),
        (r"/v\d{3,}", (*(f"/v{n}{n}{n}" for n in range(10)), "/v0000")),
        ("/api/*", ("/api", "/api/", "/api//")),
        # Nothing usual is in this class, so that no example is known.
        (r"/[B-Z]+", ()),
        ("/(", ()),
        ("(" * 50 + "a" + ")" * 50, ()),
    ],
)
def test_examples_are_texts_that_an_expression_may_match(text: str, found: tuple[str, ...]) -> None:
    assert examples(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"/api/v[12]/.*", ("/api/v1/", "/api/v2/")),
        (r"/.*\.json$", ("/",)),
        (r"/api/v[12]+/", ("/api/v1/", "/api/v2/", "/api/v")),
        ("/(", ()),
    ],
)
def test_a_start_is_what_is_written_before_the_first_wildcard(
    text: str, found: tuple[str, ...]
) -> None:
    assert starts(text) == found


def test_of_many_parts_one_or_two_are_varied_at_a_time() -> None:
    found = examples("/".join(["[ab]"] * 7))
    assert found[0] == "a/a/a/a/a/a/a"
    assert "b/a/a/a/a/a/b" in found
    assert len(found) <= 64


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (r"https://app\.example\.com", "https://app.example.com.stranger.invalid"),
        (r"https://app\.example\.com$", None),
        (r"https://.*\.example\.com$", None),
        (r"http://localhost:300", "http://localhost:3000"),
    ],
)
def test_a_witness_is_let_in_by_the_open_end_alone(text: str, origin: str | None) -> None:
    assert witness(Reading(text=text, is_open=True)) == origin
    assert witness(Reading(text=text)) is None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (r"^https://app\.example$", "https://app.example"),
        (r"\Ahttp://localhost:3000\Z", "http://localhost:3000"),
        ("https://app.example", None),
        (r"https://[a]\.example", None),
        (r"https:\/\/app\.example", "https://app.example"),
        ("app", None),
    ],
)
def test_an_expression_that_means_one_origin_is_that_origin(text: str, origin: str | None) -> None:
    assert literal(text) == origin


@pytest.mark.parametrize(
    ("text", "tight"),
    [
        ("https://app.example.com", r"https://app\.example\.com"),
        (r"https://.*example\.com", r"https://(?:[a-z0-9-]+\.)*example\.com"),
        (r"^https:\/\/.+example\.com$", r"^https:\/\/(?:[a-z0-9-]+\.)+example\.com$"),
        (r"https://pr-.*example\.com", r"https://pr-[a-z0-9-]*example\.com"),
        (r"https://.*.example\.com", r"https://[a-z0-9-]+(?:\.[a-z0-9-]+){0,8}\.example\.com"),
        (r"https://example\.com.*$", r"https://example\.com(?::[0-9]+)?$"),
        (r"https://example\.com[^/]*", r"https://example\.com(?::[0-9]+)?"),
        (r"https://example\.com.+", None),
        (r"https?://.*", None),
        # Neither has all that would take its place.
        (r"https://\w+example\.com", None),
        (r"https://[^.]*example\.com", None),
        (r"https://app\.example", None),
        (r"https://[ab].?\.example", r"https://[ab]\.?\.example"),
    ],
)
def test_wildcards_are_held_inside_what_is_written(text: str, tight: str | None) -> None:
    assert narrowed(text) == tight

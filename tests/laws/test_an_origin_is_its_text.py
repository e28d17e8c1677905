"""Law: an origin is read from exactly one text, and a pattern without `*` is that text."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from corsmith.diagnostics import Diagnostic
from corsmith.nearest import nearest
from corsmith.origin import parse_origin, serialize_origin
from corsmith.pattern import OriginPattern, parse_pattern, read_pattern
from tests.laws.strategies import examples

# What texts that are origins, or nearly, are made of; and what people write instead.
PARTS = st.sampled_from(
    (
        *("https", "http", "tauri", "file", "HTTPS", "null", "://", ":", "//", "/", "\\"),
        *(".", "a", "B", "example", "com", "localhost", "127", "0x7f", "1", "0", "[", "]"),
        *("[::1]", "::", "::1", "xn--bcher-kva", "xn--a", "443", "80", "8443", "65536", "²"),
        *("*", "*.", "pr-*", "?", "#", "@", " ", "\t", "\n", "\0", ",", ";", '"', "'", "^", "$"),
        *("(", ")", "|", "[a-z]", ".*", "\\.", "%", "_", "-", "ß", "ü", "\u200d", "\ud800", "K"),
        *("x" * 63, "x" * 64, "a." * 120),
    )
)
TEXT = st.builds(
    "{}{}".format,
    st.sampled_from(("", "https://", "http://", "https://example", "http://localhost:")),
    st.lists(PARTS, max_size=7).map("".join),
)


@examples(1500)
@given(TEXT)
@example("https://app.example:443")
@example("http://[1:0:0:2::3]")
@example("http://[0:2:3:4:5:6:7:8]")
@example("http://127.0.0.1.")
def test_what_is_read_is_written_back_as_it_was(text: str) -> None:
    origin = parse_origin(text)
    if origin is not None:
        assert serialize_origin(origin) == text
        assert text == text.lower()
        assert text.isascii()


@examples(1500)
@given(TEXT)
@example("https://xn--a.example")
@example("https://app.example\n")
def test_a_pattern_without_a_star_is_an_origin_and_the_same_text(text: str) -> None:
    pattern = parse_pattern(text)
    if isinstance(pattern, OriginPattern):
        assert ("*" in text) is not pattern.is_exact
        if pattern.is_exact:
            origin = parse_origin(text)
            assert origin is not None
            assert origin.scheme == pattern.scheme
            assert origin.host == pattern.host
            assert origin.port == pattern.port
    elif parse_origin(text) is not None:
        # The one thing that a request is not asked for: it would need a table.
        assert {problem.code for problem in pattern} == {"origin-bad-punycode"}


@examples(1500)
@given(TEXT)
@example("https://" + "[-" * 400)
@example("https://*" + "*" * 400)
@example("http://" * 140)
@example('["https://a.example", ""]')
def test_a_text_that_is_no_pattern_has_a_problem_and_each_fix_is_a_pattern(text: str) -> None:
    pattern = parse_pattern(text)
    if isinstance(pattern, OriginPattern):
        return
    assert pattern
    for problem in pattern:
        assert isinstance(problem, Diagnostic)
        assert (problem.field, problem.value) == ("origins", text)
        shown = re.match(r'Write "([^"]*)"', problem.fix or "")
        if shown is not None and shown[1] not in {"*", "null"}:
            assert read_pattern(shown[1]) is not None


@examples(500)
@given(TEXT, st.lists(TEXT, max_size=4))
def test_what_is_near_is_one_of_what_is_allowed(text: str, allowed: list[str]) -> None:
    found = nearest(text, allowed)
    assert found is None or (found.origin in allowed and found.difference)

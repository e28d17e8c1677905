"""The origins that an expression admits although nobody named them."""

import re

import pytest

from corsmith.expression import read_expression
from corsmith.regex import matches_regex
from corsmith.strangers import FIXED_STRANGERS, find_stranger

STRANGERS = [
    (r"https://.+", FIXED_STRANGERS[0]),
    (r"http://[a-z.]+", FIXED_STRANGERS[1]),
    (r"https://[a-z]+\.com", "https://stranger.com"),
    (r"https://(?:www\.)?[a-z]+\.org", "https://stranger.org"),
    (r"https://shop.example", "https://shopxexample"),
    (r"https://\w\.co\.uk", "https://x.co.uk"),
    (r".*shop\.example", "https://strangershop.example"),
    (r"https.*shop\.example", "https://strangershop.example"),
    (r"[^/]*//.*shop\.example", "https://strangershop.example"),
    (r".*\.shop\.example", None),
    (r"https://.*-[0-9][0-9][0-9]\.example", "https://stranger-000.example"),
    (r"https://[a-z]*\.[a-z]*\.[a-z]*\.example", "https://stranger.stranger.stranger.example"),
    (r"https://[a-z]{5}\.dev", "https://aaaaa.dev"),
    (r"https://(shop\.)+example", None),
    (r"https://app(le)+\.com", "https://applele.com"),
    (r"https://(?:[a-z]+-)*shop\.example", "https://stranger-shop.example"),
    (r"https://shop\.example(?:\.[a-z]+)?", "https://shop.example.stranger"),
    (r"https://(?>[a-z]+)\.net", "https://stranger.net"),
    (r"https://(?=[a-z])[a-z]+\.net", "https://stranger.net"),
    (r"https://[0-9]{1,3}\.shop\.example", None),
    (r"https://example[12]\.com", None),
    (r"https://.*\.shop\.example", None),
    (r"http://127\.\d+\.\d+\.\d+", None),
    (r"http://[a-z]+\.localhost", None),
    (r"wss?:\\", None),
    (r"(?i)HTTPS://Shop\.Example", None),
    (r"https://[^a-z0-9]+", None),
    ("".join(f"(?:{letter}|{letter.upper()})" for letter in "abcdefghijkl"), None),
]


@pytest.mark.parametrize(("pattern", "stranger"), STRANGERS)
def test_a_stranger_matches_and_its_site_is_not_written_out(
    pattern: str, stranger: str | None
) -> None:
    """What is found is a counter-example: the expression itself matches it."""
    compiled = re.compile(pattern, re.ASCII)
    tree = read_expression(compiled)
    assert tree is not None
    found = find_stranger(tree, lambda text: matches_regex(compiled, text))
    assert found == stranger
    assert found is None or matches_regex(compiled, found)

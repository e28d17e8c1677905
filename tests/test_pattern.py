"""Which origins an entry of ``origins`` means, and a matcher as fast for many as for one."""

from collections.abc import Iterable
from itertools import permutations

import pytest

from corsmith.pattern import OriginPattern, PatternSet, parse_pattern, read_pattern


def pattern_set(texts: Iterable[str]) -> PatternSet:
    """Return the set of patterns of these texts."""
    patterns = [read_pattern(text) for text in texts]
    assert None not in patterns
    return PatternSet(pattern for pattern in patterns if pattern is not None)


PATTERNS = [
    ("https://app.example", "app.example", None, None, True),
    ("https://app.example:8443", "app.example", 8443, None, True),
    ("https://*.app.example", "app.example", None, "app.example", False),
    ("https://*.app.example:*", "app.example", None, "app.example", False),
    ("https://*.app.example:8443", "app.example", 8443, "app.example", False),
    ("https://*.app.example.", "app.example.", None, "app.example.", False),
    ("https://pr-*.app.example", "app.example", None, "app.example", False),
    ("https://*-pr.app.example:*", "app.example", None, "app.example", False),
    ("http://localhost:*", "localhost", None, None, False),
    ("http://[::1]:*", "[::1]", None, None, False),
    ("https://*.com", "com", None, "com", False),
    ("capacitor://localhost", "localhost", None, None, True),
]


@pytest.mark.parametrize(("text", "host", "port", "parent", "is_exact"), PATTERNS)
def test_a_pattern_is_read_in_its_parts(
    text: str, host: str, port: int | None, parent: str | None, is_exact: bool
) -> None:
    """A pattern without a ``*`` is one origin."""
    pattern = parse_pattern(text)
    assert isinstance(pattern, OriginPattern)
    assert (pattern.text, pattern.host, pattern.port) == (text, host, port)
    assert (pattern.parent, pattern.is_exact) == (parent, is_exact)
    assert pattern.any_port is text.endswith(":*")


def test_what_stands_around_a_star_in_a_label_is_kept() -> None:
    """Empty where the ``*`` is the whole label, or there is none."""
    part = read_pattern("https://pr-*-x.app.example")
    assert part is not None
    assert (part.prefix, part.suffix, part.subdomains) == ("pr-", "-x", False)
    whole = read_pattern("https://*.app.example")
    assert whole is not None
    assert (whole.prefix, whole.suffix, whole.subdomains) == ("", "", True)


@pytest.mark.parametrize(
    ("text", "is_loopback", "is_app"),
    [
        ("http://*.localhost:*", True, False),
        ("tauri://localhost", True, True),
        ("chrome-extension://abc", False, True),
        ("https://app.example", False, False),
    ],
)
def test_loopback_and_app_schemes_are_known(text: str, is_loopback: bool, is_app: bool) -> None:
    """Both need no https with credentials."""
    pattern = read_pattern(text)
    assert pattern is not None
    assert (pattern.is_loopback, pattern.is_app_scheme) == (is_loopback, is_app)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("https://app.example/", ["origin-has-path"]),
        ("https://*", ["wildcard-host"]),
        ("https://*:8443", ["wildcard-host"]),
        ("https://*.", ["wildcard-host"]),
        ("https://*.*.example", ["misplaced-wildcard"]),
        ("https://app.*.example", ["misplaced-wildcard"]),
        ("https://**.example", ["misplaced-wildcard"]),
        ("*://app.example", ["misplaced-wildcard"]),
        ("https://app.example:80*", ["misplaced-wildcard"]),
        ("https://*.127.0.0.1", ["misplaced-wildcard"]),
        ("https://*.[::1]", ["misplaced-wildcard"]),
        ("https://[*]", ["misplaced-wildcard"]),
        ("https://*.xn--a.example", ["origin-bad-punycode"]),
        ("https://app", None),
        ("https://app.example", None),
    ],
)
def test_what_can_match_no_origin_is_told_with_its_codes(
    text: str, codes: list[str] | None
) -> None:
    """Every text is a pattern, or has problems."""
    found = parse_pattern(text)
    if codes is None:
        assert isinstance(found, OriginPattern)
    else:
        assert not isinstance(found, OriginPattern)
        assert [problem.code for problem in found] == codes


MEANINGS: list[tuple[list[str], list[str], list[str]]] = [
    (
        ["https://*.app.example"],
        ["https://a.app.example", "https://a.b.app.example", "https://_.app.example"],
        [
            "https://app.example",
            "https://evilapp.example",
            "https://.app.example",
            "https://a..app.example",
            "https://a.app.example.",
            "https://a.app.example:8443",
            "http://a.app.example",
            "https://a.app.example.evil.test",
            "https://A.app.example",
            "https://a.appxexample",
            "https://a/.app.example",
            f"https://{'a.' * 122}app.example",
            f"https://{'a' * 64}.app.example",
        ],
    ),
    (
        ["https://pr-*.app.example", "https://*-x.app.example", "https://prefix-*.app.example"],
        ["https://pr-1.app.example", "https://1-x.app.example", "https://prefix-9.app.example"],
        [
            "https://pr-.app.example",
            "https://-x.app.example",
            "https://pr-1.2.app.example",
            "https://pr-1.app.example:1",
            "https://xpr-1.app.example",
            "https://app.example",
            "http://pr-1.app.example",
        ],
    ),
    (
        ["http://localhost:*", "https://*.app.example:*", "http://[::1]:*"],
        [
            "http://localhost",
            "http://localhost:1",
            "http://localhost:65535",
            "http://localhost:443",
            "https://a.app.example:80",
            "https://a.app.example",
            "http://[::1]",
            "http://[::1]:8000",
        ],
        [
            "http://localhost:80",
            "http://localhost:0",
            "http://localhost:65536",
            "http://localhost:",
            "http://localhost:3000x",
            "http://localhost:3000\n",
            "http://localhost:-1",
            "https://localhost:3000",
            "http://app.localhost:3000",
            "http://localhost.evil.test:3000",
            "https://app.example:1",
            "http://[::2]:1",
        ],
    ),
    (
        ["https://*.app.example:8443", "https://pr-*.b.example:*", "tauri://localhost:*"],
        ["https://a.app.example:8443", "https://pr-1.b.example:9", "tauri://localhost"],
        ["https://a.app.example", "https://pr-1.b.example:443", "https://a.app.example:8444"],
    ),
    ([], [], ["https://app.example", "null", ""]),
    (
        ["https://*.kin", "https://*.kin:*", "https://cat.kin:1"],
        ["https://a.kin", "https://a.kin:1"],
        ["https://kin:1", "https://akin", "https://kin"],
    ),
]


@pytest.mark.parametrize(("texts", "meant", "others"), MEANINGS)
def test_a_set_means_what_each_of_its_patterns_means(
    texts: list[str], meant: list[str], others: list[str]
) -> None:
    """In every order of the list: a tree once combined two names that shared an end."""
    for order in permutations(texts):
        patterns = pattern_set(order)
        assert [text for text in meant if not patterns.matches(text)] == []
        assert [text for text in others if patterns.matches(text)] == []


def test_the_longest_host_that_is_meant_is_the_longest_host_there_is() -> None:
    """253 characters, without a trailing dot that was listed."""
    patterns = pattern_set(["https://*.app.example", "https://pr-*.b.example.", "x://*.c:*"])
    assert patterns.matches(f"https://{'a.' * 120}a.app.example")
    assert not patterns.matches(f"https://{'a.' * 120}aa.app.example")
    assert patterns.matches("https://pr-1.b.example.")
    assert not patterns.matches(f"https://pr-{'a' * 300}.b.example.")


def test_exact_patterns_are_listed_as_texts() -> None:
    """They are looked up without being read."""
    patterns = pattern_set(["https://a.example", "https://*.b.example", "http://c.example:*"])
    assert patterns.exact == frozenset({"https://a.example"})
    assert patterns.matches("https://a.example")

"""The nearest allowed origin, and what differs, in words."""

import pytest

from corsmith.nearest import Nearest, nearest

ALLOWED = [
    "https://app.example.com",
    "https://*.staging.example.com",
    "http://localhost:5173",
    "https://pr-*.acme.test",
    "capacitor://localhost",
    "null",
    "https://xn--bcher-kva.example:*",
    "http://[::1]:9000",
]

NEAR = [
    ("http://app.example.com", 0, "the scheme differs: http, not https"),
    ("HTTPS://app.example.com", 0, "it has upper-case letters"),
    ("https://APP.example.com", 0, "it has upper-case letters"),
    ("https://app.example.com/", 0, "it has a trailing slash"),
    ("https://app.example.com/items?a=1", 0, "it has a path"),
    ("https://app.example.com:443", 0, "it has the default port 443, which no browser writes"),
    ("https://app.example.com:8443", 0, "the port differs: 8443, not the default"),
    ("https://app.example.com.", 0, "it has a trailing dot"),
    (
        "https://app.exampel.com",
        0,
        "the host differs: app.exampel.com, not app.example.com",
    ),
    ("https://ap.example.com", 0, "the host differs: ap.example.com, not app.example.com"),
    ("https://x.app.example.com", 0, "it is below app.example.com"),
    ("https://example.com", 0, "the host differs: example.com, not app.example.com"),
    (
        "http://app.example.com:8080",
        0,
        "the scheme differs: http, not https and the port differs: 8080, not the default",
    ),
    (
        "https://staging.example.com",
        1,
        "it is staging.example.com itself, and *.staging.example.com is what is below",
    ),
    ("http://a.staging.example.com", 1, "the scheme differs: http, not https"),
    (
        "https://evilstaging.example.com",
        1,
        "it ends in staging.example.com, but not after a dot",
    ),
    (
        "https://a.stagign.example.com",
        1,
        "the host differs: stagign.example.com, not staging.example.com",
    ),
    ("http://localhost:3000", 2, "the port differs: 3000, not 5173"),
    ("http://localhost", 2, "the port differs: the default, not 5173"),
    ("http://127.0.0.1:5173", 2, "the host differs: 127.0.0.1, not localhost"),
    ("https://pr-.acme.test", 3, "it does not fit pr-*.acme.test"),
    ("https://pr-a.b.acme.test", 3, "it does not fit pr-*.acme.test"),
    ("https://pr-1.acme.test:1", 3, "the port differs: 1, not the default"),
    ("ionic://localhost", 4, "the scheme differs: ionic, not capacitor"),
    ("http://xn--bcher-kva.example:81", 6, "the scheme differs: http, not https"),
    ("http://[::1]:9001", 7, "the port differs: 9001, not 9000"),
]


@pytest.mark.parametrize(("origin", "entry", "difference"), NEAR)
def test_the_nearest_entry_is_told_with_what_differs(
    origin: str, entry: int, difference: str
) -> None:
    """Part by part: scheme, host, port, and what an origin never has."""
    assert nearest(origin, ALLOWED) == Nearest(origin=ALLOWED[entry], difference=difference)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "app.example.com",
        "https://",
        "https://stranger.test",
        "https://pr-1.acme.invalid",
        "https://" + "a" * 400,
        "https://app.example.com",
        "https://a.staging.example.com",
        "é://\x00",
    ],
)
def test_what_resembles_nothing_or_is_allowed_has_no_nearest(origin: str) -> None:
    """Also a text that is no origin at all, and an origin in which nothing differs."""
    assert nearest(origin, ALLOWED) is None


def test_a_group_is_compared_by_what_it_stands_for_and_told_by_its_name() -> None:
    """The person wrote @loopback, so that is what is shown."""
    found = nearest("ws://localhost:3000", ["@loopback"])
    assert found == Nearest(origin="@loopback", difference="the scheme differs: ws, not http")


def test_at_most_the_limit_is_compared() -> None:
    """A stranger's text must not make a long list be walked."""
    allowed = [f"https://h{number}.test" for number in range(200)] + ["https://app.example"]
    assert nearest("http://app.example", allowed) is None
    assert nearest("http://app.example", allowed, limit=201) is not None


def test_white_space_around_the_value_is_no_difference() -> None:
    """RFC 9110, section 5.5: it is no part of the value."""
    assert nearest(" http://app.example.com\t", ALLOWED) is not None

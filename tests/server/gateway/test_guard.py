"""Which requests without an Origin go on to the upstream."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.gateway.guard import Entry, enter, neighbour

Lines = list[tuple[bytes, bytes]]

HERE = (b"host", b"localhost:8000")
CHROMIUM = (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36")
NAVIGATES = [(b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document")]


def site(word: bytes) -> tuple[bytes, bytes]:
    return (b"sec-fetch-site", word)


@pytest.mark.parametrize(
    ("lines", "entry"),
    [
        # An Origin was judged by the policy, whatever else is said.
        ([(b"origin", b"http://a.example"), site(b"cross-site")], Entry.GOES_ON),
        # What no page can set.
        ([site(b"same-origin"), CHROMIUM], Entry.GOES_ON),
        ([site(b"none"), CHROMIUM, *NAVIGATES], Entry.GOES_ON),
        ([site(b"cross-site"), CHROMIUM], Entry.REFUSED),
        ([site(b"same-site"), CHROMIUM], Entry.REFUSED),
        ([site(b"cross-site"), (b"referer", b"http://localhost:8000/")], Entry.REFUSED),
        ([site(b"same-origin"), (b"referer", b"http://evil.example/")], Entry.GOES_ON),
        ([site(b"none"), site(b"cross-site")], Entry.REFUSED),
        ([site(b"anything-new")], Entry.REFUSED),
        ([site(b"")], Entry.REFUSED),
        # A person reads the answer.
        ([site(b"cross-site"), *NAVIGATES], Entry.EXPLAINED),
        ([site(b"same-site"), *NAVIGATES], Entry.EXPLAINED),
        ([site(b"cross-site"), NAVIGATES[0], (b"sec-fetch-dest", b"iframe")], Entry.REFUSED),
        ([site(b"cross-site"), NAVIGATES[0]], Entry.REFUSED),
        # Without it, the page's address.
        ([HERE, (b"referer", b"http://localhost:8000/a?b"), CHROMIUM], Entry.GOES_ON),
        ([HERE, (b"referer", b"HTTPS://LOCALHOST:8000"), CHROMIUM], Entry.GOES_ON),
        ([HERE, (b"referer", b"http://localhost:8001/"), CHROMIUM], Entry.REFUSED),
        ([HERE, (b"referer", b"http://localhost:8000@evil.example/")], Entry.REFUSED),
        ([HERE, (b"referer", b"http://evil.example/")], Entry.REFUSED),
        ([HERE, (b"referer", b"about:client")], Entry.REFUSED),
        ([(b"referer", b"http://localhost:8000/")], Entry.REFUSED),
        ([(b"referer", b"http:///")], Entry.REFUSED),
        ([(b"host", b""), (b"referer", b"http:///a"), CHROMIUM], Entry.REFUSED),
        # Without both, what it calls itself.
        ([CHROMIUM], Entry.REFUSED),
        ([CHROMIUM, (b"accept", b"text/html,application/xhtml+xml")], Entry.EXPLAINED),
        ([(b"user-agent", b"curl/8.5.0"), (b"accept-language", b"en")], Entry.GOES_ON),
        ([], Entry.GOES_ON),
    ],
)
def test_a_stranger_without_an_origin_is_kept_out(lines: Lines, entry: Entry) -> None:
    assert enter("GET", lines) is entry


@pytest.mark.parametrize("method", ["POST", "PUT", "get"])
def test_a_page_is_for_who_reads_and_not_for_who_sends(method: str) -> None:
    assert enter(method, [site(b"cross-site"), *NAVIGATES]) is Entry.REFUSED


PAGE = (b"referer", b"http://localhost:5173/app?q")
SAME_SITE = site(b"same-site")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_on_another_port_is_known_by_its_address(method: str) -> None:
    assert neighbour(method, [HERE, SAME_SITE, PAGE]) == b"http://localhost:5173"
    assert (
        neighbour(method, [(b"referer", b"https://localhost"), SAME_SITE]) == b"https://localhost"
    )


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("POST", [SAME_SITE, PAGE]),
        ("GET", [site(b"cross-site"), PAGE]),
        ("GET", [site(b"none"), PAGE]),
        ("GET", [SAME_SITE]),
        ("GET", [PAGE]),
        ("GET", []),
        # Two lines are one list to a proxy that joins them.
        ("GET", [SAME_SITE, PAGE, (b"referer", b"http://evil.example/")]),
        ("GET", [SAME_SITE, site(b"cross-site"), PAGE]),
        ("GET", [SAME_SITE, SAME_SITE]),
        ("GET", [PAGE, PAGE]),
        ("GET", [SAME_SITE, (b"referer", b"about:client")]),
        ("GET", [SAME_SITE, (b"referer", b"")]),
    ],
)
def test_nobody_else_is_a_page_on_another_port(method: str, lines: Lines) -> None:
    assert neighbour(method, lines) is None


@given(st.lists(st.tuples(st.sampled_from([b"host", b"referer", b"sec-fetch-site"]), st.binary())))
def test_no_bytes_make_it_raise_and_cross_site_never_goes_on(lines: Lines) -> None:
    assert enter("GET", [*lines, site(b"cross-site")]) is Entry.REFUSED
    assert isinstance(enter("GET", lines), Entry)
    assert neighbour("GET", [*lines, site(b"cross-site")]) is None
    assert isinstance(neighbour("GET", lines), bytes | None)

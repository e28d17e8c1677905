"""Addresses in answers: what leads to the upstream leads to us, and nothing else does."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.address import join, read_address
from corsmith.errors import UsageError
from corsmith.server.gateway import location
from corsmith.server.gateway.location import (
    land,
    rewrite_links,
    rewrite_location,
    rewrite_refresh,
)
from corsmith.server.gateway.site import Upstream

HERE = b"http://127.0.0.1:8000"
API = Upstream(origin=b"https://api.example")
PART = Upstream(origin=b"http://api.example:8080", base=b"/v1")
WHOLE = Upstream(origin=PART.origin)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(location) == (0, 10)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # Without an origin of its own it is right as it is, byte for byte.
        (b"/b", b"/b"),
        (b"b?c#d", b"b?c#d"),
        (b"../b", b"../b"),
        (b"?page=2", b"?page=2"),
        (b"", b""),
        (b"/caf\xc3\xa9 x", b"/caf\xc3\xa9 x"),
        # The upstream's own, as a browser reads it.
        (b"https://api.example", HERE + b"/"),
        (b"https://api.example/b?c=d&e#f", HERE + b"/b?c=d&e#f"),
        (b"HTTPS://API.Example:443/b", HERE + b"/b"),
        (b"https:\\\\api.example\\b", b"https:\\\\api.example\\b"),
        (b"//api.example/b", HERE + b"/b"),
        (b"\\\\api.example/b", HERE + b"/b"),
        (b"/\\api.example/b", HERE + b"/b"),
        (b" https://api.example/b\t", HERE + b"/b"),
        (b"https://api.example/a/../b", HERE + b"/b"),
        (b"https://api.example//cdn.example/b", HERE + b"//cdn.example/b"),
        (b"https://api.example/caf\xc3\xa9", HERE + b"/caf%C3%A9"),
        (b"https://api.example?q", HERE + b"/?q"),
    ],
)  # fmt: skip
def test_what_leads_to_the_upstream_leads_to_us(value: bytes, expected: bytes) -> None:
    landing = land(value, API, HERE, b"/a/a?q")
    assert landing.value == expected
    # Chromium reads https:\\ as https://; here it is no address, so it does not count as ours.
    assert landing.inside is (expected != b"https:\\\\api.example\\b")


@pytest.mark.parametrize(
    "value",
    [
        b"https://cdn.example/b",
        b"//cdn.example/b",
        b"\\\\cdn.example/b",
        b"/\\cdn.example/b",
        b"/\t/cdn.example/b",
        b"http://api.example/b",
        b"https://api.example:8443/b",
        b"https://api.example.cdn.example/b",
        b"https://api.example@cdn.example/b",
        b"https://user@api.example/b",
        b"https://api.example\\@cdn.example/b@",
        b"https://api.example./b",
        b"https://127.0.0.1:8000/b",
        b"javascript:alert(1)",
        b"data:text/html,x",
        b"https://",
        b"http://[::1/b",
        b"https://\xff/",
    ],
)
def test_what_leads_elsewhere_is_left_alone_and_known(value: bytes) -> None:
    landing = land(value, API, HERE, b"/a")
    if landing.inside:
        # A backslash is a slash: the path begins there, and nothing of it is a host.
        assert value == b"https://api.example\\@cdn.example/b@"
        assert landing.value == HERE + b"/@cdn.example/b@"
    else:
        assert landing.value == value


@pytest.mark.parametrize(
    ("value", "expected", "inside"),
    [
        (b"/v1/b", HERE + b"/b", True),
        (b"/v1", HERE + b"/", True),
        (b"/v1?q", HERE + b"/?q", True),
        (b"/v1/", HERE + b"/", True),
        (b"b", HERE + b"/a/b", True),
        (b"../b", HERE + b"/b", True),
        (b"http://api.example:8080/v1/b", HERE + b"/b", True),
        (b"/v1//cdn.example", HERE + b"//cdn.example", True),
        (b"../../b", b"http://api.example:8080/b", False),
        (b"/login?next=/v1#x", b"http://api.example:8080/login?next=/v1#x", False),
        (b"/v10/b", b"http://api.example:8080/v10/b", False),
        (b"/v1/../b", b"http://api.example:8080/b", False),
        (b"/v1/%2e%2e/b", b"http://api.example:8080/b", False),
        (b"https://api.example:8080/v1/b", b"https://api.example:8080/v1/b", False),
    ],
)
def test_below_a_base_path_only_what_we_serve_is_ours(
    value: bytes, expected: bytes, inside: bool
) -> None:
    landing = land(value, PART, HERE, b"/v1/a/a?q")
    assert (landing.value, landing.inside) == (expected, inside)
    assert rewrite_location(value, PART, HERE, b"/v1/a/a?q") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'<https://api.example/?p=2>; rel="next"', b'<http://127.0.0.1:8000/?p=2>; rel="next"'),
        (
            b"<https://api.example/2>;rel=next,<https://api.example/9>;rel=last",
            b"<http://127.0.0.1:8000/2>;rel=next,<http://127.0.0.1:8000/9>;rel=last",
        ),
        (b"</style.css>; rel=preload, <https://cdn.example/x>", b"</style.css>; rel=preload, <https://cdn.example/x>"),
        (b"<https://api.example/2", b"<https://api.example/2"),
        (b"no link", b"no link"),
    ],
)  # fmt: skip
def test_a_list_goes_on_at_ours(value: bytes, expected: bytes) -> None:
    assert rewrite_links(value, API, HERE, b"/") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"0;url=https://api.example/b", b"0;url=http://127.0.0.1:8000/b"),
        (b" 1.5 , URL = 'https://api.example/b' x", b" 1.5 , URL = 'http://127.0.0.1:8000/b' x"),
        (b'0; url="https://cdn.example/b"', b'0; url="https://cdn.example/b"'),
        (b"5", b"5"),
        (b"", b""),
    ],
)
def test_a_refresh_leads_to_ours(value: bytes, expected: bytes) -> None:
    assert rewrite_refresh(value, API, HERE, b"/") == expected


SEGMENTS = st.text("ab.-_~%2eF", max_size=4)
PATH = st.lists(SEGMENTS, max_size=4).map(lambda segments: "/" + "/".join(segments))
REFERENCE = st.one_of(
    PATH,
    PATH.map(lambda path: path[1:]),
    PATH.map(lambda path: "http://api.example:8080" + path),
    PATH.map(lambda path: "//cdn.example" + path),
    PATH.map(lambda path: "/v1" + path),
)


@given(REFERENCE, st.sampled_from(["", "?q=1", "#f"]), st.sampled_from([PART, WHOLE]))
def test_asking_us_for_what_we_say_asks_the_upstream_for_what_it_said(
    reference: str, tail: str, upstream: Upstream
) -> None:
    wrote = reference + tail
    asked = upstream.base.decode() + "/a/a"
    landing = land(wrote.encode(), upstream, HERE, asked.encode())
    meant = resolved(upstream.origin.decode() + asked, wrote)
    if landing.inside:
        ours = resolved(HERE.decode() + "/a/a", landing.value.decode())
        assert ours is not None
        assert meant is not None
        rest = ours.removeprefix(HERE.decode())
        assert rest != ours
        theirs = upstream.url(rest.encode()).decode()
        # The base alone and the base with a slash are one address of ours.
        assert theirs in {meant, meant.replace("/v1", "/v1/", 1)}
    else:
        assert landing.value.decode() == wrote or landing.value.decode() == meant
        assert meant is None or not re.match(f"{upstream.url(b'').decode()}(?:[/?#]|$)", meant)


def resolved(page: str, reference: str) -> str | None:
    """Return where a reference leads from a page, or None if it is none."""
    try:
        address = read_address(join(page, reference))
    except UsageError:
        return None
    _, mark, fragment = reference.partition("#")
    return address.url + mark + fragment


@given(st.binary(), st.binary(max_size=8), st.sampled_from([API, PART]))
def test_no_bytes_make_a_rewriting_raise_or_break_a_line(
    value: bytes, path: bytes, upstream: Upstream
) -> None:
    for rewrite in (rewrite_location, rewrite_links, rewrite_refresh):
        made = rewrite(value, upstream, HERE, b"/" + path)
        for end in (b"\r", b"\n", b"\0"):
            assert made.count(end) <= value.count(end)

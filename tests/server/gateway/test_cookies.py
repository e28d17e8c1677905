"""Cookies through a gateway, held against the storage model of RFC 6265bis."""

from __future__ import annotations

import doctest
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.gateway import cookies
from corsmith.server.gateway.cookies import restore_cookie, rewrite_set_cookie


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(cookies) == (0, 4)


PLAIN = [
    # What needs no change has none.
    (b"id=1", b"id=1"),
    (b"id=1; Path=/; HttpOnly; Max-Age=60", b"id=1; Path=/; HttpOnly; Max-Age=60"),
    (b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", b"a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"),
    (b'id="a, b=c"; Path=/x', b'id="a, b=c"; Path=/x'),
    (b"id=1; SameSite=Strict", b"id=1; SameSite=Strict"),
    (b"id=1;SameSite=lax", b"id=1;SameSite=lax"),
    (b"id=1; SameSite=Else", b"id=1; SameSite=Else"),
    (b"id=1; Priority=High; ;", b"id=1; Priority=High; ;"),
    (b"", b""),
    (b"=", b"="),
    (b"nameless", b"nameless"),
    (b"\xff\x00=\x01", b"\xff\x00=\x01"),
    (b"Secure=1", b"Secure=1"),
    (b"Domain=a", b"Domain=a"),
    # Domain goes, in any spelling and as often as it is there.
    (b"id=1; Domain=api.example", b"id=1"),
    (b"id=1;dOMAIN = .example;Path=/; Domain", b"id=1;Path=/"),
    # Over plain HTTP, Secure and what needs it.
    (b"id=1; Secure", b"id=1"),
    (b"id=1; secure=yes; HttpOnly", b"id=1; HttpOnly"),
    (b"id=1; Secure; SameSite=None", b"id=1; SameSite=Lax"),
    (b"id=1; samesite = NONE ;Secure", b"id=1; samesite =Lax"),
    (b"id=1; SameSite=None; SameSite=Strict", b"id=1; SameSite=Lax; SameSite=Strict"),
    (b"id=1; Secure; Partitioned; Path=/", b"id=1; Path=/"),
    # Names that promise Secure.
    (b"__Host-id=1; Secure; Path=/", b"corsmith__Host-id=1; Path=/"),
    (b" __Secure-id = 1", b" corsmith__Secure-id = 1"),
    (b"__host-id=1", b"corsmith__host-id=1"),
    (b"__Http-id=1", b"corsmith__Http-id=1"),
    (b"__Host-Http-id=1", b"corsmith__Host-Http-id=1"),
    (b"corsmith__Host-id=1", b"corsmithcorsmith__Host-id=1"),
    (b"__Host=1", b"__Host=1"),
    (b"__Hosting-id=1", b"__Hosting-id=1"),
    (b"a__Host-id=1", b"a__Host-id=1"),
    (b"corsmith=1", b"corsmith=1"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), PLAIN)
def test_a_cookie_over_plain_http_is_one_that_browsers_store(value: bytes, expected: bytes) -> None:
    assert rewrite_set_cookie(value, tls=False) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"__Host-id=1; Secure; Path=/", b"__Host-id=1; Secure; Path=/"),
        (b"id=1; Secure; SameSite=None; Partitioned", b"id=1; Secure; SameSite=None; Partitioned"),
        (b"id=1; Domain=api.example; Secure", b"id=1; Secure"),
    ],
)
def test_over_https_only_the_domain_goes(value: bytes, expected: bytes) -> None:
    assert rewrite_set_cookie(value, tls=True) == expected


@pytest.mark.parametrize("tls", [True, False])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"id=1", b"id=1; Secure; SameSite=None; Partitioned"),
        (b"id=1; Domain=a; Path=/", b"id=1; Path=/; Secure; SameSite=None; Partitioned"),
        (b"id=1; SameSite=Strict; Secure", b"id=1; Secure; SameSite=None; Partitioned"),
        (b"id=1; samesite=Lax;HttpOnly", b"id=1;HttpOnly; Secure; SameSite=None; Partitioned"),
        (b"id=1; Partitioned ; Secure", b"id=1; Secure; SameSite=None; Partitioned"),
    ],
)
def test_for_a_page_of_another_site_a_cookie_is_what_is_sent_at_all(
    value: bytes, expected: bytes, tls: bool
) -> None:
    assert rewrite_set_cookie(value, tls=tls, abroad=True) == expected


@pytest.mark.parametrize("tls", [True, False])
def test_a_name_with_a_prefix_is_changed_by_the_scheme_alone(tls: bool) -> None:
    name = rewrite_set_cookie(b"__Host-id=1", tls=tls, abroad=True).partition(b"=")[0]
    assert name == (b"__Host-id" if tls else b"corsmith__Host-id")
    assert restore_cookie(name + b"=1", tls=tls) == b"__Host-id=1"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (b"/api/v1/me", b"/me"),
        (b"/api/v1/", b"/"),
        (b"/api/v1", b"/"),
        (b"/api/", b"/"),
        (b"/api", b"/"),
        (b"/", b"/"),
        (b" /api/v1/me ", b"/me"),
        # Beside the base, and what is no path: a browser takes its own default.
        (b"/api/v10/me", b"/api/v10/me"),
        (b"/api/v", b"/api/v"),
        (b"/other", b"/other"),
        (b"", b""),
        (b"api", b"api"),
    ],
)
def test_a_path_is_one_of_ours(path: bytes, expected: bytes) -> None:
    given = b"id=1; Path=" + path
    assert rewrite_set_cookie(given, tls=False, base=b"/api/v1") == b"id=1; Path=" + expected
    assert rewrite_set_cookie(given, tls=True, base=b"/api/v1") == b"id=1; Path=" + expected
    assert rewrite_set_cookie(given, tls=True) == given


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b"corsmith__Host-id=1", b"__Host-id=1"),
        (b"a=1;corsmith__Secure-id=x=y; b=2", b"a=1;__Secure-id=x=y; b=2"),
        (b"corsmithcorsmith__Host-id=1", b"corsmith__Host-id=1"),
        (b"corsmith=1; corsmith__Other-id=2", b"corsmith=1; corsmith__Other-id=2"),
        (b"id=corsmith__Host-id", b"id=corsmith__Host-id"),
        (b"CORSMITH__Host-id=1; corsmith", b"CORSMITH__Host-id=1; corsmith"),
        (b"", b""),
    ],
)
def test_the_upstream_gets_its_own_names_back(value: bytes, expected: bytes) -> None:
    assert restore_cookie(value, tls=False) == expected


def test_over_https_no_name_was_changed_so_none_is_restored() -> None:
    assert restore_cookie(b"corsmith__Host-id=1", tls=True) == b"corsmith__Host-id=1"


# ── the storage model (RFC 6265bis, sections 5.6, 5.7 and 5.8.3), as far as it matters here ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    name: bytes
    value: bytes
    path: bytes
    same_site: bytes
    secure: bool


def store(line: bytes, *, host: bytes, tls: bool, request_path: bytes) -> Stored | None:
    """Return what a browser makes of a Set-Cookie line, or None if it ignores the line."""
    pair, *attributes = line.split(b";")
    name, equals, value = pair.partition(b"=")
    if not equals:
        name, value = b"", pair
    name, value = name.strip(b" \t"), value.strip(b" \t")
    got: dict[bytes, bytes] = {}
    for attribute in attributes:
        key, _, text = attribute.partition(b"=")
        got[key.strip(b" \t").lower()] = text.strip(b" \t")
    domain = got.get(b"domain", b"").removeprefix(b".").lower()
    secure = b"secure" in got
    same_site = got.get(b"samesite", b"").lower()
    path = got.get(b"path", b"")
    if not path.startswith(b"/"):
        path = request_path[: request_path.rfind(b"/")] or b"/"
    refused = (
        bool(domain and host != domain and not host.endswith(b"." + domain))
        or (secure and not tls)
        or (not secure and (same_site == b"none" or b"partitioned" in got))
    )
    prefix = name.lower()
    if prefix.startswith((b"__secure-", b"__http-")):
        refused |= not secure
    if prefix.startswith(b"__host-"):
        refused |= not secure or bool(domain) or got.get(b"path") != b"/"
    if not name and prefix.startswith(b"__"):
        refused = True
    if refused:
        return None
    return Stored(name=name, value=value, path=path, same_site=same_site, secure=secure)


def is_sent(cookie: Stored, request_path: bytes) -> bool:
    """Return whether a request for a path carries the cookie (section 5.1.4)."""
    path = cookie.path
    return request_path == path or (
        request_path.startswith(path)
        and (path.endswith(b"/") or request_path[len(path) :].startswith(b"/"))
    )


NAMES = st.sampled_from(
    [b"id", b"__Host-id", b"__Secure-id", b"__host-x", b"__Http-id", b"corsmith__Host-id", b"_xsrf"]
)
ATTRIBUTES = st.lists(
    st.sampled_from(
        [
            *(b"Secure", b"HttpOnly", b"Partitioned", b"Max-Age=60"),
            *(b"Domain=api.example", b"domain=.Example"),
            *(b"SameSite=None", b"SameSite=Lax", b"samesite = strict"),
            *(b"Path=/", b"Path=/v1", b"Path=/v1/me", b"path= /v1/me/ ", b"Path="),
        ]
    ),
    max_size=5,
)  # fmt: skip
PATHS = st.sampled_from([b"/", b"/me", b"/me/", b"/me/x", b"/other", b"/mean"])


@given(
    name=NAMES,
    value=st.sampled_from([b"1", b'"a b"', b"a=b", b""]),
    attributes=ATTRIBUTES,
    base=st.sampled_from([b"", b"/v1"]),
    tls=st.booleans(),
    setting=PATHS,
    asking=PATHS,
)
def test_the_upstream_gets_the_cookies_that_it_would_get_without_us(
    name: bytes,
    value: bytes,
    attributes: list[bytes],
    base: bytes,
    tls: bool,
    setting: bytes,
    asking: bytes,
) -> None:
    line = b"; ".join([name + b"=" + value, *attributes])
    direct = store(line, host=b"api.example", tls=True, request_path=base + setting)
    changed = rewrite_set_cookie(line, tls=tls, base=base)
    ours = store(changed, host=b"localhost", tls=tls, request_path=setting)
    if direct is None:
        return
    assert ours is not None
    # A base has only the cookies of its own and of what is above; none is beside it here.
    assert is_sent(ours, asking) == is_sent(direct, base + asking)
    sent = restore_cookie(ours.name + b"=" + ours.value, tls=tls)
    assert sent == direct.name + b"=" + direct.value
    if tls:
        assert ours.same_site == direct.same_site
    else:
        assert ours.same_site in {direct.same_site, b"lax"}


@given(st.binary(), st.booleans(), st.sampled_from([b"", b"/v1"]), st.booleans())
def test_no_bytes_make_a_rewriting_raise_or_grow_a_line(
    value: bytes, tls: bool, base: bytes, abroad: bool
) -> None:
    changed = rewrite_set_cookie(value, tls=tls, base=base, abroad=abroad)
    more = b"; Secure; SameSite=None; Partitioned" if abroad else b""
    for made in (changed.removesuffix(more), restore_cookie(value, tls=tls)):
        # Nothing that ends a line comes from us.
        for end in (b"\r", b"\n", b"\0"):
            assert made.count(end) <= value.count(end)
        assert len(made) <= len(value) + len(b"corsmith")


@given(st.binary().filter(lambda name: not set(name) & set(b";=")))
def test_every_name_comes_back_as_it_was(name: bytes) -> None:
    stored = rewrite_set_cookie(name + b"=1", tls=False)
    assert restore_cookie(stored, tls=False) == name + b"=1"

"""What one hop keeps, drops and rewrites of a request's and an answer's headers."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.server.gateway import hops
from corsmith.server.gateway.hops import has_cors, is_loop, request_headers, response_headers
from corsmith.server.gateway.site import Upstream

API = Upstream(origin=b"https://api.example")
PART = Upstream(origin=b"http://127.0.0.1:9000", base=b"/v1")
HERE = b"http://127.0.0.1:8000"
VIA = b"corsmith-1f2e3d4c"

Lines = list[tuple[bytes, bytes]]


def asked(*lines: tuple[bytes, bytes], **rest: object) -> Lines:
    """Return what the upstream gets beyond Host and Via, which are checked here."""
    made = request_headers(lines, API, via=VIA, **rest)  # type: ignore[arg-type] # a table's words
    assert made[0] == (b"host", b"api.example")
    assert made[-1] == (b"via", b"1.1 " + VIA)
    return made[1:-1]


def answered(*lines: tuple[bytes, bytes], here: bytes = HERE) -> Lines:
    return response_headers(lines, API, here=here, path=b"/a")


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(hops) == (0, 5)


@pytest.mark.parametrize(
    "line",
    [
        (b"accept", b"*/*"),
        (b"accept-encoding", b"gzip, br"),
        (b"authorization", b"Bearer x"),
        (b"content-length", b"3"),
        (b"content-type", b"application/json"),
        (b"last-event-id", b"7"),
        (b"mcp-session-id", b"s"),
        (b"range", b"bytes=0-1"),
        (b"sec-fetch-mode", b"cors"),
        (b"sec-fetch-site", b"none"),
        (b"user-agent", b"x"),
        (b"x-api-key", b"\xff"),
    ],
)
def test_what_is_for_the_upstream_reaches_it_unchanged(line: tuple[bytes, bytes]) -> None:
    assert asked(line) == [line]


@pytest.mark.parametrize(
    "name",
    [
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authentication-info",
        b"proxy-authorization", b"proxy-connection", b"te", b"trailer", b"transfer-encoding",
        b"upgrade", b"http2-settings",
    ],
)  # fmt: skip
def test_what_belongs_to_one_connection_ends_here(name: bytes) -> None:
    assert asked((name, b"x")) == []
    assert answered((name, b"x"), (name.title(), b"x")) == []


@pytest.mark.parametrize(
    "name",
    [
        b"expect", b"forwarded", b"host", b"x-forwarded-for", b"x-forwarded-host",
        b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto", b"x-forwarded-scheme",
        b"x-forwarded-server", b"x-forwarded-ssl", b"x-real-ip",
        b"access-control-request-method", b"access-control-request-headers",
    ],
)  # fmt: skip
def test_what_nobody_has_checked_is_not_told(name: bytes) -> None:
    assert asked((name, b"127.0.0.1")) == []


def test_what_connection_names_ends_here_too() -> None:
    lines = [(b"connection", b"X-Hop, ,close"), (b"connection", b"x-other"), (b"x-hop", b"1")]
    assert asked(*lines, (b"x-other", b"2"), (b"x-end", b"3")) == [(b"x-end", b"3")]
    assert answered(*lines, (b"X-Other", b"2"), (b"X-End", b"3")) == [(b"x-end", b"3")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"authorization", b"Bearer x"),
        (b"content-length", b"1"),
        (b"content-type", b"text/plain"),
        (b"cookie", b"a=b"),
    ],
)
def test_connection_cannot_name_away_what_servers_decide_by(name: bytes, value: bytes) -> None:
    assert asked((b"connection", b"Host, Origin, " + name), (name, value)) == [(name, value)]


def test_connection_cannot_name_away_origin_host_and_via() -> None:
    lines = [(b"connection", b"origin,host,via"), (b"origin", b"null"), (b"via", b"1.0 a")]
    assert asked(*lines) == [(b"origin", API.origin), (b"via", b"1.0 a")]


@pytest.mark.parametrize(
    "name",
    [b"content-length", b"content-type", b"location", b"set-cookie", b"vary", b"x-frame-options"],
)
def test_an_answer_cannot_name_away_what_browsers_decide_by(name: bytes) -> None:
    assert answered((b"Connection", name), (name, b"x")) == [(name, b"x")]


@pytest.mark.parametrize("origin", [b"http://localhost:5173", b"null", b"https://api.example"])
def test_the_upstream_sees_its_own_origin(origin: bytes) -> None:
    assert asked((b"origin", origin)) == [(b"origin", b"https://api.example")]
    assert asked((b"origin", origin), (b"origin", origin)) == [(b"origin", b"https://api.example")]


def test_without_an_origin_none_is_made_up() -> None:
    assert asked((b"accept", b"*/*")) == [(b"accept", b"*/*")]


@pytest.mark.parametrize(
    ("site", "expected"),
    [(b"cross-site", b"same-origin"), (b"same-site", b"same-origin"), (b"none", b"same-origin")],
)
def test_an_allowed_page_is_the_upstreams_own_to_fetch_metadata_too(
    site: bytes, expected: bytes
) -> None:
    made = asked((b"origin", b"http://localhost:5173"), (b"sec-fetch-site", site))
    assert made == [(b"origin", API.origin), (b"sec-fetch-site", expected)]


def test_fetch_metadata_without_an_origin_stays_the_truth() -> None:
    for site in (b"cross-site", b"none", b"same-origin"):
        assert asked((b"sec-fetch-site", site)) == [(b"sec-fetch-site", site)]


def test_of_the_same_site_only_an_allowed_page_comes_so_far() -> None:
    assert asked((b"sec-fetch-site", b"same-site")) == [(b"sec-fetch-site", b"same-origin")]


@pytest.mark.parametrize(
    ("referer", "expected"),
    [
        (b"http://localhost:5173/", b"/"),
        (b"http://localhost:5173/app?q=1", b"/"),
        (b"http://127.0.0.1:8000/login?q=1#f", b"/v1/login?q=1"),
        (b"HTTPS://127.0.0.1:8000", b"/v1/"),
        (b"http://127.0.0.1:8000?q", b"/v1/?q"),
        (b"http://127.0.0.1:8000@evil.example/", b"/"),
        (b"about:client", b"/"),
        (b"", b"/"),
    ],
)
def test_the_referer_is_an_address_of_the_upstream(referer: bytes, expected: bytes) -> None:
    lines = [(b"host", b"127.0.0.1:8000"), (b"referer", referer)]
    made = dict(request_headers(lines, PART, via=VIA))
    assert made[b"referer"] == b"http://127.0.0.1:9000" + expected


def test_via_is_appended() -> None:
    assert asked((b"via", b"1.1 a")) == [(b"via", b"1.1 a")]
    assert not is_loop([(b"via", b"1.1 a")], VIA)
    assert is_loop([(b"via", b"1.1 a, 1.1 " + VIA)], VIA)
    assert is_loop(request_headers([], API, via=VIA), VIA)
    assert not is_loop([(b"x-via", VIA)], VIA)


def test_cookies_have_their_own_names_and_one_line() -> None:
    cookies = [(b"cookie", b"corsmith__Host-id=1"), (b"cookie", b"a=b")]
    assert asked(*cookies) == [(b"cookie", b"__Host-id=1; a=b")]
    assert asked(*cookies, tls=True) == [(b"cookie", b"corsmith__Host-id=1; a=b")]


def test_what_is_added_takes_the_place_of_what_the_page_sent() -> None:
    added = {b"authorization": b"Bearer secret"}
    lines = [(b"authorization", b"Bearer page"), (b"authorization", b"Basic page"), (b"x", b"1")]
    assert asked(*lines, added=added) == [(b"x", b"1"), (b"authorization", b"Bearer secret")]
    assert asked(added=added) == [(b"authorization", b"Bearer secret")]


def test_an_added_origin_or_cookie_is_sent_as_it_was_given() -> None:
    added = {b"origin": b"https://app.example", b"cookie": b"corsmith__Host-id=1"}
    made = asked((b"origin", b"null"), (b"cookie", b"a=b"), added=added)
    assert made == [*added.items()]


# ── answers ──


@pytest.mark.parametrize(
    "line",
    [
        (b"cache-control", b"no-store"),
        (b"content-length", b"5"),
        (b"etag", b'"1"'),
        (b"vary", b"Accept"),
        (b"via", b"1.1 cdn"),
        (b"www-authenticate", b"Basic"),
        (b"x-total-count", b"\xff"),
    ],
)
def test_what_is_for_the_page_reaches_it_unchanged(line: tuple[bytes, bytes]) -> None:
    assert answered(line) == [line]
    assert answered((line[0].upper(), line[1])) == [line]


@pytest.mark.parametrize(
    "name",
    [
        b"Access-Control-Allow-Origin", b"access-control-allow-credentials",
        b"Access-Control-Expose-Headers", b"Access-Control-Allow-Private-Network",
        b"Access-Control-Something-New",
    ],
)  # fmt: skip
def test_permissions_for_other_origins_end_here(name: bytes) -> None:
    assert answered((name, b"*")) == []
    assert has_cors([(name, b"*")])


def test_an_answer_without_permissions_has_none() -> None:
    assert not has_cors([(b"Vary", b"Origin"), (b"X-Access-Control-Allow-Origin", b"*")])


@pytest.mark.parametrize(
    "name",
    [
        b"Alt-Svc", b"Clear-Site-Data", b"NEL", b"Public-Key-Pins", b"Report-To",
        b"Reporting-Endpoints", b"Set-Cookie2", b"Strict-Transport-Security",
        b"Timing-Allow-Origin",
    ],
)  # fmt: skip
@pytest.mark.parametrize("here", [HERE, b"https://localhost:8000"])
def test_what_speaks_of_the_upstreams_host_ends_here(name: bytes, here: bytes) -> None:
    assert answered((name, b"x"), here=here) == []


@pytest.mark.parametrize("value", [b"same-origin", b"same-site", b"cross-origin", b""])
def test_who_may_load_an_answer_was_judged_before_it_was_asked_for(value: bytes) -> None:
    line = (b"cross-origin-resource-policy", b"cross-origin")
    assert answered((b"Cross-Origin-Resource-Policy", value)) == [line]


def test_several_cookies_stay_several() -> None:
    made = answered((b"Set-Cookie", b"a=1; Secure"), (b"set-cookie", b"__Host-b=2; Path=/"))
    assert made == [(b"set-cookie", b"a=1"), (b"set-cookie", b"corsmith__Host-b=2; Path=/")]
    made = answered((b"Set-Cookie", b"a=1; Secure"), here=b"https://localhost:8000")
    assert made == [(b"set-cookie", b"a=1; Secure")]
    line = [(b"Set-Cookie", b"a=1; SameSite=Lax")]
    made = response_headers(line, API, here=HERE, path=b"/a", abroad=True)
    assert made == [(b"set-cookie", b"a=1; Secure; SameSite=None; Partitioned")]
    made = response_headers([(b"Set-Cookie", b"a=1; Path=/v1/x")], PART, here=HERE, path=b"/v1/")
    assert made == [(b"set-cookie", b"a=1; Path=/x")]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"Location", b"https://api.example/b", b"http://127.0.0.1:8000/b"),
        (b"Location", b"https://cdn.example/b", b"https://cdn.example/b"),
        (b"Content-Location", b"https://api.example/b", b"http://127.0.0.1:8000/b"),
        (b"Link", b"<https://api.example/b>; rel=next", b"<http://127.0.0.1:8000/b>; rel=next"),
        (b"Refresh", b"0;url=https://api.example/b", b"0;url=http://127.0.0.1:8000/b"),
    ],
)
def test_addresses_of_the_upstream_are_ours(name: bytes, value: bytes, expected: bytes) -> None:
    assert answered((name, value)) == [(name.lower(), expected)]


def test_of_more_links_than_anybody_has_the_lines_go_on_as_they_are() -> None:
    line = (b"link", b",".join([b"<https://api.example/b>"] * 128))
    ours = (b"link", line[1].replace(b"https://api.example", HERE))
    assert answered(line, line) == [ours, ours]
    one = (b"link", b"<https://api.example/b>")
    assert answered(line, line, one, line) == [ours, ours, one, line]
    many = (b"link", b",".join([b"<https://api.example/b>"] * 257))
    assert answered(many) == [many]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"upgrade-insecure-requests", b""),
        (
            b"default-src 'self'; Upgrade-Insecure-Requests ;img-src *",
            b"default-src 'self';img-src *",
        ),
        (b"img-src *,block-all-mixed-content; font-src a", b"img-src *, font-src a"),
        (b"report-uri /upgrade-insecure-requests", b"report-uri /upgrade-insecure-requests"),
    ],
)
def test_plain_http_is_not_upgraded(value: bytes, expected: bytes) -> None:
    line = (b"Content-Security-Policy", value)
    assert answered(line) == [(b"content-security-policy", expected)]
    assert answered(line, here=b"https://localhost:8000") == [(b"content-security-policy", value)]


# ── laws ──

NAMES = st.one_of(
    st.sampled_from(
        [
            *(b"connection", b"cookie", b"host", b"origin", b"referer", b"sec-fetch-site"),
            *(b"via", b"te", b"transfer-encoding", b"set-cookie", b"location", b"link"),
            *(b"refresh", b"content-security-policy", b"access-control-allow-origin", b"x-a"),
        ]
    ),
    st.binary(),
)
LINES = st.lists(st.tuples(NAMES, st.binary()), max_size=8)


@given(LINES, st.booleans())
def test_any_bytes_make_a_request_for_the_upstream(lines: Lines, tls: bool) -> None:
    made = request_headers(lines, API, via=VIA, tls=tls)
    names = [name for name, _ in made]
    assert names.count(b"host") == 1
    assert dict(made)[b"host"] == b"api.example"
    assert {value for name, value in made if name == b"origin"} <= {API.origin}
    assert names.count(b"origin") <= 1
    assert names.count(b"cookie") <= 1
    assert {b"connection", b"te", b"transfer-encoding", b"upgrade"}.isdisjoint(names)
    assert is_loop(made, VIA)
    if any(name == b"origin" for name, _ in lines):
        assert {value for name, value in made if name == b"sec-fetch-site"} <= {b"same-origin"}


@given(LINES, st.sampled_from([HERE, b"https://localhost:8000"]))
def test_any_bytes_make_an_answer_of_ours(lines: Lines, here: bytes) -> None:
    made = response_headers(lines, PART, here=here, path=b"/v1/a")
    names = [name for name, _ in made]
    assert not has_cors(made)
    assert {b"connection", b"te", b"transfer-encoding", b"upgrade"}.isdisjoint(names)
    cookies = sum(name.lower() == b"set-cookie" for name, _ in lines)
    assert names.count(b"set-cookie") == cookies
    # Once more changes nothing of what a gateway before this one made.
    assert [name for name, _ in response_headers(made, PART, here=here, path=b"/v1/a")] == names

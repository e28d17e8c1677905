"""URLs as a browser reads them (URL Standard), and how one stands to another (HTML)."""

from __future__ import annotations

import pytest

from corsmith.browser.urls import is_local_origin, origin_of, read_url, site_of

BASE = "http://app.example:8000/a/b?c#d"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("http://api.example", "http://api.example/"),
        ("  HTTPS://API.example:443/x\t ", "https://api.example/x"),
        ("http://api.example:080/", "http://api.example/"),
        ("http://api.example:0/", "http://api.example:0/"),
        ("http:\\\\api.example\\x", "http://api.example/x"),
        ("http://api.example?q", "http://api.example/?q"),
        ("http:////api.example/", "http://api.example/"),
        ("http://user:pass@api.example/", "http://api.example/"),
        ("http://[::1]:8000/", "http://[::1]:8000/"),
        ("http://127.1/", "http://127.0.0.1/"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://api.example/a/../b/./c/..", "http://api.example/b/"),
        ("http://api.example/a/%2e%2E/b", "http://api.example/b"),
        ("http://api.example/a b?c d", "http://api.example/a%20b?c%20d"),
        ("http://api.example/..", "http://api.example/"),
        ("data:text/plain,x", "data:text/plain,x"),
        ("about:blank?q#f", "about:blank?q"),
        ("ftp://api.example/x", "ftp://api.example/x"),
    ],
)
def test_a_url_is_sent_in_its_one_form(text: str, sent: str) -> None:
    url = read_url(text)
    assert url is not None
    assert url.sent == sent


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("/x", "http://app.example:8000/x"),
        ("x", "http://app.example:8000/a/x"),
        ("?x", "http://app.example:8000/a/b?x"),
        ("#x", "http://app.example:8000/a/b?c"),
        ("", "http://app.example:8000/a/b?c"),
        ("//api.example/x", "http://api.example/x"),
        ("\\\\api.example\\x", "http://api.example/x"),
        ("http:x", "http://app.example:8000/a/x"),
        ("http:/x", "http://app.example:8000/x"),
        ("http://api.example/", "http://api.example/"),
        ("https:api.example", "https://api.example/"),
    ],
)
def test_a_location_is_read_from_where_it_was_sent(text: str, sent: str) -> None:
    url = read_url(text, read_url(BASE))
    assert url is not None
    assert url.sent == sent


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "",
        "http://",
        "http://a b/",
        "http://[::g]/",
        "http://[::1",
        "http://1.2.3.4.5/",
        "http://a:65536/",
        "http://a:999999/",
        "http://a:x/",
        "http://xn--a/\ud800".replace("xn--a", "a\u00ad.\u3002"),
    ],
)
def test_what_is_no_url_is_none(text: str) -> None:
    assert read_url(text) is None


def test_only_http_and_https_are_fetched() -> None:
    schemes = ("http", "https", "ftp", "ws")
    urls = {scheme: read_url(f"{scheme}://a.example/") for scheme in schemes}
    assert [scheme for scheme, url in urls.items() if url and url.is_http] == ["http", "https"]


def test_nothing_is_relative_to_a_url_without_a_host() -> None:
    assert read_url("x", read_url("data:,")) is None


@pytest.mark.parametrize(
    ("text", "has"),
    [("http://u:p@a/", True), ("http://u@a/", True), ("http://:p@a/", True)]
    + [(text, False) for text in ("http://a/", "http://@a/", "http://:@a/", "http://a/@")],
)
def test_a_url_has_credentials_when_a_name_or_a_password_stands_in_it(
    text: str, *, has: bool
) -> None:
    url = read_url(text)
    assert url is not None
    assert url.has_credentials is has


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("HTTPS://API.example:443/x") == "https://api.example"
    assert origin_of("http://api.example:8000/") == "http://api.example:8000"
    assert origin_of("data:,") == "null"
    assert origin_of("no url") == "null"


def test_only_loopback_is_trustworthy_without_tls() -> None:
    assert is_local_origin("http://localhost:8000")
    assert is_local_origin("http://[::1]")
    assert not is_local_origin("http://192.168.1.5")
    assert not is_local_origin("null")


@pytest.mark.parametrize(
    ("page", "target", "site"),
    [
        ("https://a.example", "https://a.example", "same-origin"),
        ("https://a.shop.example", "https://b.shop.example", "same-site"),
        ("https://a.example:1", "https://a.example:2", "same-site"),
        ("http://127.0.0.1:1", "http://127.0.0.1:2", "same-site"),
        ("https://a.github.io", "https://b.github.io", "cross-site"),
        ("http://a.example", "https://a.example", "cross-site"),
        ("http://localhost", "http://127.0.0.1", "cross-site"),
        ("null", "null", "cross-site"),
        ("https://a.example", "null", "cross-site"),
        ("data:,", "data:,x", "cross-site"),
    ],
)
def test_a_target_is_of_the_same_origin_the_same_site_or_another(
    page: str, target: str, site: str
) -> None:
    assert site_of(page, target) == site


def test_two_ports_of_an_address_are_two_sites_in_one_engine() -> None:
    assert site_of("http://[::1]:1", "http://[::1]:2", ports_of_an_address_are_sites=True) == (
        "cross-site"
    )
    assert site_of(
        "http://a.example:1", "http://a.example:2", ports_of_an_address_are_sites=True
    ) == ("same-site")

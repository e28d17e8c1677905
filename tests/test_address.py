"""An http(s) URL, read as a browser reads it."""

from __future__ import annotations

import doctest

import pytest

from corsmith import address
from corsmith.address import is_private, join, read_address
from corsmith.errors import UsageError


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(address) == (0, 3)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://a.example", "http://a.example/"),
        ("HTTP://A.Example:80/X", "http://a.example/X"),
        ("https://a.example:443/", "https://a.example/"),
        ("https://a.example:80/", "https://a.example:80/"),
        ("http://a.example:/", "http://a.example/"),
        ("http://a.example?q", "http://a.example/?q"),
        ("http://a.example/x#y?z", "http://a.example/x"),
        ("  http://a.ex\nample/x\t ", "http://a.example/x"),
        (r"http://a.example\b\..\c", "http://a.example/c"),
        ("http://a.example/a/./b/../c/..", "http://a.example/a/"),
        ("http://a.example/a/%2E%2e/b/.", "http://a.example/b/"),
        ("http://a.example/../..", "http://a.example/"),
        ("http://a.example/a//b/", "http://a.example/a//b/"),
        ('http://a.example/ "<>`{}^é|~', "http://a.example/%20%22%3C%3E%60%7B%7D%5E%C3%A9|~"),
        ("http://a.example/%2f%zz", "http://a.example/%2f%zz"),
        ("http://a.example/?a'b \"<>é`{}", "http://a.example/?a%27b%20%22%3C%3E%C3%A9`{}"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[::FFFF:7f00:1]:81/", "http://[::ffff:7f00:1]:81/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
    ],
)
def test_a_url_is_read_as_a_browser_reads_it(text: str, url: str) -> None:
    assert read_address(text).url == url


def test_an_address_knows_its_parts() -> None:
    found = read_address("https://a.example:8443/x/y?q=1")
    assert (found.scheme, found.host, found.port) == ("https", "a.example", 8443)
    assert (found.origin, found.netloc) == ("https://a.example:8443", "a.example:8443")
    assert (found.target, found.path) == ("/x/y?q=1", "/x/y")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a.example", "is no URL; write http://… or https://…"),
        ("ftp://a.example", "is no URL"),
        ("http:///x", "has no host"),
        ("http://:80/", "has no host"),
        ("http://a:b:c/", "has no host"),
        ("http://a b/", '"a b" is no host'),
        ("http://[::x]/", '"[::x]" is no host'),
        ("http://1.2.3.4.5/", '"1.2.3.4.5" is no host'),
        ("http://a..b/", '"a..b" is no host'),
        ("http://\u200d.example/", "is no host"),
        ("http://a.example:0/", "a port is 1 to 65535"),
        ("http://a.example:70000/", "a port is 1 to 65535"),
        ("https://u:p@a.example/x", "write https://a.example/x and -H 'Authorization: …'"),
    ],
)
def test_what_is_no_address_is_told_with_the_word_to_write(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_address(text)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("https://b.example/x", "https://b.example/x"),
        ("mailto:a@b", "mailto:a@b"),
        ("//b.example/x", "http://b.example/x"),
        ("/\\b.example/x", "http://b.example/x"),
        ("/x", "http://a.example/x"),
        ("\\x", "http://a.example\\x"),
        ("x", "http://a.example/d/x"),
        (" x\n", "http://a.example/d/x"),
        ("?x", "http://a.example/d/e?x"),
        ("", "http://a.example/d/e?q"),
        ("#x", "http://a.example/d/e?q"),
    ],
)
def test_a_reference_is_read_beside_its_base(reference: str, url: str) -> None:
    assert join("http://a.example/d/e?q", reference) == url


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("a.localhost", True),
        ("printer.local", True),
        ("10.0.0.1", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("[fd00::1]", True),
        ("[fe80::1]", True),
        ("[2001:db8::1]", False),
        ("100.1.1.1", False),
    ],
)
def test_a_private_address_is_known(host: str, private: bool) -> None:
    assert is_private(host) is private

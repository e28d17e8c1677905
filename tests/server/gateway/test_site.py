"""Where an upstream lives."""

from __future__ import annotations

import doctest
import pickle

import pytest

from corsmith.address import read_address
from corsmith.server.gateway import site
from corsmith.server.gateway.site import Upstream


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(site) == (0, 1)


@pytest.mark.parametrize(
    ("url", "origin", "host", "base"),
    [
        ("https://api.example", b"https://api.example", b"api.example", b""),
        ("https://API.example:443/", b"https://api.example", b"api.example", b""),
        ("http://127.0.0.1:11434/v1", b"http://127.0.0.1:11434", b"127.0.0.1:11434", b"/v1"),
        ("http://[::1]:80/a/b//", b"http://[::1]", b"[::1]", b"/a/b"),
        ("http://a.example/x/../y z", b"http://a.example", b"a.example", b"/y%20z"),
    ],
)
def test_an_address_is_an_origin_a_host_and_a_base(
    url: str, origin: bytes, host: bytes, base: bytes
) -> None:
    upstream = Upstream.of(read_address(url))
    assert (upstream.origin, upstream.host, upstream.base) == (origin, host, base)
    assert upstream.url(b"/items?a=b") == origin + base + b"/items?a=b"


def test_an_upstream_travels_to_a_worker_and_is_the_same_there() -> None:
    upstream = Upstream(origin=b"https://api.example", base=b"/v1")
    assert pickle.loads(pickle.dumps(upstream)) == upstream  # noqa: S301 - our own bytes


def test_an_upstream_is_asked_over_tls_where_its_scheme_says_so() -> None:
    assert Upstream(origin=b"https://api.example").is_tls
    assert not Upstream(origin=b"http://api.example").is_tls

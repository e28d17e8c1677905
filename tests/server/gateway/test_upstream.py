"""The URL of an upstream, and what a request asks it for."""

from __future__ import annotations

import doctest

import pytest

from corsmith.errors import UsageError
from corsmith.server.gateway import upstream as module
from corsmith.server.gateway.upstream import read_upstream, stray, target_of


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module) == (0, 4)


@pytest.mark.parametrize(
    ("text", "origin", "host", "base"),
    [
        ("https://api.example", b"https://api.example", b"api.example", b""),
        ("https://api.example/", b"https://api.example", b"api.example", b""),
        ("HTTPS://API.example:443/v1/", b"https://api.example", b"api.example", b"/v1"),
        ("http://127.0.0.1:11434", b"http://127.0.0.1:11434", b"127.0.0.1:11434", b""),
        ("http://[::1]:80/a/b", b"http://[::1]", b"[::1]", b"/a/b"),
        ("http://bücher.example", b"http://xn--bcher-kva.example", b"xn--bcher-kva.example", b""),
        ("http://a.example/x y/../z", b"http://a.example", b"a.example", b"/z"),
    ],
)
def test_an_upstream_is_read_as_a_browser_reads_a_url(
    text: str, origin: bytes, host: bytes, base: bytes
) -> None:
    upstream = read_upstream(text)
    assert (upstream.origin, upstream.host, upstream.base) == (origin, host, base)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.example/#x", "write https://a.example/"),
        ("https://a.example?x=1", "write https://a.example"),
        ("https://a.example/?", "write https://a.example/"),
        ("https://", "has no host"),
        ("https://a.example:0", "a port is 1 to 65535"),
        ("https://a b.example", "is no host"),
    ],
)
def test_a_url_that_is_no_upstream_is_told_with_the_one_to_write(text: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_upstream(text)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "text", ["https://ann:hunter2@a.example/v1", "https://ann:hunter2@a.example\\v1"]
)
def test_a_password_in_the_url_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_upstream(text)
    assert "hunter2" not in str(raised.value)
    assert "corsmith serve https://a.example/v1 --add-header" in str(raised.value)


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        (b"/", b"", b"/v1/"),
        (b"/a%2Fb/./c/...;d/%20e", b"x='/../", b"/v1/a%2Fb/./c/...;d/%20e?x='/../"),
        (b"//a", b"%zz", b"/v1//a?%zz"),
    ],
)
def test_path_and_query_are_asked_for_as_they_came(
    path: bytes, query: bytes, target: bytes
) -> None:
    upstream = read_upstream("https://a.example/v1/")
    assert stray(upstream, path) is None
    assert target_of(upstream, path, query) == target


OUT = (
    *(b"/..", b"/../admin", b"/a/../../admin", b"//../admin", b"/\\..\\admin", b"/..\\admin"),
    *(b"/..;/admin", b"/..;v=1", b"/;/../admin", b"/a;/../../admin"),
    *(b"/..%2fadmin", b"/..%2Fadmin", b"/%2e%2e/admin", b"/.%2E/admin", b"/a%2f..%2f..%2fadmin"),
    *(b"/..%5cadmin", b"/%5C..%5Cadmin", b"/%2e%2e%3b/admin", b"/..%3Bx/admin"),
    *(b"/%252e%252e/admin", b"/..%252fadmin", b"/.%0a./admin", b"/..%00/admin"),
)


@pytest.mark.parametrize("path", OUT)
def test_what_could_lead_out_of_the_base_is_not_asked_for(path: bytes) -> None:
    told = "a segment of its path is .., which could lead out of /v1"
    assert stray(read_upstream("https://a.example/v1/"), path) == told
    # A whole server has nothing outside.
    assert stray(read_upstream("https://a.example/"), path) is None


@pytest.mark.parametrize(
    "path",
    [
        *(b"/", b"/...", b"/..a/b", b"/a../b", b"/a..", b"/.", b"/./a", b"/%2e"),
        *(b"/a%2e%2eb", b"/a;..", b"/%zz"),
    ],
)
def test_what_stays_below_the_base_is_asked_for(path: bytes) -> None:
    assert stray(read_upstream("https://a.example/v1/"), path) is None


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example/v1"])
@pytest.mark.parametrize("path", [b"", b"*", b"x", b"@b.example/", b"?x", b":80/"])
def test_what_is_no_path_is_not_asked_for(url: str, path: bytes) -> None:
    assert stray(read_upstream(url), path) == "its target is no path"

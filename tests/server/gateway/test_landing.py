"""The page for who comes from another site."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith.server.echo import PROBLEM
from corsmith.server.gateway.faults import strange
from corsmith.server.gateway.landing import answer_landing
from corsmith.server.gateway.upstream import read_upstream
from tests.server.in_memory import Answer, run, scope

UPSTREAM = read_upstream("https://api.example/v1")


def land(path: str, method: str = "GET", **changes: Any) -> Answer:
    asked = scope(method, path, **changes)

    async def app(found: Any, _receive: Any, send: Any) -> None:
        await answer_landing(strange(UPSTREAM), UPSTREAM, found, send)

    answer = run(app, asked)
    assert asked[PROBLEM].word == "no-origin"
    return answer


def test_it_says_what_this_port_is_and_leads_on_by_a_link_alone() -> None:
    answer = land("/items?page=2")
    page = answer.body.decode()
    assert answer.status == 403
    assert "<h1>A gateway to api.example</h1>" in page
    assert "https://api.example/v1" in page
    assert page.count("href=") == 1
    assert 'href="/items?page=2"' in page
    assert "<script" not in page
    assert "http-equiv" not in page


def test_no_page_can_frame_it_and_nothing_runs_in_it() -> None:
    headers = land("/").headers
    assert headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    # The link makes a request that is known as the gateway's own where no browser says so.
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_head_has_the_length_and_no_body() -> None:
    answer = land("/", "HEAD")
    assert answer.body == b""
    assert answer.headers["content-length"] == str(len(land("/").body))


@pytest.mark.parametrize(
    ("raw_path", "query", "href"),
    [
        (b"//evil.example/x", b"", 'href="/evil.example/x"'),
        (b"/\\evil.example", b"", 'href="/evil.example"'),
        (b'/"><script>', b"'<b>", 'href="/&quot;&gt;&lt;script&gt;?&#x27;&lt;b&gt;"'),
        (b"*", b"", 'href="/*"'),
        (b"/\xff{x}", b"", 'href="/ÿ{x}"'),
    ],
)
def test_an_address_is_escaped_and_stays_here(raw_path: bytes, query: bytes, href: str) -> None:
    assert href in land("/", raw_path=raw_path, query_string=query).body.decode()

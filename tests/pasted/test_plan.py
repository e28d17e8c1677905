"""What would be sent is known before anything is sent."""

from __future__ import annotations

import pytest

from corsmith.pasted.plan import ASSUMED_PAGE, plan_requests, to_fetch_request
from corsmith.pasted.request import PastedRequest

URL = "https://api.example/items"


@pytest.mark.parametrize(
    ("pasted", "methods"),
    [
        (PastedRequest(url=URL), ["GET"]),
        (PastedRequest(url=URL, method="PUT"), ["OPTIONS", "PUT"]),
        (PastedRequest(url=URL, headers=(("X-Key", "1"),)), ["OPTIONS", "GET"]),
        (PastedRequest(url=URL, method="POST", body="a", body_kind="text"), ["POST"]),
        (PastedRequest(url=URL, method="POST", mode="no-cors"), ["POST"]),
        (PastedRequest(url=URL, method="CONNECT"), []),
        (PastedRequest(url=URL, credentials="include", page="null"), ["GET"]),
    ],
)
def test_a_preflight_is_planned_where_a_browser_sends_one(
    pasted: PastedRequest, methods: list[str]
) -> None:
    assert [sent.method for sent in plan_requests(pasted)] == methods


def test_a_page_is_assumed_only_where_nothing_tells_it() -> None:
    pasted = PastedRequest(url=URL, page="https://a.example", body="x")
    assert to_fetch_request(pasted).page == "https://a.example"
    assert to_fetch_request(pasted, "https://b.example").page == "https://b.example"
    assert to_fetch_request(PastedRequest(url=URL)).page == ASSUMED_PAGE

"""No secret of a pasted text comes out again, and what is none stays readable."""

from __future__ import annotations

import pytest

from corsmith.pasted.mask import is_secret_header, mask_text, mask_url


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("cookie", True),
        ("X-API-Key", True),
        ("x-csrf-token", True),
        ("X-Auth", True),
        ("Content-Type", False),
        ("Range", False),
        ("X-Request-Id", False),
        ("X-Keyboard", False),
        ("Accept", False),
    ],
)
def test_a_header_is_secret_by_its_name(name: str, *, secret: bool) -> None:
    assert is_secret_header(name) is secret


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.example/items?page=2", "https://api.example/items?page=2"),
        ("https://api.example/?access_token=abc&q=x", "https://api.example/?access_token=***&q=x"),
        ("https://api.example/?apikey=abc", "https://api.example/?apikey=***"),
        ("https://api.example/?token=", "https://api.example/?token="),
        ("https://api.example/?token", "https://api.example/?token"),
        ("https://ada:pw@api.example/", "https://***@api.example/"),
        ("https://s3.example/b/f?X-Amz-Signature=0a1&X-Amz-Date=1", "https://s3.example/b/f?X-Amz-Signature=***&X-Amz-Date=1"),
        ("https://blob.example/c?sv=2022&sig=a%2Fb", "https://blob.example/c?sv=2022&sig=***"),
        ("https://hooks.example/T0/B0/aBcDeFgHiJkLmNoPqRsTuVw1", "https://hooks.example/T0/B0/***"),
        ("https://api.example/?state=aBcDeFgHiJkLmNoPqRsTuVw1", "https://api.example/?state=***"),
        ("https://api.example/123e4567-e89b-12d3-a456-426614174000", "https://api.example/123e4567-e89b-12d3-a456-426614174000"),
        ("https://app.example/#access_token=abc", "https://app.example/#***"),
        ("https://app.example/#top", "https://app.example/#top"),
        ("https://t.example/bot123456:AAaaBBbbCCccDDddEEeeFFffGGggHHhhIIi/x", "https://t.example/***/x"),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert mask_url(url) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at 'https://a.example/?sig=abc' there", "at 'https://a.example/?sig=***' there"),
        ("Authorization: Bearer abcdef", "Authorization: Bearer ***"),
        ("authorization: basic QWxhZGRpbg==", "authorization: basic ***"),
        ("eyJhbGciOi.eyJzdWIiOiIx.abc-_", "***"),
        ("key AKIAIOSFODNN7EXAMPLE", "key ***"),
        ("ghp_0123456789abcdef", "***"),
        ("nothing secret here", "nothing secret here"),
    ],
)
def test_a_text_is_shown_without_its_tokens(text: str, shown: str) -> None:
    assert mask_text(text) == shown

"""The likeliest cause comes first, by what else the text tells."""

from __future__ import annotations

import pytest

from corsmith.pasted.causes import CAUSES
from corsmith.pasted.ranking import MOST, RANKING, rank


@pytest.mark.parametrize(
    ("code", "values", "first"),
    [
        ("allow-origin-missing", {}, "error-page"),
        ("allow-origin-missing", {"status": "(null)"}, "error-page"),
        ("allow-origin-missing", {"status": "413"}, "payload-too-large"),
        ("allow-origin-missing", {"status": "503"}, "gateway-error"),
        ("allow-origin-missing", {"status": "500"}, "server-error"),
        ("allow-origin-missing", {"status": "405"}, "not-found"),
        ("allow-origin-missing", {"status": "403"}, "refused-before-cors"),
        ("allow-origin-missing", {"status": "429"}, "refused-before-cors"),
        ("allow-origin-missing", {"status": "302"}, "redirect-hop"),
        ("allow-origin-missing", {"status": "422"}, "error-page"),
        ("allow-origin-missing", {"status": "200"}, "no-cors-headers"),
        ("allow-origin-missing", {"page": "null", "status": "200"}, "null-page"),
        ("allow-origin-missing", {"first": "https://a.example/"}, "redirect-hop"),
        ("preflight-allow-origin-missing", {}, "preflight-authentication"),
        ("preflight-allow-origin-missing", {"status": "404"}, "preflight-no-route"),
        ("preflight-allow-origin-missing", {"status": "502"}, "preflight-firewall"),
        ("preflight-allow-origin-missing", {"page": "null"}, "null-page"),
        ("allow-origin-mismatch", {"value": "https://*.example"}, "pattern-sent"),
        ("allow-origin-mismatch", {"value": "app.example"}, "not-an-origin"),
        ("allow-origin-mismatch", {"value": "null"}, "single-origin"),
        ("allow-origin-mismatch", {"value": "https://a.example/x"}, "slash-or-path"),
        ("allow-origin-mismatch", {"value": "https://a.example, https://a.example"}, "two-layers"),
        ("allow-origin-mismatch", {"value": "https://a.example, https://b.example"}, "list-sent"),
        ("allow-origin-mismatch", {"page": "null", "value": "https://a.example"}, "null-page"),
        ("preflight-allow-origin-mismatch", {"value": "https://a.example"}, "single-origin"),
        ("allow-origin-list", {}, "two-layers"),
        ("allow-origin-invalid", {"value": "*.example"}, "pattern-sent"),
        ("preflight-status", {"status": "501"}, "preflight-no-route"),
        ("preflight-status", {"status": "503"}, "preflight-firewall"),
        ("preflight-status", {"status": "401"}, "preflight-authentication"),
        ("preflight-redirect", {"url": "http://api.example/"}, "redirect-https"),
        ("preflight-redirect", {"value": "https://a.example/login"}, "redirect-login"),
        ("preflight-redirect", {"url": "https://api.example/"}, "redirect-slash"),
        ("method-not-allowed", {"method": "patch"}, "method-lower-case"),
        ("method-not-allowed", {"method": "PATCH"}, "method-not-listed"),
        ("header-not-allowed", {"header": "traceparent"}, "tracing-header"),
        ("header-not-allowed", {"header": "Access-Control-Allow-Origin"}, "response-header-sent"),
        ("scheme-not-http", {"url": "ftp://a.example/"}, "address-not-http"),
        ("scheme-not-http", {"url": "file:///x"}, "page-from-file"),
        (
            "network-error",
            {"page": "https://a.example", "url": "http://b.example/"},
            "mixed-content",
        ),
        ("network-error", {"page": "https://a.example", "url": "http://127.0.0.1/"}, "server-down"),
        ("network-error", {"url": "https://192.168.1.2/"}, "certificate"),
        ("network-error", {"url": "nothing"}, "console-knows"),
        ("network-error", {"answered": "firefox"}, "not-reached"),
        ("csrf-check", {"value": "CSRF cookie not set."}, "csrf-token"),
        ("a-code-that-nobody-knows", {}, "error-page"),
    ],
)
def test_what_the_text_tells_decides_what_comes_first(
    code: str, values: dict[str, str], first: str
) -> None:
    assert rank(code, values)[0] == first


@pytest.mark.parametrize("code", RANKING)
def test_a_code_always_has_one_to_three_causes_that_exist(code: str) -> None:
    for _, names in RANKING[code]:
        assert 1 <= len(names) <= MOST
        assert set(names) <= set(CAUSES)
        assert len(set(names)) == len(names)
    assert RANKING[code][-1][0] is None

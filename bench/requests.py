"""The requests and the policy that every layer is measured with."""

from __future__ import annotations

from typing import Any, Final

ALLOWED: Final = "https://app.example.com"
REFUSED: Final = "https://other.example.net"

POLICY: Final[dict[str, Any]] = {
    "origins": [ALLOWED, "https://admin.example.com", "http://localhost:5173"],
    "methods": ["GET", "POST", "PUT", "DELETE"],
    "headers": ["Content-Type", "X-API-Key"],
    "expose": ["X-Total-Count"],
    "credentials": True,
    "max_age": 600,
}

Pairs = list[tuple[str, str]]

_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0"
    " Safari/537.36"
)


def browser_headers(origin: str | None = None) -> Pairs:
    """Return twelve headers as Chromium sends them; Origin, if any, is the ninth."""
    return [
        ("Host", "api.example.com"),
        ("Connection", "keep-alive"),
        ("sec-ch-ua-platform", '"Linux"'),
        ("User-Agent", _AGENT),
        ("sec-ch-ua", '"Chromium";v="156", "Not A(Brand";v="24"'),
        ("X-API-Key", "0123456789abcdef"),
        ("sec-ch-ua-mobile", "?0"),
        ("Accept", "*/*"),
        ("Origin", origin) if origin is not None else ("DNT", "1"),
        ("Sec-Fetch-Site", "same-site"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "en-US,en;q=0.9"),
    ]


def preflight_headers(origin: str = ALLOWED, names: str = "content-type,x-api-key") -> Pairs:
    """Return twelve headers of a preflight as Chromium sends it."""
    return [
        ("Host", "api.example.com"),
        ("Connection", "keep-alive"),
        ("Accept", "*/*"),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", names),
        ("Origin", origin),
        ("User-Agent", _AGENT),
        ("Sec-Fetch-Mode", "cors"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Dest", "empty"),
        ("Accept-Encoding", "gzip, deflate, br, zstd"),
        ("Accept-Language", "en-US,en;q=0.9"),
    ]

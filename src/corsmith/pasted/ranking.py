"""Which causes are likeliest for what was recognised, best first.

What lives here: one table of rules; the first that matches wins. What does not: the causes in
words (``causes``) and reading the text (``pasted``).
"""

# ruff: noqa: E501  the table has one rule a line

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from corsmith.address import is_private, read_address
from corsmith.errors import UsageError

__all__ = ["MOST", "RANKING", "rank"]

MOST: Final = 3
"""How many causes are told: who reads a fourth would rather ask the server."""

Values: TypeAlias = Mapping[str, str]
Rule: TypeAlias = tuple[Callable[[Values], bool] | None, tuple[str, ...]]


def _status(low: int, high: int) -> Callable[[Values], bool]:
    def matches(values: Values) -> bool:
        status = values.get("status", "")
        return status.isdecimal() and low <= int(status) <= high

    return matches


def _value(pattern: str, name: str = "value") -> Callable[[Values], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)

    def matches(values: Values) -> bool:
        return compiled.search(values.get(name, "")) is not None

    return matches


def _is_null_page(values: Values) -> bool:
    return values.get("page") == "null"


def _is_redirected(values: Values) -> bool:
    return "first" in values or "target" in values


def _repeats(values: Values) -> bool:
    """Whether one value of a list stands twice, or a * beside it: two layers wrote it."""
    parts = [part.strip() for part in values.get("value", "").split(",")]
    return len(parts) > 1 and (len(set(parts)) < len(parts) or "*" in parts)


def _is_distinct_list(values: Values) -> bool:
    return "," in values.get("value", "") and not _repeats(values)


def _is_near_and_https(values: Values) -> bool:
    """Whether the address is https on this machine or network: a self-signed certificate."""
    try:
        address = read_address(values.get("url", ""))
    except UsageError:
        return False
    return address.scheme == "https" and is_private(address.host)


def _is_near(values: Values) -> bool:
    try:
        return is_private(read_address(values.get("url", "")).host)
    except UsageError:
        return False


def _is_mixed(values: Values) -> bool:
    """Whether an https page asks an http address that is not on this machine."""
    url = values.get("url", "")
    return (
        values.get("page", "").startswith("https:")
        and url.startswith("http:")
        and not _is_near(values)
    )


def _is_lower(values: Values) -> bool:
    return values.get("method", "").islower()


def _is_http(values: Values) -> bool:
    return values.get("url", "").startswith("http://")


_TRACING: Final = (
    r"\A(?:baggage|sentry-trace|traceparent|tracestate|b3|x-b3-.*|newrelic|request-id|"
    r"request-context|x-datadog-.*|x-amzn-trace-id|elastic-apm-traceparent|uber-trace-id|"
    r"x-cloud-trace-context|x-instana-.*|x-dtpc|x-posthog-.*)\Z"
)
_ANSWERS: Final = r"\Aaccess-control-allow-|\Aaccess-control-expose-|\Avary\Z|\Ax-frame-options\Z"

_MISSING: Final[tuple[Rule, ...]] = (
    (_status(413, 413), ("payload-too-large", "server-error", "refused-before-cors")),
    (_status(502, 504), ("gateway-error", "server-error", "origin-refused")),
    (_status(500, 599), ("server-error", "origin-refused", "no-cors-headers")),
    (_status(404, 405), ("not-found", "no-cors-headers", "origin-refused")),
    (_status(401, 403), ("refused-before-cors", "origin-refused", "no-cors-headers")),
    (_status(429, 429), ("refused-before-cors", "no-cors-headers", "origin-refused")),
    (_status(300, 399), ("redirect-hop", "no-cors-headers", "origin-refused")),
    (_status(400, 499), ("error-page", "origin-refused", "no-cors-headers")),
    (_is_null_page, ("null-page", "redirect-hop", "no-cors-headers")),
    (_is_redirected, ("redirect-hop", "no-cors-headers", "origin-refused")),
    (_status(200, 299), ("no-cors-headers", "origin-refused", "cached-copy")),
    (None, ("error-page", "origin-refused", "no-cors-headers")),
)
_MISMATCH: Final[tuple[Rule, ...]] = (
    (_is_null_page, ("null-page", "single-origin", "redirect-hop")),
    (_repeats, ("two-layers", "list-sent", "cached-copy")),
    (_is_distinct_list, ("list-sent", "two-layers", "cached-copy")),
    (_value(r"\*."), ("pattern-sent", "single-origin", "cached-copy")),
    (_value(r"\A[^,]*://[^/,]+/"), ("slash-or-path", "single-origin", "cached-copy")),
    (_value(r"\A(?!null\Z)(?:(?!://).)+\Z"), ("not-an-origin", "single-origin", "cached-copy")),
    (None, ("single-origin", "cached-copy", "redirect-hop")),
)
_LIST: Final[tuple[Rule, ...]] = (
    (_is_distinct_list, ("list-sent", "two-layers", "cached-copy")),
    (None, ("two-layers", "list-sent", "cached-copy")),
)
_PREFLIGHT_SILENT: Final[tuple[Rule, ...]] = (
    (_status(404, 405), ("preflight-no-route", "preflight-authentication", "origin-refused")),
    (_status(500, 599), ("preflight-firewall", "preflight-no-route", "origin-refused")),
    (_is_null_page, ("null-page", "preflight-authentication", "preflight-no-route")),
    (None, ("preflight-authentication", "preflight-no-route", "origin-refused")),
)


def _plain(*causes: str) -> tuple[Rule, ...]:
    return ((None, causes),)


RANKING: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType({
    "allow-origin-missing": _MISSING,
    "preflight-allow-origin-missing": _PREFLIGHT_SILENT,
    "allow-origin-mismatch": _MISMATCH,
    "allow-origin-invalid": (
        (_value(r"\*"), ("pattern-sent", "not-an-origin", "cached-copy")),
        (None, ("not-an-origin", "single-origin", "cached-copy")),
    ),
    "allow-origin-list": _LIST,
    "allow-origin-twice": _plain("two-layers", "reset-after-preflight", "cached-copy"),
    "wildcard-with-credentials": _plain("wildcard-and-credentials", "credentials-by-default"),
    "allow-credentials-missing": _plain("credentials-not-allowed", "credentials-by-default", "credentials-on-errors-only"),
    "allow-credentials-not-true": _plain("credentials-not-allowed", "credentials-by-default", "credentials-on-errors-only"),
    "preflight-status": (
        (_status(404, 405), ("preflight-no-route", "preflight-authentication", "preflight-firewall")),
        (_status(501, 501), ("preflight-no-route", "preflight-firewall")),
        (_status(500, 599), ("preflight-firewall", "preflight-no-route")),
        (_status(300, 399), ("redirect-slash", "redirect-https", "redirect-login")),
        (None, ("preflight-authentication", "preflight-no-route", "preflight-firewall")),
    ),
    "preflight-redirect": (
        (_value(r"/(?:login|signin|sign-in|auth|oauth2?|saml|sso)\b|[?&](?:next|redirect_uri|rd)="), ("redirect-login", "redirect-slash", "redirect-https")),
        (_is_http, ("redirect-https", "redirect-slash", "redirect-login")),
        (None, ("redirect-slash", "redirect-https", "redirect-login")),
    ),
    "method-not-allowed": (
        (_is_lower, ("method-lower-case", "method-not-listed", "other-layer-answers")),
        (None, ("method-not-listed", "other-layer-answers")),
    ),
    "header-not-allowed": (
        (_value(_ANSWERS, "header"), ("response-header-sent", "header-not-listed")),
        (_value(_TRACING, "header"), ("tracing-header", "header-not-listed", "other-layer-answers")),
        (None, ("header-not-listed", "other-layer-answers")),
    ),
    "authorization-not-covered": _plain("authorization-under-star"),
    "allow-methods-unreadable": _plain("list-unreadable", "other-layer-answers"),
    "allow-headers-unreadable": _plain("list-unreadable", "other-layer-answers"),
    "redirect-to-userinfo": _plain("userinfo-redirect"),
    "too-many-redirects": _plain("redirect-loop", "redirect-login"),
    "redirect-not-http": _plain("redirect-scheme"),
    "mode-same-origin": _plain("mode-same-origin"),
    "scheme-not-http": (
        (_value(r"\A(?!https?:|file:)[a-z]", "url"), ("address-not-http", "page-from-file")),
        (None, ("page-from-file", "address-not-http")),
    ),
    "resource-policy": _plain("resource-policy", "not-the-type"),
    "opaque-response-blocked": _plain("not-the-type", "resource-policy"),
    "opaque-response": _plain("opaque-answer"),
    "tainted-canvas": _plain("tainted-canvas", "cached-copy"),
    "header-not-exposed": _plain("not-exposed"),
    "header-forbidden": _plain("forbidden-header"),
    "local-network-access": _plain("local-network", "local-network-no-prompt", "local-network-same-machine"),
    "private-network-access": _plain("private-network", "local-network"),
    "mixed-content": _plain("mixed-content"),
    "request-refused": _plain("server-down", "ad-blocker"),
    "request-closed": _plain("hung-up", "certificate", "offline"),
    "request-dns": _plain("name-unknown", "ad-blocker", "offline"),
    "request-tls": _plain("certificate"),
    "request-timeout": _plain("too-slow", "server-down"),
    "request-malformed": _plain("broken-answer", "server-error"),
    "blocked-by-client": _plain("ad-blocker"),
    "browser-offline": _plain("offline"),
    "request-aborted": _plain("page-left"),
    "content-security-policy": _plain("page-policy"),
    "cors-disabled": _plain("cors-off"),
    "csrf-check": (
        (_value(r"token|cookie"), ("csrf-token", "csrf")),
        (None, ("csrf", "csrf-token")),
    ),
    "host-refused": _plain("host-check"),
    "payload-too-large": _plain("payload-too-large", "server-error"),
    "range-not-answered": _plain("no-ranges", "range-not-exposed", "error-page"),
    "cookie-not-sent": _plain("cookie-same-site", "third-party-cookies"),
    "frame-blocked": _plain("frame"),
    "websocket-refused": _plain("websocket"),
    "network-error": (
        (_is_mixed, ("mixed-content", "server-down", "ad-blocker")),
        (_is_near_and_https, ("certificate", "server-down", "local-network")),
        (_is_near, ("server-down", "local-network", "ad-blocker")),
        (_value(r"\A(?:firefox|server)\Z", "answered"), ("not-reached", "certificate", "ad-blocker")),
        (_value(r"\Ahttps?:", "url"), ("not-reached", "console-knows", "blocked-in-browser")),
        (None, ("console-knows", "not-reached", "blocked-in-browser")),
    ),
    "reason-not-told": _plain("error-page", "origin-refused", "no-cors-headers"),
})  # fmt: skip


def rank(code: str, values: Values) -> tuple[str, ...]:
    """Return the names of the likeliest causes of a code, at most three, best first.

    A code with the stage ``preflight-`` before it has its own rules, or those of the rest.

    >>> rank("allow-origin-missing", {"status": "502"})
    ('gateway-error', 'server-error', 'origin-refused')
    """
    rules = RANKING.get(code) or RANKING.get(code.removeprefix("preflight-"))
    if rules is None:
        rules = RANKING["reason-not-told"]
    found = next(causes for matches, causes in rules if matches is None or matches(values))
    return found[:MOST]

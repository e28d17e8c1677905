"""The headers that a browser adds to a request by itself: Origin and Referer.

What lives here: two algorithms as pure functions. What does not: the headers of a script
(``request``), and those that only a preflight has (``preflight``).
"""

from typing import Final

from corsmith.browser.engines import Engine
from corsmith.browser.urls import Url, read_url, site_of

__all__ = ["DEFAULT_POLICY", "POLICIES", "determine_referrer", "hides_origin"]

DEFAULT_POLICY: Final = "strict-origin-when-cross-origin"

POLICIES: Final = frozenset(
    {
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    }
)
_KEEPS_IN_DOWNGRADE: Final = frozenset({"origin", "origin-when-cross-origin", "unsafe-url"})
_LONGEST: Final = 4096
"""Referrer Policy, #determine-requests-referrer, step 6: a longer URL is cut to its origin."""


def determine_referrer(referrer: str, target: Url, policy: str, engine: Engine) -> str:
    """Return what Referer says; empty: nothing (Referrer Policy, #determine-requests-referrer)."""
    url = read_url(referrer)
    if url is None or not url.is_http or policy == "no-referrer":
        return ""
    same = url.origin == target.origin
    downgrade = url.scheme == "https" and target.scheme != "https"
    if policy == "same-origin" and not same:
        return ""
    if downgrade and policy not in _KEEPS_IN_DOWNGRADE:
        return ""
    whole = policy in {"unsafe-url", "no-referrer-when-downgrade"} or (
        same and policy not in {"origin", "strict-origin"}
    )
    if policy in engine.trimmed_policies and site_of(url.origin, target.origin) == "cross-site":
        whole = False
    if not whole or len(url.sent) > _LONGEST:
        return f"{url.origin}/"
    return url.sent


def hides_origin(page: str, target: Url, policy: str, engine: Engine) -> bool:
    """Return whether a request that is no CORS request names ``null`` in place of the page.

    Fetch, #append-a-request-origin-header, step 4.
    """
    if policy == "no-referrer":
        return engine.no_referrer_hides_origin
    if policy == "same-origin":
        return engine.same_origin_policy_hides_origin and target.origin != page
    downgrade = page.startswith("https://") and target.scheme != "https"
    return downgrade and policy not in _KEEPS_IN_DOWNGRADE

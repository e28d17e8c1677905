"""HTTP-redirect fetch (#concept-http-redirect-fetch), as far as it changes the request.

What lives here: where a redirect leads, whether it may be followed, and what it leaves of
the request. What does not: fetching what it leads to (``fetch``).
"""

from typing import Final

from corsmith.browser.checks import Problem
from corsmith.browser.engines import Engine
from corsmith.browser.heads import POLICIES
from corsmith.browser.progress import Progress
from corsmith.browser.urls import Url, read_url
from corsmith.browser.verdict import Received
from corsmith.headers import SAFELISTED_METHODS

__all__ = ["MAX_REDIRECTS", "apply", "location_of"]

MAX_REDIRECTS: Final = 20
"""Fetch, #concept-http-redirect-fetch, step 8."""

_SEE_OTHER: Final = 303
_SPEC: Final = "concept-http-redirect-fetch"
# Fetch, #request-body-header-name
_BODY_HEADERS: Final = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)


def location_of(run: Progress, response: Received) -> Url | Problem | None:
    """Return where a redirect leads, why nowhere, or ``None`` for a response without Location.

    Fetch, #concept-response-location-url.
    """
    lines = response.values("location")
    if not lines or (lines == ("",) and run.engine.empty_location_is_none):
        return None
    if not _is_single(lines, run.engine):
        return Problem(
            "redirect-malformed", f"{len(lines)} Location lines", {"value": ", ".join(lines)}
        )
    url = read_url(lines[0], run.url)
    if url is None:
        evidence = f"Location is {lines[0]!r}, no URL"
        return Problem("redirect-malformed", evidence, {"value": lines[0]})
    return _problem(run, url) or url


def _is_single(lines: tuple[str, ...], engine: Engine) -> bool:
    return len(lines) == 1 or (engine.equal_locations_are_one and len(set(lines)) == 1)


def _problem(run: Progress, url: Url) -> Problem | None:
    if not url.is_http:
        return Problem("redirect-not-http", f"Location is {url.sent}", {"value": url.sent})
    if run.hop >= MAX_REDIRECTS:
        return Problem("too-many-redirects", f"more than {MAX_REDIRECTS} redirects")
    if url.has_credentials:
        away = url.origin != run.request.page or run.tainting == "cors"
        # Steps 9 and 10
        if (run.prepared.mode == "cors" and away) or run.engine.redirects_to_userinfo_fail:
            evidence = "Location has a user name or password"
            return Problem("redirect-to-userinfo", evidence, {"value": url.sent})
    return None


def apply(run: Progress, response: Received, url: Url) -> None:
    """Make the request the one that follows the redirect."""
    run.note("redirect", f"{response.status} to {url.sent}", _SPEC)
    _change_method(run, response.status, url)
    if url.origin != run.url.origin:  # step 14
        kept = tuple(p for p in run.prepared.headers if p[0].lower() != "authorization")
        if kept != run.prepared.headers and run.engine.preflights_again is not None:
            run.asks_again = True
        run.change(headers=kept)
    if url.origin != run.request.page:
        lost = run.engine.headers_lost_in_redirects
        run.change(headers=tuple(p for p in run.prepared.headers if p[0].lower() not in lost))
    # Step 19 (Referrer Policy, #set-requests-referrer-policy-on-redirect)
    for word in (response.get("referrer-policy") or "").lower().split(","):
        if word.strip(" \t") in POLICIES:
            run.policy = word.strip(" \t")
    run.urls.append(url)


def _change_method(run: Progress, status: int, url: Url) -> None:
    """Step 13: what a redirect makes a GET loses its body and the headers about it."""
    method = run.prepared.method
    post = status in {301, 302} and method == "POST"
    other = status == _SEE_OTHER and method not in {"GET", "HEAD"}
    leaves = url.origin != run.url.origin
    delete = method == "DELETE" and leaves and run.engine.redirect_makes_delete_get
    if not (post or other or delete):
        return
    by_method = run.tainting == "cors" and method not in SAFELISTED_METHODS
    if run.engine.preflights_again is not None and (by_method or run.asked_names()):
        run.asks_again = True
    if run.engine.origin_survives_method_change and not leaves and run.origin_header():
        run.keeps_origin = True
    kept = run.prepared.headers
    if not delete:  # which only one engine has, and it leaves the headers
        kept = tuple(p for p in kept if p[0].lower() not in _BODY_HEADERS)
    run.change(method="GET", headers=kept, body=None)

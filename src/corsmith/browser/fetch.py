"""``fetch``: the algorithm of the Fetch Standard, from a request to a verdict.

What lives here: main fetch, HTTP fetch and HTTP-network-or-cache fetch, in that order and in
the standard's words. What does not: the preflight (``preflight``), redirects (``redirect``),
and the network. The generator yields ``Sent`` and is given ``Received`` or ``Failure``.
"""

from collections.abc import Generator
from typing import Final, TypeAlias

from corsmith.browser.blocks import element_problem, resource_policy_problem
from corsmith.browser.cache import Shelf, Stored
from corsmith.browser.checks import REDIRECTS, cors_check
from corsmith.browser.preflight import forget, is_covered, preflight_fetch
from corsmith.browser.progress import Profile, Progress
from corsmith.browser.redirect import apply, location_of
from corsmith.browser.request import FetchRequest, InvalidRequestError, prepare
from corsmith.browser.urls import Url, is_local_origin, read_url
from corsmith.browser.verdict import Failure, Outcome, Received, Sent, Verdict
from corsmith.headers import SAFELISTED_METHODS

__all__ = ["fetch"]

_NOT_MODIFIED: Final = 304

Exchange: TypeAlias = Generator[Sent, Received | Failure, Received | None]


def fetch(
    request: FetchRequest, profile: Profile | None = None
) -> Generator[Sent, Received | Failure, Verdict]:
    """Yield what the browser of ``profile`` sends for ``request``; return its verdict.

    Answer each ``Sent`` with ``Received``, or with ``Failure`` where nothing came back.

    >>> asked = fetch(FetchRequest(page="https://app.example", url="https://api.example/"))
    >>> next(asked).headers[1]
    ('Origin', 'https://app.example')
    """
    run = Progress(request, profile or Profile())
    try:
        run.urls.append(_first_url(request))
        run.prepared = prepare(request, run.engine)
    except InvalidRequestError as error:
        run.fail(error.code, "request", str(error), "dom-request")
        return run.verdict(Outcome.INVALID_REQUEST, None)
    response = yield from _main_fetch(run)
    if request.api == "beacon":
        return run.verdict(Outcome.QUEUED, response)
    return run.verdict(Outcome.NETWORK_ERROR if response is None else Outcome.OK, response)


def _first_url(request: FetchRequest) -> Url:
    url = read_url(request.url)
    if url is None:
        raise InvalidRequestError("url-invalid", f"{request.url!r} is no URL")
    if url.has_credentials and request.api == "fetch":
        raise InvalidRequestError("url-has-userinfo", "the URL has a user name or password")
    return url


# ── main fetch (#concept-main-fetch) ─────────────────────────────────────────


def _main_fetch(run: Progress) -> Exchange:
    request, prepared = run.request, run.prepared
    if _is_blocked_before_sending(run):
        return None
    run.update_referrer()
    if run.url.origin == request.page != "null" and run.tainting == "basic":
        return (yield from _http_fetch(run, preflight=False))
    if prepared.mode == "same-origin":
        run.fail(
            "mode-same-origin", "mode", f"{run.url.origin} is another origin", "concept-main-fetch"
        )
        return None
    if prepared.mode == "no-cors":
        if prepared.redirect != "follow":
            run.fail(
                "no-cors-redirect-mode", "mode", "no-cors follows redirects", "concept-main-fetch"
            )
            return None
        run.tainting = "opaque"
        return (yield from _http_fetch(run, preflight=False))
    run.tainting = "cors"
    unsafe = prepared.method not in SAFELISTED_METHODS or bool(run.asked_names())
    asks = prepared.force_preflight or unsafe
    engine, hop = run.engine, run.hop
    response = yield from _http_fetch(run, preflight=asks or run.asks_again)
    if response is None and hop == run.hop:
        # Step 12.4, "corsWithPreflightResponse"; the failing preflight's own is in `preflight`
        clears = engine.failed_request_clears_cache and asks
        if clears or engine.failed_plain_request_clears_cache:
            forget(run)
    return response


def _is_blocked_before_sending(run: Progress) -> bool:
    page, url = run.request.page, run.url
    if not url.is_http:
        run.fail(
            "scheme-not-http",
            "scheme",
            f"{url.scheme}: is not fetched",
            "concept-scheme-fetch",
            value=url.scheme,
        )
        return True
    if page.startswith("https://") and url.scheme == "http" and not is_local_origin(url.origin):
        run.fail(
            "mixed-content",
            "mixed content",
            f"an https page loads {url.sent}",
            "concept-main-fetch",
        )
        return True
    public = page in run.profile.public
    if run.engine.asks_for_local_network and public and url.origin in run.profile.local:
        run.fail(
            "local-network-access",
            "local network access",
            "a public page needs the user's permission for a local address",
            "concept-main-fetch",
            value="loopback" if is_local_origin(url.origin) else "local",
        )
        return True
    return False


# ── HTTP fetch (#concept-http-fetch) ─────────────────────────────────────────


def _http_fetch(run: Progress, *, preflight: bool) -> Exchange:
    body = run.prepared.body
    is_stream = body is not None and body.kind == "stream"
    if is_stream and run.engine.stream == "reject":
        run.fail(
            "stream-not-supported",
            "upload",
            "a stream as a body is refused",
            "concept-http-network-fetch",
        )
        return None
    if preflight and not is_covered(run):
        run.was_preflighted = True
        allowed = yield from preflight_fetch(run)
        if not allowed:
            return None
    if is_stream and run.profile.http_version == "1.1":
        run.fail(
            "stream-needs-http2",
            "upload",
            "a stream needs HTTP/2",
            "concept-http-network-fetch",
        )
        return None
    response = yield from _network_or_cache(run)
    if response is None or not _passes(run, response):
        return None
    if response.status in REDIRECTS:
        return (yield from _redirect(run, response))
    return _finish(run, response)


def _passes(run: Progress, response: Received) -> bool:
    """Check the answer as the tainting wants it (steps 4.5 and 5)."""
    if run.tainting == "cors":
        problem = cors_check(run.origin, _credentials_for_check(run, response), response)
        if problem is not None:
            values = {"origin": run.origin, **problem.values}
            if response.status in REDIRECTS:
                values["target"] = _target(run, response)
            run.fail(problem.code, "CORS check", problem.evidence, "concept-cors-check", **values)
            return False
        allowed = response.get("access-control-allow-origin")
        run.note("CORS check", f"Access-Control-Allow-Origin: {allowed}", "concept-cors-check")
    elif run.tainting == "opaque":
        refused = resource_policy_problem(run.request.page, run.url.origin, response, run.engine)
        if refused is not None:
            spec = "cross-origin-resource-policy-internal-check"
            run.fail("resource-policy", "CORP check", refused, spec)
            return False
    return True


def _target(run: Progress, response: Received) -> str:
    """Return where a refused redirect would have led."""
    target = location_of(run, response)
    return target.sent if isinstance(target, Url) else response.get("location") or ""


def _credentials_for_check(run: Progress, response: Received) -> str:
    # One engine judges a redirect by what the first, same-origin request included.
    judged = run.began_at_home and not run.was_preflighted and response.status in REDIRECTS
    return run.credentials_after_redirect if judged else run.prepared.credentials


def _redirect(run: Progress, response: Received) -> Exchange:
    if run.prepared.redirect == "error":
        run.fail(
            "redirect-mode-error", "redirect", "the page refuses redirects", "concept-http-fetch"
        )
        return None
    if run.prepared.redirect == "manual":
        run.response_type = "opaqueredirect"
        return response
    target = location_of(run, response)
    if target is None:
        return _finish(run, response)
    if not isinstance(target, Url):
        spec = "concept-http-redirect-fetch"
        run.fail(target.code, "redirect", target.evidence, spec, **target.values)
        return None
    apply(run, response, target)
    return (yield from _main_fetch(run))


def _finish(run: Progress, response: Received) -> Received | None:
    problem = element_problem(run.request.api, run.tainting, response, run.engine)
    if problem is not None:
        run.fail("element-refuses", run.request.api, problem, "concept-http-fetch")
        return None
    run.response_type = run.tainting
    return response


# ── HTTP-network-or-cache fetch (#concept-http-network-or-cache-fetch) ───────


def _network_or_cache(run: Progress) -> Exchange:
    headers = (*run.prepared.headers, *run.origin_header(), *run.referer_header("actual"))
    if not any(name.lower() == "accept" for name, _ in headers):
        headers = (("Accept", "*/*"), *headers)
    lower = {name.lower(): value for name, value in headers}
    mode = run.request.cache
    stored, shelf = _stored(run, lower), _shelf(run)
    fresh = stored is not None and (stored.until > run.profile.now or mode == "force-cache")
    if stored is not None and fresh and mode != "no-cache":
        run.note("HTTP cache", "a stored answer is used", "concept-http-network-or-cache-fetch")
        return stored.response
    if stored is not None and stored.response.get("etag"):
        headers += (("If-None-Match", stored.response.get("etag") or ""),)
    answer = yield from run.ask("actual", run.prepared.method, headers)
    if isinstance(answer, Failure):
        run.fail(
            f"request-{answer}", "request", "no answer came back", "concept-http-network-fetch"
        )
        return None
    if answer.status == _NOT_MODIFIED and stored is not None:
        return run.profile.responses.freshen(shelf, lower, stored, answer, run.profile.now)
    if run.prepared.method == "GET" and mode != "no-store" and _may_store(run, answer):
        run.profile.responses.store(shelf, lower, answer, run.profile.now)
    return answer


def _may_store(run: Progress, answer: Received) -> bool:
    if run.engine.refused_answers_are_stored or run.tainting != "cors":
        return True
    return cors_check(run.origin, run.prepared.credentials, answer) is None


def _stored(run: Progress, headers: dict[str, str]) -> Stored | None:
    if run.prepared.method != "GET" or run.request.cache in {"no-store", "reload"}:
        return None
    return run.profile.responses.find(_shelf(run), headers)


def _shelf(run: Progress) -> Shelf:
    engine = run.engine
    image = engine.images_have_their_own_cache and run.request.api == "img"
    credentials = engine.credentials_have_their_own_cache and run.includes_credentials
    return (run.url.sent, image, credentials)

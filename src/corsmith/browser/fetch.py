"""``fetch``: the algorithm of the Fetch Standard, from a request to a verdict.

What lives here: main fetch, HTTP fetch, HTTP-redirect fetch and CORS-preflight fetch, in
that order and in the standard's words. What does not: the network. The generator yields
``Sent`` and is given ``Received`` or ``Failure``.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urljoin, urlsplit

from corsmith.browser.cache import PreflightCache, ResponseCache, Stored
from corsmith.browser.checks import (
    cors_check,
    exposed_names,
    max_age,
    preflight_lists,
    split_visible,
)
from corsmith.browser.engines import STANDARD, Engine
from corsmith.browser.request import (
    FetchRequest,
    InvalidRequestError,
    Prepared,
    prepare,
    unsafe_names,
)
from corsmith.browser.verdict import Failure, Outcome, Received, Sent, Step, Verdict
from corsmith.headers import SAFELISTED_METHODS

__all__ = ["Profile", "fetch"]

Exchange = Generator[Sent, Received | Failure, Received | None]

_SPEC: Final = "https://fetch.spec.whatwg.org/#"
# MIME Sniffing, #javascript-mime-type: what is in use
_JAVASCRIPT: Final = frozenset(
    {
        "application/ecmascript",
        "application/javascript",
        "application/x-javascript",
        "text/ecmascript",
        "text/javascript",
    }
)
_MAX_REDIRECTS: Final = 20
"""Fetch, #concept-http-redirect-fetch, step 7."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BODY_HEADERS: Final = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
_USERINFO: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*@", re.IGNORECASE)


@dataclass(slots=True)
class Profile:
    """A browser between two requests: its engine, what it keeps, and where things are.

    ``now`` is seconds on any clock. ``public`` are origins of pages that were loaded from a
    public address, ``local`` those of servers on loopback or a private network.
    """

    engine: Engine = STANDARD
    now: float = 0.0
    preflights: PreflightCache = field(default_factory=PreflightCache)
    responses: ResponseCache = field(default_factory=ResponseCache)
    public: frozenset[str] = frozenset()
    local: frozenset[str] = frozenset()
    http_version: str = "1.1"


def fetch(
    request: FetchRequest, profile: Profile | None = None
) -> Generator[Sent, Received | Failure, Verdict]:
    """Yield what the browser of ``profile`` sends for ``request``; return its verdict.

    Answer each ``Sent`` with ``Received``, or with ``Failure`` where nothing came back.
    """
    run = _Run(request, profile or Profile())
    try:
        run.prepared = prepare(request, run.engine)
    except InvalidRequestError as error:
        run.fail(error.code, "request", str(error), "dom-request")
        return run.verdict(Outcome.INVALID_REQUEST, None)
    if _USERINFO.match(request.url):
        run.fail(
            "url-has-userinfo", "request", "the URL has a user name or password", "dom-request"
        )
        return run.verdict(Outcome.INVALID_REQUEST, None)
    response = yield from run.main_fetch()
    if request.api == "beacon":
        return run.verdict(Outcome.QUEUED, response)
    return run.verdict(Outcome.NETWORK_ERROR if response is None else Outcome.OK, response)


def origin_of(url: str) -> str:
    """Return the serialized origin of an http(s) URL."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    default = {"http": ":80", "https": ":443"}.get(parts.scheme.lower(), "")
    return f"{parts.scheme.lower()}://{host.removesuffix(default) if default else host}"


class _Run:
    """One fetch: the request as it changes over redirects, and the steps taken."""

    def __init__(self, request: FetchRequest, profile: Profile) -> None:
        self.request = request
        self.profile = profile
        self.engine = profile.engine
        self.prepared: Prepared
        self.urls = [request.url]
        self.tainting = "basic"
        self.steps: list[Step] = []
        self.sent: list[Sent] = []
        self.code: str | None = None
        self.response_type: str | None = None
        self.changed_by_redirect = False
        self.lost_authorization = False

    # ── the record ───────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        return self.urls[-1]

    @property
    def hop(self) -> int:
        return len(self.urls) - 1

    def note(self, name: str, evidence: str, spec: str) -> None:
        step = Step(name=name, passed=True, evidence=evidence, spec=_SPEC + spec, hop=self.hop)
        self.steps.append(step)

    def fail(self, code: str, name: str, evidence: str, spec: str) -> None:
        step = Step(name=name, passed=False, evidence=evidence, spec=_SPEC + spec, hop=self.hop)
        self.steps.append(step)
        self.code = code

    def verdict(self, outcome: Outcome, response: Received | None) -> Verdict:
        visible: tuple[tuple[str, str], ...] = ()
        hidden: tuple[str, ...] = ()
        status: int | None = None
        if response is not None:
            opaque = self.response_type in {"opaque", "opaqueredirect"}
            status = 0 if opaque else response.status
            exposed = None
            if self.response_type == "cors":
                exposed = exposed_names(response, self.prepared.credentials)
            if opaque:
                hidden = tuple(sorted({name.lower() for name, _ in response.headers}))
            else:
                visible, hidden = split_visible(response, exposed)
        return Verdict(
            outcome=outcome,
            code=self.code,
            steps=tuple(self.steps),
            sent=tuple(self.sent),
            status=status,
            response_type=self.response_type if response is not None else None,
            redirected=len(self.urls) > 1 and response is not None,
            visible=visible,
            hidden=hidden,
        )

    # ── main fetch (#concept-main-fetch) ─────────────────────────────────────

    def main_fetch(self) -> Exchange:
        request, prepared = self.request, self.prepared
        target = origin_of(self.url)
        if self._is_blocked_before_sending(target):
            return None
        if target == request.page and self.tainting == "basic":
            return (yield from self.http_fetch(preflight=False))
        if prepared.mode == "same-origin":
            self.fail(
                "mode-same-origin", "mode", f"{target} is another origin", "concept-main-fetch"
            )
            return None
        if prepared.mode == "no-cors":
            if prepared.redirect != "follow":
                self.fail(
                    "no-cors-redirect-mode",
                    "mode",
                    "no-cors follows redirects",
                    "concept-main-fetch",
                )
                return None
            self.tainting = "opaque"
            return (yield from self.http_fetch(preflight=False))
        self.tainting = "cors"
        unsafe = self._unsafe_names()
        asks = prepared.force_preflight or prepared.method not in SAFELISTED_METHODS or bool(unsafe)
        response = yield from self.http_fetch(preflight=asks or self._preflights_again())
        if asks and response is None and self.engine.failed_request_clears_cache:
            self.profile.preflights.clear(self._origin(), self.url)
        return response

    def _is_blocked_before_sending(self, target: str) -> bool:
        page, scheme = self.request.page, urlsplit(self.url).scheme.lower()
        if scheme not in {"http", "https"}:
            self.fail(
                "scheme-not-http", "scheme", f"{scheme}: is not fetched", "concept-scheme-fetch"
            )
            return True
        if page.startswith("https://") and scheme == "http" and not _is_loopback(target):
            self.fail(
                "mixed-content",
                "mixed content",
                f"an https page loads {self.url}",
                "concept-main-fetch",
            )
            return True
        public = page in self.profile.public
        if self.engine.asks_for_local_network and public and target in self.profile.local:
            self.fail(
                "local-network-access",
                "local network access",
                "a public page needs the user's permission for a local address",
                "concept-main-fetch",
            )
            return True
        return False

    def _unsafe_names(self) -> tuple[str, ...]:
        names = unsafe_names(self.prepared.headers, self.engine)
        again = self.engine.preflights_again_after_authorization == "with the name"
        if self.lost_authorization and again:
            return tuple(sorted({*names, "authorization"}))
        return names

    def _preflights_again(self) -> bool:
        """Whether an engine asks although the redirect left nothing to ask for."""
        if self.changed_by_redirect and self.engine.preflights_again_after_method_change:
            return True
        again = self.engine.preflights_again_after_authorization is not None
        return self.lost_authorization and again

    # ── HTTP fetch (#concept-http-fetch) ─────────────────────────────────────

    def http_fetch(self, *, preflight: bool) -> Exchange:
        if self._is_stream() and self.engine.stream == "reject":
            self.fail(
                "stream-not-supported",
                "upload",
                "a stream as a body is refused",
                "concept-http-network-fetch",
            )
            return None
        if preflight and not self._is_covered():
            allowed = yield from self.preflight_fetch()
            if not allowed:
                return None
        if self._is_stream() and self.profile.http_version == "1.1":
            self.fail(
                "stream-needs-http2",
                "upload",
                "a stream needs HTTP/2",
                "concept-http-network-fetch",
            )
            return None
        response = yield from self._network_or_cache()
        if response is None:
            return None
        if self.tainting == "cors":
            problem = cors_check(self._origin(), self._credentials_for_check(response), response)
            if problem is not None:
                self.fail(problem[0], "CORS check", problem[1], "concept-cors-check")
                return None
            self.note("CORS check", self._allowed_by(response), "concept-cors-check")
        elif self.tainting == "opaque" and (policy := self._resource_policy(response)):
            self.fail(
                "resource-policy",
                "CORP check",
                policy,
                "cross-origin-resource-policy-internal-check",
            )
            return None
        if response.status in _REDIRECTS:
            return (yield from self._redirect_by_mode(response))
        if (problem := self._element_problem(response)) is not None:
            self.fail("element-refuses", self.request.api, problem, "concept-http-fetch")
            return None
        self.response_type = self.tainting
        return response

    def _element_problem(self, response: Received) -> str | None:
        """Return why an element or an EventSource makes nothing of the answer."""
        api, essence = self.request.api, (response.get("content-type") or "").split(";")[0]
        essence = essence.strip().lower()
        if api == "eventsource" and (response.status, essence) != (200, "text/event-stream"):
            return f"status {response.status}, type {essence!r}: no event stream"
        if api in {"script", "module", "stylesheet"} and not 200 <= response.status <= 299:
            return f"status {response.status} is not ok"
        if api == "module" and essence not in _JAVASCRIPT:
            return f"type {essence!r} is no JavaScript"
        return None

    def _resource_policy(self, response: Received) -> str | None:
        """Return why Cross-Origin-Resource-Policy forbids a no-cors answer, if it does."""
        policy = response.get("cross-origin-resource-policy")
        site = site_of(self.request.page, origin_of(self.url), self.engine)
        refused = {"same-origin": {"same-site", "cross-site"}, "same-site": {"cross-site"}}
        if site in refused.get(policy or "", set()):
            return f"Cross-Origin-Resource-Policy is {policy}, and the page is {site}"
        return None

    def _allowed_by(self, response: Received) -> str:
        return f"Access-Control-Allow-Origin: {response.get('access-control-allow-origin')}"

    def _is_stream(self) -> bool:
        body = self.prepared.body
        return body is not None and body.kind == "stream"

    def _redirect_by_mode(self, response: Received) -> Exchange:
        if self.prepared.redirect == "error":
            self.fail(
                "redirect-mode-error",
                "redirect",
                "the page refuses redirects",
                "concept-http-fetch",
            )
            return None
        if self.prepared.redirect == "manual":
            self.response_type = "opaqueredirect"
            return response
        return (yield from self.redirect_fetch(response))

    # ── HTTP-redirect fetch (#concept-http-redirect-fetch) ───────────────────

    def redirect_fetch(self, response: Received) -> Exchange:
        location = response.get("location")
        if location is None:
            self.response_type = self.tainting
            return response
        url = urljoin(self.url, location)
        problem = self._redirect_problem(url)
        if problem is not None:
            self.fail(problem[0], "redirect", problem[1], "concept-http-redirect-fetch")
            return None
        self.note("redirect", f"{response.status} to {url}", "concept-http-redirect-fetch")
        self._change_method(response.status)
        if origin_of(url) != origin_of(self.url):
            kept = tuple(p for p in self.prepared.headers if p[0].lower() != "authorization")
            self.lost_authorization = self.lost_authorization or kept != self.prepared.headers
            self._replace(headers=kept)
        self.urls.append(url)
        return (yield from self.main_fetch())

    def _redirect_problem(self, url: str) -> tuple[str, str] | None:
        if urlsplit(url).scheme.lower() not in {"http", "https"}:
            return "redirect-not-http", f"Location is {url}"
        if self.hop >= _MAX_REDIRECTS:
            return "too-many-redirects", f"more than {_MAX_REDIRECTS} redirects"
        if _USERINFO.match(url):
            cross = self.prepared.mode == "cors" and origin_of(url) != self.request.page
            strict = self.engine.userinfo_blocked_in_same_origin_redirect
            if cross or self.tainting == "cors" or (strict and self.prepared.mode == "cors"):
                return "redirect-to-userinfo", "Location has a user name or password"
        return None

    def _change_method(self, status: int) -> None:
        method = self.prepared.method
        # Step 12: what a redirect makes a GET loses its body and the headers about it.
        post = status in {301, 302} and method == "POST"
        other = status == 303 and method not in {"GET", "HEAD"}
        if post or other:
            kept = tuple(p for p in self.prepared.headers if p[0].lower() not in _BODY_HEADERS)
            asked = method not in SAFELISTED_METHODS or bool(self._unsafe_names())
            self.changed_by_redirect = self.changed_by_redirect or asked
            self._replace(method="GET", headers=kept, body=None)

    def _replace(self, **changes: object) -> None:
        from dataclasses import replace

        self.prepared = replace(self.prepared, **changes)  # type: ignore[arg-type]  # its own fields

    # ── CORS-preflight fetch (#cors-preflight-fetch) ─────────────────────────

    def preflight_fetch(self) -> Generator[Sent, Received | Failure, bool]:
        prepared = self.prepared
        unsafe = self._unsafe_names()
        origin = self._preflight_origin()
        headers = [
            ("Accept", "*/*"),
            ("Access-Control-Request-Method", prepared.method),
            *([("Access-Control-Request-Headers", ",".join(unsafe))] if unsafe else []),
            ("Origin", origin),
            *self._referer(),
        ]
        answer = yield from self._send("preflight", "OPTIONS", tuple(headers), credentials=False)
        if isinstance(answer, Failure):
            self.fail(
                f"preflight-{answer}", "preflight", "no answer came back", "cors-preflight-fetch"
            )
            self._forget()
            return False
        problem = cors_check(origin, prepared.credentials, answer)
        if problem is not None:
            code, evidence = problem
        elif answer.status in _REDIRECTS:
            code, evidence = "preflight-redirect", f"status {answer.status}: a redirect"
        elif not 200 <= answer.status <= 299:
            code, evidence = "preflight-status", f"status {answer.status} is not ok"
        else:
            return self._keep_lists(answer, unsafe)
        self.fail(
            f"preflight-{code}".replace("preflight-preflight", "preflight"),
            "preflight",
            evidence,
            "cors-preflight-fetch",
        )
        self._forget()
        return False

    def _keep_lists(self, answer: Received, unsafe: tuple[str, ...]) -> bool:
        prepared = self.prepared
        lists = preflight_lists(
            prepared.method,
            unsafe,
            prepared.credentials,
            answer,
            self.engine,
            forced=prepared.force_preflight,
        )
        if isinstance(lists[0], str):
            self.fail(lists[0], "preflight", str(lists[1]), "cors-preflight-fetch")
            self._forget()
            return False
        methods, names = lists
        seconds = max_age(answer, self.engine)
        self.note("preflight", f"status {answer.status}, kept {seconds} s", "cors-preflight-fetch")
        if seconds > 0:
            until = self.profile.now + seconds
            self.profile.preflights.store(
                self._key(), list(methods), list(names), until, self.engine
            )
        return True

    def _forget(self) -> None:
        if self.engine.failed_preflight_clears_cache:
            self.profile.preflights.clear(self._origin(), self.url)

    def _key(self) -> tuple[str, str, bool]:
        return (self._origin(), self.url.partition("#")[0], self.prepared.credentials == "include")

    def _is_covered(self) -> bool:
        prepared = self.prepared
        if (
            prepared is not None
            and self.request.cache == "reload"
            and self.engine.reload_skips_preflight_cache
        ):
            return False
        needs_entry = prepared.force_preflight or prepared.method not in SAFELISTED_METHODS
        if self._preflights_again() and not needs_entry:
            needs_entry = True
        method = prepared.method if needs_entry else None
        covered = self.profile.preflights.covers(
            self._key(), method, self._unsafe_names(), self.profile.now, self.engine
        )
        if covered:
            self.note("preflight", "a kept answer covers it", "concept-cache")
        return covered

    # ── origins, credentials and the wire ────────────────────────────────────

    def _is_tainted(self) -> bool:
        """Fetch, #concept-request-tainted-origin."""
        origins = [origin_of(url) for url in self.urls]
        return any(
            before != after and before != self.request.page
            for before, after in zip(origins, origins[1:], strict=False)
        )

    def _origin(self) -> str:
        return "null" if self._is_tainted() else self.request.page

    def _preflight_origin(self) -> str:
        return self.request.page if self.engine.tainted_preflight_keeps_origin else self._origin()

    def _credentials_for_check(self, response: Received) -> str:
        # One engine judges a redirect by what the first, same-origin request included.
        began_at_home = origin_of(self.urls[0]) == self.request.page
        if self.engine.redirects_are_credentialed and began_at_home:
            return "include" if response.status in _REDIRECTS else self.prepared.credentials
        return self.prepared.credentials

    def _includes_credentials(self) -> bool:
        # Fetch, #concept-http-network-or-cache-fetch, step 7
        mode = self.prepared.credentials
        return mode == "include" or (mode == "same-origin" and self.tainting == "basic")

    def _origin_header(self) -> tuple[tuple[str, str], ...]:
        """Fetch, #append-a-request-origin-header."""
        if self.tainting == "cors":
            return (("Origin", self._origin()),)
        if self.prepared.method in {"GET", "HEAD"}:
            return ()
        origin = self._origin()
        if self.prepared.mode != "cors" and self._hides_origin():
            origin = "null"
        return (("Origin", origin),)

    def _hides_origin(self) -> bool:
        page, policy = self.request.page, self.request.referrer_policy
        if policy == "no-referrer":
            return self.engine.no_referrer_hides_origin
        if policy == "same-origin":
            return origin_of(self.url) != page
        downgrade = page.startswith("https://") and not self.url.startswith("https://")
        return downgrade and policy not in {"origin", "origin-when-cross-origin", "unsafe-url"}

    def _referer(self) -> tuple[tuple[str, str], ...]:
        """Referrer Policy, #determine-requests-referrer."""
        page, policy = self.request.page, self.request.referrer_policy
        full = self.request.page_url or f"{page}/"
        same = origin_of(self.url) == page
        downgrade = page.startswith("https://") and not self.url.startswith("https://")
        if page == "null" or policy == "no-referrer" or (policy == "same-origin" and not same):
            return ()
        if downgrade and policy not in {"origin", "origin-when-cross-origin", "unsafe-url"}:
            return ()
        whole = policy in {"unsafe-url", "no-referrer-when-downgrade"} or (
            same and policy not in {"origin", "strict-origin"}
        )
        return (("Referer", full if whole else f"{page}/"),)

    def _network_or_cache(self) -> Exchange:
        headers = (*self.prepared.headers, *self._origin_header(), *self._referer())
        if not any(name.lower() == "accept" for name, _ in headers):
            headers = (("Accept", "*/*"), *headers)
        lower = {name.lower(): value for name, value in headers}
        mode = self.request.cache
        image = self.request.api == "img" and self.tainting == "opaque"
        stored = self._stored(lower) if self.prepared.method == "GET" else None
        fresh = stored is not None and (stored.until > self.profile.now or mode == "force-cache")
        if stored is not None and fresh and mode in {"default", "force-cache"}:
            self.note(
                "HTTP cache", "a stored answer is used", "concept-http-network-or-cache-fetch"
            )
            return stored.response
        if stored is not None and mode in {"default", "no-cache"} and stored.response.get("etag"):
            headers += (("If-None-Match", stored.response.get("etag") or ""),)
        answer = yield from self._send(
            "actual", self.prepared.method, headers, credentials=self._includes_credentials()
        )
        if isinstance(answer, Failure):
            self.fail(
                f"request-{answer}", "request", "no answer came back", "concept-http-network-fetch"
            )
            return None
        if answer.status == 304 and stored is not None:
            return self.profile.responses.freshen(self.url, stored, answer, self.profile.now)
        if self.prepared.method == "GET" and mode != "no-store":
            self.profile.responses.store(
                self.url,
                lower,
                answer,
                self.profile.now,
                image=image,
                credentials=self._includes_credentials(),
            )
        return answer

    def _stored(self, headers: dict[str, str]) -> Stored | None:
        if self.request.cache in {"no-store", "reload"}:
            return None
        stored = self.profile.responses.find(self.url, headers)
        if stored is None:
            return None
        apart = self.engine.images_have_their_own_cache and stored.opaque_image
        if apart and self.tainting == "cors":
            return None
        divided = self.engine.credentials_have_their_own_cache and not stored.credentials
        return None if divided and self._includes_credentials() else stored

    def _send(
        self,
        kind: str,
        method: str,
        headers: tuple[tuple[str, str], ...],
        *,
        credentials: bool,
    ) -> Generator[Sent, Received | Failure, Received | Failure]:
        sent = Sent(
            kind="preflight" if kind == "preflight" else "actual",
            method=method,
            url=self.url,
            headers=headers,
            credentials=credentials,
            hop=self.hop,
            site=site_of(self.request.page, origin_of(self.url), STANDARD),
            has_body=self.prepared.body is not None and kind == "actual",
        )
        self.sent.append(sent)
        answer = yield sent
        return answer


def site_of(
    page: str, target: str, engine: Engine
) -> Literal["same-origin", "same-site", "cross-site"]:
    """Return how a target stands to a page (HTML, #same-site; Fetch Metadata)."""
    if page == target:
        return "same-origin"
    if page == "null" or page.partition("://")[0] != target.partition("://")[0]:
        return "cross-site"
    one, other = _host(page), _host(target)
    if one == other:
        address = one.startswith("[") or one.replace(".", "").isdigit()
        return "cross-site" if address and engine.ports_of_an_address_are_sites else "same-site"
    from corsmith.suffixes import registrable_domain

    domain = registrable_domain(one)
    return (
        "same-site" if domain is not None and domain == registrable_domain(other) else "cross-site"
    )


def _host(origin: str) -> str:
    host = origin.partition("://")[2]
    return host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host


def _is_loopback(origin: str) -> bool:
    from corsmith.origin import is_loopback

    return is_loopback(_host(origin))

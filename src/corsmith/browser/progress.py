"""One fetch as it goes: the request as redirects change it, and the record of its steps.

What lives here: state and its questions. What does not: the algorithms (``fetch``,
``preflight``, ``redirect``).
"""

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from corsmith.browser.cache import PreflightCache, ResponseCache
from corsmith.browser.checks import exposed_names, split_visible
from corsmith.browser.engines import STANDARD, Engine
from corsmith.browser.heads import determine_referrer, hides_origin
from corsmith.browser.request import FetchRequest, Pairs, Prepared, unsafe_names
from corsmith.browser.urls import Url, site_of
from corsmith.browser.verdict import Failure, Outcome, Received, Sent, Step, Verdict

__all__ = ["Asking", "Profile", "Progress"]

Asking = Generator[Sent, Received | Failure, Received | Failure]

_SPEC: Final = "https://fetch.spec.whatwg.org/#"


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


class Progress:
    """The request so far; ``tainting`` is the standard's response tainting."""

    def __init__(self, request: FetchRequest, profile: Profile) -> None:
        self.request = request
        self.profile = profile
        self.engine = profile.engine
        self.prepared: Prepared
        self.urls: list[Url] = []
        self.tainting: Literal["basic", "cors", "opaque"] = "basic"
        self.policy = request.referrer_policy
        self.first_referrer = f"{request.page}/" if request.page_url is None else request.page_url
        self.referrer = self.first_referrer
        self.response_type: str | None = None
        self.asks_again = False
        self.keeps_origin = False
        self.was_preflighted = False
        self.steps: list[Step] = []
        self.sent: list[Sent] = []
        self.code: str | None = None
        self.values: dict[str, str] = {}

    # ── the record ───────────────────────────────────────────────────────────

    @property
    def url(self) -> Url:
        """The request's current URL."""
        return self.urls[-1]

    @property
    def hop(self) -> int:
        """How many redirects were followed."""
        return len(self.urls) - 1

    def note(self, name: str, evidence: str, spec: str) -> None:
        """Record a step that passed."""
        self.steps.append(
            Step(name=name, passed=True, evidence=evidence, spec=_SPEC + spec, hop=self.hop)
        )

    def fail(self, code: str, name: str, evidence: str, spec: str, **values: str) -> None:
        """Record the step that stopped the request, with what the consoles tell of it."""
        self.steps.append(
            Step(
                name=name, passed=False, evidence=evidence, spec=_SPEC + spec, hop=max(self.hop, 0)
            )
        )
        self.code = code
        if self.urls:
            self.values = {"url": self.url.sent}
            if self.hop:
                self.values["first"] = self.urls[0].sent
        self.values |= values

    def verdict(self, outcome: Outcome, response: Received | None) -> Verdict:
        """Return what is concluded, and what a script reads."""
        visible: Pairs = ()
        hidden: tuple[str, ...] = ()
        status: int | None = None
        opaque = self.response_type in {"opaque", "opaqueredirect"}
        if response is not None and opaque:
            status = 0
            hidden = tuple(sorted({name.lower() for name, _ in response.headers}))
        elif response is not None:
            status = response.status
            is_cors = self.response_type == "cors"
            exposed = exposed_names(response, self.prepared.credentials) if is_cors else None
            visible, hidden = split_visible(response, exposed)
        return Verdict(
            outcome=outcome,
            code=self.code,
            steps=tuple(self.steps),
            sent=tuple(self.sent),
            status=status,
            response_type=self.response_type if response is not None else None,
            # An opaque filtered response has an empty URL list.
            redirected=len(self.urls) > 1 and response is not None and not opaque,
            visible=visible,
            hidden=hidden,
            values=tuple(self.values.items()),
        )

    # ── what is asked ────────────────────────────────────────────────────────

    def change(self, **changes: object) -> None:
        """Change fields of the prepared request."""
        self.prepared = replace(self.prepared, **changes)  # type: ignore[arg-type]  # its own fields

    def asked_names(self) -> tuple[str, ...]:
        """Return the header names that a preflight asks for now."""
        again = self.asks_again and self.engine.preflights_again == "with names"
        headers = self.prepared.first_headers if again else self.prepared.headers
        return unsafe_names(headers, self.engine)

    @property
    def includes_credentials(self) -> bool:
        """Fetch, #concept-http-network-or-cache-fetch, step 8.3."""
        mode = self.prepared.credentials
        return mode == "include" or (mode == "same-origin" and self.tainting == "basic")

    @property
    def credentials_after_redirect(self) -> str:
        """The credentials mode by which one engine judges a request that left home."""
        mode = self.prepared.credentials
        taken = self.engine.redirects_are_credentialed and mode == "same-origin"
        return "include" if taken else mode

    @property
    def began_at_home(self) -> bool:
        """Whether the request's first URL has the page's own origin."""
        return self.urls[0].origin == self.request.page

    @property
    def was_sent_on_by_another(self) -> bool:
        """Whether a request that began at home was last redirected by another origin."""
        away = self.hop > 0 and self.urls[-2].origin != self.request.page
        return self.began_at_home and away

    # ── origins ──────────────────────────────────────────────────────────────

    @property
    def is_tainted(self) -> bool:
        """Whether a redirect left an origin that is not the page's.

        Fetch, #concept-request-tainted-origin.
        """
        return any(
            before.origin not in {after.origin, self.request.page}
            for before, after in zip(self.urls, self.urls[1:], strict=False)
        )

    @property
    def origin(self) -> str:
        """The origin that the request names (Fetch, #serializing-a-request-origin)."""
        return "null" if self.is_tainted else self.request.page

    def origin_header(self) -> Pairs:
        """Return Origin, where the request has it (Fetch, #append-a-request-origin-header)."""
        if self.tainting == "cors" or self.keeps_origin:
            return (("Origin", self.origin),)
        method, mode = self.prepared.method, self.prepared.mode
        is_cors_element = self.prepared.is_element and mode == "cors"
        if method in {"GET", "HEAD"}:
            at_home = is_cors_element and self.engine.elements_name_origin_at_home
            return (("Origin", self.origin),) if at_home else ()
        origin = self.origin
        if mode != "cors" and (self._left_its_origin() or self._hides_origin()):
            origin = "null"
        return (("Origin", origin),)

    def _hides_origin(self) -> bool:
        if self.hop and not self.engine.policy_hides_origin_after_redirect:
            return False
        return hides_origin(self.request.page, self.url, self.policy, self.engine)

    def _left_its_origin(self) -> bool:
        if not self.engine.redirect_to_other_origin_hides_origin:
            return False
        return len({url.origin for url in self.urls}) > 1

    def update_referrer(self) -> None:
        """Set the referrer to what Referer says (Fetch, main fetch, step 9)."""
        restores = self.policy in self.engine.restored_policies
        base = self.first_referrer if restores else self.referrer
        self.referrer = determine_referrer(base, self.url, self.policy, self.engine)

    def referer_header(self, kind: Literal["preflight", "actual"]) -> Pairs:
        """Return Referer, where the request has it."""
        referrer, policy = self.referrer, self.engine.policy_of_redirected_preflight
        if kind == "preflight" and self.hop and self.began_at_home and policy is not None:
            referrer = determine_referrer(self.first_referrer, self.url, policy, self.engine)
        return (("Referer", referrer),) if referrer else ()

    # ── the wire ─────────────────────────────────────────────────────────────

    def ask(self, kind: Literal["preflight", "actual"], method: str, headers: Pairs) -> Asking:
        """Yield a request, and return what came back."""
        sent = Sent(
            kind=kind,
            method=method,
            url=self.url.sent,
            headers=headers,
            credentials=kind == "actual" and self.includes_credentials,
            hop=self.hop,
            site=site_of(self.request.page, self.url.origin),
            has_body=kind == "actual" and self.prepared.body is not None,
        )
        self.sent.append(sent)
        return (yield sent)

"""``ask`` answers whether a page may do something, by a policy.

What lives here: a page's request as a question, what a server is sent for it, and where
the browser would stop. What does not: the decision on each of the two (``decision``), and
what to write instead (``advice``).
"""

from dataclasses import dataclass
from enum import StrEnum

from corsmith.decision import CorsRequest, Decision, decide
from corsmith.diagnostics import Diagnostic, diagnose
from corsmith.headers import ALLOW_CREDENTIALS, ALLOW_ORIGIN, SAFELISTED_METHODS
from corsmith.policy import Policy

__all__ = ["Question", "Stage", "Verdict", "ask"]


class Stage(StrEnum):
    """Where a browser stops."""

    PREFLIGHT = "preflight"
    REQUEST = "request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a page of ``origin`` wants to do.

    ``method`` is as a browser sends it (Fetch, #concept-method-normalize); ``unsafe`` are
    the request headers that need a preflight, lower case and sorted (``safelists`` has the
    rule); ``credentials`` says whether the request includes cookies.
    """

    origin: str
    method: str = "GET"
    unsafe: tuple[str, ...] = ()
    credentials: bool = False

    @property
    def has_preflight(self) -> bool:
        """Whether a browser asks before it sends (Fetch, #http-fetch, step 4.2)."""
        return self.method not in SAFELISTED_METHODS or bool(self.unsafe)

    @property
    def preflight(self) -> CorsRequest:
        """The preflight that a browser sends, as the server gets it."""
        names = (",".join(self.unsafe),) if self.unsafe else ()
        return CorsRequest("OPTIONS", (self.origin,), self.method, names)

    @property
    def request(self) -> CorsRequest:
        """The request itself, as the server gets it."""
        return CorsRequest(self.method, (self.origin,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the page may, and if not, where the browser stops and why.

    ``preflight`` is ``None`` where none is sent. ``stops`` is the preflight (the request is
    never sent), or the request (sent and answered, but hidden from the page), or ``None``.
    """

    allowed: bool
    stops: Stage | None
    reasons: tuple[Diagnostic, ...]
    preflight: Decision | None
    request: Decision


def ask(policy: Policy, question: Question) -> Verdict:
    """Return whether ``policy`` lets the page do what it wants.

    >>> verdict = ask(
    ...     Policy(origins=["https://a.example"]),
    ...     Question(origin="https://a.example", method="PUT"),
    ... )
    >>> verdict.allowed, str(verdict.stops), verdict.reasons[0].code
    (False, 'preflight', 'method-not-allowed')
    """
    request = decide(policy, question.request)
    preflight = decide(policy, question.preflight) if question.has_preflight else None
    for stage, decision in ((Stage.PREFLIGHT, preflight), (Stage.REQUEST, request)):
        if decision is None:
            continue
        reasons = decision.reasons
        if question.credentials and not reasons:
            reasons = _credentials_reasons(decision)
        if reasons:
            return Verdict(
                allowed=False, stops=stage, reasons=reasons, preflight=preflight, request=request
            )
    return Verdict(allowed=True, stops=None, reasons=(), preflight=preflight, request=request)


def _credentials_reasons(decision: Decision) -> tuple[Diagnostic, ...]:
    # Source: Fetch, #concept-cors-check. With credentials a literal `*` matches no
    # origin, and a second header is asked for. No request tells a server its mode.
    answer = dict(decision.headers)
    if answer.get(ALLOW_CREDENTIALS) == "true":
        return ()
    if answer.get(ALLOW_ORIGIN) == "*":
        message = 'the page includes credentials, and "*" never allows them.'
    else:
        message = f"the page includes credentials, and the answer lacks {ALLOW_CREDENTIALS}: true."
    return (diagnose("credentials-not-allowed", "credentials", None, message),)

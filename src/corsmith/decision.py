"""``decide``: what a policy answers to one request, and why.

What lives here: the account of a decision, in values that can be read, compared and
printed. What does not: the answers themselves (``tables``), and everything a host adds
(the adapters, which take the ready pairs from the same tables).

``decide`` is pure and total: it never raises, whatever bytes the request holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.headers import REQUEST_HEADERS_OF_PREFLIGHT
from corsmith.policy import Policy
from corsmith.tables import Fault

__all__ = ["CorsRequest", "Decision", "Kind", "decide", "explain_fault", "explain_refusal"]


class Kind(StrEnum):
    """What a request is to the CORS protocol (Fetch, #http-requests)."""

    NOT_CORS = "not-cors"
    ACTUAL = "actual"
    PREFLIGHT = "preflight"


@dataclass(frozen=True, slots=True)
class CorsRequest:
    """The part of a request that CORS reads.

    ``origins`` and ``request_headers`` hold one value for each Origin and each
    Access-Control-Request-Headers line; ``request_method`` is ``None`` where there is no
    Access-Control-Request-Method line. Bytes are read as Latin-1, one value for one line.

    >>> CorsRequest("GET", "https://app.example").origins
    ('https://app.example',)
    """

    method: str
    origins: Sequence[str] = ()
    request_method: str | None = None
    request_headers: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Give every field its one form: text, and tuples of text."""
        object.__setattr__(self, "method", _text(self.method))
        object.__setattr__(self, "origins", _lines(self.origins))
        if self.request_method is not None:
            object.__setattr__(self, "request_method", _text(self.request_method))
        object.__setattr__(self, "request_headers", _lines(self.request_headers))

    @classmethod
    def from_headers(
        cls, method: str, headers: Iterable[tuple[str | bytes, str | bytes]]
    ) -> "CorsRequest":
        """Return the request of a method and its header lines, names in any case."""
        origins: list[str] = []
        methods: list[str] = []
        names: list[str] = []
        lines = {
            "origin": origins,
            REQUEST_HEADERS_OF_PREFLIGHT[0]: methods,
            REQUEST_HEADERS_OF_PREFLIGHT[1]: names,
        }
        for name, value in headers:
            found = lines.get(_text(name).lower())
            if found is not None:
                found.append(_text(value).strip(" \t"))
        # Two method lines are one list to a proxy that joins them: no token, so refused.
        asked = ", ".join(methods) if methods else None
        return cls(method, tuple(origins), asked, tuple(names))

    @property
    def kind(self) -> Kind:
        """A preflight is OPTIONS with an Origin and a requested method, both present.

        Present means that the line exists, even empty (Fetch, #cors-preflight-request).
        """
        if not self.origins:
            return Kind.NOT_CORS
        if self.method == "OPTIONS" and self.request_method is not None:
            return Kind.PREFLIGHT
        return Kind.ACTUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a policy answers: the headers to send, and the verdict they amount to.

    ``allowed`` is what Fetch would conclude from the answer, with credentials mode
    *include* when the policy has credentials and *omit* otherwise; ``None`` where the
    request is not part of the CORS protocol. ``headers`` are complete except for
    ``Vary``, whose names are in ``vary`` to be merged with the application's.
    ``reasons`` say why not.
    """

    kind: Kind
    allowed: bool | None
    headers: tuple[tuple[str, str], ...]
    vary: tuple[str, ...]
    reasons: tuple[Diagnostic, ...]


def decide(policy: Policy, request: CorsRequest) -> Decision:
    """Return what ``policy`` answers to ``request``.

    >>> policy = Policy(origins=["https://app.example"])
    >>> decide(policy, CorsRequest("GET", ["https://app.example"])).headers
    (('Access-Control-Allow-Origin', 'https://app.example'),)
    """
    answers = policy.answers
    kind = request.kind
    origin = request.origins[0] if len(request.origins) == 1 else None
    if kind is Kind.PREFLIGHT:
        # `kind` has looked: a preflight has a requested method.
        method = request.request_method or ""
        pairs = answers.preflight(origin, method, request.request_headers)
        fault = answers.fault(method, request.request_headers)
    else:
        pairs = answers.actual(origin)
        fault = None
    reasons: tuple[Diagnostic, ...] = ()
    if kind is not Kind.NOT_CORS:
        if not answers.any_origin and (origin is None or answers.allow(origin) is None):
            reasons += (explain_refusal(answers.refusal(origin), ", ".join(request.origins)),)
        if fault is not None:
            reasons += (explain_fault(policy, fault),)
    return Decision(
        kind=kind,
        allowed=None if kind is Kind.NOT_CORS else not reasons,
        headers=tuple(pair for pair in pairs if pair[0] != "Vary"),
        vary=() if answers.any_origin else ("Origin",),
        reasons=reasons,
    )


def explain_refusal(code: str, origin: str) -> Diagnostic:
    """Return the reason why an origin is refused, in words."""
    if code == "origin-malformed":
        message = f"{quote(origin)} is not one serialized origin."
    else:
        message = f"the policy does not allow {quote(origin)}."
    return diagnose(code, "origins", origin, message)


_LONGEST_WORD: Final = 40
"""The longest name of a method or header that a sentence holds as it is."""


def explain_fault(policy: Policy, fault: Fault) -> Diagnostic:
    """Return the reason why a preflight's lists do not cover what it asks, in words."""
    shown = quote(fault.value)
    # A name is a token here; it is quoted where it would fill the line.
    word = fault.value if len(fault.value) <= _LONGEST_WORD else shown
    if fault.code == "method-not-allowed" and "*" in policy.methods:
        message = f"{word} is forbidden: browsers let no page send it."
    elif fault.code == "method-not-allowed":
        allowed = ", ".join(dict.fromkeys(("GET", "HEAD", "POST", *policy.methods)))
        message = f"the policy allows {allowed}, not {word}."
    elif fault.code == "header-not-allowed" and fault.value.lower() == "authorization":
        message = (
            'the policy does not name Authorization, and "*" never covers it.'
            if "*" in policy.headers
            else "the policy does not allow the request header Authorization."
        )
    elif fault.code == "header-not-allowed":
        message = f"the policy does not allow the request header {word}."
    elif fault.code == "headers-too-many":
        message = f"the preflight asks for {fault.value} of request headers: no page does."
    elif fault.code == "headers-malformed":
        message = f"{shown} is no header name, so the list is not read."
    else:
        message = f"{shown} is no method."
    return diagnose(fault.code, fault.field, fault.value, message)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else value


def _lines(value: "str | bytes | Iterable[str | bytes] | None") -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, (str, bytes, bytearray)):
        return (_text(value),)
    return tuple(_text(line) for line in value)

"""What ``corsmith check`` found out, as data that text and JSON are both written from."""

from dataclasses import dataclass

from corsmith.advice import Advice
from corsmith.decision import CorsRequest, Decision, decide
from corsmith.diagnostics import Diagnostic
from corsmith.nearest import Nearest
from corsmith.policy import Policy
from corsmith.question import Question, Verdict
from corsmith.routes import Routes

__all__ = ["Answer", "Findings", "HeaderSets", "header_sets"]

ASKED_METHOD = "the-method-asked-for"
ASKED_HEADER = "the-headers-asked-for"
PAGE = "https://the-page.invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question; ``verdict`` is ``None`` where no policy covers the path."""

    question: Question
    verdict: Verdict | None = None
    status: int | None = None
    nearest: Nearest | None = None
    advice: Advice | None = None

    @property
    def allowed(self) -> bool:
        """Whether the page may."""
        return self.verdict is not None and self.verdict.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All that one call of ``corsmith check`` found out about one file."""

    target: str
    policy: Policy | Routes | None = None
    path: str | None = None
    problems: tuple[Diagnostic, ...] = ()
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSets:
    """The exact headers of a policy: for a preflight, its request, and everyone else."""

    status: int
    preflight: tuple[tuple[str, str], ...]
    request: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]


def header_sets(policy: Policy) -> HeaderSets:
    """Return what ``policy`` answers, with a stand-in for an origin that it allows."""
    mapping = policy.to_mapping()
    if not policy.answers.any_origin:
        # A policy is asked about an origin that it allows, and some name none.
        mapping = {**mapping, "origins": [PAGE]}
        mapping.pop("origin_regex", None)
    stand_in = Policy.from_mapping(mapping)
    preflight = CorsRequest("OPTIONS", (PAGE,), ASKED_METHOD, (ASKED_HEADER,))
    return HeaderSets(
        status=policy.preflight_status,
        preflight=complete(decide(stand_in, preflight)),
        request=complete(decide(stand_in, CorsRequest("GET", (PAGE,)))),
        others=complete(decide(stand_in, CorsRequest("GET"))),
    )


def complete(decision: Decision) -> tuple[tuple[str, str], ...]:
    """Return the headers of a decision with ``Vary`` among them."""
    return (*decision.headers, *(("Vary", name) for name in decision.vary))

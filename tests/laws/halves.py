"""The two halves wired together in memory: what a page asks, and what a policy answers it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from corsmith.browser import STANDARD, FetchRequest, Profile, Received, Verdict, fetch
from corsmith.decision import CorsRequest, Decision, decide
from tests.laws.strategies import EXACT, HEADERS, METHODS, an_origin_of

if TYPE_CHECKING:
    from corsmith.browser import Sent
    from corsmith.policy import Policy

API = "https://api.example/"
PAGES = tuple(origin for origin in EXACT if origin.startswith("https:"))
CREDENTIALS = ("omit", "same-origin", "include")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a browser concluded, and every decision of the server on the way there."""

    verdict: Verdict
    decisions: tuple[Decision, ...]


def meet(policy: Policy, request: FetchRequest, profile: Profile | None = None) -> Meeting:
    """Put a page's request to a policy; only header lines pass between the halves."""
    decisions: list[Decision] = []
    run = fetch(request, profile or Profile(engine=STANDARD))
    try:
        sent = next(run)
        while True:
            sent = run.send(_answer(policy, sent, decisions))
    except StopIteration as stop:
        verdict: Verdict = stop.value
    return Meeting(verdict=verdict, decisions=tuple(decisions))


def _answer(policy: Policy, sent: Sent, decisions: list[Decision]) -> Received:
    decision = decide(policy, CorsRequest.from_headers(sent.method, sent.headers))
    decisions.append(decision)
    status = policy.preflight_status if sent.kind == "preflight" else 200
    return Received(status=status, headers=decision.headers)


@st.composite
def requests(draw: st.DrawFn, policy: dict[str, Any]) -> FetchRequest:
    """Return a page's request, often one that the policy allows."""
    own = [an_origin_of(entry) for entry in policy["origins"] if entry != "*"]
    page = draw(st.sampled_from([*own, *own, *PAGES, "null"]))
    method = draw(st.sampled_from(["GET", *policy["methods"], *METHODS]).filter(lambda m: m != "*"))
    pool = [name for name in (*policy["headers"], *policy["headers"], *HEADERS) if name != "*"]
    lines = draw(st.lists(st.sampled_from(pool), max_size=3))
    return FetchRequest(
        page=page,
        url=API,
        method=method,
        headers=tuple((name, "application/json") for name in lines),
        credentials=draw(st.sampled_from(CREDENTIALS)),
    )

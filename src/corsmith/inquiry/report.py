"""An inquiry: a page's question put to a server, and all that is found out about it.

What lives here: which requests are sent, in which order, and the ``Report``. What does not:
sending (``inquire`` is given a function), and how the report is written (the command line).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from corsmith.address import is_private, read_address
from corsmith.browser import ENGINES, Failure, FetchRequest, Profile
from corsmith.diagnostics import Diagnostic
from corsmith.exchange import Exchange, Leg, NoAnswer, Send, Trial
from corsmith.inquiry.layer import GRANIAN, Layer, Witness, read_layers, witness
from corsmith.inquiry.probes import Findings, ask_for_corsmith, probe

if TYPE_CHECKING:
    from corsmith.inquiry.clients import ClientResult
    from corsmith.inquiry.remedy import Remedy

__all__ = ["ENGINES_IN_USE", "Conclusion", "Inquiry", "Report", "inquire"]

ENGINES_IN_USE: Final = ("chromium", "firefox", "webkit")


class Conclusion(StrEnum):
    """What an inquiry comes to."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What is asked: the page's request, and what the person said about the server.

    ``assumed`` says that nobody named the page; ``stack`` and ``client`` are names of tables
    (``stack`` also of ``profiles``);
    ``probes`` says whether more is sent than the page's own requests.
    """

    request: FetchRequest
    body: bytes | None = None
    assumed: bool = False
    stack: str | None = None
    client: str | None = None
    probes: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What an inquiry found out; ``trials`` are the standard's and each engine's."""

    inquiry: Inquiry
    trials: tuple[Trial, ...]
    layers: tuple[Layer, ...] = ()
    witness: Witness | None = None
    remedy: "Remedy | None" = None
    findings: tuple[Diagnostic, ...] = ()
    client: "tuple[ClientResult, ...]" = ()
    sent: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def request(self) -> FetchRequest:
        """The page's request."""
        return self.inquiry.request

    @property
    def engines(self) -> tuple[Trial, ...]:
        """The trials of the engines that people use."""
        return tuple(trial for trial in self.trials if trial.engine in ENGINES_IN_USE)

    @property
    def main(self) -> Trial:
        """The trial that is told step by step: the first that fails, else the first."""
        failing = (trial for trial in self.engines if not trial.readable)
        return next(failing, self.engines[0])

    @property
    def blocked_in(self) -> tuple[str, ...]:
        """The engines in which the page does not get the answer."""
        return tuple(trial.engine for trial in self.engines if not trial.readable)

    @property
    def conclusion(self) -> Conclusion:
        """Whether the page may; unknown where the network, not the server, is in the way."""
        if self.main.readable:
            failed = any(not step.passed for step in self.client)
            return Conclusion.NO if failed else Conclusion.YES
        last = self.main.last
        if self.main.verdict is None:
            return Conclusion.UNKNOWN
        if last is not None and isinstance(last.result, NoAnswer):
            return Conclusion.UNKNOWN if last.result.failure in _UNREACHED else Conclusion.NO
        return Conclusion.NO

    @property
    def code(self) -> str | None:
        """The code of what fails in ``main``, or of the client's step that fails."""
        if self.main.verdict is None:
            return "redirect-not-followed"
        if self.main.verdict.code is not None:
            return self.main.verdict.code
        return next((step.code for step in self.client if not step.passed), None)


# Whether these would fail for a page elsewhere, nobody here can say.
_UNREACHED: Final = frozenset({Failure.DNS, Failure.REFUSED, Failure.TIMEOUT})


def inquire(inquiry: Inquiry, send: Send, follow: Callable[[str], bool]) -> Report:
    """Return all that is found out; ``follow`` says whether a URL may be asked."""
    exchange = Exchange(send=send, follow=follow)
    request = inquiry.request
    trials = tuple(
        exchange.put(request, Profile(engine=engine), inquiry.body) for engine in ENGINES.values()
    )
    bare = Report(inquiry=inquiry, trials=trials)
    main = bare.main
    legs = _legs(trials)
    findings = Findings()
    reached = any(leg.answer is not None for leg in legs)
    if inquiry.probes and reached:
        findings = probe(request, main, exchange)
    client: tuple[ClientResult, ...] = ()
    if inquiry.client is not None and reached and main.readable:
        from corsmith.inquiry.clients import CLIENTS, play

        client = play(CLIENTS[inquiry.client], request, exchange)
    answers = [leg.answer for leg in (*legs, *findings.legs) if leg.answer is not None]
    layers = read_layers(answers)
    blocked, failing = _blocked(request, main, client)
    if inquiry.probes and failing is not None and _may_be_corsmith(layers):
        known = ask_for_corsmith(request, exchange).answer
        layers = read_layers(answers if known is None else [known, *answers])
    who = None if failing is None or failing.last is None else witness(failing.last)
    remedy = None
    if failing is not None:
        # Loaded only now: most checks of a server that works need no remedy.
        from corsmith.inquiry.remedy import find_remedy

        remedy = find_remedy(blocked, failing, who, layers, inquiry.stack)
    return Report(
        inquiry=inquiry,
        trials=trials,
        layers=layers,
        witness=who,
        remedy=remedy,
        findings=tuple(_untold(findings.diagnostics, client)),
        client=client,
        sent=len(exchange.record),
        notes=tuple(_notes(bare)),
    )


def _may_be_corsmith(layers: tuple[Layer, ...]) -> bool:
    titles = {layer.title for layer in layers}
    return GRANIAN in titles and "corsmith" not in titles


def _blocked(
    request: FetchRequest, main: Trial, client: "tuple[ClientResult, ...]"
) -> tuple[FetchRequest, Trial | None]:
    """Return the request that a browser does not let through, the page's or a client's."""
    if not main.readable:
        return request, main
    if client and not client[-1].trial.readable:
        return client[-1].request, client[-1].trial
    return request, None


def _untold(
    findings: Iterable[Diagnostic], client: "tuple[ClientResult, ...]"
) -> Iterator[Diagnostic]:
    """Yield the findings that the client's steps do not tell already."""
    told = {result.code: set(result.step.reads) for result in client if not result.passed}
    for finding in findings:
        if not set(str(finding.value).lower().split(", ")) <= told.get(finding.code, set()):
            yield finding


def _legs(trials: tuple[Trial, ...]) -> list[Leg]:
    return [leg for trial in trials for leg in trial.legs]


def _notes(report: Report) -> list[str]:
    """Return what holds whatever the server answers."""
    notes = []
    page = report.request.page
    target = read_address(report.request.url)
    local = is_private(target.host) or any(
        leg.answer is not None and _is_private_peer(leg.answer.peer) for leg in report.main.legs
    )
    # Of a page that nobody named, nobody knows where it is from.
    known = page != "null" and not report.inquiry.assumed
    if local and known and not is_private(_host(page)):
        notes.append(
            "Chromium asks the user first, once for each site: a page from the internet reaches "
            "this machine or network only with permission (Local Network Access)."
        )
    if page == target.origin:
        notes.append("The page and the address are of one origin: CORS has no part in it.")
    if report.request.mode == "no-cors":
        notes.append(
            "The page asks with mode no-cors: it is sent, and no script ever reads the answer. "
            "Ask with mode cors, and let the server allow it."
        )
    return [*notes, *_departures(report)]


def _departures(report: Report) -> list[str]:
    """Return what the standard refuses, where the engines that people use do not."""
    standard = next(trial for trial in report.trials if trial.engine == "standard")
    if not report.main.readable or standard.readable or standard.verdict is None:
        return []
    from corsmith.inquiry.remedy import find_remedy

    remedy = find_remedy(report.request, standard, None, ())
    says = "" if remedy is None else f" {remedy.says}"
    code = standard.verdict.code
    return [f"{code}: The standard says no, and today's engines allow it.{says}"]


def _host(page: str) -> str:
    host = page.partition("://")[2]
    return host if host.endswith("]") or ":" not in host else host.rpartition(":")[0]


def _is_private_peer(peer: str) -> bool:
    return is_private(f"[{peer}]" if ":" in peer else peer)

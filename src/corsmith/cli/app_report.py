"""The report of ``corsmith check main:app``, for people and for programs.

What lives here: words, columns and marks, as in ``ladder``. What does not: what was found.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from corsmith.address import read_address
from corsmith.application.anatomy import Anatomy
from corsmith.application.appraisal import TITLES, Appraisal, Kind, Probe
from corsmith.application.case import Finding
from corsmith.cli.columns import encodable, wrapped
from corsmith.diagnostics import Diagnostic
from corsmith.exchange import Leg

__all__ = ["AppReport", "Refused", "answer", "as_json", "as_text"]

_INDENT = " " * 15


@dataclass(frozen=True, slots=True, kw_only=True)
class AppReport:
    """All that one check of an application found; ``named`` says that the page was named.

    ``words`` are those of the command line that the findings depend on; ``policy`` is the file
    that was put around the application.
    """

    target: str
    appraisal: Appraisal
    anatomy: Anatomy
    place: str | None = None
    findings: tuple[Finding, ...] = ()
    named: bool = False
    raised: str | None = None
    diffable: bool = False
    words: tuple[str, ...] = ()
    policy: str | None = None

    @property
    def conclusion(self) -> str:
        """Yes or no."""
        return "no" if self.findings else "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An application whose own policy is refused while it is imported, and where."""

    target: str
    problems: tuple[Diagnostic, ...]
    place: str | None

    def as_text(self) -> str:
        """Return the problems as text, without a final line feed."""
        return encodable("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        count = len(self.problems)
        shown = "a problem" if count == 1 else f"{count} problems"
        yield f"no: {self.target} cannot start: its policy has {shown}"
        for one in self.problems:
            yield ""
            yield from _finding(Finding(diagnostic=one, place=self.place))
        yield ""
        yield from _row("about", f"docs/codes/{self.problems[0].code}.md")

    def as_json(self) -> str:
        """Return the problems as JSON, in the words of a report."""
        findings = [{**asdict(one), "place": self.place, "lines": []} for one in self.problems]
        return json.dumps(
            {"target": self.target, "answer": "no", "cors": "corsmith", "findings": findings},
            indent=2,
        )


_SAYS = {
    Kind.PREFLIGHT: "no preflight gets through",
    Kind.PREFLIGHT_UNKNOWN: "a preflight for an unknown path fails",
    Kind.NOT_FOUND: "a 404 looks like a CORS error",
    Kind.NOT_ALLOWED: "a 405 looks like a CORS error",
    Kind.ERROR: "an HTTP error looks like a CORS error",
    Kind.CRASH: "a 500 looks like a CORS error",
    Kind.SLASH: "a slash redirect looks like a CORS error",
}


def answer(report: AppReport) -> str:
    """Return the first line: the answer."""
    appraisal = report.appraisal
    page = appraisal.page.origin
    asked = len(appraisal.asked)
    if report.conclusion == "yes":
        return f"yes: a page of {page} may read all {asked} answers of {report.target}"
    blocked = appraisal.blocked
    if appraisal.of(Kind.GET).blocked:
        return f"no: a page of {page} may not read {report.target}"
    if not blocked:
        count = len(report.findings)
        shown = "1 problem" if count == 1 else f"{count} problems"
        return f"no: a page of {page} may read {report.target}, but it has {shown}"
    first = _SAYS[max(blocked, key=lambda probe: probe.kind is Kind.CRASH).kind]
    others = f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""
    return f"no: {report.target}: {first}{others}, for a page of {page}"


def as_text(report: AppReport) -> str:
    """Return a report as text, without a final line feed."""
    return encodable("\n".join(_lines(report)))


def _lines(report: AppReport) -> Iterator[str]:
    yield answer(report)
    yield ""
    yield from _row("page", _page(report))
    yield from _row("app", _app(report))
    yield ""
    for probe in report.appraisal.probes:
        yield from _probe(probe)
    for finding in report.findings:
        yield ""
        yield from _finding(finding)
    if report.raised is not None:
        yield ""
        yield from _row("note", f"while it was asked, it raised {report.raised}")
    if report.findings:
        yield ""
        if report.diffable:
            command = shlex.join(["corsmith", "check", report.target, *report.words, "--fix"])
            yield from _row("as a diff", command)
        yield from _row("about", f"docs/codes/{report.findings[0].diagnostic.code}.md")


def _row(name: str, text: str) -> Iterator[str]:
    yield from wrapped(text, _INDENT, f"  {name:<12} ")


def _page(report: AppReport) -> str:
    origin = report.appraisal.page.origin
    settings = report.anatomy.settings
    if report.named:
        return origin
    if settings is not None and settings.page == origin:
        who = "application" if report.policy is None else "policy"
        told = "names" if origin in settings.listed else "allows"
        return f"{origin}  (the {who} {told} it; another with --from ORIGIN)"
    return f"{origin}  (assumed; yours with --from ORIGIN)"


def _app(report: AppReport) -> str:
    anatomy = report.anatomy
    if anatomy.settings is None:
        return f"{anatomy.title}, without a CORS layer that is known here"
    where = "" if report.place is None else f", {report.place}"
    return f"{anatomy.title}, CORS by {anatomy.settings.title}{where}"


def _probe(probe: Probe) -> Iterator[str]:
    title = TITLES[probe.kind]
    if probe.absent is not None or probe.trial is None:
        yield from wrapped(probe.absent or "", " " * 25, f"  - {title:<20} ")
        return
    mark = "✗" if probe.blocked else "✓"
    legs = probe.trial.legs
    sent = f"{legs[0].sent.method} {_target(legs[0])}" if legs else "nothing is sent"
    status = "no answer" if probe.status is None else str(probe.status)
    made = ", made to raise" if probe.kind in {Kind.ERROR, Kind.CRASH} else ""
    verdict = probe.trial.verdict
    code = f"  {verdict.code}" if probe.blocked and verdict is not None else ""
    yield from wrapped(f"{sent}{made}  {status}{code}", " " * 25, f"  {mark} {title:<20} ")


def _target(leg: Leg) -> str:
    """Return the path that was asked for, without the query that tells two probes apart."""
    return read_address(leg.sent.url).target.partition("?corsmith=")[0]


def _finding(finding: Finding) -> Iterator[str]:
    one = finding.diagnostic
    # As compilers write it, so that editors and terminals link the place.
    yield f"  {one.code}" if finding.place is None else f"  {finding.place}: {one.code}"
    field = "" if one.field is None or one.field == "errors" else f"{one.field}: "
    yield from wrapped(f"{field}{one.message}", "    ")
    yield from wrapped(one.fix or "", "    ")
    yield from (f"      {line}" for line in finding.lines)


# ── for programs ─────────────────────────────────────────────────────────────


def as_json(report: AppReport) -> str:
    """Return a report as JSON, whose schema is docs/reference/check-app.schema.json."""
    settings = report.anatomy.settings
    page = report.appraisal.page
    return json.dumps(
        {
            "format": 1,
            "target": report.target,
            "from": page.origin,
            "assumed": not report.named,
            "conclusion": report.conclusion,
            "framework": report.anatomy.framework,
            "cors": None if settings is None else settings.library,
            "place": report.place,
            "probes": [_probe_json(probe) for probe in report.appraisal.probes],
            "findings": [
                {**asdict(one.diagnostic), "place": one.place, "lines": list(one.lines)}
                for one in report.findings
            ],
            "raised": report.raised,
            "diffable": report.diffable,
        },
        indent=2,
        ensure_ascii=False,
    )


def _probe_json(probe: Probe) -> dict[str, object]:
    trial = probe.trial
    verdict = None if trial is None or probe.absent is not None else trial.verdict
    sent = trial.legs[0].sent if trial is not None and trial.legs else None
    step = None if verdict is None or probe.passed else verdict.failing_step
    return {
        "kind": probe.kind,
        "outcome": "absent" if probe.absent else ("blocked" if probe.blocked else "passed"),
        "method": None if sent is None else sent.method,
        "url": None if sent is None else sent.url,
        "status": probe.status,
        "code": None if verdict is None or probe.passed else verdict.code,
        "evidence": None if step is None else step.evidence,
        "absent": probe.absent,
    }

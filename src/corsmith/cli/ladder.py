"""The report of ``corsmith check URL`` for people: the answer, then the exchange as a ladder.

What lives here: words, columns and marks, as in ``render``. What does not: what was found.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from corsmith.address import read_address
from corsmith.cli.columns import encodable, wrapped
from corsmith.diagnostics import CODES
from corsmith.exchange import Answer, Leg, NoAnswer, Trial
from corsmith.inquiry.report import Conclusion, Inquiry, Report
from corsmith.profiles import PROFILES
from corsmith.prose import join_words

if TYPE_CHECKING:
    from corsmith.inquiry.clients import ClientResult
    from corsmith.inquiry.remedy import Remedy

__all__ = ["as_table", "as_text", "progress"]

_TITLES: Final = {
    "chromium": "Chromium",
    "firefox": "Firefox",
    "webkit": "WebKit",
    "standard": "the standard",
}
_SHOWN: Final = (
    *("location", "www-authenticate", "allow", "retry-after", "server", "via", "vary"),
)
_INDENT: Final = " " * 15


def as_text(report: Report) -> str:
    """Return a report as text, without a final line feed."""
    return encodable("\n".join(_lines(report)))


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.conclusion}: {_answer(report)}"
    yield ""
    assumed = "  (assumed; yours with --from ORIGIN)" if report.inquiry.assumed else ""
    yield from _row("page", report.request.page + assumed)
    yield ""
    yield from _exchange(report)
    yield from _console(report)
    yield from _client(report)
    yield from _witness(report)
    yield from _remedy(report.remedy)
    yield from _findings(report)
    yield from _notes(report)
    yield from _about(report)


def _row(name: str, text: str) -> Iterator[str]:
    yield from wrapped(text, _INDENT, f"  {name:<12} ")


# ── the first line ───────────────────────────────────────────────────────────


def _does(report: Report) -> str:
    request = report.request
    names = [name for name, _ in request.headers]
    text = f"{request.method} {request.url}"
    if names:
        text += f" with {join_words(names)}"
    return f"{text}, with credentials" if request.credentials == "include" else text


def _led(report: Report) -> str:
    """Return what is read in place of what was asked for, where a redirect has led there."""
    last = report.main.last
    if last is None or not last.sent.hop:
        return ""
    there = read_address(last.sent.url)
    stays = there.origin == read_address(report.request.url).origin
    return f"; what is read is {there.target if stays else last.sent.url}"


def _answer(report: Report) -> str:
    page, last = report.request.page, report.main.last
    if report.conclusion is Conclusion.UNKNOWN:
        if report.main.unfollowed is not None:
            return f"{_does(report)} is redirected to a host that you did not name"
        problem = last.result.problem if last and isinstance(last.result, NoAnswer) else ""
        return f"{problem}, so nobody can say whether a page of {page} may read it"
    if report.conclusion is Conclusion.YES:
        return f"a page of {page} may read {_does(report)}{_led(report)}"
    if report.main.readable:
        title = report.client[0].client.title
        return f"{title} cannot use {report.request.url} from a page of {page}"
    others = len(report.engines) - len(report.blocked_in)
    where = f" in {join_words([_TITLES[name] for name in report.blocked_in])}" if others else ""
    return f"a page of {page} may not read {_does(report)}{where}"


# ── the exchange ─────────────────────────────────────────────────────────────


def _exchange(report: Report) -> Iterator[str]:
    trial = report.main
    yield from _trial(trial, trial.legs)
    if trial.verdict is not None and not trial.verdict.actual_sent:
        # Where no preflight was sent either, it is the request that stops before the wire.
        mark = "-" if trial.legs else "✗"
        yield f"  {mark} {'request':<10} {report.request.method} is not sent"
        if not trial.legs:
            yield from _stops(trial)
    if trial.unfollowed is not None:
        yield from wrapped(
            f"the redirect to {trial.unfollowed} is not followed: add -L to follow it there",
            _INDENT,
            f"  ? {'redirect':<10} ",
        )
    yield from _differences(report)


def _trial(trial: Trial, legs: Sequence[Leg]) -> Iterator[str]:
    for index, leg in enumerate(legs):
        fails = not trial.readable and trial.unfollowed is None and index == len(legs) - 1
        yield from _leg(leg, fails=fails)
        if fails:
            yield from _stops(trial)
    verdict = trial.verdict
    if trial.readable and verdict is not None:
        names = [name for name, _ in verdict.visible]
        shown = f" and {join_words(names)}" if names else ""
        yield from wrapped(f"its script reads status {verdict.status}{shown}", _INDENT, " " * 15)


def _leg(leg: Leg, *, fails: bool) -> Iterator[str]:
    sent = leg.sent
    mark = "✗" if fails else "✓"
    name = "preflight" if sent.kind == "preflight" else "request"
    target = read_address(sent.url).target if not sent.hop else sent.url
    asks = _asks(leg)
    text = f"{sent.method} {target}{asks}"
    yield from wrapped(text, _INDENT, f"  {mark} {name:<10} ")
    if isinstance(leg.result, Answer):
        yield from _answered(leg.result)


def _asks(leg: Leg) -> str:
    asked = {name.lower(): value for name, value in leg.sent.headers}
    method = asked.get("access-control-request-method")
    if method is None:
        return ""
    names = asked.get("access-control-request-headers")
    return f", asks for {method}" + (f" with {join_words(names.split(','))}" if names else "")


def _answered(answer: Answer) -> Iterator[str]:
    reason = f" {answer.reason}" if answer.reason else ""
    yield f"{_INDENT}answered {answer.status}{reason} over HTTP/{answer.version}"
    for name, value in answer.headers:
        lower = name.lower()
        if lower.startswith("access-control-") or lower in _SHOWN:
            yield from wrapped(f"{name}: {value}", " " * 21, " " * 17)


def _stops(trial: Trial) -> Iterator[str]:
    last = trial.last
    step = None if trial.verdict is None else trial.verdict.failing_step
    if last is not None and isinstance(last.result, NoAnswer):
        text = f"{_code(trial)}: {last.result.step}: {last.result.problem}"
    elif step is None:
        text = "the answer is opaque: no script reads it"
    else:
        text = f"{_code(trial)}: {step.evidence}"
    yield from wrapped(text, " " * 17, f"{_INDENT}")


def _differences(report: Report) -> Iterator[str]:
    """Yield what an engine concludes otherwise than the one that is told."""
    blocked = [_TITLES[name] for name in report.blocked_in]
    others = [_TITLES[trial.engine] for trial in report.engines if trial.readable]
    if blocked and others:
        alone = (
            f"{blocked[0]} alone blocks it" if len(blocked) == 1 else f"{others[0]} alone does not"
        )
        yield from _row("note", f"{alone}: the engines differ here.")
    for trial in report.engines:
        if not trial.readable and _code(trial) != _code(report.main):
            yield from _row("note", f"{_TITLES[trial.engine]} stops at {_code(trial)}.")


def _code(trial: Trial) -> str | None:
    return None if trial.verdict is None else trial.verdict.code


# ── console, witness ─────────────────────────────────────────────────────────


def _console(report: Report) -> Iterator[str]:
    if report.main.readable:
        return
    from corsmith.browser.console import say

    rows = [
        (_TITLES[trial.engine], line)
        for trial in report.engines
        if trial.verdict is not None
        for line in say(trial.verdict, report.request, trial.engine)
    ]
    if not rows:
        return
    yield ""
    yield "  the console says"
    for title, line in rows:
        yield from wrapped(line, _INDENT, f"    {title:<10} ")


def _witness(report: Report) -> Iterator[str]:
    who = report.witness
    if who is None:
        return
    yield ""
    yield from _row("answered by", who.says)
    for shown in who.evidence:
        yield from wrapped(shown, " " * 17, _INDENT)
    if report.layers:
        titles = [f"{layer.title} ({layer.evidence})" for layer in report.layers]
        yield from _row("layers seen", "; ".join(titles))


# ── the change ───────────────────────────────────────────────────────────────


def _remedy(remedy: "Remedy | None") -> Iterator[str]:
    if remedy is None:
        return
    yield ""
    yield from _row("change", remedy.says)
    for title, pairs in (("preflight", remedy.preflight), ("request", remedy.request)):
        if pairs:
            yield f"{_INDENT}the answer to the {title} needs"
            yield from (f"{' ' * 17}{name}: {value}" for name, value in pairs)
    from corsmith.inquiry.stacks import STACKS

    program = PROFILES.get(remedy.stack or "")
    if program is not None:
        both = f"{program.title} itself, or a gateway before it"
        yield from _row("type", both if program.allow else f"a gateway before {program.title}")
        yield from (f"    {line}" for line in remedy.lines)
    elif remedy.stack is not None and remedy.lines:
        stack = STACKS[remedy.stack]
        where = stack.places.get(remedy.need, stack.where)
        yield from _row("write", f"{stack.title}: {where}")
        yield from (f"    {line}".rstrip() for line in remedy.lines)
    elif remedy.preflight or remedy.request:
        yield from _row("write", f"add --for STACK for its lines: {join_words(list(STACKS))}")
    if remedy.note is not None:
        yield from _row("note", remedy.note)


# ── beyond the exchange ──────────────────────────────────────────────────────


def _client(report: Report) -> Iterator[str]:
    if not report.client:
        return
    title = report.client[0].client.title
    yield ""
    yield f"  {title}"
    for result in report.client:
        yield from _client_step(result)


def _client_step(result: "ClientResult") -> Iterator[str]:
    mark = "✓" if result.passed else "✗"
    headers = [f"{name}: {value}" for name, value in result.step.headers if name == "Range"]
    shown = "".join(f", {header}" for header in headers)
    yield from wrapped(f"{result.step.name} ({result.step.method}{shown})", " " * 6, f"  {mark} ")
    if not result.passed:
        yield from wrapped(f"{result.code}: {result.problem}", " " * 8, " " * 6)
        yield from wrapped(result.fix or "", " " * 8, " " * 6)


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield ""
    yield "  also"
    for finding in report.findings:
        yield from wrapped(f"{finding.code}: {finding.message}", " " * 6, "    ")
        yield from wrapped(finding.fix or "", " " * 6, " " * 6)


def _notes(report: Report) -> Iterator[str]:
    if report.notes:
        yield ""
    for note in report.notes:
        yield from _row("note", note)


def _about(report: Report) -> Iterator[str]:
    if report.code is None:
        return
    yield ""
    from corsmith.inquiry.change import base_code

    # One page for what fails alike on a preflight and on a request.
    base = base_code(report.code)
    names = (report.code, base, f"request-{base}")
    code = next((name for name in names if name in CODES), report.code)
    yield f"  {'about':<12} docs/codes/{code}.md"
    verdict = report.main.verdict
    step = None if verdict is None else verdict.failing_step
    if step is not None:
        yield f"{_INDENT}{step.spec}"


# ── several ──────────────────────────────────────────────────────────────────


def as_table(reports: Sequence[Report]) -> str:
    """Return one line for each report under a line that counts, without a final line feed."""
    return encodable("\n".join(_table(reports)))


_MARKS: Final = {
    Conclusion.YES: "✓ yes    ",
    Conclusion.NO: "✗ no     ",
    Conclusion.UNKNOWN: "? unknown",
}


def _table(reports: Sequence[Report]) -> Iterator[str]:
    yes = sum(report.conclusion is Conclusion.YES for report in reports)
    word = "yes" if yes == len(reports) else "no"
    pages = list(dict.fromkeys(report.request.page for report in reports))
    whose = f"a page of {pages[0]}" if len(pages) == 1 else "the pages"
    yield f"{word}: {whose} may read {yes} of {len(reports)}"
    yield ""
    names = [_name(report, pages) for report in reports]
    width = max(len(name) for name in names)
    for report, name in zip(reports, names, strict=True):
        yield f"  {_MARKS[report.conclusion]}  {name:<{width}}  {_cause(report)}".rstrip()
    if word == "no":
        yield ""
        yield "  corsmith check URL  tells one of them step by step"


def _name(report: Report, pages: Sequence[str]) -> str:
    return report.request.url if len(pages) == 1 else f"{report.request.url} {report.request.page}"


def _cause(report: Report) -> str:
    if report.conclusion is Conclusion.YES:
        verdict = report.main.verdict
        return "" if verdict is None else str(verdict.status)
    if report.main.unfollowed is not None:
        return f"redirected to {report.main.unfollowed}"
    last = report.main.last
    if last is not None and isinstance(last.result, NoAnswer):
        return last.result.problem
    return report.code or ""


_WORTH_A_BAR: Final = 2


def progress(items: Iterable[Inquiry]) -> Iterable[Inquiry]:
    """Return the items, with a bar on a terminal that shows how far they are through."""
    inquiries = list(items)
    if len(inquiries) < _WORTH_A_BAR or not sys.stderr.isatty():
        return inquiries
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return inquiries
    return track(inquiries, "asking", console=Console(stderr=True), transient=True)

"""``corsmith check main:app``: the eight probes, in memory, and what a browser makes of each.

What lives here: from the command line to the findings, and the exit status. What does not:
what is asked (``appraisal``), what is wrong (``shortcomings``), the diff (``app_fix``), and how
it is written (``app_report``).
"""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import click

from corsmith.application.anatomy import Anatomy, Settings, Spot, of_source, sample_page
from corsmith.application.appraisal import NO_SUCH_PATH, Appraisal, Page, appraise
from corsmith.application.appraisal import Path as AppPath
from corsmith.application.case import Case
from corsmith.application.frames import their_frame
from corsmith.application.jurisdiction import Territory, find_territory, govern
from corsmith.application.loading import quiet
from corsmith.application.memory import Called, InMemory
from corsmith.application.mend import cors_site
from corsmith.application.shortcomings import Finding, find_shortcomings
from corsmith.application.visitors import Visit, admits, opened, visit
from corsmith.cli import app_report
from corsmith.cli.app_fix import find_diff, print_diff, touched
from corsmith.cli.app_source import Loaded, load
from corsmith.cli.asked import Asking
from corsmith.cli.status import Status
from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.exchange import Answer, Exchange, NoAnswer
from corsmith.gate import load as load_policy
from corsmith.installer import install
from corsmith.policy import Policy
from corsmith.refusals import hushed
from corsmith.routes import Routes

__all__ = ["check_app"]

ASSUMED_PAGE: Final = "https://app.example"
_SECONDS: Final = 10.0
_STAND_IN: Final = {"content-type": "application/json", "range": "bytes=-1"}
_MOST_TRIED: Final = 12
_REPLACING: Final = frozenset({"django", "flask", "quart"})
"""Where a handler that is there is made to raise, and keeps its mark."""

_ORIGIN: Final = re.compile(r"""["'](https?://[a-z0-9.-]+(?::[0-9]+)?)["']""")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What was asked of an application, and what came of it."""

    appraisal: Appraisal
    visit: Visit
    calls: list[Called]
    named: bool


def check_app(
    target: str,
    asking: Asking,
    *,
    file: bool,
    policy: str | None = None,
    fix: bool = False,
    form: Literal["text", "json"] = "text",
) -> Status:
    """Check an application, write what was found, and return the exit status."""
    given = None if policy is None else load_policy(policy)
    if len(asking.origins) > 1:
        raise UsageError("an application is checked for one page at a time: one --from ORIGIN")
    try:
        loaded = load(target, is_file=file)
        anatomy = _under(loaded.anatomy, given, policy)
        asked = _ask(loaded, anatomy, given, asking)
    except AppError as error:
        return _unasked(target, error, form, fix=fix)
    case = Case(appraisal=asked.appraisal, anatomy=anatomy, sites=loaded.sites)
    findings = find_shortcomings(case, asked.visit)
    report = app_report.AppReport(
        target=target,
        appraisal=asked.appraisal,
        anatomy=anatomy,
        place=_place(loaded, anatomy),
        findings=findings,
        named=asked.named,
        raised=_first_raised(asked.calls),
        words=_words(asking, policy),
        policy=policy,
    )
    diff = find_diff(report, loaded)
    if fix:
        print_diff(report, diff)
        return _status(findings)
    report = replace(report, diffable=diff is not None)
    click.echo(app_report.as_json(report) if form == "json" else app_report.as_text(report))
    return _status(findings)


def _words(asking: Asking, policy: str | None) -> tuple[str, ...]:
    """Return the words of a command line that ask the same."""
    words = [word for origin in asking.origins for word in ("--from", origin)]
    words += [] if asking.method == "GET" else ["-X", asking.method]
    for name, value in asking.headers:
        words += ["-H", name if value is None else f"{name}: {value}"]
    words += ["--cookies"] if asking.cookies else []
    return (*words, *(() if policy is None else ("--policy", policy)))


def _status(findings: tuple[Finding, ...]) -> Status:
    return Status.NO if findings else Status.OK


def _unasked(target: str, error: AppError, form: Literal["text", "json"], *, fix: bool) -> Status:
    """Say why an application could not be asked: its own policy, or an error of its own."""
    cause = error.__cause__
    if not isinstance(cause, PolicyError):
        click.echo(f"corsmith: {error}", err=True)
        return Status.UNKNOWN
    frame = their_frame(cause)
    place = None if frame is None else f"{frame[0]}:{frame[1]}"
    refused = app_report.Refused(target=target, problems=cause.problems, place=place)
    if fix:
        click.echo(f"corsmith: {refused.as_text()}", err=True)
        sources = {} if frame is None else {frame[0]: Path(frame[0]).read_text(encoding="utf-8")}
        codes = {one.code for one in cause.problems}
        click.echo(touched(codes, sources) or "", nl=False)
    else:
        click.echo(refused.as_json() if form == "json" else refused.as_text())
    return Status.USAGE


def _under(anatomy: Anatomy, given: Policy | Routes | None, name: str | None) -> Anatomy:
    """Return the anatomy with a policy of the command line around it."""
    if given is None:
        return anatomy
    ours = of_source(given, f"the policy {name}")
    return replace(anatomy, cors=(ours,), above=())


# ── what is asked ────────────────────────────────────────────────────────────


def _ask(loaded: Loaded, anatomy: Anatomy, given: Policy | Routes | None, asking: Asking) -> _Asked:
    territory = find_territory(govern(anatomy), anatomy.settings)
    spot = Spot(prefix=territory.prefix or "/")
    app = loaded.app.app if given is None else install(loaded.app.app, given)
    server = InMemory(app, seconds=_SECONDS, root=loaded.app.root)
    base = f"https://{anatomy.host or 'localhost'}"
    exchange = Exchange(send=server.send, follow=lambda url: url.startswith(f"{base}/"))
    paths = [
        AppPath(path=route.path, methods=route.methods, fixed=route.fixed)
        for route in territory.routes
    ]
    with quiet(), server:
        if anatomy.prepare is not None:
            anatomy.prepare(spot)
        server.start()
        origin = _origin(asking, anatomy, territory) or _tried(exchange, base, paths, loaded)
        page = _page(asking, origin, territory)
        appraisal = appraise(page, base, paths, exchange, _faulty(anatomy, territory))
        with hushed(), redirect_stderr(io.StringIO()):
            came = visit(base, appraisal.route, page.origin, anatomy, exchange)
            came = replace(came, opened=opened(base, anatomy, server.opens))
    if not any(isinstance(call.result, Answer) for call in server.calls):
        first = server.calls[0].result
        problem = first.problem if isinstance(first, NoAnswer) else ""
        raise AppError(f"{loaded.target} gives no answer to any request: {problem}")
    named = bool(asking.origins)
    return _Asked(appraisal=appraisal, visit=came, calls=server.calls, named=named)


def _origin(asking: Asking, anatomy: Anatomy, territory: Territory) -> str | None:
    """Return the origin of the page: as it was named, else one that the settings allow."""
    if asking.origins:
        return asking.origins[0]
    settings = anatomy.settings
    fields = territory.fields
    if settings is None or fields is None:
        return None
    whole = Settings(library=settings.library, title="", fields=fields)
    if whole.any_origin:
        return ASSUMED_PAGE
    return sample_page(fields, fields.get("readings", settings.readings))


def _tried(exchange: Exchange, base: str, paths: list[AppPath], loaded: Loaded) -> str:
    """Return an origin that the source names and the application answers, if there is one.

    It is for layers of libraries that nobody knows here, and for those written by hand.
    """
    found = (match[1] for text in loaded.sources.values() for match in _ORIGIN.finditer(text))
    path = next((one.path for one in paths if "GET" in one.methods), "/")
    tried = [*dict.fromkeys(found)][:_MOST_TRIED]
    with hushed():
        return next((one for one in tried if admits(exchange, f"{base}{path}", one)), ASSUMED_PAGE)


def _page(asking: Asking, origin: str, territory: Territory) -> Page:
    prefix = territory.prefix
    return Page(
        origin=origin,
        method=asking.method,
        headers=tuple(
            (name, _STAND_IN.get(name.lower(), "1") if value is None else value)
            for name, value in asking.headers
        ),
        cookies=asking.cookies,
        unknown=None if prefix is None else f"{prefix.rstrip('/')}{NO_SUCH_PATH}",
    )


def _faulty(
    anatomy: Anatomy, territory: Territory
) -> Callable[[Literal["error", "crash"], str], AbstractContextManager[str | None]] | None:
    """Return how a handler is made to raise, without the log that the framework writes of it."""
    raising, prefix = anatomy.raising, territory.prefix
    # Where one is added, it has no mark: only a policy for paths without one covers it.
    if raising is None or (prefix is None and anatomy.framework not in _REPLACING):
        return None
    spot = Spot(prefix=prefix or "/")

    @contextmanager
    def silent(fault: Literal["error", "crash"], route: str) -> Iterator[str | None]:
        there = replace(spot, route=route)
        with raising(fault, there) as path, redirect_stderr(io.StringIO()), hushed():
            yield path

    return silent


def _first_raised(calls: list[Called]) -> str | None:
    """Return the first exception of the application's own, which no probe made."""
    own = (call.raised for call in calls if call.raised is not None and call.raised.file)
    return next((str(raised) for raised in own), None)


def _place(loaded: Loaded, anatomy: Anatomy) -> str | None:
    settings = anatomy.settings
    if settings is None or settings.title.startswith("the policy "):
        return None
    site = cors_site(loaded.sites, settings.library)
    return None if site is None else f"{site}"

"""``corsmith check main:app``: the eight probes, in memory, and what a browser makes of each.

What lives here: from the command line to the findings, and the exit status. What does not:
what is asked (``appraisal``), what is wrong (``shortcomings``), and how it is written
(``app_report``).
"""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stderr
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import click

from corsmith.application.anatomy import Anatomy, Settings, examine
from corsmith.application.appraisal import Appraisal, Page, appraise
from corsmith.application.appraisal import Path as AppPath
from corsmith.application.frames import is_theirs, shorten
from corsmith.application.loading import LoadedApp, load_app, load_app_file, quiet
from corsmith.application.memory import Called, InMemory
from corsmith.application.mend import as_diff, cors_site, mend
from corsmith.application.shortcomings import Finding, find_shortcomings
from corsmith.application.sites import Site, SiteKind, find_sites
from corsmith.cli import app_report
from corsmith.cli.asked import Asking
from corsmith.cli.status import Status
from corsmith.errors import AppError, UsageError
from corsmith.exchange import Answer, Exchange, NoAnswer
from corsmith.gate import load
from corsmith.installer import install
from corsmith.policy import Policy

__all__ = ["check_app"]

ASSUMED_PAGE: Final = "https://app.example"
_SECONDS: Final = 10.0
_LARGEST_SOURCE: Final = 1_048_576
_MOST_FILES: Final = 200
_STAND_IN: Final = {"content-type": "application/json", "range": "bytes=-1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """An application and all that can be known before it is called."""

    target: str
    app: LoadedApp
    anatomy: Anatomy
    sites: tuple[Site, ...]
    sources: dict[str, str]


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
    given = None if policy is None else load(policy)
    try:
        with quiet():
            loaded = _load(target, is_file=file)
            page, named = _page(asking, loaded, given if isinstance(given, Policy) else None)
            server = _serving(loaded, given)
            appraisal, calls = _ask(server, page, loaded)
    except AppError as error:
        click.echo(f"corsmith: {error}", err=True)
        return Status.UNKNOWN
    anatomy = loaded.anatomy
    if given is not None:
        fields = dict(given.to_mapping()) if isinstance(given, Policy) else {}
        ours = Settings(
            library="corsmith",
            title=f"the policy {policy}",
            fields=fields,
            known=isinstance(given, Policy),
        )
        anatomy = replace(anatomy, settings=ours)
    findings = find_shortcomings(appraisal, anatomy, loaded.sites)
    report = app_report.AppReport(
        target=target,
        appraisal=appraisal,
        anatomy=anatomy,
        place=_place(loaded, anatomy),
        findings=findings,
        named=named,
        raised=_first_raised(calls),
        words=_words(asking, policy),
        policy=policy,
    )
    diff = _diff(report, loaded, named=named)
    if fix:
        return _fix(report, diff)
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


# ── the application ──────────────────────────────────────────────────────────


def _load(target: str, *, is_file: bool) -> _Loaded:
    app = load_app_file(target) if is_file else load_app(target)
    sources = _sources(app)
    sites = tuple(site for file, text in sources.items() for site in find_sites(file, text))
    return _Loaded(target=target, app=app, anatomy=examine(app.app), sites=sites, sources=sources)


def _sources(app: LoadedApp) -> dict[str, str]:
    """Return the user's own source files that are loaded, the application's first."""
    files = [app.file] if app.file else []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and is_theirs(file, app.root):
            inside = Path(file).resolve().is_relative_to(Path(app.root).resolve())
            files += [shorten(file)] if inside else []
    texts: dict[str, str] = {}
    for file in dict.fromkeys(files[:_MOST_FILES]):
        path = Path(file)
        try:
            if path.stat().st_size <= _LARGEST_SOURCE:
                texts[file] = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # then its lines are not shown
    return texts


def _page(asking: Asking, loaded: _Loaded, policy: Policy | None) -> tuple[Page, bool]:
    """Return the page that asks, and whether the person named it."""
    if len(asking.origins) > 1:
        raise UsageError("an application is checked for one page at a time: one --from ORIGIN")
    settings = loaded.anatomy.settings
    if policy is not None:
        settings = Settings(library="corsmith", title="", fields=dict(policy.to_mapping()))
    allowed = None if settings is None or settings.any_origin else settings.page
    page = Page(
        origin=asking.origins[0] if asking.origins else allowed or ASSUMED_PAGE,
        method=asking.method,
        headers=tuple(
            (name, _STAND_IN.get(name.lower(), "1") if value is None else value)
            for name, value in asking.headers
        ),
        cookies=asking.cookies,
    )
    return page, bool(asking.origins)


def _serving(loaded: _Loaded, given: object) -> InMemory:
    app = loaded.app.app
    if given is not None:
        app = install(app, given)  # type: ignore[arg-type]  # load() gave a policy or routes
    return InMemory(app, seconds=_SECONDS, root=loaded.app.root)


def _ask(server: InMemory, page: Page, loaded: _Loaded) -> tuple[Appraisal, list[Called]]:
    base = f"https://{loaded.anatomy.host or 'localhost'}"
    exchange = Exchange(send=server.send, follow=lambda url: url.startswith(f"{base}/"))
    paths = [
        AppPath(path=route.path, methods=route.methods, fixed=route.fixed)
        for route in loaded.anatomy.routes
    ]
    with server:
        server.start()
        appraisal = appraise(page, base, paths, exchange, _silent(loaded.anatomy))
    if not any(isinstance(call.result, Answer) for call in server.calls):
        first = server.calls[0].result
        problem = first.problem if isinstance(first, NoAnswer) else ""
        raise AppError(f"{loaded.target} gives no answer to any request: {problem}")
    return appraisal, server.calls


def _silent(
    anatomy: Anatomy,
) -> Callable[[Literal["error", "crash"]], AbstractContextManager[str | None]] | None:
    """Return how a handler is made to raise, without the log that the framework writes of it."""
    raising = anatomy.raising
    if raising is None:
        return None

    @contextmanager
    def silent(fault: Literal["error", "crash"]) -> Iterator[str | None]:
        with raising(fault) as path, redirect_stderr(io.StringIO()):
            yield path

    return silent


def _first_raised(calls: list[Called]) -> str | None:
    """Return the first exception of the application's own, which no probe made."""
    own = (call.raised for call in calls if call.raised is not None and call.raised.file)
    return next((str(raised) for raised in own), None)


def _place(loaded: _Loaded, anatomy: Anatomy) -> str | None:
    settings = anatomy.settings
    site = cors_site(loaded.sites, None if settings is None else settings.library)
    return None if site is None else f"{site}"


# ── the diff ─────────────────────────────────────────────────────────────────


def _fix(report: app_report.AppReport, diff: str | None) -> Status:
    """Write the diff alone to standard output; the rest is talk."""
    click.echo(f"corsmith: {app_report.answer(report)}", err=True)
    status = _status(report.findings)
    if not report.findings:
        return status
    if diff is not None:
        click.echo(diff, nl=False)
        return status
    hint = "" if report.named or report.anatomy.settings else "; or name the page: --from ORIGIN"
    click.echo(
        "corsmith: no change is certain enough for a diff;\n"
        f"  the report without --fix has the lines to write{hint}",
        err=True,
    )
    return status


def _diff(report: app_report.AppReport, loaded: _Loaded, *, named: bool) -> str | None:
    settings = report.anatomy.settings
    if not report.findings:
        return None
    fields = None
    if settings is None:
        site = next((one for one in loaded.sites if one.kind is SiteKind.APP), None)
        if not named:
            return None
        page = report.appraisal.page
        fields = {"origins": [page.origin], **({"credentials": True} if page.cookies else {})}
    elif {one.diagnostic.code for one in report.findings} == {"origin-not-allowed"}:
        return None  # which origins are meant, only the user knows
    else:
        site = cors_site(loaded.sites, settings.library)
    if site is None:
        return None
    own = site.file == loaded.app.file and not loaded.app.made
    before = loaded.sources[site.file]
    after = mend(site, before, loaded.app.attr if own else None, fields)
    return None if after is None else "".join(as_diff(site.file, before, after))

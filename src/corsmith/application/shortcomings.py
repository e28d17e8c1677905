"""What an appraisal finds: each finding with its place in the source and the change there.

What lives here: from probes, settings and sites to findings. What does not: the diff that
makes the change (``mend``), and how findings are written (the command line).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from corsmith.application.anatomy import Anatomy, Settings
from corsmith.application.appraisal import Appraisal, Kind, Probe
from corsmith.application.mend import cors_site, install_lines
from corsmith.application.sites import Site, SiteKind
from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.policy import Policy
from corsmith.prose import join_words

__all__ = ["Finding", "find_shortcomings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: what is wrong, where, and the lines to write."""

    diagnostic: Diagnostic
    place: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """All that is known of one application."""

    appraisal: Appraisal
    anatomy: Anatomy
    sites: Sequence[Site]

    @property
    def site(self) -> Site | None:
        """Where its CORS layer is made."""
        settings = self.anatomy.settings
        return cors_site(self.sites, None if settings is None else settings.library)

    @property
    def place(self) -> str | None:
        """File and line of its CORS layer, else of the application."""
        site = self.site or next((one for one in self.sites if one.kind is SiteKind.APP), None)
        return None if site is None else str(site)

    @property
    def layer(self) -> str:
        """What its CORS layer is called in a sentence."""
        settings = self.anatomy.settings
        if self.site is not None and self.site.kind is not SiteKind.DJANGO:
            return self.site.says
        return "the CORS layer" if settings is None else settings.title

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines that put corsmith around the application, with the same fields."""
        target = next((one.target for one in self.sites if one.kind is SiteKind.APP), None)
        return install_lines(
            self.anatomy.framework,
            target,
            {} if self.anatomy.settings is None else self.anatomy.settings.fields,
            self.appraisal.page.origin,
        )


def find_shortcomings(
    appraisal: Appraisal, anatomy: Anatomy, sites: Sequence[Site]
) -> tuple[Finding, ...]:
    """Return what is wrong, the most important first; nothing for an application that is right."""
    case = _Case(appraisal=appraisal, anatomy=anatomy, sites=sites)
    settings = anatomy.settings
    found = list(_settings(case, settings)) if settings is not None and settings.known else []
    if not appraisal.has_cors and settings is None:
        return (_without(case),)
    listed = settings is not None and settings.lists(appraisal.page.origin)
    if appraisal.of(Kind.GET).blocked and not listed:
        return tuple(found) or (_refused(case),)
    found += _probes(case)
    found += (Finding(diagnostic=one, place=case.place) for one in appraisal.also)
    return tuple(found)


# ── no page may read it ──────────────────────────────────────────────────────


def _without(case: _Case) -> Finding:
    what = case.anatomy.title if case.anatomy.framework else "the application"
    return Finding(
        diagnostic=diagnose(
            "app-without-cors",
            None,
            None,
            f"a page of {case.appraisal.page.origin} may not read it: no answer of {what} has a "
            "CORS header, and no CORS layer was found.",
            "Put corsmith around it, with the origins of your pages:",
        ),
        place=case.place,
        lines=case.lines,
    )


def _refused(case: _Case) -> Finding:
    page = case.appraisal.page
    probe = case.appraisal.of(Kind.GET)
    settings = case.anatomy.settings
    listed = () if settings is None else settings.listed
    allows = f"; it allows {join_words(listed)}" if listed else ""
    return Finding(
        diagnostic=diagnose(
            "origin-not-allowed",
            None,
            quote(page.origin),
            f"{case.layer} does not let a page of {page.origin} read this: {_why(probe)}{allows}.",
            f'Add "{page.origin}" to its origins, or ask as another page: --from ORIGIN',
        ),
        place=case.place,
    )


def _why(probe: Probe) -> str:
    verdict = None if probe.trial is None else probe.trial.verdict
    step = None if verdict is None else verdict.failing_step
    parts = (verdict and verdict.code, step and step.evidence)
    return ", ".join(part for part in parts if part)


# ── the settings themselves ──────────────────────────────────────────────────

_EXACT: Final = frozenset({"starlette", "django-cors-headers"})


def _settings(case: _Case, settings: Settings) -> Iterator[Finding]:
    """Yield what is wrong with the origins of a layer of another library."""
    if settings.library == "corsmith":
        return
    origins = settings.fields.get("origins", ())
    regex = settings.fields.get("origin_regex")
    word = settings.words.get("origins", "origins")
    if settings.library in _EXACT and not isinstance(origins, str):
        globs = [one for one in origins if isinstance(one, str) and "*" in one and one != "*"]
        if globs:
            yield _finding(
                case,
                "misplaced-wildcard",
                word,
                quote(globs[0]),
                f"{quote(globs[0])} matches no page: {settings.title} compares whole origins.",
                "corsmith has patterns: write install(app, origins=[…]) in its place.",
            )
            origins = [one for one in origins if one not in globs] or ["https://app.example"]
    fields = {"origins": origins, "credentials": bool(settings.fields.get("credentials"))}
    if regex is not None:
        fields["origin_regex"] = regex
    try:
        Policy.from_mapping(fields)
    except PolicyError as error:
        for one in error.problems:
            field = settings.words.get(one.field or "", one.field)
            yield _finding(case, one.code, field, one.value, one.message, one.fix)


def _finding(
    case: _Case, code: str, field: str | None, value: str | None, message: str, fix: str | None
) -> Finding:
    return Finding(diagnostic=diagnose(code, field, value, message, fix), place=case.place)


# ── the probes ───────────────────────────────────────────────────────────────


def _probes(case: _Case) -> Iterator[Finding]:
    blocked = {probe.kind: probe for probe in case.appraisal.blocked}
    if Kind.CRASH in blocked:
        yield _crash(case, blocked[Kind.CRASH])
    preflights = [blocked[kind] for kind in _PREFLIGHTS if kind in blocked]
    if preflights:
        yield _preflight(case, preflights)
    errors = [blocked[kind] for kind in _ERRORS if kind in blocked]
    if errors:
        yield _errors(case, errors)
    if Kind.SLASH in blocked:
        yield _slash(case, blocked[Kind.SLASH])


_PREFLIGHTS: Final = (Kind.PREFLIGHT, Kind.PREFLIGHT_UNKNOWN)
_ERRORS: Final = (Kind.GET, Kind.NOT_FOUND, Kind.NOT_ALLOWED, Kind.ERROR)
_OUTERMOST: Final = "Put corsmith around the finished application instead, in its last line:"


def _crash(case: _Case, probe: Probe) -> Finding:
    if case.anatomy.framework in {"fastapi", "starlette"}:
        why = (
            f"{case.layer} is inside ServerErrorMiddleware, which answers what no handler "
            "catches, without a CORS header"
        )
    else:
        why = f"{case.layer} does not reach the answer to an exception that nothing handles"
    return Finding(
        diagnostic=diagnose(
            "crash-without-headers",
            None,
            str(probe.status),
            f"your 500 will look like a CORS error: {why}.",
            _OUTERMOST,
        ),
        place=case.place,
        lines=case.lines,
    )


def _preflight(case: _Case, probes: Sequence[Probe]) -> Finding:
    statuses = join_words(list(dict.fromkeys(str(probe.status) for probe in probes)))
    unknown = all(probe.kind is Kind.PREFLIGHT_UNKNOWN for probe in probes)
    others = [one for one in case.sites if one.kind is SiteKind.MIDDLEWARE]
    outside = [one for one in others if case.site is not None and one.line > case.site.line]
    page = case.appraisal.page
    if unknown:
        message = (
            f"a preflight for a path without a route is answered {statuses}, which browsers "
            "refuse: a mistyped address looks like a CORS error."
        )
    elif page.method != "GET" or page.headers:
        message = f"the preflight for {page.method} does not let the page go on: {_why(probes[0])}."
    else:
        message = (
            f"the preflight of a route is answered {statuses} and does not let the page go on: "
            f"{_why(probes[0])}."
        )
    if outside and not unknown:
        shown = join_words([f"{one.says} ({one})" for one in outside])
        message += f" Outside of the CORS layer is {shown}: what is added last is outermost."
    return Finding(
        diagnostic=diagnose("preflight-not-answered", None, statuses, message, _OUTERMOST),
        place=case.place,
        lines=case.lines,
    )


def _errors(case: _Case, probes: Sequence[Probe]) -> Finding:
    statuses = join_words(list(dict.fromkeys(str(probe.status) for probe in probes)))
    return Finding(
        diagnostic=diagnose(
            "errors-without-headers",
            "errors",
            statuses,
            f"this answer may not be read: {statuses}. In a page it looks like a CORS error: "
            f"{_why(probes[0])}.",
            _OUTERMOST,
        ),
        place=case.place,
        lines=case.lines,
    )


def _slash(case: _Case, probe: Probe) -> Finding:
    sent = "" if probe.trial is None else probe.trial.legs[0].sent.url
    place, fix, lines = case.place, _OUTERMOST, case.lines
    if case.anatomy.framework == "django" and case.anatomy.settings is not None:
        fix = "Put corsheaders.middleware.CorsMiddleware first in MIDDLEWARE."
        lines = ()
    return Finding(
        diagnostic=diagnose(
            "redirect-without-headers",
            None,
            str(probe.status),
            f"{sent} is redirected for its slash, and the redirect has no CORS header: a page "
            f"that asks for it sees a CORS error. {_why(probe)}.",
            fix,
        ),
        place=place,
        lines=lines,
    )

"""What is wrong with an application: each finding with its place in the source and the change.

What lives here: from probes, settings and sites to findings. What does not: layers beside each
other (``layering``), cookies, strangers (``visitors``), the diff that makes the change (``mend``),
and how findings are written (the command line).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from corsmith.application.anatomy import Fields, Settings
from corsmith.application.appraisal import Kind, Probe
from corsmith.application.case import Case, Finding
from corsmith.application.cookies import find_cookies
from corsmith.application.layering import find_order, find_second
from corsmith.application.sites import SiteKind
from corsmith.application.visitors import Visit, find_visitors
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.policy import Policy
from corsmith.prose import join_words
from corsmith.routes import Routes

__all__ = ["Finding", "find_shortcomings"]


def find_shortcomings(case: Case, came: Visit) -> tuple[Finding, ...]:
    """Return what is wrong, the most important first; nothing for an application that is right."""
    settings = case.anatomy.settings
    appraisal = case.appraisal
    if not appraisal.has_cors and settings is None:
        return (_without(case),)
    found = list(_lint(case))
    is_wrong = bool(found)
    found += (one for one in find_visitors(case, came) if one.diagnostic.code not in _codes(found))
    found += find_second(case)
    found += find_order(case)
    page = appraisal.page.origin
    listed = settings is not None and (settings.lists(page) or settings.page == page)
    if appraisal.of(Kind.GET).blocked and (is_wrong or not listed):
        return tuple(found) or (_refused(case),)
    found += _probes(case)
    found += find_cookies(case)
    told = _codes(found)
    found += (
        Finding(diagnostic=one, place=case.place) for one in appraisal.also if one.code not in told
    )
    return tuple(found)


def _codes(found: Sequence[Finding]) -> frozenset[str]:
    return frozenset(one.diagnostic.code for one in found)


# ── no page may read it ──────────────────────────────────────────────────────


def _without(case: Case) -> Finding:
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


def _refused(case: Case) -> Finding:
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

_EXACT: Final = frozenset({"starlette", "django-cors-headers", "falcon"})
"""Which compare whole origins, where others have patterns."""

_LISTS: Final = ("methods", "headers", "expose")


def _lint(case: Case) -> Iterator[Finding]:
    """Yield what is wrong with the settings of each layer."""
    for settings in case.anatomy.cors:
        if settings.library == "corsmith":
            yield from _own_holes(case, settings)
            continue
        parts = [settings.fields] if settings.known or not settings.rows else []
        parts += [row for _, row in settings.rows if row is not None]
        told: set[tuple[str, str | None]] = set()
        for fields in parts:
            for one in _of_fields(case, settings, fields):
                key = (one.diagnostic.code, one.diagnostic.value)
                if key not in told:
                    told.add(key)
                    yield one


_HOLES: Final = frozenset({"wide-regex", "regex-unescaped-dot"})
"""What a policy only warns of, and lets in who was not meant."""


def _own_holes(case: Case, settings: Settings) -> Iterator[Finding]:
    source = settings.source
    if isinstance(source, Policy | Routes):
        for one in source.warnings:
            if one.code in _HOLES:
                yield Finding(diagnostic=one, place=case.place)


def _of_fields(case: Case, settings: Settings, fields: Fields) -> Iterator[Finding]:
    origins = fields.get("origins", ())
    word = settings.words.get("origins", "origins")
    if settings.library in _EXACT and not isinstance(origins, str):
        globs = [one for one in origins if isinstance(one, str) and "*" in one and one != "*"]
        if globs:
            yield case.finding(
                "misplaced-wildcard",
                word,
                quote(globs[0]),
                f"{quote(globs[0])} matches no page: {settings.title} compares whole origins.",
                "corsmith has patterns: write install(app, origins=[…]) in its place.",
            )
            origins = [one for one in origins if one not in globs] or ["https://app.example"]
    regular = bool(settings.readings or fields.get("readings"))
    if regular and not isinstance(origins, str):
        # What is a regular expression is tried on strangers instead.
        origins = [one for one in origins if not _is_regular(one)] or ["https://app.example"]
    kept = {"origins": origins, "credentials": bool(fields.get("credentials"))}
    regex = fields.get("origin_regex")
    if regex is not None and not (isinstance(origins, list | tuple) and "*" in origins):
        kept["origin_regex"] = regex
    kept |= {name: fields[name] for name in _LISTS if isinstance(fields.get(name), str)}
    try:
        Policy.from_mapping(kept)
    except PolicyError as error:
        for one in error.problems:
            field = settings.words.get(one.field or "", one.field)
            yield case.finding(one.code, field, one.value, one.message, one.fix)


def _is_regular(origin: object) -> bool:
    return not isinstance(origin, str) or (origin != "*" and bool(set(origin) & _SIGNS))


_SIGNS: Final = frozenset("*\\]?$^[()")


# ── the probes ───────────────────────────────────────────────────────────────


def _probes(case: Case) -> Iterator[Finding]:
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


def _crash(case: Case, probe: Probe) -> Finding:
    settings = case.anatomy.settings
    is_stock = settings is None or settings.library == "starlette"
    if is_stock and case.anatomy.framework in {"fastapi", "starlette"}:
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


def _preflight(case: Case, probes: Sequence[Probe]) -> Finding:
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


def _errors(case: Case, probes: Sequence[Probe]) -> Finding:
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


def _slash(case: Case, probe: Probe) -> Finding:
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

"""An appraisal: the eight questions that a page puts to an application, and what comes of each.

What lives here: which eight, how each is put to the browser half, and when one is a finding.
What does not: calling the application (``Exchange`` is given a function that does), where in
its source a finding is (``sites``) and the change there (``mend``).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from corsmith.browser import FetchRequest, Profile
from corsmith.diagnostics import Diagnostic
from corsmith.exchange import Exchange, Trial
from corsmith.inquiry.probes import probe

__all__ = ["NO_SUCH_PATH", "TITLES", "Appraisal", "Kind", "Page", "Path", "Probe", "appraise"]

Faulty: TypeAlias = Callable[[Literal["error", "crash"], str], AbstractContextManager[str | None]]
"""Makes a handler of the application raise, best that of a path, and gives its path."""


class Kind(StrEnum):
    """The eight, by what is asked for."""

    PREFLIGHT = "preflight"
    PREFLIGHT_UNKNOWN = "preflight-unknown"
    GET = "get"
    NOT_FOUND = "not-found"
    NOT_ALLOWED = "not-allowed"
    ERROR = "error"
    CRASH = "crash"
    SLASH = "slash"


NO_SUCH_PATH: Final = "/corsmith-no-such-path"
"""A path without a route."""

TITLES: Final = MappingProxyType(
    {
        Kind.PREFLIGHT: "preflight, route",
        Kind.PREFLIGHT_UNKNOWN: "preflight, no route",
        Kind.GET: "GET",
        Kind.NOT_FOUND: "404",
        Kind.NOT_ALLOWED: "405",
        Kind.ERROR: "HTTP error",
        Kind.CRASH: "exception",
        Kind.SLASH: "slash redirect",
    }
)
"""What each is called in a report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page that asks; ``method`` and ``headers`` are what its preflights ask for.

    ``unknown`` is a path without a route that it may ask, ``None`` where none is covered.
    """

    origin: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    cookies: bool = False
    unknown: str | None = NO_SUCH_PATH


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A path of the application and its methods; ``fixed`` says that it has no parameters."""

    path: str
    methods: frozenset[str]
    fixed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question and what a browser concludes; ``trial`` is ``None`` where it could not be put.

    ``absent`` says why there is nothing to conclude.
    """

    kind: Kind
    trial: Trial | None = None
    absent: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the page learns what the application says: for a preflight, may go on."""
        if self.trial is None:
            return False
        if self.trial.verdict is None:
            # A redirect to somewhere else is not followed; it has passed the CORS check itself.
            return bool(self.trial.legs)
        if self.kind in {Kind.PREFLIGHT, Kind.PREFLIGHT_UNKNOWN}:
            return self.trial.verdict.actual_sent
        return self.trial.readable

    @property
    def blocked(self) -> bool:
        """Whether a browser keeps the answer from the page."""
        return self.absent is None and not self.passed

    @property
    def status(self) -> int | None:
        """The status of the answer that decides: the failing one, else the first of its kind."""
        if self.trial is None:
            return None
        legs = self.trial.legs[:1] if self.passed else self.trial.legs[-1:]
        answer = legs[0].answer if legs else None
        return None if answer is None else answer.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """The eight probes of one page, and what the answers show besides.

    ``route`` is the path whose answers were looked at.
    """

    page: Page
    probes: tuple[Probe, ...]
    also: tuple[Diagnostic, ...] = ()
    route: str = "/"

    @property
    def asked(self) -> tuple[Probe, ...]:
        """The probes that came to something."""
        return tuple(probe for probe in self.probes if probe.absent is None)

    @property
    def blocked(self) -> tuple[Probe, ...]:
        """The probes whose answer the page does not get."""
        return tuple(probe for probe in self.probes if probe.blocked)

    @property
    def has_cors(self) -> bool:
        """Whether any answer has a header of the CORS protocol, or says that it might have."""
        return any(
            name.lower().startswith("access-control-allow-")
            or (name.lower() == "vary" and "origin" in value.lower())
            for probe in self.probes
            if probe.trial is not None
            for leg in probe.trial.legs
            if leg.answer is not None
            for name, value in leg.answer.headers
        )

    @property
    def credentials(self) -> bool:
        """Whether any answer says that pages may include cookies."""
        return any(
            (leg.answer.get("access-control-allow-credentials") or "").strip() == "true"
            for probe in self.probes
            if probe.trial is not None
            for leg in probe.trial.legs
            if leg.answer is not None
        )

    def of(self, kind: Kind) -> Probe:
        """Return the probe of a kind."""
        return next(probe for probe in self.probes if probe.kind is kind)


def appraise(
    page: Page, base: str, paths: Sequence[Path], exchange: Exchange, faulty: Faulty | None
) -> Appraisal:
    """Put the eight questions to the application at ``base`` and return what comes of them.

    ``paths`` are tried in their order; ``faulty`` is ``None`` where no handler can be made to
    raise.
    """
    asker = _Asker(page, base, exchange)
    route = asker.route(paths)
    probes = [
        asker.preflight(Kind.PREFLIGHT, route),
        asker.preflight(Kind.PREFLIGHT_UNKNOWN, page.unknown),
        asker.get(route),
        asker.not_found(),
        asker.not_allowed(paths),
        *(asker.faulty(kind, faulty, route) for kind in (Kind.ERROR, Kind.CRASH)),
        asker.slash(paths),
    ]
    get = probes[2]
    also: tuple[Diagnostic, ...] = ()
    if get.trial is not None and get.passed:
        found = probe(replace(asker.request(route)), get.trial, exchange).diagnostics
        also = tuple(one for one in found if one.code in _ALSO)
    return Appraisal(page=page, probes=tuple(probes), also=also, route=route)


# The 404 is a probe of its own here, and which headers a page needs nobody can say.
_ALSO: Final = frozenset({"vary-missing", "two-layers", "body-after-204"})

_UNCOVERED: Final = "no policy covers a path without a route"
_NOT_FOUND: Final = 404
_NOT_ALLOWED: Final = 405
_SERVER_ERRORS: Final = range(500, 600)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_TRIED: Final = 8
"""How many routes are tried: one that needs a database may fail here, the next may not."""


class _Asker:
    def __init__(self, page: Page, base: str, exchange: Exchange) -> None:
        self.page = page
        self.base = base
        self.exchange = exchange

    def request(self, path: str, method: str = "GET") -> FetchRequest:
        return FetchRequest(
            page=self.page.origin,
            url=f"{self.base}{path}",
            method=method,
            credentials="include" if self.page.cookies else "same-origin",
        )

    def put(self, request: FetchRequest) -> Trial:
        return self.exchange.put(request, Profile())

    def status(self, trial: Trial) -> int | None:
        """Return the status of the first answer, before any redirect."""
        answer = trial.legs[0].answer if trial.legs else None
        return None if answer is None else answer.status

    def route(self, paths: Sequence[Path]) -> str:
        """Return a path that answers GET: best without an error, else the first that there is."""
        candidates = [path.path for path in _with_get(paths)] or ["/"]
        for path in candidates[:_MOST_TRIED]:
            status = self.status(self.put(self.request(path)))
            if status is not None and status < 400:  # noqa: PLR2004  errors begin here
                return path
        return candidates[0]

    def preflight(self, kind: Kind, path: str | None) -> Probe:
        if path is None:
            return Probe(kind=kind, absent=_UNCOVERED)
        request = replace(
            self.request(path, self.page.method),
            headers=self.page.headers,
            # Whatever methods and headers a policy names, it is asked for neither: an upload
            # listener is what makes a browser ask first for a plain GET.
            api="xhr",
            upload_listener=True,
        )
        return Probe(kind=kind, trial=self.put(request))

    def get(self, path: str) -> Probe:
        return Probe(kind=Kind.GET, trial=self.put(self.request(path)))

    def not_found(self) -> Probe:
        if self.page.unknown is None:
            return Probe(kind=Kind.NOT_FOUND, absent=_UNCOVERED)
        trial = self.put(self.request(self.page.unknown))
        status = self.status(trial)
        absent = None if status == _NOT_FOUND else f"an unknown path is answered {status}"
        return Probe(kind=Kind.NOT_FOUND, trial=trial, absent=absent)

    def not_allowed(self, paths: Sequence[Path]) -> Probe:
        # POST needs no preflight, so that the 405 itself is seen, and a route without POST
        # does not run for it.
        for path in [path for path in _with_get(paths) if "POST" not in path.methods][:_MOST_TRIED]:
            trial = self.put(self.request(path.path, "POST"))
            if self.status(trial) == _NOT_ALLOWED:
                return Probe(kind=Kind.NOT_ALLOWED, trial=trial)
        absent = "no route answers POST with 405" if paths else "its routes are not known here"
        return Probe(kind=Kind.NOT_ALLOWED, absent=absent)

    def faulty(
        self, kind: Literal[Kind.ERROR, Kind.CRASH], faulty: Faulty | None, route: str
    ) -> Probe:
        if faulty is None:
            return Probe(kind=kind, absent="no handler can be made to raise here")
        with faulty("error" if kind is Kind.ERROR else "crash", route) as path:
            if path is None:
                return Probe(kind=kind, absent="there is no route that could raise")
            # With a query of its own, it is another request than that for the same route.
            trial = self.put(self.request(f"{path}?corsmith={kind}"))
        status = self.status(trial)
        right = status in _SERVER_ERRORS if kind is Kind.CRASH else (status or 0) >= 400  # noqa: PLR2004
        absent = None if right else f"the handler did not run: the answer is {status}"
        return Probe(kind=kind, trial=trial, absent=absent)

    def slash(self, paths: Sequence[Path]) -> Probe:
        fixed = [path.path for path in _with_get(paths) if path.fixed and path.path != "/"]
        for path in fixed[:_MOST_TRIED]:
            other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
            trial = self.put(self.request(other))
            if self.status(trial) in _REDIRECTS:
                return Probe(kind=Kind.SLASH, trial=trial)
        return Probe(kind=Kind.SLASH, absent="no path is redirected for its slash")


def _with_get(paths: Sequence[Path]) -> Iterator[Path]:
    found = [path for path in paths if "GET" in path.methods]
    return iter(sorted(found, key=lambda path: not path.fixed))

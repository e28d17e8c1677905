"""What kind of change an exchange needs, and the change in a sentence.

What lives here: tables from the code of what failed, and from who answered, to a sentence.
What does not: the header lines and the lines of a stack (``remedy``), and who answered
(``layer``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from corsmith.address import read_address
from corsmith.browser import FetchRequest, Verdict
from corsmith.exchange import Answer, Leg, NoAnswer
from corsmith.headers import is_token
from corsmith.inquiry.layer import Kind, Witness, redirect_address

__all__ = ["Case", "Found", "Need", "base_code", "find_need"]


class Need(StrEnum):
    """What kind of change an exchange needs."""

    ALLOW = "allow"
    PREFLIGHT = "preflight"
    ERROR = "error"
    SINGLE = "single"
    SLASH = "slash"
    SCHEME = "scheme"
    ELSEWHERE = "elsewhere"
    UPSTREAM = "upstream"
    HOST = "host"
    CSRF = "csrf"
    PAGE = "page"
    REACH = "reach"
    VARY = "vary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a page asked, what came of it, and who gave the last answer."""

    request: FetchRequest
    verdict: Verdict
    leg: Leg | None
    who: Witness | None
    code: str

    @property
    def answer(self) -> Answer | None:
        """The last answer, or ``None``."""
        return None if self.leg is None else self.leg.answer

    @property
    def credentials(self) -> bool:
        """Whether the page includes cookies or other credentials."""
        return self.request.credentials == "include"

    def listed(self, name: str) -> list[str]:
        """Return the readable elements of a list in the last answer."""
        value = None if self.answer is None else self.answer.get(name)
        words = [word.strip(" \t") for word in (value or "").split(",")]
        return [word for word in words if is_token(word) and word != "*"]

    @property
    def is_preflight(self) -> bool:
        """Whether the last answer is a preflight's."""
        return self.leg is not None and self.leg.sent.kind == "preflight"

    @property
    def path(self) -> str:
        """The path of the last request."""
        return read_address(self.leg.sent.url if self.leg else self.request.url).path


Found: TypeAlias = tuple[Need, str]

_USERINFO: Final[Found] = (Need.ELSEWHERE, "Redirect to a URL without a user name and password.")

_MIXED: Final[Found] = (
    Need.PAGE,
    (
        "Serve it over https: a page loaded over https may not ask http addresses, loopback "
        "excepted. CORS has no part in it."
    ),
)

_UNREADABLE: Final[Found] = (
    Need.ALLOW,
    (
        "Write the list as names with commas between them: browsers refuse the whole list for "
        "one element that is no name."
    ),
)

_TWICE: Final[Found] = (
    Need.SINGLE,
    (
        "Two layers set Access-Control-Allow-Origin: let one of them stop, so that the answer "
        "has one line with one value."
    ),
)


def base_code(code: str | None) -> str:
    """Return a code without the stage that it begins with.

    >>> base_code("preflight-allow-origin-missing"), base_code("preflight-status")
    ('allow-origin-missing', 'preflight-status')
    """
    rest = (code or "").removeprefix("preflight-").removeprefix("request-")
    return rest if rest not in {"status", "redirect"} else code or ""


def find_need(case: Case) -> Found:
    """Return the kind of change, and the change in one or two sentences."""
    if case.leg is not None and isinstance(case.leg.result, NoAnswer):
        return _no_answer(case, case.leg, case.leg.result)
    if case.code in _BY_CODE:
        return _applied(_BY_CODE[case.code], case)
    if case.who is not None and case.who.kind in _BY_KIND:
        return _applied(_BY_KIND[case.who.kind], case)
    if case.code in {"allow-origin-missing", "preflight-status"}:
        return _not_allowed(case)
    step = case.verdict.failing_step
    return Need.PAGE, f"Change the request: {'it fails' if step is None else step.evidence}."


def _mixed(case: Case) -> Found:
    if case.who is not None and case.who.kind in {Kind.SLASH, Kind.SCHEME}:
        return _applied(_BY_KIND[case.who.kind], case)
    return _MIXED


def _applied(row: Found | Callable[[Case], Found], case: Case) -> Found:
    return row(case) if callable(row) else row


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _no_answer(case: Case, leg: Leg, result: NoAnswer) -> Found:
    hint = "" if result.hint is None else f" {_capital(result.hint)}."
    early = result.step in {"resolve", "connect", "tls"}
    if early or result.failure not in {"closed", "malformed", "timeout"}:
        # A host at its beginning stays as it is written.
        is_host = f"//{result.problem.partition(' ')[0]}/" in leg.sent.url
        return Need.REACH, f"{result.problem if is_host else _capital(result.problem)}.{hint}"
    # A server that hangs up on OPTIONS and answers the rest is not down.
    if leg.sent.kind == "preflight":
        other = "" if result.hint is None else f" Or {result.hint}."
        return Need.PREFLIGHT, (
            f"Make the server answer OPTIONS {case.path} with 204 and the header lines below: "
            f"{result.problem}.{other}"
        )
    return Need.REACH, f"Make the server answer {leg.sent.method}: {result.problem}.{hint}"


def _not_allowed(case: Case) -> Found:
    if case.code == "preflight-status" and case.answer is not None:
        return Need.PREFLIGHT, (
            f"Answer the preflight with 200 or 204 instead of {case.answer.status}: browsers "
            "refuse every other status, whatever the headers say."
        )
    return Need.ALLOW, (
        f"Let the server allow {case.request.page}: put the header lines below on its answer "
        f"to the {'preflight' if case.is_preflight else 'request'}."
    )


def _mismatch(case: Case) -> Found:
    seen = "" if case.answer is None else case.answer.get("access-control-allow-origin") or ""
    page = case.request.page
    says = f'Write "{page}" in place of "{seen}": {_difference(seen, page)}.'
    return Need.ALLOW, says


def _difference(seen: str, page: str) -> str:
    """Return what differs between an origin that was answered and the page's."""
    if seen == "":
        return "the header is empty"
    if seen.rstrip("/") == page:
        return "an origin has no slash at its end"
    if seen.lower() == page:
        return "an origin is in lower case"
    if page.startswith(seen + ":") or seen.startswith(page + ":"):
        return "the port differs"
    if seen.partition("://")[2] == page.partition("://")[2]:
        return "the scheme differs"
    if "://" not in seen:
        return "an origin has a scheme"
    if "*" in seen:
        return "browsers know no wildcard inside an origin"
    return "browsers compare the whole value, byte for byte, and take exactly one origin"


def _credentials(case: Case) -> Found:
    if case.code == "wildcard-with-credentials":
        return Need.ALLOW, (
            f'Write "{case.request.page}" in place of "*", with Access-Control-Allow-Credentials: '
            "true; or, if the answer needs no cookies, let the page leave credentials out."
        )
    seen = None if case.answer is None else case.answer.get("access-control-allow-credentials")
    write = (
        "Add Access-Control-Allow-Credentials: true to the answer"
        if seen is None
        else f'Write "true" in place of "{seen}" in Access-Control-Allow-Credentials'
    )
    return Need.ALLOW, f"{write}; or, if it needs no cookies, let the page leave credentials out."


def _method(case: Case) -> Found:
    method = case.request.method
    listed = case.listed("access-control-allow-methods")
    spelled = next((word for word in listed if word.upper() == method), None)
    if spelled is not None:
        return Need.ALLOW, (
            f'Write "{method}" in place of "{spelled}" in Access-Control-Allow-Methods: methods '
            "are compared letter for letter."
        )
    if any(word.upper() == method.upper() for word in listed):
        return (
            Need.ALLOW,
            f'Let the page send "{method.upper()}": browsers send "{method}" as it is written.',
        )
    return Need.ALLOW, f"Add {method} to Access-Control-Allow-Methods in the preflight's answer."


def _header(case: Case) -> Found:
    step = case.verdict.failing_step
    name = "the header" if step is None else step.evidence.partition(" ")[0]
    if case.code == "authorization-not-covered":
        return Need.ALLOW, (
            'Name Authorization beside "*" in Access-Control-Allow-Headers: the wildcard does '
            "not cover it."
        )
    return Need.ALLOW, f"Add {name} to Access-Control-Allow-Headers in the preflight's answer."


_BY_CODE: Final[dict[str, Found | Callable[[Case], Found]]] = {
    "allow-origin-mismatch": _mismatch,
    "allow-origin-invalid": _mismatch,
    "allow-origin-list": lambda case: _TWICE if _repeats(case) else _mismatch(case),
    "allow-origin-twice": _TWICE,
    "wildcard-with-credentials": _credentials,
    "allow-credentials-missing": _credentials,
    "allow-credentials-not-true": _credentials,
    "method-not-allowed": _method,
    "header-not-allowed": _header,
    "authorization-not-covered": _header,
    "allow-methods-unreadable": _UNREADABLE,
    "allow-headers-unreadable": _UNREADABLE,
    "mixed-content": _mixed,
    "redirect-to-userinfo": _USERINFO,
}


def _repeats(case: Case) -> bool:
    seen = "" if case.answer is None else case.answer.get("access-control-allow-origin") or ""
    parts = [part.strip() for part in seen.split(",")]
    return len(parts) > 1 and len(set(parts)) < len(parts)


# ── by who answered ──────────────────────────────────────────────────────────


def _authentication(case: Case) -> Found:
    if case.is_preflight:
        return Need.PREFLIGHT, (
            "Let OPTIONS with Access-Control-Request-Method through before authentication: a "
            "preflight never carries cookies or Authorization."
        )
    return Need.ERROR, (
        "Put the CORS layer outside authentication, so that its refusal carries the header lines "
        "below and the page can read it."
    )


def _login(case: Case) -> Found:
    if case.is_preflight:
        return _authentication(case)
    return Need.ERROR, (
        "Let the authentication layer answer 401 with the header lines below in place of a "
        "redirect: a page's script cannot follow to a login page."
    )


def _slash(case: Case) -> Found:
    there = None if case.leg is None else redirect_address(case.leg)
    url = "" if there is None else there.url
    here = read_address(case.request.url)
    if there is not None and there.scheme != here.scheme:
        # Behind a proxy that ends TLS the application takes itself for http.
        url = url.replace(f"{there.scheme}://", f"{here.scheme}://", 1)
        url = url.replace(f":{there.port}/", f":{here.port}/") if here.port != there.port else url
        return Need.SLASH, (
            f'Let the page ask for "{url}", where no redirect is needed; and tell the application '
            f"that it is served over {here.scheme}: its redirect goes to {there.scheme}."
        )
    return Need.SLASH, f'Let the page ask for "{url}", where no redirect is needed.'


def _scheme(case: Case) -> Found:
    there = None if case.leg is None else redirect_address(case.leg)
    return Need.SCHEME, f'Let the page ask for "{there.url if there else ""}" at once.'


def _elsewhere(case: Case) -> Found:
    there = None if case.leg is None else redirect_address(case.leg)
    url = "the address that it redirects to" if there is None else f'"{there.url}"'
    if case.is_preflight:
        return (
            Need.ELSEWHERE,
            f"Let the page ask for {url} at once: a preflight follows no redirect.",
        )
    return Need.ERROR, (
        f"Put the header lines below on the redirect too, or let the page ask for {url} at once."
    )


def _router(case: Case) -> Found:
    status = 0 if case.answer is None else case.answer.status
    if case.is_preflight:
        return Need.PREFLIGHT, (
            f"Answer OPTIONS {case.path} with 204 and the header lines below, before the router: "
            f"it has no answer to it but {status}."
        )
    return Need.ERROR, (
        f"Check the path {case.path} and the method first: the answer is {status}. Then put the "
        "CORS layer outside the router, so that a page can read this too."
    )


def _upstream(case: Case) -> Found:
    status = 0 if case.answer is None else case.answer.status
    return Need.UPSTREAM, (
        f"Bring the upstream of the gateway back: {status} is not about CORS. Let the gateway put "
        "the header lines below on its own error pages too, so that a page can read them."
    )


def _firewall(case: Case) -> Found:
    return Need.PREFLIGHT if case.is_preflight else Need.ERROR, (
        "Let this request through the firewall or bot check: it answers before the application."
    )


def _limit(case: Case) -> Found:
    wait = None if case.answer is None else case.answer.get("retry-after")
    until = f", and wait as Retry-After: {wait[:40]} says" if wait else ""
    return Need.ERROR, (
        f"Let the page ask less often{until}: this is a rate limit. Put the header lines below on "
        "its answer too, so that the page can read it."
    )


def _host(case: Case) -> Found:
    host = read_address(case.request.url).host  # without a port, as these checks have it
    return (
        Need.HOST,
        (
            f'Add "{host}" to the host names that the server allows, or let the page use a name '
            "that it allows: its check of the Host header refused this one."
        ),
    )


def _csrf(case: Case) -> Found:
    return Need.CSRF, (
        f"Trust {case.request.page} in the CSRF check, or send its token: the request was refused "
        "by that, not by CORS."
    )


def _crash(case: Case) -> Found:
    status = 0 if case.answer is None else case.answer.status
    if case.is_preflight:
        return Need.PREFLIGHT, f"Answer the preflight before the code that fails with {status}."
    return Need.ERROR, (
        f"Read the server's log: {case.request.method} {case.path} fails with {status}. Then put "
        "the CORS layer outside the error handler, so that a page can read the error."
    )


_BY_KIND: Final[dict[Kind, Found | Callable[[Case], Found]]] = {
    Kind.AUTHENTICATION: _authentication,
    Kind.LOGIN: _login,
    Kind.SLASH: _slash,
    Kind.SCHEME: _scheme,
    Kind.ELSEWHERE: _elsewhere,
    Kind.ROUTER: _router,
    Kind.UPSTREAM: _upstream,
    Kind.LIMIT: _limit,
    Kind.FIREWALL: _firewall,
    Kind.HOST: _host,
    Kind.CSRF: _csrf,
    Kind.CRASH: _crash,
}

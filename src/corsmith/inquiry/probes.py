"""What else is wrong, beyond the one exchange: what no browser's verdict shows.

What lives here: the requests that are sent besides the page's own, and what their answers
say: a missing ``Vary``, errors without headers, two layers, headers that no script can read,
cookies that are not sent. What does not: sending them (``exchange``).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from corsmith.address import join
from corsmith.browser import FetchRequest, Profile, Received, Sent
from corsmith.browser.engines import STANDARD
from corsmith.diagnostics import Diagnostic, diagnose
from corsmith.exchange import Answer, Exchange, Leg, Trial
from corsmith.headers import FORBIDDEN_RESPONSE_HEADERS, SAFELISTED_RESPONSE_HEADERS
from corsmith.prose import join_words, spell_header

__all__ = ["NO_SUCH_HOST", "NO_SUCH_PATH", "Findings", "ask_for_corsmith", "probe"]

NO_SUCH_PATH: Final = "corsmith-asks-for-a-path-that-does-not-exist"
"""The last segment of the path that is asked for to see an error page."""

NO_SUCH_HOST: Final = "corsmith.invalid"
"""The Host that ``corsmith serve`` is known by, for it refuses it in words of its own; a name
that nobody has (RFC 6761, section 6.4)."""

# Nobody's script has a use for these, so nobody misses them.
_OF_THE_WIRE: Final = frozenset(  # as text: a literal would have one name a line
    "accept-ranges age allow alt-svc cf-cache-status cf-ray connection content-security-policy "  # noqa: SIM905
    "content-security-policy-report-only cross-origin-embedder-policy cross-origin-opener-policy "
    "cross-origin-resource-policy date keep-alive nel origin-agent-cluster permissions-policy "
    "referrer-policy report-to reporting-endpoints server server-timing strict-transport-security "
    "timing-allow-origin trailer transfer-encoding upgrade vary via x-amz-cf-id x-amz-cf-pop "
    "x-amz-id-2 x-amz-request-id x-cache x-cache-hits x-content-type-options x-frame-options "
    "x-nf-request-id x-permitted-cross-domain-policies x-powered-by x-runtime x-served-by x-timer "
    "x-varnish x-vercel-cache x-vercel-id x-xss-protection".split()
)

_CACHES: Final = ("age", "x-cache", "cf-cache-status", "x-vercel-cache", "x-varnish")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found, and the exchanges that show it."""

    diagnostics: tuple[Diagnostic, ...] = ()
    legs: tuple[Leg, ...] = ()


def probe(request: FetchRequest, trial: Trial, exchange: Exchange) -> Findings:
    """Ask what else there is to ask, and return what is found.

    Nothing but GET and HEAD is sent a second time, and only to the URL's own host.
    """
    last = trial.last
    actual = None if last is None or last.sent.kind == "preflight" else last.answer
    found: list[Diagnostic] = []
    legs: list[Leg] = []
    if last is not None and actual is not None and last.sent.method in {"GET", "HEAD"}:
        without = _ask(exchange, last.sent, origin=False)
        if without is not None:
            legs.append(without)
            found += _vary(last.sent, actual, without)
    if trial.readable:
        missing = _missing(request, exchange)
        if missing is not None:
            legs.append(missing)
            found += _errors(missing)
    found += _two_layers(trial)
    found += _body_after_204(trial)
    if trial.readable and trial.verdict is not None and actual is not None:
        found += _hidden(request, trial.verdict.hidden)
        found += _cookies(request, last, actual)
    return Findings(diagnostics=tuple(found), legs=tuple(legs))


def _ask(exchange: Exchange, sent: Sent, *, origin: bool) -> Leg | None:
    left_out = {"origin", "referer", "sec-fetch-mode", "sec-fetch-site"}
    headers = tuple(pair for pair in sent.headers if origin or pair[0].lower() not in left_out)
    again = Sent(
        kind="actual",
        method=sent.method,
        url=sent.url,
        headers=headers,
        credentials=sent.credentials,
        hop=sent.hop,
    )
    return Leg(sent=again, result=exchange.ask(again)) if exchange.follow(sent.url) else None


def ask_for_corsmith(request: FetchRequest, exchange: Exchange) -> Leg:
    """Ask for the root under a Host that nobody has, of a server that runs on Granian.

    Of ``corsmith serve`` no more than that check is reached, whatever it serves.
    """
    root = join(request.url, "/")
    headers = (("Host", NO_SUCH_HOST),)
    sent = Sent(kind="actual", method="GET", url=root, headers=headers, credentials=False, hop=0)
    return Leg(sent=sent, result=exchange.ask(sent))


# ── the same URL without Origin ──────────────────────────────────────────────


def _vary(sent: Sent, answer: Answer, without: Leg) -> Iterator[Diagnostic]:
    bare = without.answer
    allowed = answer.get("access-control-allow-origin")
    if bare is None or allowed is None or allowed == bare.get("access-control-allow-origin"):
        return  # nothing depends on Origin
    lacking = [one for one in (answer, bare) if not _varies(one)]
    if not lacking or (_is_never_stored(answer) and _is_never_stored(bare)):
        return
    caches = [
        f"{spell_header(name)}: {value}"
        for name in _CACHES
        if (value := answer.get(name) or bare.get(name))
    ]
    seen = f" A cache is in between ({', '.join(caches)})." if caches else ""
    when = "" if len(lacking) > 1 else _WITH if lacking[0] is answer else _WITHOUT
    yield diagnose(
        "vary-missing",
        "Vary",
        sent.url,
        f"the answer depends on Origin, and{when} it has no Vary: Origin. A cache gives one page "
        f"the answer of another.{seen}",
        "Send Vary: Origin on every answer of this URL, also without Origin.",
    )


_WITH: Final = " where one is sent"
_WITHOUT: Final = " where none is sent"


def _varies(answer: Answer) -> bool:
    names = {part.strip().lower() for part in (answer.get("vary") or "").split(",")}
    return bool(names & {"origin", "*"})


def _is_never_stored(answer: Answer) -> bool:
    return "no-store" in (answer.get("cache-control") or "").lower()


# ── a path that does not exist ───────────────────────────────────────────────


def _missing(request: FetchRequest, exchange: Exchange) -> Leg | None:
    url = join(request.url.partition("?")[0], NO_SUCH_PATH)
    page = FetchRequest(page=request.page, url=url, credentials=request.credentials)
    trial = exchange.put(page, Profile(engine=STANDARD))
    return trial.last


def _errors(leg: Leg) -> Iterator[Diagnostic]:
    answer = leg.answer
    if answer is None or answer.status < 400:  # noqa: PLR2004  errors begin here
        return
    if answer.get("access-control-allow-origin") is None:
        yield diagnose(
            "errors-without-headers",
            "errors",
            str(answer.status),
            f"this answer has Access-Control-Allow-Origin, and a {answer.status} has not: in a "
            "page every such error looks like a CORS error.",
            "Put the CORS layer outside the router and the error handlers.",
        )


# ── two layers ───────────────────────────────────────────────────────────────

_ONCE: Final = (
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
)


def _two_layers(trial: Trial) -> Iterator[Diagnostic]:
    said: set[str] = set()
    for leg in trial.legs:
        if leg.answer is None:
            continue
        for name in _ONCE:
            values = leg.answer.received.values(name)
            told = name == _ONCE[0] and not trial.readable  # by the verdict itself
            if len(values) > 1 and name not in said and not told:
                said.add(name)
                yield diagnose(
                    "two-layers",
                    spell_header(name),
                    ", ".join(values),
                    f"{len(values)} lines of it in one answer: {join_words(values)}. Two layers "
                    "add CORS headers.",
                    "Let one layer set them, and let the other remove or leave them.",
                )


# ── a body where none can be ──────────────────────────────────────────────────

_NO_CONTENT: Final = 204


def _body_after_204(trial: Trial) -> Iterator[Diagnostic]:
    # RFC 9110, section 15.3.5 and 8.6: a 204 ends with its head, and tells no length.
    for leg in trial.legs:
        answer = leg.answer
        if answer is None or answer.status != _NO_CONTENT:
            continue
        length = (answer.get("content-length") or "0").strip()
        if length != "0" or answer.surplus or answer.get("transfer-encoding"):
            yield diagnose(
                "body-after-204",
                "Content-Length",
                length,
                f"the answer to {leg.sent.method} is 204 and has a body all the same: on a kept "
                "connection its bytes stand where the next answer begins.",
                "Send no body and no Content-Length with 204; or answer 200.",
            )
            return


# ── sent, but not seen by a script ───────────────────────────────────────────


def _hidden(request: FetchRequest, hidden: Iterable[str]) -> Iterator[Diagnostic]:
    names = [spell_header(name) for name in hidden if _is_missed(name)]
    if not names:
        return
    listed = ", ".join(names)
    fix = f"Access-Control-Expose-Headers: {listed}"
    yield diagnose(
        "header-not-exposed",
        "Access-Control-Expose-Headers",
        listed,
        f"sent, but invisible to JavaScript: {join_words(names)}.",
        f"If a page of {request.page} needs them, send {fix}",
    )


def _is_missed(name: str) -> bool:
    if name in _OF_THE_WIRE or name in SAFELISTED_RESPONSE_HEADERS:
        return False
    return not name.startswith("access-control-") and name not in FORBIDDEN_RESPONSE_HEADERS


# ── cookies ──────────────────────────────────────────────────────────────────

_SAME_SITE: Final = re.compile(r";\s*samesite\s*=\s*([a-z]+)", re.IGNORECASE)


def _cookies(request: FetchRequest, leg: Leg | None, answer: Answer) -> Iterator[Diagnostic]:
    """Tell SameSite apart from CORS: RFC 6265bis, section 5.6.7."""
    if request.credentials != "include" or leg is None or leg.sent.site != "cross-site":
        return
    for line in Received(status=0, headers=answer.headers).values("set-cookie"):
        name = line.partition("=")[0].strip()
        match = _SAME_SITE.search(line)
        mode = match[1].capitalize() if match else "absent, which means Lax"
        secure = re.search(r";\s*secure\b", line, re.IGNORECASE)
        if mode == "None" and secure:
            continue
        why = "SameSite=None needs Secure" if mode == "None" else f"SameSite is {mode}"
        yield diagnose(
            "cookie-not-sent",
            "Set-Cookie",
            name,
            f"CORS is fine, and the cookie {name} will not come back from {request.page}: "
            f"{why}, and the two are different sites.",
            "Send it with SameSite=None; Secure; some browsers refuse third-party cookies even so.",
        )

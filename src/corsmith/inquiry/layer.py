"""Which layer answered: the layers that an exchange shows, and who gave one answer.

What lives here: fingerprints of servers, gateways and frameworks, as data, and ``witness``,
which names the kind of layer that gave an answer and the evidence for it. What does not: what
to change in it (``remedy``).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from corsmith.address import Address, join, read_address
from corsmith.errors import UsageError
from corsmith.exchange import Answer, Leg, NoAnswer
from corsmith.prose import spell_header

__all__ = [
    "GRANIAN",
    "Kind",
    "Layer",
    "Place",
    "Witness",
    "read_layers",
    "redirect_address",
    "witness",
]


class Place(IntEnum):
    """How far a layer is from the browser."""

    EDGE = 0
    GATEWAY = 1
    SERVER = 2
    FRAMEWORK = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A layer that the exchange shows; ``stack`` is its name in ``stacks``, if it has one."""

    title: str
    place: Place
    evidence: str
    stack: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """What a layer leaves on its answers: a header whose value matches, or a body that does."""

    title: str
    place: Place
    header: str
    pattern: str
    stack: str | None = None


def _mark(title: str, place: Place, header: str, pattern: str, stack: str | None = None) -> _Mark:
    return _Mark(title=title, place=place, header=header, pattern=pattern, stack=stack)


GRANIAN: Final = "granian"
"""The title of the server that ``corsmith serve`` runs on, and others too."""

_BODY: Final = ""  # in place of a header: the body

_MARKS: Final = (
    _mark("Cloudflare", Place.EDGE, "cf-ray", ""),
    _mark("Cloudflare", Place.EDGE, "server", r"cloudflare\b"),
    _mark("CloudFront", Place.EDGE, "x-amz-cf-id", ""),
    _mark("Fastly", Place.EDGE, "x-served-by", r"cache-"),
    _mark("Akamai", Place.EDGE, "server", r"AkamaiGHost"),
    _mark("Vercel", Place.EDGE, "x-vercel-id", ""),
    _mark("Netlify", Place.EDGE, "x-nf-request-id", ""),
    _mark("GitHub Pages", Place.EDGE, "server", r"GitHub\.com"),
    _mark("Azure Front Door", Place.EDGE, "x-azure-ref", ""),
    _mark("Varnish", Place.EDGE, "x-varnish", ""),
    _mark("Varnish", Place.EDGE, "via", r".*\bvarnish\b"),
    _mark("Google's front end", Place.GATEWAY, "server", r"Google Frontend|gws|ESF"),
    _mark("Google's load balancer", Place.GATEWAY, "via", r".*\b1\.1 google\b"),
    _mark("API Gateway", Place.GATEWAY, "apigw-requestid", ""),
    _mark("API Gateway", Place.GATEWAY, "x-amz-apigw-id", ""),
    _mark("AWS load balancer", Place.GATEWAY, "server", r"awselb/"),
    _mark("Kong", Place.GATEWAY, "via", r".*\bkong/"),
    _mark("Kong", Place.GATEWAY, "server", r"kong/"),
    _mark("Envoy", Place.GATEWAY, "server", r"(?:istio-)?envoy\b", "envoy"),
    _mark("Envoy", Place.GATEWAY, "x-envoy-upstream-service-time", "", "envoy"),
    _mark("oauth2-proxy", Place.GATEWAY, "set-cookie", r".*_oauth2_proxy"),
    _mark("Caddy", Place.GATEWAY, "server", r"Caddy\b", "caddy"),
    _mark("Caddy", Place.GATEWAY, "via", r".*\bCaddy\b", "caddy"),
    _mark("nginx", Place.GATEWAY, "server", r"(?:nginx|openresty)\b", "nginx"),
    _mark("Apache", Place.GATEWAY, "server", r"Apache(?!-Coyote)\b", "apache"),
    _mark("S3", Place.SERVER, "server", r"AmazonS3", "s3"),
    _mark("S3", Place.SERVER, "x-amz-request-id", "", "s3"),
    _mark("IIS", Place.SERVER, "server", r"Microsoft-IIS", "aspnet"),
    _mark("Kestrel", Place.SERVER, "server", r"Kestrel", "aspnet"),
    _mark("uvicorn", Place.SERVER, "server", r"uvicorn\b", "starlette"),
    _mark("hypercorn", Place.SERVER, "server", r"hypercorn", "starlette"),
    # Its other answers are as of any server on Granian: `probes` asks for the last of these.
    _mark("corsmith", Place.SERVER, "proxy-status", r"corsmith;", "corsmith"),
    _mark("corsmith", Place.SERVER, _BODY, r"This origin may not use this server: the", "corsmith"),
    _mark("corsmith", Place.SERVER, _BODY, r".*: .(This server does not answer to)", "corsmith"),
    _mark(GRANIAN, Place.SERVER, "server", r"granian\b"),
    _mark("gunicorn", Place.SERVER, "server", r"gunicorn\b"),
    _mark("Django's server", Place.SERVER, "server", r"WSGIServer/.*CPython", "django"),
    _mark("Werkzeug", Place.SERVER, "server", r"Werkzeug/", "flask"),
    _mark("Python's http.server", Place.SERVER, "server", r"(?:Simple|Base)HTTP/", "http.server"),
    _mark("Tomcat", Place.SERVER, "server", r"Apache-Coyote", "spring"),
    _mark("Puma", Place.SERVER, "server", r"puma\b", "rails"),
    _mark("FastAPI", Place.FRAMEWORK, _BODY, r'\{"detail":["\[]', "fastapi"),
    _mark("Starlette's CORSMiddleware", Place.FRAMEWORK, _BODY, r"Disallowed CORS ", "starlette"),
    _mark("Spring", Place.FRAMEWORK, _BODY, r"Invalid CORS request", "spring"),
    _mark("Spring Boot", Place.FRAMEWORK, _BODY, r'\{"timestamp":.*"path":', "spring"),
    _mark("Express", Place.FRAMEWORK, "x-powered-by", r"Express\b", "express"),
    _mark("Express", Place.FRAMEWORK, _BODY, r".*<pre>Cannot (?:[A-Z]+) /", "express"),
    _mark("ASP.NET", Place.FRAMEWORK, "x-powered-by", r"ASP\.NET", "aspnet"),
    _mark("PHP", Place.FRAMEWORK, "x-powered-by", r"PHP/"),
    _mark("Rails", Place.FRAMEWORK, "x-runtime", r"[0-9.]+\Z", "rails"),
    _mark("Django", Place.FRAMEWORK, "set-cookie", r".*\bcsrftoken=", "django"),
    _mark("Django", Place.FRAMEWORK, _BODY, r".*(?:DisallowedHost|CSRF verif)", "django"),
)  # fmt: skip


def read_layers(answers: Iterable[Answer]) -> tuple[Layer, ...]:
    """Return the layers that the answers show, the one nearest to the browser first."""
    found: dict[str, Layer] = {}
    for answer in answers:
        for mark in _MARKS:
            shown = _shown(mark, answer)
            if shown is not None and mark.title not in found:
                found[mark.title] = Layer(
                    title=mark.title, place=mark.place, evidence=shown, stack=mark.stack
                )
    return tuple(sorted(found.values(), key=lambda layer: layer.place))


_MOST_LOOKED_AT: Final = 4096


def _shown(mark: _Mark, answer: Answer) -> str | None:
    flags = re.IGNORECASE | re.DOTALL
    if mark.header == _BODY:
        found = re.match(mark.pattern, answer.text[:_MOST_LOOKED_AT].lstrip(), flags)
        if found is None:
            return None
        # A group is what says it, where that is not where a body begins.
        return f"its body says {found[found.re.groups][-60:].strip()!r}"
    value = answer.get(mark.header)
    if value is None or re.match(mark.pattern, value, flags) is None:
        return None
    return f"{spell_header(mark.header)}: {value[:60]}"


class Kind(StrEnum):
    """The kind of layer that gave an answer, as far as the answer shows it."""

    NOBODY = "nobody"
    LOGIN = "login"
    AUTHENTICATION = "authentication"
    SLASH = "slash"
    SCHEME = "scheme"
    ELSEWHERE = "elsewhere"
    ROUTER = "router"
    UPSTREAM = "upstream"
    LIMIT = "limit"
    FIREWALL = "firewall"
    HOST = "host"
    CSRF = "csrf"
    CRASH = "crash"
    CORS = "cors"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Who gave an answer: the kind of layer in a sentence, and what shows it."""

    kind: Kind
    says: str
    evidence: tuple[str, ...]


_SAYS: Final = MappingProxyType(
    {
        Kind.NOBODY: "nothing answered",
        Kind.LOGIN: "an authentication layer in front of the application sends to its login page",
        Kind.AUTHENTICATION: "an authentication layer, before any CORS layer",
        Kind.SLASH: "the router redirects to the path with or without its last slash",
        Kind.SCHEME: "a redirect between http and https, before the application",
        Kind.ELSEWHERE: "a redirect to another address",
        Kind.ROUTER: "the router or file server, which has no answer for this method and path",
        Kind.UPSTREAM: "a gateway whose upstream gives no answer: not the application",
        Kind.LIMIT: "a rate limiter, before the application",
        Kind.FIREWALL: "a firewall or bot check, before the application",
        Kind.HOST: "a Host check, before the application",
        Kind.CSRF: "a CSRF check: not CORS",
        Kind.CRASH: "the error page of the framework or server, outside the CORS layer",
        Kind.CORS: "a CORS layer",
        Kind.APPLICATION: "the application or its server",
    }
)

_LOGIN: Final = re.compile(
    r"log-?in|sign-?in|oauth|openid|saml|sso\b|/auth\b|account", re.IGNORECASE
)
# What an error page says, under which statuses: the first that matches tells.
_PAGES: Final = (
    (Kind.CORS, {400, 403}, r"disallowed cors|invalid cors request|corsresponse|cors request"),
    (
        Kind.HOST,
        {400, 403, 421},
        r"invalid host|host header|disallowed ?host|misdirected|host .{0,40}not allowed",
    ),
    (Kind.CSRF, {403}, r"csrf|origin checking failed"),
    (
        Kind.FIREWALL,
        {403, 406},
        r"captcha|access denied|request blocked|attention required|web application firewall",
    ),
)
_FORBIDDEN: Final = 403
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BY_STATUS: Final = {
    401: Kind.AUTHENTICATION,
    407: Kind.AUTHENTICATION,
    429: Kind.LIMIT,
    500: Kind.CRASH,
    **dict.fromkeys((502, 503, 504, 520, 521, 522, 523, 524), Kind.UPSTREAM),
}
_NO_ROUTE: Final = frozenset({404, 405, 501})


def witness(leg: Leg) -> Witness:
    """Return who gave the answer of ``leg``, and what shows it."""
    result = leg.result
    if isinstance(result, NoAnswer):
        return _made(Kind.NOBODY, result.problem)
    status = f"status {result.status} {result.reason}".rstrip()
    if result.status in _REDIRECTS and (location := result.get("location")) is not None:
        return _made(_redirect(leg, location), status, f"Location: {location[:120]}")
    kind, *shown = _by_status(leg, result)
    return _made(kind, status, *shown)


def _made(kind: Kind, *evidence: str) -> Witness:
    return Witness(kind=kind, says=_SAYS[kind], evidence=evidence)


def redirect_address(leg: Leg) -> Address | None:
    """Return where a redirect leads; ``None``: the answer is no redirect to http or https."""
    answer = leg.answer
    location = None if answer is None else answer.get("location")
    if location is None:
        return None
    try:
        return read_address(join(leg.sent.url, location))
    except UsageError:
        return None


def _redirect(leg: Leg, location: str) -> Kind:
    there = redirect_address(leg)
    here = read_address(leg.sent.url)
    if there is not None and there.host == here.host:
        same_path = there.path.rstrip("/") == here.path.rstrip("/")
        if same_path and there.path != here.path:
            return Kind.SLASH
        if same_path and there.scheme != here.scheme:
            return Kind.SCHEME
    return Kind.LOGIN if _LOGIN.search(location) else Kind.ELSEWHERE


def _by_status(leg: Leg, answer: Answer) -> tuple[Kind, *tuple[str, ...]]:
    """Return the kind of an answer that is no redirect, and what else shows it."""
    asks = answer.get("www-authenticate")
    if asks is not None:
        return Kind.AUTHENTICATION, f"WWW-Authenticate: {asks[:80]}"
    text = answer.text[:_MOST_LOOKED_AT]
    for kind, statuses, pattern in _PAGES:
        if answer.status in statuses and (said := re.search(pattern, text, re.IGNORECASE)):
            return kind, f"its body says {said[0]!r}"
    if answer.status in _BY_STATUS:
        return (_BY_STATUS[answer.status],)
    if any(name.lower().startswith("access-control-allow-") for name, _ in answer.headers):
        return (Kind.CORS,)
    if answer.status == _FORBIDDEN and leg.sent.kind == "preflight":
        return (Kind.AUTHENTICATION,)
    if answer.status in _NO_ROUTE:
        allow = answer.get("allow")
        return Kind.ROUTER, *(() if allow is None else (f"Allow: {allow[:80]}",))
    return (Kind.APPLICATION,)

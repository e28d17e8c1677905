"""Everything corsmith can say, as data: one type and one table of codes.

What lives here: ``Diagnostic``, the value that policy errors, warnings, reasons of a
decision and (later) check verdicts and audit findings are lists of, and ``CODES``, the
only place where a code is born.

What does not: when a code applies (the module that judges), and how it is printed
(``corsmith.cli.render``).

Two rules hold:

* a code is permanent: once released it is never renamed nor given another meaning;
* a code has one page in ``docs/codes/`` of the same name, and at least one test that
  makes it happen.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CODES", "Code", "Diagnostic", "Severity", "diagnose", "quote"]


class Severity(StrEnum):
    """How much a diagnostic matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What is always true of one code: its usual severity, a title and its source."""

    severity: Severity
    title: str
    spec: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing to say: which field, which value, what is wrong, and what to write.

    ``message`` is a whole sentence that quotes the value; ``fix`` is a sentence that
    shows the corrected value, or ``None`` where only the user can know it; ``spec`` is
    the address of the text that decides, or the page of the code in our own docs where
    no standard does.

    >>> print(diagnose("origin-has-path", "origins", "https://app.example/",
    ...     '"https://app.example/" has a path. An origin is scheme, host and port.',
    ...     'Write "https://app.example".'))
    origin-has-path: origins: "https://app.example/" has a path. An origin is scheme, \
host and port. Write "https://app.example".
    """

    code: str
    severity: Severity
    field: str | None
    value: str | None
    message: str
    fix: str | None
    spec: str | None

    def __str__(self) -> str:
        """Return the diagnostic as one line: code, field, message, fix."""
        parts = [f"{self.code}:"]
        if self.field is not None:
            parts.append(f"{self.field}:")
        parts.append(self.message)
        if self.fix is not None:
            parts.append(self.fix)
        return " ".join(parts)


def diagnose(
    code: str,
    field: str | None,
    value: str | None,
    message: str,
    fix: str | None = None,
    *,
    severity: Severity | None = None,
) -> Diagnostic:
    """Return the diagnostic of ``code``, with severity and source from ``CODES``.

    ``severity`` overrides the table where the same finding weighs differently, as a
    wide regex does with and without credentials.
    """
    known = CODES[code]
    return Diagnostic(
        code=code,
        severity=known.severity if severity is None else severity,
        field=field,
        value=value,
        message=message,
        fix=fix,
        spec=known.spec or f"docs/codes/{code}.md",
    )


_LONGEST_QUOTE = 120


def quote(value: object) -> str:
    r"""Return a value for a message: one printable line, cut if it is long.

    Text stands in double quotes and is escaped, so a message never breaks a line of a
    log; anything else is shown as Python writes it.

    >>> print(quote("https://app.example"), quote("a\tb"), quote(7))
    "https://app.example" "a\tb" 7
    """
    if isinstance(value, str):
        cut = value[:_LONGEST_QUOTE].replace("\\", "\\\\").replace('"', '\\"')
        more = "…" if len(value) > _LONGEST_QUOTE else ""
        return f'"{_escape(cut)}{more}"'
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  a value's own repr may do anything
        text = f"<{type(value).__name__}>"
    more = "…" if len(text) > _LONGEST_QUOTE else ""
    return _escape(text[:_LONGEST_QUOTE]) + more


def _escape(text: str) -> str:
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


_FETCH = "https://fetch.spec.whatwg.org/#"
_HTML = "https://html.spec.whatwg.org/multipage/browsers.html#"
_URL = "https://url.spec.whatwg.org/#"
_RFC9110 = "https://www.rfc-editor.org/rfc/rfc9110#"
_ORIGIN = _HTML + "ascii-serialisation-of-an-origin"
_TOML = "https://toml.io/en/v1.0.0"
_PSL = "https://publicsuffix.org/"
_OWN = ""  # no standard decides: the page of the code does


def _error(title: str, spec: str) -> Code:
    return Code(severity=Severity.ERROR, title=title, spec=spec)


def _warning(title: str, spec: str) -> Code:
    return Code(severity=Severity.WARNING, title=title, spec=spec)


def _reason(title: str, spec: str) -> Code:
    return Code(severity=Severity.INFO, title=title, spec=spec)


# ruff: noqa: E501  the table has one code a line
CODES: dict[str, Code] = {
    # ── how a policy is written ──────────────────────────────────────────────
    "unknown-field": _error("A keyword or key that a policy does not have", _OWN),
    "positional-argument": _error("A policy field given without its name", _OWN),
    "wrong-type": _error("A value of the wrong type", _OWN),
    "not-a-list": _error("One string where a list of strings is meant", _OWN),
    "unknown-group": _error("A group that does not exist", _OWN),
    "unknown-risk": _error("A risk that does not exist", _OWN),
    # ── origins that can never match ─────────────────────────────────────────
    "origins-empty": _error("No origin is allowed at all", _FETCH + "http-access-control-allow-origin"),
    "origin-has-path": _error("An origin with a path or a trailing slash", _ORIGIN),
    "origin-has-query": _error("An origin with a query or a fragment", _ORIGIN),
    "origin-has-userinfo": _error("An origin with a user name or password", _ORIGIN),
    "origin-has-white-space": _error("An origin with white space or a control", _ORIGIN),
    "origin-is-a-list": _error("Several origins in one string", _FETCH + "origin-header"),
    "origin-missing-scheme": _error("An origin without a scheme", _ORIGIN),
    "origin-bad-scheme": _error("An origin whose scheme is none", _URL + "url-scheme-string"),
    "origin-file-scheme": _error("An origin with the file scheme", _URL + "concept-url-origin"),
    "origin-default-port": _error("An origin with the default port of its scheme", _URL + "url-port"),
    "origin-bad-port": _error("An origin whose port is none", _URL + "url-port-string"),
    "origin-upper-case": _error("An origin with upper-case letters", _URL + "host-serializing"),
    "origin-unicode": _error("An origin with letters outside ASCII", _URL + "concept-domain-to-ascii"),
    "origin-bad-punycode": _error("An origin with an invalid xn-- label", _URL + "concept-domain-to-ascii"),
    "origin-bad-address": _error("An origin whose address is not in canonical form", _URL + "host-serializing"),
    "origin-bad-host": _error("An origin whose host is no host", _URL + "valid-host-string"),
    "origin-too-long": _error("An origin whose host is over 253 bytes", _URL + "valid-host-string"),
    "misplaced-wildcard": _error("A * where a pattern cannot have one", _OWN),
    "wildcard-host": _error("A * that is the whole host", _OWN),
    # ── regular expressions ──────────────────────────────────────────────────
    "regex-invalid": _error("A regular expression that does not compile", _OWN),
    "regex-unbounded": _error("A regular expression that backtracks without bound", _OWN),
    "wide-regex": _error("A regular expression that admits a stranger", _OWN),
    "regex-unescaped-dot": _warning("A dot in a regular expression that matches any character", _OWN),
    # ── dangerous, or only knowingly ─────────────────────────────────────────
    "wildcard-with-credentials": _error("Any origin together with credentials", _FETCH + "cors-protocol-and-credentials"),
    "null-origin": _error("The null origin", _HTML + "concept-origin-opaque"),
    "insecure-origin": _error("Credentials for an origin that the network can forge", _OWN),
    "public-suffix": _error("A wildcard directly below a public suffix", _PSL),
    # ── methods, headers, expose, max_age, preflight_status ──────────────────
    "method-not-a-token": _error("A method that is no token", _RFC9110 + "section-9.1"),
    "method-forbidden": _error("A method that no page may send", _FETCH + "forbidden-method"),
    "method-lower-case": _warning("A method in lower case", _FETCH + "concept-method-normalize"),
    "header-not-a-token": _error("A header name that is no token", _RFC9110 + "section-5.1"),
    "header-forbidden": _error("A request header that no page may set", _FETCH + "forbidden-request-header"),
    "header-is-response-header": _error("A response header among the request headers", _FETCH + "http-responses"),
    "expose-forbidden": _error("A response header that no page may read", _FETCH + "forbidden-response-header-name"),
    "expose-is-request-header": _error("A request header among the exposed ones", _FETCH + "http-requests"),
    "expose-wildcard-with-credentials": _error("Every response header together with credentials", _FETCH + "http-access-control-expose-headers"),
    "max-age-out-of-range": _error("A max-age below 0 or above a day", _FETCH + "http-access-control-max-age"),
    "max-age-not-whole-seconds": _error("A max-age with a fraction of a second", _FETCH + "http-access-control-max-age"),
    "preflight-status-not-ok": _error("A preflight status that browsers refuse", _FETCH + "ok-status"),
    # ── suspicious but legitimate ────────────────────────────────────────────
    "any-port": _warning("Any port of a host that is not loopback", _OWN),
    "localhost-beside-public": _warning("A loopback origin beside public ones", _OWN),
    "max-age-over-cap": _warning("A max-age that browsers shorten", _FETCH + "http-access-control-max-age"),
    "wildcard-without-authorization": _warning("Any request header, but not Authorization", _FETCH + "cors-non-wildcard-request-header-name"),
    "expose-safelisted": _warning("A response header that every page may read anyway", _FETCH + "cors-safelisted-response-header-name"),
    "expose-sensitive": _warning("A response header that carries a secret", _OWN),
    # ── documents and routes ─────────────────────────────────────────────────
    "document-not-toml": _error("A policy file that is not TOML", _TOML),
    "document-without-policy": _error("A policy file without [policy] or [[routes]]", _OWN),
    "document-mixed": _error("A policy file with both [policy] and [[routes]]", _OWN),
    "route-bad-path": _error("A route whose path can never match", _OWN),
    "route-repeated": _error("Two routes for the same path", _OWN),
    "environment-json": _error("An environment variable that looks like JSON", _OWN),
    # ── reasons of a decision ────────────────────────────────────────────────
    "origin-not-allowed": _reason("The policy does not allow this origin", _FETCH + "concept-cors-check"),
    "origin-malformed": _reason("The Origin header is not one serialized origin", _FETCH + "origin-header"),
    "method-not-allowed": _reason("The policy does not allow this method", _FETCH + "cors-preflight-fetch"),
    "method-malformed": _reason("The requested method is no token", _FETCH + "http-access-control-request-method"),
    "header-not-allowed": _reason("The policy does not allow this request header", _FETCH + "cors-preflight-fetch"),
    "headers-malformed": _reason("The requested headers are no list of names", _FETCH + "http-access-control-request-headers"),
    "headers-too-many": _reason("More requested headers than any page sends", _FETCH + "http-access-control-request-headers"),
    "credentials-not-allowed": _reason("The policy does not include credentials", _FETCH + "concept-cors-check"),
    "policy-failed": _reason("The policy function failed", _OWN),
    "path-ambiguous": _reason("A path that two policies could claim", _OWN),
    # ── what a check of an address finds beyond the one exchange ─────────────
    "vary-missing": _warning("An answer that depends on Origin and does not say so", _FETCH + "cors-protocol-and-http-caches"),
    "errors-without-headers": _warning("Error pages without the headers of the others", _FETCH + "concept-cors-check"),
    "two-layers": _warning("Two layers that both add CORS headers", _FETCH + "concept-cors-check"),
    "body-after-204": _warning("A body where there can be none", _RFC9110 + "section-15.3.5"),
    "header-not-exposed": _warning("A response header that is sent and that no page can read", _FETCH + "http-access-control-expose-headers"),
    "cookie-not-sent": _warning("A cookie that does not come back, whatever CORS says", "https://www.rfc-editor.org/rfc/rfc6265"),
    "range-not-answered": _error("A range that was asked for and not answered", _RFC9110 + "section-14.2"),
    "range-compressed": _error("A range of compressed bytes", _RFC9110 + "section-14.2"),
    "status-unexpected": _error("A status that a client cannot use", _OWN),
    "redirect-not-followed": _warning("A redirect to a host that nobody named", _FETCH + "concept-http-redirect-fetch"),
    # ── what a check of an application finds ─────────────────────────────────
    "app-without-cors": _error("An application that no page of another origin may read", _FETCH + "http-access-control-allow-origin"),
    "crash-without-headers": _error("A 500 that looks like a CORS error", _FETCH + "concept-cors-check"),
    "preflight-not-answered": _error("A preflight that the application does not let through", _FETCH + "cors-preflight-fetch"),
    "redirect-without-headers": _warning("A redirect without the headers of the others", _FETCH + "concept-cors-check"),
    "stranger-admitted": _error("An origin that nobody named and that is let in", _OWN),
    "websocket-unguarded": _error("A WebSocket that any page may open", "https://www.rfc-editor.org/rfc/rfc6455#section-10.2"),
    # ── what Django's system checks find ─────────────────────────────────────
    "middleware-order": _warning("A layer above CORS that can answer first", _FETCH + "concept-cors-check"),
    "csrf-origin-missing": _warning("An origin with cookies that CSRF protection refuses", _OWN),
    "setting-not-read": _warning("A CORS setting that nothing reads", _OWN),
    # ── why a browser does not let a page read an answer ─────────────────────
    "allow-origin-missing": _error("An answer without Access-Control-Allow-Origin", _FETCH + "concept-cors-check"),
    "allow-origin-mismatch": _error("An Access-Control-Allow-Origin that names another origin", _FETCH + "concept-cors-check"),
    "allow-origin-list": _error("An Access-Control-Allow-Origin with several values", _FETCH + "concept-cors-check"),
    "allow-origin-twice": _error("Two lines of Access-Control-Allow-Origin", _FETCH + "concept-cors-check"),
    "allow-origin-invalid": _error("An Access-Control-Allow-Origin that is no origin", _FETCH + "concept-cors-check"),
    "allow-credentials-missing": _error("An answer to credentials without Access-Control-Allow-Credentials", _FETCH + "concept-cors-check"),
    "allow-credentials-not-true": _error("An Access-Control-Allow-Credentials that is not true", _FETCH + "concept-cors-check"),
    "preflight-status": _error("A preflight whose status is not ok", _FETCH + "cors-preflight-fetch"),
    "preflight-redirect": _error("A preflight that is redirected", _FETCH + "cors-preflight-fetch"),
    "allow-methods-unreadable": _error("An Access-Control-Allow-Methods that is no list", _FETCH + "cors-preflight-fetch"),
    "allow-headers-unreadable": _error("An Access-Control-Allow-Headers that is no list", _FETCH + "cors-preflight-fetch"),
    "authorization-not-covered": _error("Authorization under a * that does not cover it", _FETCH + "cors-preflight-fetch"),
    "request-refused": _error("A server that refuses the connection", _FETCH + "concept-http-network-fetch"),
    "request-closed": _error("A server that ends the connection", _FETCH + "concept-http-network-fetch"),
    "request-dns": _error("A name without an address", _FETCH + "concept-http-network-fetch"),
    "request-tls": _error("A TLS connection that fails", _FETCH + "concept-http-network-fetch"),
    "request-timeout": _error("A step that takes too long", _FETCH + "concept-http-network-fetch"),
    "request-malformed": _error("An answer that is no HTTP", _FETCH + "concept-http-network-fetch"),
    "mixed-content": _error("An https page that asks an http address", _FETCH + "concept-main-fetch"),
    "local-network-access": _error("A page from the internet that asks a local address", _FETCH + "concept-main-fetch"),
    "redirect-malformed": _error("A redirect to what is no URL", _FETCH + "concept-http-redirect-fetch"),
    "redirect-not-http": _error("A redirect to another scheme", _FETCH + "concept-http-redirect-fetch"),
    "redirect-to-userinfo": _error("A redirect to a URL with a user name or password", _FETCH + "concept-http-redirect-fetch"),
    "too-many-redirects": _error("More redirects than a browser follows", _FETCH + "concept-http-redirect-fetch"),
    "redirect-mode-error": _error("A redirect that the page refuses", _FETCH + "concept-http-redirect-fetch"),
    "mode-same-origin": _error("A request for its own origin alone, to another", _FETCH + "concept-main-fetch"),
    "no-cors-redirect-mode": _error("A request without CORS that does not follow redirects", _FETCH + "concept-main-fetch"),
    "resource-policy": _error("A Cross-Origin-Resource-Policy that keeps the page out", _FETCH + "cross-origin-resource-policy-header"),
    "scheme-not-http": _error("An address whose scheme is not fetched", _FETCH + "concept-scheme-fetch"),
    "element-refuses": _error("An element that makes nothing of the answer", _FETCH + "concept-http-fetch"),
    "url-has-userinfo": _error("A URL with a user name or password", _FETCH + "dom-request"),
    "url-invalid": _error("An address that is no URL", _FETCH + "dom-request"),
    "header-value-invalid": _error("A header value that cannot be sent", _FETCH + "dom-request"),
    "method-not-safelisted": _error("A request without CORS whose method needs it", _FETCH + "dom-request"),
    "body-not-allowed": _error("A GET or HEAD with a body", _FETCH + "dom-request"),
    "stream-not-half-duplex": _error("A stream as a body without duplex: half", _FETCH + "dom-request"),
    "stream-not-supported": _error("A stream as a body in an engine that sends none", _FETCH + "concept-http-network-fetch"),
    "stream-needs-http2": _error("A stream as a body over HTTP/1.1", _FETCH + "concept-http-network-fetch"),
    # ── what a pasted text tells beyond a browser's verdict ──────────────────
    "opaque-response-blocked": _error("An answer that is hidden for its type", _FETCH + "orb"),
    "opaque-response": _error("An answer of which the page sees nothing", _FETCH + "concept-filtered-response-opaque"),
    "tainted-canvas": _error("A canvas that may not be read", "https://html.spec.whatwg.org/multipage/canvas.html#security-with-canvas-elements"),
    "private-network-access": _error("A Chrome that wants Access-Control-Allow-Private-Network", "https://wicg.github.io/local-network-access/"),
    "blocked-by-client": _error("A request that the browser itself stopped", _OWN),
    "browser-offline": _error("A machine without a network", _OWN),
    "request-aborted": _error("A request that the page gave up", _FETCH + "fetch-controller-abort"),
    "content-security-policy": _error("A page whose own policy forbids the address", "https://www.w3.org/TR/CSP3/#directive-connect-src"),
    "cors-disabled": _error("A Firefox in which CORS is turned off", _OWN),
    "csrf-check": _error("A request that a CSRF check refused", _OWN),
    "host-refused": _error("A server that does not know the host it is asked by", _OWN),
    "payload-too-large": _error("A body that is larger than a server takes", _RFC9110 + "section-15.5.14"),
    "frame-blocked": _error("A frame or window of another origin", _HTML + "origin"),
    "websocket-refused": _error("A WebSocket handshake that was refused", "https://www.rfc-editor.org/rfc/rfc6455#section-10.2"),
    "network-error": _error("A failure without a reason", _FETCH + "concept-network-error"),
    "reason-not-told": _error("A refusal whose reason is not told", _OWN),
    # ── what another library's settings become ───────────────────────────────
    "regex-open-end": _warning("A regular expression that is held to the beginning only", _OWN),
    "never-matched": _warning("A value that another library never matched", _OWN),
    "not-expressible": _warning("A setting that a policy file has no words for", _OWN),
    "answers-differently": _reason("An answer that is not the one of another library", _OWN),
}  # fmt: skip

"""Sentences that people paste beside a browser's refusals, or take for one.

What lives here: patterns that consoles, frameworks and viewers write, each with the code that
it stands for. What does not: the engines' own sentences about CORS (``browser.console``) and
what the codes mean (``ranking``, ``causes``).

A pattern meets text whose quotes are straight and whose white space is one blank.
"""

# ruff: noqa: E501, RUF001  the table has one sentence a line, with quotes as browsers write them

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["find_clues", "find_status", "straighten"]

_URL: Final = r"(?P<url>[a-z][a-z0-9+.-]{0,20}://[^\s'\"<>]{1,4096}?)"
_QUOTES: Final = str.maketrans("‘’‚‛“”„′`", "''''\"\"\"''")


def straighten(text: str) -> str:
    r"""Return a text with straight quotes and single blanks.

    >>> straighten("It does not have\n  HTTP ok status.")
    'It does not have HTTP ok status.'
    """
    return " ".join(text.translate(_QUOTES).split())


# (code, pattern); the first that matches for a code counts
_CLUES: Final[tuple[tuple[str, str], ...]] = (
    (
        "range-not-answered",
        r"content-length exceeding request|HTTP Byte Serving|does not support (?:HTTP )?range requests|(?:server|HTTP) .{0,40}range requests? (?:are|is) not supported|Invalid PMTiles|full file download|falling back to full HTTP read",
    ),
    (
        "payload-too-large",
        r"413 \(?(?:Request Entity Too Large|Payload Too Large|Content Too Large)|status (?:code )?(?:of )?413|Request Entity Too Large",
    ),
    ("csrf-check", r"Origin checking failed - (?P<page>\S+) does not match"),
    ("csrf-check", r"Referer checking failed"),
    (
        "csrf-check",
        r"CSRF (?:Failed|verification failed|cookie not set)|CSRF token (?:missing|mismatch|invalid)|InvalidAuthenticityToken|Can't verify CSRF|invalid csrf token|CSRF validation",
    ),
    (
        "csrf-check",
        r"HTTP Origin header \((?P<page>[^)\s]+)\) didn't match|Cross-site POST form submissions are forbidden|does not match 'origin' header",
    ),
    (
        "host-refused",
        r"Blocked request\. This host \(?['\"]?(?P<value>[^'\")\s]+)['\"]?\)? is not allowed|Invalid Host header|DisallowedHost|Invalid HTTP_HOST header: '(?P<host>[^']+)'|Blocked hosts?: ",
    ),
    (
        "local-network-access",
        r"ERR_BLOCKED_BY_(?:LOCAL|PRIVATE)_NETWORK_ACCESS_CHECKS|NS_ERROR_LOCAL_NETWORK_DENIED|(?:loopback|local|unknown|private)['\"]? address space",
    ),
    (
        "content-security-policy",
        rf"Refused to (?:connect|load)[^']{{0,60}}'?{_URL}'? because it violates the (?:following )?(?:document's )?Content[- ]Security[- ]Policy",
    ),
    (
        "content-security-policy",
        rf"Content[- ]Security[- ]Policy: The page's settings (?:blocked|observed).{{0,120}}? at {_URL}(?: \(| because|$|\.)|violates the following Content[- ]Security[- ]Policy|because it (?:violates|does not appear in) the .{{0,60}}Content[- ]Security[- ]Policy|does not appear in the connect-src directive",
    ),
    (
        "mixed-content",
        rf"Mixed Content: The page at '(?P<page>[^']+)' was loaded over HTTPS, but requested an insecure [A-Za-z ]+'{_URL}'|Blocked loading mixed (?:active|display) content \"?{_URL.replace('url', 'url2')}|was not allowed to (?:display|run|request|load) insecure content|requested insecure content from|ERR_MIXED_CONTENT",
    ),
    (
        "blocked-by-client",
        r"ERR_BLOCKED_BY_(?:CLIENT|ADMINISTRATOR)|NS_ERROR_BLOCKED_BY_POLICY|Content [Bb]locker (?:prevented|blocked)|blocked by (?:uBlock|an ad.?blocker)",
    ),
    (
        "request-dns",
        r"ERR_NAME_NOT_RESOLVED|ERR_NAME_RESOLUTION_FAILED|NS_ERROR_UNKNOWN_HOST|server with the specified hostname could not be found|ENOTFOUND|Could not resolve host|DNS_PROBE_FINISHED",
    ),
    (
        "request-refused",
        r"ERR_CONNECTION_REFUSED|NS_ERROR_CONNECTION_REFUSED|Could not connect to the server|ECONNREFUSED|Connection refused",
    ),
    (
        "request-tls",
        r"ERR_CERT_\w+|ERR_SSL_\w+|ERR_BAD_SSL\w+|SEC_ERROR_\w+|SSL_ERROR_\w+|MOZILLA_PKIX_ERROR_\w+|certificate for this server is invalid|An SSL error has occurred|DEPTH_ZERO_SELF_SIGNED_CERT|self[- ]signed certificate",
    ),
    (
        "request-timeout",
        r"ERR_(?:CONNECTION_)?TIMED_OUT|NS_ERROR_NET_TIMEOUT|The request timed out|ETIMEDOUT|timeout of \d+ ?ms exceeded",
    ),
    (
        "request-closed",
        r"ERR_CONNECTION_(?:RESET|CLOSED|ABORTED)|ERR_EMPTY_RESPONSE|NS_ERROR_NET_(?:RESET|EMPTY_RESPONSE|INTERRUPT)|network connection was lost|ECONNRESET|socket hang up",
    ),
    (
        "request-malformed",
        r"ERR_HTTP2_\w+|ERR_QUIC_PROTOCOL_ERROR|ERR_INVALID_HTTP_RESPONSE|ERR_CONTENT_LENGTH_MISMATCH|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONTENT_DECODING_FAILED|NS_ERROR_CORRUPTED_CONTENT|ERR_RESPONSE_HEADERS_\w+",
    ),
    (
        "browser-offline",
        r"ERR_INTERNET_DISCONNECTED|ERR_NETWORK_CHANGED|ERR_NETWORK_IO_SUSPENDED|Internet connection appears to be offline|NS_ERROR_OFFLINE",
    ),
    (
        "request-aborted",
        r"ERR_ABORTED(?! [3-5]\d\d)|NS_BINDING_ABORTED|AbortError|The (?:user|operation was) aborted|signal is aborted without reason",
    ),
    (
        "too-many-redirects",
        r"ERR_TOO_MANY_REDIRECTS|NS_ERROR_REDIRECT_LOOP|too many HTTP redirects",
    ),
    ("resource-policy", r"ERR_BLOCKED_BY_RESPONSE|Cross-Origin-Resource-Policy|NotSameOrigin"),
    (
        "opaque-response-blocked",
        rf"Cross-Origin Read Blocking \(CORB\) blocked cross-origin response {_URL}(?: |$)|ERR_BLOCKED_BY_ORB|OpaqueResponseBlocking|Response was blocked by CORB",
    ),
    (
        "opaque-response",
        r"\btype: ?['\"]?opaque['\"]?|opaque response|response\.type .{0,20}opaque",
    ),
    (
        "tainted-canvas",
        r"Tainted canvases may not be (?:exported|loaded)|canvas has been tainted by cross-origin data|cross-origin image .{0,60}may not be loaded",
    ),
    ("header-not-exposed", r"Refused to get unsafe header ['\"](?P<header>[^'\"]+)['\"]"),
    (
        "header-forbidden",
        r"Refused to set unsafe header ['\"](?P<header>[^'\"]+)['\"]|Attempt to set a forbidden header was denied: (?P<header2>[\w-]+)",
    ),
    (
        "cookie-not-sent",
        r"[Cc]ookie .{0,300}SameSite|SameSite=(?:None|Lax|Strict)|third-party cookies? .{0,60}block|[Cc]ookie \S+ has been rejected",
    ),
    (
        "frame-blocked",
        r"X-Frame-Options|frame-ancestors|Blocked a frame with origin|Failed to execute 'postMessage'|Permission denied to access property .{0,60}cross-origin",
    ),
    (
        "websocket-refused",
        r"WebSocket connection to '(?P<url>wss?://[^']+)' failed|can't establish a connection to the server at (?P<url2>wss?://\S+?)\.?(?: |$)|Error during WebSocket handshake",
    ),
    ("cors-disabled", r"CORS disabled|CORSDisabled"),
    ("private-network-access", r"Access-Control-Allow-Private-Network"),
    # ── wordings of older versions and of other programs ─────────────────────
    (
        "allow-origin-missing",
        r"Origin '?(?P<page>[a-z][\w+.-]*://[^\s']+?|null)'? (?:is therefore not allowed access|is not allowed by Access-Control-Allow-Origin|not found in Access-Control-Allow-Origin header)",
    ),
    (
        "allow-origin-missing",
        rf"The Same Origin Policy disallows reading the remote resource at {_URL}\. This can be fixed by moving the resource",
    ),
    (
        "allow-origin-missing",
        r"No 'Access-Control-Allow-Origin' header|CORS Missing Allow Origin|CORSMissingAllowOrigin|header '?Access-Control-Allow-Origin'? (?:is )?missing|MissingAllowOriginHeader",
    ),
    (
        "allow-origin-mismatch",
        r"CORS Allow Origin Not Matching Origin|CORSAllowOriginNotMatchingOrigin|AllowOriginMismatch",
    ),
    (
        "allow-origin-twice",
        r"CORSMultipleAllowOriginNotAllowed|CORS Multiple Allow Origin Not Allowed|MultipleAllowOriginValues",
    ),
    (
        "wildcard-with-credentials",
        r"CORSNotSupportingCredentials|WildcardOriginNotAllowed|wildcard '\*' when the (?:request's )?credentials",
    ),
    (
        "preflight-status",
        r"CORSPreflightDidNotSucceed|PreflightInvalidStatus|[Pp]reflight .{0,30}(?:invalid HTTP status|HTTP ok status)|Response for preflight",
    ),
    (
        "preflight-redirect",
        r"PreflightDisallowedRedirect|CORSExternalRedirectNotAllowed|disallowed for cross-origin requests that require preflight",
    ),
    (
        "method-not-allowed",
        r"MethodDisallowedByPreflightResponse|CORSMethodNotFound|[Mm]ethod '?(?P<method>[A-Za-z]+)'? is not allowed by Access-Control-Allow-Methods|Disallowed CORS method",
    ),
    (
        "header-not-allowed",
        r"HeaderDisallowedByPreflightResponse|CORSMissingAllowHeaderFromPreflight|[Rr]equest header (?:field )?'?(?P<header>[\w-]+)'? (?:is|was) not (?:allowed by|present in the) Access-Control-Allow-Headers|Disallowed CORS headers",
    ),
    (
        "preflight-allow-origin-missing",
        r"Disallowed CORS origin|CORS (?:policy|origin) .{0,40}(?:denied|refused|rejected)|Not allowed by CORS",
    ),
    ("allow-credentials-missing", r"CORSMissingAllowCredentials|InvalidAllowCredentials"),
    (
        "scheme-not-http",
        r"CORSRequestNotHttp|CorsDisabledScheme|only supported for (?:protocol schemes|HTTP)|Not allowed to load local resource|URL scheme must be \"?http",
    ),
    (
        "network-error",
        rf"CORSDidNotSucceed|Http failure response for {_URL}: 0 Unknown Error|ERR_NETWORK\b|\bNetwork Error\b|NetworkError|Failed to fetch|Load failed|XMLHttpRequest error|status:? ?\(?(?:0|null)\)?(?: |$|,)|ERR_FAILED(?! [2-5]\d\d)|Failed to load resource|\bCORS\b.{0, 40}\berror\b|Script error\.",
    ),
)
_COMPILED: Final = tuple((code, re.compile(pattern)) for code, pattern in _CLUES)

# Where a status stands beside a refusal, as Chromium, Firefox and WebKit write it.
_STATUS: Final = re.compile(
    r"net::ERR_(?:FAILED|ABORTED) (?P<a>[2-5]\d\d)|status of (?P<b>[2-5]\d\d)|"
    r"(?:HTTP )?[Ss]tatus ?(?:[Cc]ode)?:? (?P<c>[2-5]\d\d)\b|\[HTTP/[\d.]+ (?P<d>[2-5]\d\d)|"
    r"\b(?P<e>[45]\d\d) \(?(?:Internal Server Error|Bad Gateway|Gateway Time-?out|Service Unavailable|"
    r"Not Found|Unauthorized|Forbidden|Method Not Allowed|Payload Too Large|Request Entity Too Large|Too Many Requests)"
)


def find_clues(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield code and values of each clue in a straightened text, each code once."""
    seen: set[str] = set()
    for code, pattern in _COMPILED:
        match = pattern.search(text)
        if match is None or code in seen:
            continue
        seen.add(code)
        yield (
            code,
            {name.removesuffix("2"): value for name, value in match.groupdict().items() if value},
        )


def find_status(text: str) -> str | None:
    """Return the status that a straightened text tells.

    >>> find_status("GET https://api.example/items net::ERR_FAILED 502 (Bad Gateway)")
    '502'
    """
    match = _STATUS.search(text)
    return None if match is None else next(word for word in match.groups() if word)

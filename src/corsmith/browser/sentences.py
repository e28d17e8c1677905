# ruff: noqa: RUF001, E501, Q003  word for word as the engines write it
"""What each engine writes on its console when it blocks a request, word for word.

What lives here: the sentences as data, with blanks for what varies, and the wordings of
older versions that people still paste. What does not: filling the blanks in and reading
them back (``console``), why (``checks``), and what to do.

The blanks: ``{url}``, ``{origin}``, ``{value}``, ``{method}``, ``{header}``, ``{status}``,
``{first}`` (the URL before the first redirect), ``{target}`` (the URL of a redirect). Every other character stands as the engine
writes it, in the versions that ``engines`` names. A sentence of the preflight's own checks
and one of the request's have the same code here; the prefix ``preflight-`` tells them apart.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = [
    "CHROMIUM",
    "CHROMIUM_ALONE",
    "CHROMIUM_BEGIN",
    "CHROMIUM_NET",
    "CHROMIUM_PREFLIGHT",
    "CHROMIUM_REDIRECTED",
    "CHROMIUM_XHR",
    "FIREFOX",
    "FIREFOX_BEGIN",
    "FIREFOX_QUOTES",
    "FIREFOX_SILENT",
    "FIREFOX_STATUS",
    "LIKE",
    "OLDER",
    "SUBJECTS",
    "WEBKIT",
    "WEBKIT_END",
    "WEBKIT_ENDS",
    "WEBKIT_REDIRECT",
    "WEBKIT_SUBJECTS",
]

CHROMIUM_BEGIN: Final = (
    "Access to {subject} at '{url}'{redirected} from origin '{origin}' "
    "has been blocked by CORS policy: "
)
CHROMIUM_REDIRECTED: Final = " (redirected from '{first}')"
CHROMIUM_PREFLIGHT: Final = "Response to preflight request doesn't pass access control check: "
CHROMIUM_XHR: Final = (
    " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the "
    "withCredentials attribute."
)

SUBJECTS: Final[Mapping[str, str]] = MappingProxyType({
    "fetch": "fetch",
    "xhr": "XMLHttpRequest",
    "img": "image",
    "script": "script",
    "module": "script",
    "stylesheet": "CSS stylesheet",
    "eventsource": "resource",
    "beacon": "resource",
})  # fmt: skip

CHROMIUM: Final[Mapping[str, str]] = MappingProxyType({
    "allow-origin-missing": (
        "No 'Access-Control-Allow-Origin' header is present on the requested resource."
    ),
    "allow-origin-mismatch": (
        "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the "
        "supplied origin. Have the server send the header with a valid value."
    ),
    "allow-origin-list": (
        "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only "
        "one is allowed. Have the server send the header with a valid value."
    ),
    "allow-origin-invalid": (
        "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'. Have the "
        "server send the header with a valid value."
    ),
    "wildcard-with-credentials": (
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the "
        "wildcard '*' when the request's credentials mode is 'include'."
    ),
    "allow-credentials-not-true": (
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' "
        "which must be 'true' when the request's credentials mode is 'include'."
    ),
    "preflight-status": "It does not have HTTP ok status.",
    "preflight-redirect": "Redirect is not allowed for a preflight request.",
    "method-not-allowed": (
        "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response."
    ),
    "header-not-allowed": (
        "Request header field {header} is not allowed by Access-Control-Allow-Headers in "
        "preflight response."
    ),
    "allow-methods-unreadable": (
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response."
    ),
    "allow-headers-unreadable": (
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response."
    ),
    "redirect-to-userinfo": (
        "Redirect location '{value}' contains a username and password, which is disallowed for "
        "cross-origin requests."
    ),
    "local-network-access": (
        "Permission was denied for this request to access the `{value}` address space."
    ),
})  # fmt: skip

# Sentences of their own, without "has been blocked by CORS policy".
CHROMIUM_ALONE: Final[Mapping[str, str]] = MappingProxyType({
    "mode-same-origin": (
        'Fetch API cannot load {url}. Request mode is "same-origin" but the URL\'s origin is not '
        "same as the request origin {origin}."
    ),
    "scheme-not-http": 'Fetch API cannot load {url}. URL scheme "{value}" is not supported.',
    "mixed-content": (
        "Mixed Content: The page at '{origin}' was loaded over HTTPS, but requested an insecure "
        "resource '{url}'. This request has been blocked; the content must be served over HTTPS."
    ),
})  # fmt: skip

# What stands after "Failed to load resource:" or after a URL where no answer came.
CHROMIUM_NET: Final[Mapping[str, str]] = MappingProxyType({
    "request-refused": "net::ERR_CONNECTION_REFUSED",
    "request-closed": "net::ERR_EMPTY_RESPONSE",
    "request-dns": "net::ERR_NAME_NOT_RESOLVED",
    "request-tls": "net::ERR_CERT_AUTHORITY_INVALID",
    "request-timeout": "net::ERR_TIMED_OUT",
    "request-malformed": "net::ERR_INVALID_HTTP_RESPONSE",
    "too-many-redirects": "net::ERR_TOO_MANY_REDIRECTS",
    "redirect-not-http": "net::ERR_UNSAFE_REDIRECT",
    "resource-policy": "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin",
    "blocked-by-client": "net::ERR_BLOCKED_BY_CLIENT",
    "network-error": "net::ERR_FAILED",
})  # fmt: skip

FIREFOX_BEGIN: Final = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    "at {url}. (Reason: "
)
# One sentence has the URL in quotes.
FIREFOX_QUOTES: Final = frozenset({"wildcard-with-credentials"})
# Where no line is written at all.
FIREFOX_SILENT: Final = frozenset({"redirect-mode-error"})
FIREFOX_STATUS: Final = " Status code: {status}."

FIREFOX: Final[Mapping[str, str]] = MappingProxyType({
    "allow-origin-missing": "CORS header ‘Access-Control-Allow-Origin’ missing",
    "allow-origin-mismatch": "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’",
    "allow-origin-twice": "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed",
    "wildcard-with-credentials": (
        "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’"
    ),
    "allow-credentials-not-true": (
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’"
    ),
    "preflight-status": "CORS preflight response did not succeed",
    "preflight-redirect": "CORS request external redirect not allowed",
    "method-not-allowed": "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
    "header-not-allowed": (
        "header ‘{header}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from "
        "CORS preflight response"
    ),
    "allow-methods-unreadable": (
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’"
    ),
    "allow-headers-unreadable": (
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’"
    ),
    "network-error": "CORS request did not succeed",
    "scheme-not-http": "CORS request not http",
    "cors-disabled": "CORS disabled",
})  # fmt: skip

WEBKIT: Final[Mapping[str, str]] = MappingProxyType({
    "allow-origin-missing": (
        "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"
    ),
    "allow-origin-list": "Access-Control-Allow-Origin cannot contain more than one origin.",
    "wildcard-with-credentials": (
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."
    ),
    "allow-credentials-not-true": (
        'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".'
    ),
    "preflight-status": "Preflight response is not successful. Status code: {status}",
    "method-not-allowed": "Method {method} is not allowed by Access-Control-Allow-Methods.",
    "header-not-allowed": (
        "Request header field {header} is not allowed by Access-Control-Allow-Headers."
    ),
    "allow-methods-unreadable": "Header Access-Control-Allow-Methods has an invalid value: {value}",
    "allow-headers-unreadable": "Header Access-Control-Allow-Headers has an invalid value: {value}",
    "scheme-not-http": "Cross origin requests are only supported for HTTP.",
})  # fmt: skip
WEBKIT_REDIRECT: Final = (
    "Cross-origin redirection to {target} denied by Cross-Origin Resource Sharing policy: "
)
WEBKIT_END: Final = "{subject} {url} due to access control checks."
# What stands in place of that line; nothing for the elements that have none.
WEBKIT_ENDS: Final[Mapping[str, str]] = MappingProxyType({
    "script": "Cross-origin script load denied by Cross-Origin Resource Sharing policy.",
    "module": "",
    "stylesheet": "",
})  # fmt: skip
WEBKIT_SUBJECTS: Final[Mapping[str, str]] = MappingProxyType({
    "fetch": "Fetch API cannot load",
    "xhr": "XMLHttpRequest cannot load",
    "eventsource": "EventSource cannot load",
    "beacon": "Beacon API cannot load",
    "img": "Cannot load image",
    "script": "Cannot load script",
    "module": "Cannot load script",
    "stylesheet": "Cannot load stylesheet",
})  # fmt: skip

# Which sentence an engine uses where it has no own one for a code.
LIKE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
    "chromium": {
        "allow-origin-twice": "allow-origin-list",
        "allow-credentials-missing": "allow-credentials-not-true",
        "authorization-not-covered": "header-not-allowed",
    },
    "firefox": {
        "allow-origin-list": "allow-origin-mismatch",
        "allow-origin-invalid": "allow-origin-mismatch",
        "allow-credentials-missing": "allow-credentials-not-true",
        "authorization-not-covered": "header-not-allowed",
    },
    "webkit": {
        "allow-origin-mismatch": "allow-origin-missing",
        "allow-origin-invalid": "allow-origin-missing",
        "allow-origin-twice": "allow-origin-list",
        "allow-credentials-missing": "allow-credentials-not-true",
        "preflight-redirect": "preflight-status",
        "authorization-not-covered": "header-not-allowed",
    },
})  # fmt: skip

# (engine, code, sentence): wordings of other versions, what scripts get, and what is no CORS.
OLDER: Final[tuple[tuple[str, str, str], ...]] = (
    # Chromium before 2021, and the years of Private Network Access
    ("chromium", "wildcard-with-credentials", (
        "A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the "
        "credentials flag is true."
    )),
    ("chromium", "allow-credentials-not-true", (
        "Credentials flag is 'true', but the 'Access-Control-Allow-Credentials' header is "
        "'{value}'. It must be 'true' to allow credentials."
    )),
    ("chromium", "preflight-status", "Response for preflight has invalid HTTP status code {status}"),
    ("chromium", "preflight-status", "Response for preflight does not have HTTP ok status."),
    ("chromium", "preflight-redirect", "Response for preflight is invalid (redirect)"),
    ("chromium", "preflight-redirect", (
        "The request was redirected to '{value}', which is disallowed for cross-origin requests "
        "that require preflight."
    )),
    ("chromium", "method-not-allowed", (
        "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response"
    )),
    ("chromium", "header-not-allowed", (
        "Request header field {header} is not allowed by Access-Control-Allow-Headers in "
        "preflight response"
    )),
    ("chromium", "scheme-not-http", (
        "Cross origin requests are only supported for protocol schemes: {value}."
    )),
    ("chromium", "scheme-not-http", "Not allowed to load local resource: {url}"),
    ("chromium", "private-network-access", (
        "No 'Access-Control-Allow-Private-Network' header was present in the preflight response "
        "for this private network request targeting the `{value}` address space."
    )),
    ("chromium", "private-network-access", (
        "No 'Access-Control-Allow-Private-Network' header is present on the requested resource."
    )),
    ("chromium", "private-network-access", (
        "The 'Access-Control-Allow-Private-Network' header in the preflight response for this "
        "private network request targeting the `{value}` address space"
    )),
    ("chromium", "local-network-access", (
        "The request client is not a secure context and the resource is in more-private address "
        "space `{value}`."
    )),
    ("chromium", "local-network-access", (
        "Request had a target IP address space of `{value}` yet the resource is in address space"
    )),
    ("chromium", "mixed-content", (
        "Mixed Content: The page at '{origin}' was loaded over HTTPS, but requested an insecure "
        "XMLHttpRequest endpoint '{url}'."
    )),
    ("chromium", "content-security-policy", (
        "Refused to connect to '{url}' because it violates the following Content Security Policy "
        "directive: \"{value}\"."
    )),
    ("chromium", "content-security-policy", (
        "Connecting to '{url}' violates the following Content Security Policy directive: "
        "\"{value}\"."
    )),
    ("chromium", "opaque-response-blocked", (
        "Cross-Origin Read Blocking (CORB) blocked cross-origin response {url} with MIME type"
    )),
    ("chromium", "opaque-response-blocked", "net::ERR_BLOCKED_BY_ORB"),
    ("chromium", "resource-policy", "net::ERR_BLOCKED_BY_RESPONSE"),
    ("chromium", "request-closed", "net::ERR_CONNECTION_RESET"),
    ("chromium", "request-closed", "net::ERR_CONNECTION_CLOSED"),
    ("chromium", "request-malformed", "net::ERR_HTTP2_PROTOCOL_ERROR"),
    ("chromium", "request-malformed", "net::ERR_CONTENT_LENGTH_MISMATCH"),
    ("chromium", "request-timeout", "net::ERR_CONNECTION_TIMED_OUT"),
    ("chromium", "request-refused", "net::ERR_ADDRESS_UNREACHABLE"),
    ("chromium", "request-tls", "net::ERR_SSL_PROTOCOL_ERROR"),
    ("chromium", "request-tls", "net::ERR_CERT_{value}"),
    ("chromium", "network-error", "TypeError: Failed to fetch"),
    ("chromium", "network-error", "Failed to fetch dynamically imported module: {url}"),
    # Firefox: other versions' words, and what is not CORS
    ("firefox", "allow-origin-missing", "CORS header 'Access-Control-Allow-Origin' missing"),
    ("firefox", "preflight-status", "CORS preflight channel did not succeed"),
    ("firefox", "header-not-allowed", (
        "missing token ‘{header}’ in CORS header ‘Access-Control-Allow-Headers’ from CORS "
        "preflight channel"
    )),
    ("firefox", "header-not-allowed", (
        "missing token ‘{header}’ in CORS header ‘Access-Control-Allow-Headers’ from CORS "
        "preflight response"
    )),
    ("firefox", "method-not-allowed", "missing token ‘{method}’ in CORS header ‘Access-Control-Allow-Methods’"),
    ("firefox", "allow-credentials-not-true", (
        "missing CORS header ‘Access-Control-Allow-Credentials’"
    )),
    ("firefox", "authorization-not-covered", (
        "When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered."
    )),
    ("firefox", "network-error", "TypeError: NetworkError when attempting to fetch resource."),
    ("firefox", "mode-same-origin", (
        "Security Error: Content at {origin} may not load data from {url}."
    )),
    ("firefox", "network-error", (
        "<script> source URI is not allowed in this document: “{url}”."
    )),
    ("firefox", "network-error", "Module source URI is not allowed in this document: “{url}”."),
    ("firefox", "network-error", "Loading failed for the <script> with source “{url}”."),
    ("firefox", "resource-policy", "The resource at “{url}” was blocked due to its Cross-Origin-Resource-Policy header"),
    ("firefox", "mixed-content", "Blocked loading mixed active content “{url}”"),
    ("firefox", "content-security-policy", (
        "The page’s settings blocked the loading of a resource at {url}"
    )),
    ("firefox", "content-security-policy", (
        "The page’s settings blocked a resource ({value}) from being loaded at {url}"
    )),
    ("firefox", "opaque-response-blocked", (
        "A resource is blocked by OpaqueResponseBlocking, please check browser console"
    )),
    ("firefox", "local-network-access", "NS_ERROR_LOCAL_NETWORK_DENIED"),
    # WebKit
    ("webkit", "allow-origin-missing", (
        "Origin {origin} is not allowed by Access-Control-Allow-Origin."
    )),
    ("webkit", "preflight-status", "Preflight response is not successful"),
    ("webkit", "network-error", "TypeError: Load failed"),
    ("webkit", "mixed-content", (
        "[blocked] The page at {origin} was not allowed to display insecure content from {url}"
    )),
    ("webkit", "mixed-content", "[blocked] The page at {origin} requested insecure content from {url}"),
    # Scripts' own words, and servers' that are taken for CORS
    ("script", "network-error", "Error: Network Error"),
    ("script", "network-error", "Failed to fetch"),
    ("script", "network-error", "NetworkError when attempting to fetch resource"),
    ("script", "network-error", "Load failed"),
    ("server", "csrf", "Origin checking failed - {origin} does not match any trusted origins."),
    ("server", "csrf", "Referer checking failed - {value} does not match any trusted origins."),
    ("server", "csrf", "CSRF verification failed. Request aborted."),
    ("server", "csrf", "CSRF Failed: {value}"),
)  # fmt: skip

"""What people paste: console lines word for word, and the cause that comes first for each."""

# ruff: noqa: E501, RUF001  one line of a console is one line here, with its own quotes

from __future__ import annotations

from typing import Final

__all__ = ["BROWSER_LINES", "REAL_LINES"]

_URL: Final = "https://api.example/items?a=1&b=2"
_PAGE: Final = "https://app.example"
_CHROMIUM: Final = (
    f"Access to fetch at '{_URL}' from origin '{_PAGE}' has been blocked by CORS policy: "
)
_PREFLIGHT: Final = "Response to preflight request doesn't pass access control check: "
_END: Final = " Have the server send the header with a valid value."
_ACAO: Final = "The 'Access-Control-Allow-Origin' header"
_INCLUDE: Final = "when the request's credentials mode is 'include'."
_FIREFOX: Final = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    f"at {_URL}. (Reason: "
)
_WEBKIT: Final = f"\nFetch API cannot load {_URL} due to access control checks."


_HEADER: Final = "CORS header ‘Access-Control-Allow-Origin’"

_CHROMIUM_REASONS: Final = [
    (
        "allow-origin-missing",
        "error-page",
        "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    ),
    (
        "allow-origin-mismatch",
        "single-origin",
        f"{_ACAO} has a value 'https://other.example' that is not equal to the supplied origin.{_END}",
    ),
    (
        "allow-origin-mismatch",
        "slash-or-path",
        f"{_ACAO} has a value 'https://app.example/' that is not equal to the supplied origin.{_END}",
    ),
    (
        "allow-origin-list",
        "two-layers",
        f"{_ACAO} contains multiple values '*, https://app.example', but only one is allowed.{_END}",
    ),
    (
        "allow-origin-list",
        "two-layers",
        f"{_ACAO} contains multiple values 'https://app.example, https://app.example', but only one is allowed.{_END}",
    ),
    (
        "allow-origin-list",
        "list-sent",
        f"{_ACAO} contains multiple values 'https://a.example, https://app.example', but only one is allowed.{_END}",
    ),
    ("allow-origin-invalid", "pattern-sent", f"{_ACAO} contains the invalid value '**'.{_END}"),
    (
        "allow-origin-invalid",
        "not-an-origin",
        f"{_ACAO} contains the invalid value 'app.example'.{_END}",
    ),
    ("allow-origin-invalid", "not-an-origin", f"{_ACAO} contains the invalid value ''.{_END}"),
    (
        "wildcard-with-credentials",
        "wildcard-and-credentials",
        f"The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' {_INCLUDE}",
    ),
    (
        "wildcard-with-credentials",
        "wildcard-and-credentials",
        f"The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' {_INCLUDE} The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute.",
    ),
    (
        "allow-credentials-missing",
        "credentials-not-allowed",
        f"The value of the 'Access-Control-Allow-Credentials' header in the response is '' which must be 'true' {_INCLUDE}",
    ),
    (
        "allow-credentials-not-true",
        "credentials-not-allowed",
        f"The value of the 'Access-Control-Allow-Credentials' header in the response is 'True' which must be 'true' {_INCLUDE}",
    ),
    (
        "preflight-status",
        "preflight-authentication",
        f"{_PREFLIGHT}It does not have HTTP ok status.",
    ),
    (
        "preflight-redirect",
        "redirect-slash",
        f"{_PREFLIGHT}Redirect is not allowed for a preflight request.",
    ),
    (
        "preflight-allow-origin-missing",
        "preflight-authentication",
        f"{_PREFLIGHT}No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    ),
    (
        "preflight-wildcard-with-credentials",
        "wildcard-and-credentials",
        f"{_PREFLIGHT}The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' {_INCLUDE}",
    ),
    (
        "preflight-allow-origin-mismatch",
        "single-origin",
        f"{_PREFLIGHT}{_ACAO} has a value 'https://other.example' that is not equal to the supplied origin.{_END}",
    ),
    (
        "method-not-allowed",
        "method-not-listed",
        "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.",
    ),
    (
        "method-not-allowed",
        "method-lower-case",
        "Method patch is not allowed by Access-Control-Allow-Methods in preflight response.",
    ),
    (
        "header-not-allowed",
        "header-not-listed",
        "Request header field x-y is not allowed by Access-Control-Allow-Headers in preflight response.",
    ),
    (
        "allow-methods-unreadable",
        "list-unreadable",
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
    ),
    (
        "allow-headers-unreadable",
        "list-unreadable",
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
    ),
    (
        "redirect-to-userinfo",
        "userinfo-redirect",
        "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.",
    ),
    (
        "local-network-access",
        "local-network",
        "Permission was denied for this request to access the `loopback` address space.",
    ),
]
_CHROMIUM_OTHERS: Final = [
    (
        "chromium",
        "mode-same-origin",
        "mode-same-origin",
        f'Fetch API cannot load {_URL}. Request mode is "same-origin" but the URL\'s origin is not same as the request origin {_PAGE}.',
    ),
    (
        "chromium",
        "scheme-not-http",
        "address-not-http",
        'Fetch API cannot load ftp://api.example/items. URL scheme "ftp" is not supported.',
    ),
    (
        "chromium",
        "scheme-not-http",
        "page-from-file",
        "Not allowed to load local resource: file:///etc/hosts",
    ),
]

_FIREFOX_REASONS: Final = [
    ("allow-origin-missing", "no-cors-headers", f"{_HEADER} missing). Status code: 200."),
    ("allow-origin-missing", "server-error", f"{_HEADER} missing). Status code: 500."),
    ("allow-origin-missing", "not-found", f"{_HEADER} missing). Status code: 404."),
    (
        "allow-origin-mismatch",
        "single-origin",
        f"{_HEADER} does not match ‘https://other.example’).",
    ),
    (
        "allow-origin-list",
        "list-sent",
        f"{_HEADER} does not match ‘https://a.example, https://app.example’).",
    ),
    ("allow-origin-twice", "two-layers", f"Multiple {_HEADER} not allowed)."),
    (
        "wildcard-with-credentials",
        "wildcard-and-credentials",
        f"Credential is not supported if the {_HEADER} is ‘*’).",
    ),
    (
        "allow-credentials-not-true",
        "credentials-not-allowed",
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).",
    ),
    (
        "preflight-status",
        "preflight-no-route",
        "CORS preflight response did not succeed). Status code: 405.",
    ),
    (
        "preflight-status",
        "preflight-authentication",
        "CORS preflight response did not succeed). Status code: 401.",
    ),
    ("preflight-redirect", "redirect-slash", "CORS request external redirect not allowed)."),
    (
        "method-not-allowed",
        "method-not-listed",
        "Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
    ),
    (
        "header-not-allowed",
        "header-not-listed",
        "header ‘x-key’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).",
    ),
    (
        "header-not-allowed",
        "tracing-header",
        "header ‘sentry-trace’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).",
    ),
    (
        "allow-methods-unreadable",
        "list-unreadable",
        "invalid token ‘GET;PUT’ in CORS header ‘Access-Control-Allow-Methods’).",
    ),
    (
        "allow-headers-unreadable",
        "list-unreadable",
        "invalid token ‘x key’ in CORS header ‘Access-Control-Allow-Headers’).",
    ),
    ("network-error", "not-reached", "CORS request did not succeed). Status code: (null)."),
    ("scheme-not-http", "page-from-file", "CORS request not http)."),
]
_FIREFOX_OTHERS: Final = [
    (
        "firefox",
        "authorization-not-covered",
        "authorization-under-star",
        f"Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {_URL} soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered. To include the `Authorization` header, it must be explicitly listed in CORS header `Access-Control-Allow-Headers`).",
    ),
    (
        "firefox",
        "mode-same-origin",
        "mode-same-origin",
        f"Security Error: Content at {_PAGE}/page may not load data from {_URL}.",
    ),
    (
        "firefox",
        "preflight-status",
        "preflight-authentication",
        f"{_FIREFOX}CORS preflight response did not succeed). Status code: 403.\n{_FIREFOX}CORS request did not succeed). Status code: (null).",
    ),
]

_WEBKIT_REASONS: Final = [
    (
        "allow-origin-missing",
        "no-cors-headers",
        f"Origin {_PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 200",
    ),
    (
        "allow-origin-missing",
        "server-error",
        f"Origin {_PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 500",
    ),
    (
        "allow-origin-list",
        "two-layers",
        "Access-Control-Allow-Origin cannot contain more than one origin.",
    ),
    (
        "wildcard-with-credentials",
        "wildcard-and-credentials",
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
    ),
    (
        "allow-credentials-not-true",
        "credentials-not-allowed",
        'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
    ),
    (
        "preflight-status",
        "preflight-no-route",
        "Preflight response is not successful. Status code: 404",
    ),
    (
        "preflight-status",
        "redirect-slash",
        "Preflight response is not successful. Status code: 307",
    ),
    (
        "method-not-allowed",
        "method-not-listed",
        "Method PUT is not allowed by Access-Control-Allow-Methods.",
    ),
    (
        "header-not-allowed",
        "header-not-listed",
        "Request header field x-key is not allowed by Access-Control-Allow-Headers.",
    ),
    (
        "allow-methods-unreadable",
        "list-unreadable",
        "Header Access-Control-Allow-Methods has an invalid value: GET;PUT",
    ),
    (
        "allow-origin-missing",
        "redirect-hop",
        f"Cross-origin redirection to https://b.example/ denied by Cross-Origin Resource Sharing policy: Origin {_PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 302",
    ),
    ("scheme-not-http", "page-from-file", "Cross origin requests are only supported for HTTP."),
]


BROWSER_LINES: Final = (
    *(("chromium", code, cause, _CHROMIUM + text) for code, cause, text in _CHROMIUM_REASONS),
    *_CHROMIUM_OTHERS,
    *(("firefox", code, cause, _FIREFOX + text) for code, cause, text in _FIREFOX_REASONS),
    *_FIREFOX_OTHERS,
    *(("webkit", code, cause, text + _WEBKIT) for code, cause, text in _WEBKIT_REASONS),
)
"""Engine, code, the name of the cause that comes first, and the text."""

REAL_LINES: Final = (
    # What threads quote: older wordings, and what looks like CORS and is not.
    ("allow-origin-missing", "error-page", "XMLHttpRequest cannot load https://api.example/x. No 'Access-Control-Allow-Origin' header is present on the requested resource. Origin 'http://localhost:3000' is therefore not allowed access."),
    ("allow-origin-missing", "server-error", "XMLHttpRequest cannot load https://api.example/x. No 'Access-Control-Allow-Origin' header is present on the requested resource. Origin 'http://localhost:3000' is therefore not allowed access. The response had HTTP status code 500."),
    ("allow-origin-missing", "error-page", "Access to fetch at 'https://api.example/x' from origin 'http://localhost:3000' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource. If an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with CORS disabled."),
    ("allow-origin-missing", "gateway-error", "Access to XMLHttpRequest at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\nmain.js:2 GET https://api.example/x net::ERR_FAILED 504 (Gateway Time-out)"),
    ("allow-origin-missing", "payload-too-large", "Access to XMLHttpRequest at 'https://api.example/upload' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\nPOST https://api.example/upload net::ERR_FAILED 413 (Request Entity Too Large)"),
    ("allow-origin-missing", "refused-before-cors", "Access to fetch at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\nGET https://api.example/x net::ERR_FAILED 401 (Unauthorized)"),
    ("allow-origin-missing", "no-cors-headers", "Access to fetch at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource.\nGET https://api.example/x net::ERR_FAILED 200 (OK)"),
    ("allow-origin-missing", "null-page", "Access to fetch at 'https://api.example/x' from origin 'null' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."),
    ("allow-origin-missing", "redirect-hop", "Access to fetch at 'https://login.example/auth?next=%2F' (redirected from 'https://api.example/x') from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested resource."),
    ("preflight-status", "preflight-no-route", "XMLHttpRequest cannot load https://api.example/x. Response for preflight has invalid HTTP status code 405"),
    ("preflight-redirect", "redirect-slash", "XMLHttpRequest cannot load https://api.example/x. Response for preflight is invalid (redirect)"),
    ("preflight-redirect", "redirect-login", "XMLHttpRequest cannot load https://api.example/x. The request was redirected to 'https://sso.example/login?next=x', which is disallowed for cross-origin requests that require preflight."),
    ("preflight-redirect", "redirect-https", "Access to fetch at 'http://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request."),
    ("wildcard-with-credentials", "wildcard-and-credentials", "A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the credentials flag is true. Origin 'http://localhost:4200' is therefore not allowed access."),
    ("header-not-allowed", "tracing-header", "Access to fetch at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: Request header field baggage is not allowed by Access-Control-Allow-Headers in preflight response."),
    ("header-not-allowed", "response-header-sent", "Access to fetch at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: Request header field access-control-allow-origin is not allowed by Access-Control-Allow-Headers in preflight response."),
    ("header-not-allowed", "header-not-listed", "Reason: missing token ‘authorization’ in CORS header ‘Access-Control-Allow-Headers’ from CORS preflight channel"),
    ("allow-origin-mismatch", "pattern-sent", "Access to fetch at 'https://api.example/x' from origin 'https://app.example' has been blocked by CORS policy: The 'Access-Control-Allow-Origin' header has a value 'https://*.example' that is not equal to the supplied origin."),
    ("local-network-access", "local-network", "Access to fetch at 'http://127.0.0.1:11434/api/chat' from origin 'https://chat.example' has been blocked by CORS policy: Permission was denied for this request to access the `unknown` address space."),
    ("local-network-access", "local-network", "GET http://192.168.1.4/ net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS"),
    ("local-network-access", "local-network", "NS_ERROR_LOCAL_NETWORK_DENIED"),
    ("private-network-access", "private-network", "Access to fetch at 'http://192.168.1.4/x' from origin 'https://app.example' has been blocked by CORS policy: No 'Access-Control-Allow-Private-Network' header was present in the preflight response for this private network request targeting the `private` address space."),
    ("csrf-check", "csrf", "Forbidden (403) CSRF verification failed. Request aborted.\nOrigin checking failed - https://app.example does not match any trusted origins."),
    ("csrf-check", "csrf", '{"detail":"CSRF Failed: Origin checking failed - https://app.example does not match any trusted origins."}'),
    ("csrf-check", "csrf", "HTTP Origin header (http://app.example) didn't match request.base_url (https://app.example)"),
    ("csrf-check", "csrf-token", '{"detail":"CSRF Failed: CSRF token missing."}'),
    ("mixed-content", "mixed-content", "Mixed Content: The page at 'https://app.example/' was loaded over HTTPS, but requested an insecure resource 'http://api.example/items'. This request has been blocked; the content must be served over HTTPS."),
    ("mixed-content", "mixed-content", "Blocked loading mixed active content “http://api.example/items”"),
    ("blocked-by-client", "ad-blocker", "POST https://o1.ingest.sentry.io/api/1/envelope/ net::ERR_BLOCKED_BY_CLIENT"),
    ("request-dns", "name-unknown", "GET https://api.exmaple/items net::ERR_NAME_NOT_RESOLVED"),
    ("request-dns", "name-unknown", "Failed to load resource: A server with the specified hostname could not be found."),
    ("request-refused", "server-down", "GET http://localhost:8000/items net::ERR_CONNECTION_REFUSED\nUncaught (in promise) TypeError: Failed to fetch"),
    ("request-refused", "server-down", "Failed to load resource: Could not connect to the server."),
    ("request-tls", "certificate", "GET https://localhost:8443/items net::ERR_CERT_AUTHORITY_INVALID"),
    ("request-tls", "certificate", "GET https://api.example/ net::ERR_SSL_PROTOCOL_ERROR"),
    ("request-closed", "hung-up", "GET https://api.example/ net::ERR_EMPTY_RESPONSE"),
    ("request-timeout", "too-slow", "GET https://api.example/ net::ERR_CONNECTION_TIMED_OUT"),
    ("too-many-redirects", "redirect-loop", "GET https://api.example/ net::ERR_TOO_MANY_REDIRECTS"),
    ("content-security-policy", "page-policy", "Refused to connect to 'https://api.example/items' because it violates the following Content Security Policy directive: \"connect-src 'self'\"."),
    ("content-security-policy", "page-policy", "Content-Security-Policy: The page’s settings blocked the loading of a resource (connect-src) at https://api.example/items because it violates the following directive: “connect-src 'self'”"),
    ("opaque-response-blocked", "not-the-type", "Cross-Origin Read Blocking (CORB) blocked cross-origin response https://api.example/items with MIME type application/json."),
    ("opaque-response-blocked", "not-the-type", "A resource is blocked by OpaqueResponseBlocking, please check browser console for details."),
    ("resource-policy", "resource-policy", "GET https://cdn.example/a.png net::ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep 200 (OK)"),
    ("opaque-response", "opaque-answer", 'Response {type: "opaque", url: "", status: 0, ok: false}'),
    ("tainted-canvas", "tainted-canvas", "Uncaught SecurityError: Failed to execute 'toDataURL' on 'HTMLCanvasElement': Tainted canvases may not be exported."),
    ("header-not-exposed", "not-exposed", 'Refused to get unsafe header "X-Total-Count"'),
    ("header-forbidden", "forbidden-header", 'Refused to set unsafe header "Origin"'),
    ("range-not-answered", "no-ranges", "Error: Server returned no content-length header or content-length exceeding request. Check that your storage backend supports HTTP Byte Serving."),
    ("cookie-not-sent", "cookie-same-site", "Cookie “sid” has been rejected because it is in a cross-site context and its “SameSite” is “Lax” or “Strict”."),
    ("frame-blocked", "frame", "Refused to display 'https://bank.example/' in a frame because it set 'X-Frame-Options' to 'sameorigin'."),
    ("frame-blocked", "frame", 'Uncaught DOMException: Blocked a frame with origin "https://app.example" from accessing a cross-origin frame.'),
    ("websocket-refused", "websocket", "WebSocket connection to 'wss://api.example/ws' failed: Error during WebSocket handshake: Unexpected response code: 403"),
    ("host-refused", "host-check", 'Blocked request. This host ("dev.example") is not allowed. To allow this host, add "dev.example" to `server.allowedHosts` in vite.config.js.'),
    ("browser-offline", "offline", "GET https://api.example/ net::ERR_INTERNET_DISCONNECTED"),
    ("request-aborted", "page-left", "AbortError: signal is aborted without reason"),
    ("request-malformed", "broken-answer", "GET https://api.example/ net::ERR_HTTP2_PROTOCOL_ERROR 200 (OK)"),
    ("network-error", "console-knows", "Uncaught (in promise) TypeError: Failed to fetch"),
    ("network-error", "console-knows", "AxiosError: Network Error code: 'ERR_NETWORK'"),
    ("network-error", "console-knows", "TypeError: NetworkError when attempting to fetch resource."),
    ("network-error", "console-knows", "TypeError: Load failed"),
    ("network-error", "not-reached", "HttpErrorResponse: Http failure response for https://api.example/x: 0 Unknown Error"),
    ("network-error", "certificate", "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://localhost:8443/x. (Reason: CORS request did not succeed). Status code: (null)."),
    ("network-error", "server-down", "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at http://127.0.0.1:8000/x. (Reason: CORS request did not succeed). Status code: (null)."),
    ("cors-disabled", "cors-off", "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.example/x. (Reason: CORS disabled)."),
    ("scheme-not-http", "page-from-file", "Access to script at 'file:///C:/app/main.js' from origin 'null' has been blocked by CORS policy: Cross origin requests are only supported for protocol schemes: chrome, chrome-extension, data, http, https."),
    ("preflight-allow-origin-missing", "preflight-authentication", "Disallowed CORS origin"),
    ("allow-origin-missing", "error-page", "SEC7120: Origin http://app.example not found in Access-Control-Allow-Origin header."),
    ("reason-not-told", "error-page", "Fetch API cannot load https://api.example/x due to access control checks."),
)  # fmt: skip
"""Code, the name of the cause that comes first, and the text."""

# ruff: noqa: RUF001, E501  the engines write curly quotes, and long lines
"""What the engines write, word for word, and what people paste of it."""

from __future__ import annotations

PAGE = "https://app.example"
URL = "https://api.example/items?a=1&b=it's"
VALUES = {
    "url": URL,
    "origin": PAGE,
    "value": "https://other.example",
    "method": "PUT",
    "header": "x-key",
    "status": "404",
}
CHROMIUM = f"Access to fetch at '{URL}' from origin '{PAGE}' has been blocked by CORS policy: "
PREFLIGHT = "Response to preflight request doesn't pass access control check: "
FIREFOX = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    f"at {URL}. (Reason: "
)
WEBKIT = f"Fetch API cannot load {URL} due to access control checks."


# Code, what Chromium gives as the reason, Firefox's reason (and what follows), WebKit's line.
TABLE = [
    (
        "allow-origin-missing",
        "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        "CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 404.",
        f"Origin {PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 404",
    ),
    (
        "allow-origin-mismatch",
        (
            "The 'Access-Control-Allow-Origin' header has a value 'https://other.example' that is not "
            "equal to the supplied origin. Have the server send the header with a valid value."
        ),
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://other.example’).",
        f"Origin {PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 404",
    ),
    (
        "allow-origin-twice",
        (
            "The 'Access-Control-Allow-Origin' header contains multiple values "
            "'https://other.example', but only one is allowed. Have the server send the header with "
            "a valid value."
        ),
        "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed).",
        "Access-Control-Allow-Origin cannot contain more than one origin.",
    ),
    (
        "allow-origin-invalid",
        (
            "The 'Access-Control-Allow-Origin' header contains the invalid value "
            "'https://other.example'. Have the server send the header with a valid value."
        ),
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘https://other.example’).",
        f"Origin {PAGE} is not allowed by Access-Control-Allow-Origin. Status code: 404",
    ),
    (
        "wildcard-with-credentials",
        (
            "The value of the 'Access-Control-Allow-Origin' header in the response must not be the "
            "wildcard '*' when the request's credentials mode is 'include'."
        ),
        "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’).",
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
    ),
    (
        "allow-credentials-not-true",
        (
            "The value of the 'Access-Control-Allow-Credentials' header in the response is "
            "'https://other.example' which must be 'true' when the request's credentials mode is "
            "'include'."
        ),
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).",
        'Credentials flag is true, but Access-Control-Allow-Credentials is not "true".',
    ),
    (
        "method-not-allowed",
        "Method PUT is not allowed by Access-Control-Allow-Methods in preflight response.",
        "Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
        "Method PUT is not allowed by Access-Control-Allow-Methods.",
    ),
    (
        "header-not-allowed",
        (
            "Request header field x-key is not allowed by Access-Control-Allow-Headers in preflight "
            "response."
        ),
        (
            "header ‘x-key’ is not allowed according to header ‘Access-Control-Allow-Headers’ from "
            "CORS preflight response)."
        ),
        "Request header field x-key is not allowed by Access-Control-Allow-Headers.",
    ),
    (
        "allow-methods-unreadable",
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
        "invalid token ‘https://other.example’ in CORS header ‘Access-Control-Allow-Methods’).",
        "Header Access-Control-Allow-Methods has an invalid value: https://other.example",
    ),
    (
        "allow-headers-unreadable",
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
        "invalid token ‘https://other.example’ in CORS header ‘Access-Control-Allow-Headers’).",
        "Header Access-Control-Allow-Headers has an invalid value: https://other.example",
    ),
]
OF_THE_PREFLIGHT = [
    (
        "preflight-status",
        "It does not have HTTP ok status.",
        "CORS preflight response did not succeed). Status code: 404.",
        "Preflight response is not successful. Status code: 404",
    ),
    (
        "preflight-redirect",
        "Redirect is not allowed for a preflight request.",
        "CORS request external redirect not allowed).",
        "Preflight response is not successful. Status code: 404",
    ),
    *[(f"preflight-{row[0]}", *row[1:]) for row in TABLE[:6]],
]


PASTES: list[tuple[str, list[tuple[str, str]]]] = [
    (
        (
            f"{CHROMIUM}{PREFLIGHT}No 'Access-Control-Allow-Origin' header is present on the requested "
            "resource. If an opaque response serves your needs, set the request's mode to 'no-cors' "
            "to fetch the resource with CORS disabled.\n"
            f"app.js:3 GET {URL} net::ERR_FAILED 404 (Not Found)\n"
            "Uncaught (in promise) TypeError: Failed to fetch\n    at app.js:3"
        ),
        [
            ("chromium", "preflight-allow-origin-missing"),
            ("chromium", "network-error"),
            ("chromium", "network-error"),
        ],
    ),
    (
        (
            "XMLHttpRequest cannot load http://b/. No 'Access-Control-Allow-Origin' header is present "
            "on the requested resource. Origin 'http://a' is therefore not allowed access. The "
            "response had HTTP status code 500."
        ),
        [("chromium", "allow-origin-missing")],
    ),
    (
        "Failed to load http://b/: Response for preflight has invalid HTTP status code 405",
        [("chromium", "preflight-status")],
    ),
    (
        (
            f"{CHROMIUM}The 'Access-Control-Allow-Origin' header has a value 'http://a, http://b' that "
            "is not equal to the supplied origin."
        ),
        [("chromium", "allow-origin-list")],
    ),
    (
        (
            f"{CHROMIUM}The value of the 'Access-Control-Allow-Credentials' header in the response is "
            "'' which must be 'true' when the request's credentials mode is 'include'."
        ),
        [("chromium", "allow-credentials-missing")],
    ),
    (f"{CHROMIUM}Something new.", [("chromium", "unexplained")]),
    (
        (
            "Access to XMLHttpRequest at 'file:///x' from origin 'null' has been blocked by CORS "
            "policy: Cross origin requests are only supported for protocol schemes: http, https."
        ),
        [("chromium", "scheme-not-http")],
    ),
    (
        (
            f"{CHROMIUM}No 'Access-Control-Allow-Private-Network' header was present in the preflight "
            "response for this private network request targeting the `local` address space."
        ),
        [("chromium", "private-network-access")],
    ),
    (
        (
            f"{CHROMIUM}The request client is not a secure context and the resource is in "
            "more-private address space `private`."
        ),
        [("chromium", "local-network-access")],
    ),
    (
        (
            f"{FIREFOX}CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 404.\n"
            f"{FIREFOX}CORS request did not succeed). Status code: (null)."
        ),
        [("firefox", "allow-origin-missing"), ("firefox", "network-error")],
    ),
    (f"{FIREFOX}something new). Status code: 200.", [("firefox", "unexplained")]),
    (f"{FIREFOX}cut off", [("firefox", "unexplained")]),
    (f"{FIREFOX}CORS disabled).", [("firefox", "cors-disabled")]),
    (
        (
            "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote "
            "resource at https://b/ soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the "
            "`Authorization` header is not covered. To include the `Authorization` header, it must be "
            "explicitly listed)."
        ),
        [("firefox", "authorization-not-covered")],
    ),
    (
        (
            "[Error] Origin http://a is not allowed by Access-Control-Allow-Origin. Status code: 404\n"
            "[Error] Fetch API cannot load http://b/x due to access control checks."
        ),
        [("webkit", "allow-origin-missing")],
    ),
    (
        "[Error] Origin http://a is not allowed by Access-Control-Allow-Origin.",
        [("webkit", "allow-origin-missing")],
    ),
    (
        "XMLHttpRequest cannot load http://b/x due to access control checks.",
        [("webkit", "unexplained")],
    ),
    (
        (
            "Request header field x-y is not allowed by Access-Control-Allow-Headers in preflight "
            "response."
        ),
        [("chromium", "header-not-allowed")],
    ),
    (
        "Request header field x-y is not allowed by Access-Control-Allow-Headers.",
        [("webkit", "header-not-allowed")],
    ),
    ("TypeError: Failed to fetch", [("chromium", "network-error")]),
    (
        "TypeError: NetworkError when attempting to fetch resource.",
        [("firefox", "network-error")],
    ),
    ("TypeError: Load failed", [("webkit", "network-error")]),
    ("it says Load failed", [("script", "network-error")]),
    ("AxiosError: Network Error", [("script", "network-error")]),
    ("POST http://b/ net::ERR_CONNECTION_REFUSED", [("chromium", "request-refused")]),
    ("net::ERR_BLOCKED_BY_CLIENT", [("chromium", "blocked-by-client")]),
    ("net::ERR_CERT_DATE_INVALID", [("chromium", "request-tls")]),
    (
        (
            "Mixed Content: The page at 'https://a/' was loaded over HTTPS, but requested an insecure "
            "resource 'http://b/'. This request has been blocked; the content must be served over "
            "HTTPS."
        ),
        [("chromium", "mixed-content")],
    ),
    (
        "Origin checking failed - https://a does not match any trusted origins.",
        [("server", "csrf")],
    ),
    ("404 Not Found", []),
    ("Failed to load http://b/: bad luck", []),
    ("", []),
]

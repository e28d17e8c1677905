"""What each engine writes on its console when it blocks a request, as data.

What lives here: the sentences, word for word, with blanks for what varies; ``say`` fills
them in, and ``recognise`` reads them back. What does not: why (``checks``) and what to do.

Measured in the versions that ``engines`` names; a sentence has the same code in each engine.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final

from corsmith.browser.verdict import Verdict

__all__ = ["Recognised", "recognise", "say"]

# The blanks: {url}, {origin}, {value}, {method}, {header}, {status}, {first} (a redirect's
# first URL), {subject} (what loads). Every other character stands as the engine writes it.

_CHROMIUM_BEGIN: Final = (
    "Access to {subject} at '{url}'{redirected} from origin '{origin}' has been blocked by CORS policy: "
)
_CHROMIUM_PREFLIGHT: Final = "Response to preflight request doesn't pass access control check: "

_CHROMIUM: Final[Mapping[str, str]] = MappingProxyType({
    "allow-origin-missing": (
        "No 'Access-Control-Allow-Origin' header is present on the requested resource."
    ),
    "allow-origin-mismatch": (
        "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the "
        "supplied origin. Have the server send the header with a valid value."
    ),
    "allow-origin-list": (
        "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one "
        "is allowed. Have the server send the header with a valid value."
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
})

# Sentences that stand alone, without "has been blocked by CORS policy".
_CHROMIUM_ALONE: Final[Mapping[str, str]] = MappingProxyType({
    "mode-same-origin": (
        'Fetch API cannot load {url}. Request mode is "same-origin" but the URL\'s origin is not '
        "same as the request origin {origin}."
    ),
    "scheme-not-http": 'Fetch API cannot load {url}. URL scheme "{value}" is not supported.',
})

_FIREFOX_BEGIN: Final = (
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource "
    "at {url}. (Reason: "
)

_FIREFOX: Final[Mapping[str, str]] = MappingProxyType({
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
    "allow-methods-unreadable": "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’",
    "allow-headers-unreadable": "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’",
    "no-answer": "CORS request did not succeed",
    "scheme-not-http": "CORS request not http",
})

_WEBKIT: Final[Mapping[str, str]] = MappingProxyType({
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
})

# Which sentence an engine uses where it has no own one for a code.
_SAME_SENTENCE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({
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
})

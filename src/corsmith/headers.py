"""The words of the CORS protocol: header names, tokens, lists, and merging ``Vary``.

What lives here: names and syntax that both halves share. What does not: any judgement
about who may do what (``decision`` for the server, ``browser`` for the client).

Facts that hold everywhere in corsmith:

* methods compare byte for byte, header names without case (RFC 9110, sections 9.1, 5.1);
* only space and TAB surround a field value or a list element (RFC 9110, section 5.6.3);
  ``str.strip()`` without arguments removes more and is never used on a request;
* a list is split at commas, and empty elements are ignored (RFC 9110, section 5.6.1.2).
"""

import re
from collections.abc import Iterable

__all__ = [
    "ALLOW_CREDENTIALS",
    "ALLOW_HEADERS",
    "ALLOW_METHODS",
    "ALLOW_ORIGIN",
    "EXPOSE_HEADERS",
    "FORBIDDEN_METHODS",
    "FORBIDDEN_REQUEST_HEADERS",
    "FORBIDDEN_RESPONSE_HEADERS",
    "MAX_AGE",
    "NORMALIZED_METHODS",
    "OWNED_RESPONSE_HEADERS",
    "REQUEST_HEADERS_OF_CORS",
    "REQUEST_HEADERS_OF_PREFLIGHT",
    "RESPONSE_HEADERS_OF_PREFLIGHT",
    "SAFELISTED_METHODS",
    "SAFELISTED_RESPONSE_HEADERS",
    "SENSITIVE_RESPONSE_HEADERS",
    "is_forbidden_request_header",
    "is_token",
    "merge_vary",
    "normalize_method",
    "split_list",
]

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"
MAX_AGE = "Access-Control-Max-Age"
EXPOSE_HEADERS = "Access-Control-Expose-Headers"

OWNED_RESPONSE_HEADERS = frozenset(
    {
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-private-network",
        "access-control-max-age",
        "access-control-expose-headers",
    }
)
"""The response headers of the CORS protocol, lower case: the adapter owns them all.

Access-Control-Allow-Private-Network is among them so that an application that still
sends it does not stand beside ours; corsmith itself never sends it.
"""

REQUEST_HEADERS_OF_PREFLIGHT = ("access-control-request-method", "access-control-request-headers")

REQUEST_HEADERS_OF_CORS = frozenset({"origin", *REQUEST_HEADERS_OF_PREFLIGHT})
"""Request headers of the protocol: no response carries them, so none can be exposed."""

RESPONSE_HEADERS_OF_PREFLIGHT = frozenset(
    {
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-allow-private-network",
        "access-control-max-age",
    }
)
"""Response headers that only a preflight's answer carries, and that one no page reads."""

# The names of Fetch, #cors-safelisted-method
SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})

# The names of Fetch, #forbidden-method
FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})

# The names of Fetch, #concept-method-normalize, and no others: `patch` stays `patch`
NORMALIZED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})

# The names of Fetch, #forbidden-request-header, step 1; step 2 has the prefixes
FORBIDDEN_REQUEST_HEADERS = frozenset(
    {
        "accept-charset",
        "accept-encoding",
        "access-control-request-headers",
        "access-control-request-method",
        "access-control-request-private-network",
        "connection",
        "content-length",
        "cookie",
        "cookie2",
        "date",
        "dnt",
        "expect",
        "host",
        "keep-alive",
        "origin",
        "referer",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    }
)
_FORBIDDEN_PREFIXES = ("proxy-", "sec-")

# Fetch, #forbidden-response-header-name
FORBIDDEN_RESPONSE_HEADERS = frozenset({"set-cookie", "set-cookie2"})

# Fetch, #cors-safelisted-response-header-name, step 1
SAFELISTED_RESPONSE_HEADERS = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)

SENSITIVE_RESPONSE_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-access-token",
        "x-refresh-token",
        "x-csrf-token",
        "x-xsrf-token",
        "x-amz-security-token",
    }
)
"""Names that usually carry a secret: exposing one hands it to every allowed page."""

# RFC 9110, section 5.6.2. `\Z`, not `$`: `$` also matches before a final line feed.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


def is_token(text: str) -> bool:
    """Return whether ``text`` is a token: what a method or a header name must be."""
    return _TOKEN.match(text) is not None


def normalize_method(method: str) -> str:
    """Return the method as Fetch normalises it: six names upper-cased, others kept.

    >>> normalize_method("put"), normalize_method("patch")
    ('PUT', 'patch')
    """
    # Only ASCII may be folded: "ﬁ".upper() and its kin would invent another name.
    if method.isascii() and method.upper() in NORMALIZED_METHODS:
        return method.upper()
    return method


def is_forbidden_request_header(name: str) -> bool:
    """Return whether no page may set the request header ``name``, in any case."""
    lower = name.lower()
    return lower in FORBIDDEN_REQUEST_HEADERS or lower.startswith(_FORBIDDEN_PREFIXES)


def split_list(value: str) -> list[str]:
    """Return the elements of a comma-separated field value, without empty ones.

    >>> split_list("x-a , ,x-b")
    ['x-a', 'x-b']
    """
    stripped = (element.strip(" \t") for element in value.split(","))
    return [element for element in stripped if element]


def merge_vary(values: Iterable[str], name: str) -> str:
    """Return one ``Vary`` value that holds all of ``values`` and ``name``, each once.

    A ``*`` already says that the answer varies on everything, and is kept as it is.

    >>> merge_vary(["Accept-Encoding, origin"], "Origin"), merge_vary(["*"], "Origin")
    ('Accept-Encoding, origin', '*')
    """
    merged: dict[str, str] = {}
    for value in (*values, name):
        for element in split_list(value):
            merged.setdefault(element.lower(), element)
    return "*" if "*" in merged else ", ".join(merged.values())

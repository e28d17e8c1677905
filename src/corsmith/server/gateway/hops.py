"""The headers of one hop: what the upstream gets of a request, and the page of an answer.

What lives here: which lines go on, which end here, and which speak of the wrong server. What
does not: cookies (``cookies``) and addresses (``location``), whose values are rewritten with
what those say, and whether a request may go on at all, which was decided before.

The rules, in the order of the code:

* what belongs to one connection ends here (RFC 9110, section 7.6.1), with what ``Connection``
  names; but it can name away nothing that a server decides by, such as Origin or Cookie;
* the upstream sees a request of its own page: Host, Origin, Referer and Sec-Fetch-Site are
  its own. It has no say here about other origins: the policy had it before;
* ``Via`` is appended (section 7.6.3). Nothing is said of who asked: ``Forwarded`` and its kin
  are not added, and those that came are not believed;
* ``Expect`` ends here: who waits for 100 gets it from us;
* an answer's permissions for other origins (Access-Control-*, Timing-Allow-Origin) end here
  as a set, because the policy gives its own;
* who may load an answer as an image was judged before it was asked for, so it may be loaded
  by other origins (Cross-Origin-Resource-Policy), where it says who may;
* what an answer says about its whole host or about other servers would be taken for ours:
  HSTS, alternative services, reports, clearing what is stored. These end here too.

No bytes make anything here raise.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from corsmith.headers import REQUEST_HEADERS_OF_PREFLIGHT
from corsmith.server.gateway.cookies import restore_cookie, rewrite_set_cookie
from corsmith.server.gateway.location import rewrite_links, rewrite_location, rewrite_refresh
from corsmith.server.gateway.site import Upstream

__all__ = ["has_cors", "is_loop", "request_headers", "response_headers"]

Headers = Iterable[tuple[bytes, bytes]]

# RFC 9110, section 7.6.1; the last is what RFC 7540 had for an upgrade to HTTP/2.
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    }
)

_NOT_NAMED_AWAY: Final = frozenset(
    {
        b"authorization",
        b"cache-control",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-security-policy",
        b"content-type",
        b"cookie",
        b"cross-origin-resource-policy",
        b"host",
        b"location",
        b"origin",
        b"referer",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"set-cookie",
        b"vary",
        b"via",
        b"x-frame-options",
    }
)
"""What ``Connection`` cannot remove: servers, browsers and caches decide by it."""

_NOT_ASKED: Final = frozenset(
    {
        b"expect",
        b"forwarded",
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-forwarded-server",
        b"x-forwarded-ssl",
        b"x-real-ip",
        *(name.encode() for name in REQUEST_HEADERS_OF_PREFLIGHT),
    }
)
"""What the upstream is not told: it would be believed, and nobody has checked it."""

_NOT_ANSWERED: Final = frozenset(
    {
        b"alt-svc",  # another port of this machine (RFC 7838)
        b"clear-site-data",  # cookies of every port of this host name (Clear Site Data, 4.2)
        b"nel",  # reports to a server that the person did not name
        b"public-key-pins",
        b"report-to",
        b"reporting-endpoints",
        b"set-cookie2",
        b"strict-transport-security",  # every port of localhost (RFC 6797, section 8.3)
        b"timing-allow-origin",
    }
)
_CORS: Final = b"access-control-"

_ENDS_ASKED: Final = _HOP_BY_HOP | _NOT_ASKED | {b"origin"}
_ENDS_ANSWERED: Final = _HOP_BY_HOP | _NOT_ANSWERED
_REWRITTEN_ASKED: Final = frozenset({b"cookie", b"referer", b"sec-fetch-site"})
_REWRITTEN_ANSWERED: Final = frozenset(
    {
        b"content-location",
        b"content-security-policy",
        b"cross-origin-resource-policy",
        b"link",
        b"location",
        b"refresh",
        b"set-cookie",
    }
)
_NOTHING: Final[frozenset[bytes]] = frozenset()

_MOST_LINKS: Final = 256
"""The most addresses in an answer's Link lines that are read: a list has five, a page with
everything preloaded some dozens. Each costs as much as the path is long."""

_REFERER: Final = re.compile(rb"https?://(?P<host>[^/?#]*)(?P<rest>[^#]*)", re.IGNORECASE)
_UPGRADES: Final = frozenset({b"upgrade-insecure-requests", b"block-all-mixed-content"})


def request_headers(
    headers: Headers,
    upstream: Upstream,
    *,
    via: bytes,
    added: Mapping[bytes, bytes] | None = None,
    tls: bool = False,
) -> list[tuple[bytes, bytes]]:
    """Return what the upstream gets of a request's headers.

    ``headers`` have names in lower case, as in ASGI. ``via`` is this gateway's own name,
    ``added`` takes the place of what the page sent under the same names, in lower case too,
    and ``tls`` says whether the page speaks HTTPS with us.

    >>> here = [(b"host", b"127.0.0.1:8000"), (b"origin", b"http://localhost:5173")]
    >>> dict(request_headers(here, Upstream(origin=b"https://api.example"), via=b"corsmith-1"))
    {b'host': b'api.example', b'origin': b'https://api.example', b'via': b'1.1 corsmith-1'}
    """
    lines = list(headers)
    added = {} if added is None else added
    connection, hosts, has_origin = _look_over(lines)
    named = _named_away(connection)
    cookies: list[bytes] = []
    kept = [(b"host", upstream.host)]
    if has_origin and b"origin" not in added:
        kept.append((b"origin", upstream.origin))
    for name, value in lines:
        if name in _ENDS_ASKED or name in added or name in named:
            continue
        if name not in _REWRITTEN_ASKED:
            kept.append((name, value))
        elif name == b"cookie":
            cookies.append(restore_cookie(value, tls=tls))
        elif name == b"referer":
            kept.append((name, _referer(value, upstream, hosts)))
        else:
            # Of the same site, only an allowed page comes so far without an Origin.
            own = has_origin or value == b"same-site"
            kept.append((name, b"same-origin" if own else value))
    if cookies:
        # RFC 9113, section 8.2.3: HTTP/2 may part them, HTTP/1.1 may not.
        kept.append((b"cookie", b"; ".join(cookies)))
    kept += added.items()
    kept.append((b"via", b"1.1 " + via))
    return kept


def response_headers(
    headers: Headers, upstream: Upstream, *, here: bytes, path: bytes, abroad: bool = False
) -> list[tuple[bytes, bytes]]:
    """Return what the page gets of an answer's headers, their names in lower case.

    ``here`` is our own origin as the page wrote it, ``path`` what the upstream was asked for,
    with its query, and ``abroad`` says that a page of another site has asked.

    >>> api = Upstream(origin=b"https://api.example")
    >>> answer = [(b"Location", b"https://api.example/b"), (b"Connection", b"close")]
    >>> response_headers(answer, api, here=b"http://127.0.0.1:8000", path=b"/a")
    [(b'location', b'http://127.0.0.1:8000/b')]
    """
    lines = [(name.lower(), value) for name, value in headers]
    tls = here.startswith(b"https:")
    named = _named_away([value for name, value in lines if name == b"connection"])
    kept: list[tuple[bytes, bytes]] = []
    links = _MOST_LINKS
    for name, value in lines:
        if name in _ENDS_ANSWERED or name in named or name.startswith(_CORS):
            continue
        if name not in _REWRITTEN_ANSWERED:
            line = value
        elif name == b"set-cookie":
            line = rewrite_set_cookie(value, tls=tls, base=upstream.base, abroad=abroad)
        elif name == b"link":
            links -= value.count(b"<")
            line = rewrite_links(value, upstream, here, path) if links >= 0 else value
        elif name == b"refresh":
            line = rewrite_refresh(value, upstream, here, path)
        elif name == b"cross-origin-resource-policy":
            line = b"cross-origin"
        elif name == b"content-security-policy":
            line = value if tls else _without_upgrades(value)
        else:
            line = rewrite_location(value, upstream, here, path)
        kept.append((name, line))
    return kept


def has_cors(headers: Headers) -> bool:
    """Return whether an answer has permissions of its own for other origins."""
    for name, _ in headers:  # noqa: SIM110  asked of each answer: a loop takes a third of the time
        if name.lower().startswith(_CORS):
            return True
    return False


def is_loop(headers: Headers, via: bytes) -> bool:
    """Return whether a request has been through the gateway of this name already."""
    return any(name == b"via" and via in value for name, value in headers)


def _look_over(lines: list[tuple[bytes, bytes]]) -> tuple[list[bytes], list[bytes], bool]:
    """Return the values of ``Connection`` and of ``Host``, and whether there is an Origin."""
    connection: list[bytes] = []
    hosts: list[bytes] = []
    has_origin = False
    for name, value in lines:
        if name == b"host":
            hosts.append(value)
        elif name == b"origin":
            has_origin = True
        elif name == b"connection":
            connection.append(value)
    return connection, hosts, has_origin


def _named_away(connection: list[bytes]) -> frozenset[bytes]:
    """Return the names that lines of ``Connection`` take with them."""
    if not connection:
        return _NOTHING
    named = {part.strip(b" \t").lower() for value in connection for part in value.split(b",")}
    return frozenset(named - _NOT_NAMED_AWAY)


def _referer(value: bytes, upstream: Upstream, hosts: list[bytes]) -> bytes:
    """Return the address of the page as the upstream would see it.

    A page that came through this gateway has the upstream's own address; any other is known
    by its origin alone, which is then the upstream's.
    """
    match = _REFERER.match(value)
    if match is not None and [match["host"]] == hosts:
        rest = match["rest"]
        return upstream.url(rest if rest.startswith(b"/") else b"/" + rest)
    return upstream.origin + b"/"


def _without_upgrades(value: bytes) -> bytes:
    """Return a content security policy that lets plain HTTP stay what it is.

    CSP is a list of policies, and each is a list of directives: the first word is the name.
    """
    policies = [
        b";".join(
            directive
            for directive in policy.split(b";")
            if directive.strip().partition(b" ")[0].lower() not in _UPGRADES
        )
        for policy in value.split(b",")
    ]
    return b",".join(policies)

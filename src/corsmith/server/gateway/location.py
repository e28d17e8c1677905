"""Addresses in an answer: those of the upstream become ours, all others are left alone.

What lives here: reading an address as a browser does and saying where it leads. What does
not: what is done about one that leads elsewhere (``forward``); nothing is ever followed.

The headers: ``Location`` and ``Content-Location`` (RFC 9110, sections 10.2.2 and 8.7),
``Link`` (RFC 8288), by which a list tells where it goes on, and ``Refresh`` (HTML, #refresh).

No bytes make anything here raise.
"""

import re
from dataclasses import dataclass
from typing import Final

from corsmith.address import join, read_address
from corsmith.errors import UsageError
from corsmith.server.gateway.site import Upstream

__all__ = ["Landing", "land", "rewrite_links", "rewrite_location", "rewrite_refresh"]

_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]+")
_ABSOLUTE: Final = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]{2}", re.IGNORECASE)
_DROPPED: Final = re.compile(r"[\t\r\n]")
_TARGET: Final = re.compile(rb"<([^<>]*)>")
# HTML, #shared-declarative-refresh-steps
_REFRESH: Final = re.compile(
    rb"(?P<delay>\s*[0-9.]+[\s;,]*url\s*=\s*(?P<quote>['\"]?))(?P<url>[^'\"]*)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where an address leads: ``value`` is what to send on, ``inside`` whether to us."""

    value: bytes
    inside: bool


def land(value: bytes, upstream: Upstream, here: bytes, path: bytes) -> Landing:
    """Return where an address leads that the upstream wrote in its answer.

    ``here`` is our own origin as the page wrote it, and ``path`` what the upstream was asked
    for, with its query. What is no address, is of another origin (another scheme or port is
    one) or of another part of the upstream than we serve, is not ``inside``.

    >>> api = Upstream(origin=b"https://api.example", base=b"/v1")
    >>> land(b"../b?c#d", api, b"http://127.0.0.1:8000", b"/v1/a/a")
    Landing(value=b'http://127.0.0.1:8000/b?c#d', inside=True)
    >>> land(b"//cdn.example/b", api, b"http://127.0.0.1:8000", b"/v1/a")
    Landing(value=b'//cdn.example/b', inside=False)
    """
    reference = _DROPPED.sub("", _text(value)).strip()
    try:
        address = read_address(join(_text(upstream.origin + path), reference))
    except UsageError:
        return Landing(value=value, inside=False)
    if address.origin != _text(upstream.origin):
        return Landing(value=value, inside=False)
    _, mark, fragment = reference.partition("#")
    base = _text(upstream.base)
    if not (address.path + "/").startswith(base + "/"):
        return Landing(value=f"{address.url}{mark}{fragment}".encode(), inside=False)
    if not base and not _ABSOLUTE.match(reference):
        return Landing(value=value, inside=True)
    rest = address.target[len(base) :]
    slash = "" if rest.startswith("/") else "/"
    return Landing(value=here + f"{slash}{rest}{mark}{fragment}".encode(), inside=True)


def rewrite_location(value: bytes, upstream: Upstream, here: bytes, path: bytes) -> bytes:
    """Return a Location as the page may get it; the parameters are those of ``land``.

    >>> api = Upstream(origin=b"https://api.example")
    >>> rewrite_location(b"https://api.example:443/b", api, b"http://localhost:8000", b"/a")
    b'http://localhost:8000/b'
    """
    return land(value, upstream, here, path).value


def rewrite_links(value: bytes, upstream: Upstream, here: bytes, path: bytes) -> bytes:
    """Return a Link whose addresses of the upstream are ours.

    >>> api = Upstream(origin=b"https://api.example")
    >>> link = b'<https://api.example/?page=2>; rel="next", <https://cdn.example/>; rel="x"'
    >>> rewrite_links(link, api, b"http://localhost:8000", b"/")
    b'<http://localhost:8000/?page=2>; rel="next", <https://cdn.example/>; rel="x"'
    """

    def rewritten(match: re.Match[bytes]) -> bytes:
        return b"<" + rewrite_location(match[1], upstream, here, path) + b">"

    return _TARGET.sub(rewritten, value)


def rewrite_refresh(value: bytes, upstream: Upstream, here: bytes, path: bytes) -> bytes:
    """Return a Refresh whose address of the upstream is ours.

    >>> api = Upstream(origin=b"https://api.example")
    >>> rewrite_refresh(b"5; url=https://api.example/b", api, b"http://localhost:8000", b"/")
    b'5; url=http://localhost:8000/b'
    """
    match = _REFRESH.match(value)
    if match is None:
        return value
    return (
        match["delay"] + rewrite_location(match["url"], upstream, here, path) + value[match.end() :]
    )


def _text(value: bytes) -> str:
    """Return bytes as text; what is not ASCII is percent-encoded, as a browser does it."""
    return _NOT_ASCII.sub(_encoded, value).decode("ascii")


def _encoded(match: re.Match[bytes]) -> bytes:
    return b"%" + match[0].hex("%").upper().encode()

"""Whether a request without an Origin may be sent on: the marks of another site's page.

What lives here: reading what a browser says of who asks. What does not: requests with an
Origin, which the policy judges before (``adapters.asgi``), and what is answered (``forward``).

A page of another site need not ask for permission to load an image, to open an address or to
put one into a frame: the browser sends no Origin, and no CORS header keeps the request from
the upstream, whose own defences do not see where it comes from. So nothing of that kind is
sent on. In this order:

1. ``Sec-Fetch-Site`` (Fetch Metadata, #sec-fetch-site-header), which no page can set: the
   gateway's own pages and what a person typed go on, ``same-site`` and ``cross-site`` do not.
   Another port of the same host is the same site, and another page: it goes on if ``Referer``
   names it and the policy allows it, so that an allowed page may show an image.
2. Without it ``Referer``: only the gateway's own pages go on. ``Host`` has been checked before
   (``server.limits``): a rebound name would stand in both.
3. Without both, whatever calls itself a browser does not: engines send ``Sec-Fetch-Site`` to
   https and to this machine, but not over plain HTTP to another. ``curl`` goes on.

No bytes make anything here raise.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

__all__ = ["VOUCHES", "Entry", "enter", "neighbour"]

Headers = Iterable[tuple[bytes, bytes]]

VOUCHES: Final = "corsmith.gateway.vouches"
"""Where a scope has what tells whether the policy allows an origin: ``async`` of both."""


class Entry(Enum):
    """What becomes of a request: it goes on, or is refused with words or with a page."""

    GOES_ON = "goes-on"
    REFUSED = "refused"
    EXPLAINED = "explained"


_READ: Final = frozenset(
    {
        b"accept",
        b"host",
        b"origin",
        b"referer",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"user-agent",
    }
)
_MARKS: Final = frozenset({b"referer", b"sec-fetch-site"})
_OWN: Final = frozenset({b"same-origin", b"none"})
_REFERER: Final = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
_READS: Final = frozenset({"GET", "HEAD"})
_BROWSER: Final = b"mozilla/"


def enter(method: str, headers: Headers) -> Entry:
    """Return what becomes of a request; ``headers`` have their names in lower case.

    >>> cross = [(b"host", b"localhost:8000"), (b"sec-fetch-site", b"cross-site")]
    >>> enter("GET", cross), enter("GET", [(b"user-agent", b"curl/8.5.0")])
    (<Entry.REFUSED: 'refused'>, <Entry.GOES_ON: 'goes-on'>)
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _READ:
            # Two lines are one list to a proxy that joins them, and no word that is known here.
            found[name] = value if name not in found else found[name] + b"," + value
    if b"origin" in found:
        return Entry.GOES_ON
    site = found.get(b"sec-fetch-site")
    if site is not None:
        own = site in _OWN
    elif b"referer" in found:
        match = _REFERER.match(found[b"referer"])
        # HTTP/1.0 may be without a Host, which nobody could check.
        host = found.get(b"host", b"").lower()
        own = host != b"" and match is not None and match[1].lower() == host
    else:
        own = not found.get(b"user-agent", b"").lower().startswith(_BROWSER)
    if own:
        return Entry.GOES_ON
    opened = method in _READS and _is_opened(found)
    return Entry.EXPLAINED if opened else Entry.REFUSED


def neighbour(method: str, headers: Headers) -> bytes | None:
    """Return the origin of the page on another port that reads without an Origin.

    Only the browser writes ``same-site`` and ``Referer``: a page can keep its address back, but
    not write another's. ``None`` stands for whatever else asks.

    >>> page = [(b"sec-fetch-site", b"same-site"), (b"referer", b"http://localhost:5173/a")]
    >>> neighbour("GET", page), neighbour("POST", page)
    (b'http://localhost:5173', None)
    """
    lines = [line for line in headers if line[0] in _MARKS]
    if method not in _READS or len(lines) != len(_MARKS):
        return None
    found = dict(lines)
    match = _REFERER.match(found.get(b"referer", b""))
    if found.get(b"sec-fetch-site") != b"same-site" or match is None:
        return None
    return match[0]


def _is_opened(found: dict[bytes, bytes]) -> bool:
    """Return whether a request fills a tab or window, so that a person reads the answer."""
    if b"sec-fetch-mode" not in found:
        return found.get(b"accept", b"").startswith(b"text/html")
    return (found[b"sec-fetch-mode"], found.get(b"sec-fetch-dest")) == (b"navigate", b"document")

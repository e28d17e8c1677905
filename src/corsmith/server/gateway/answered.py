"""What a page gets of an answer's head, or why it gets none of it.

What lives here: whether a head can be sent on, and what then is. What does not: the rules for
each header (``hops``), bodies (``relay``) and the policy's own headers (``layer``).
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from corsmith.server.gateway import faults
from corsmith.server.gateway.faults import Fault
from corsmith.server.gateway.hops import has_cors, response_headers
from corsmith.server.gateway.location import land
from corsmith.server.gateway.site import Upstream
from corsmith.server.log import escape

__all__ = ["MOST_HEAD", "Answered", "Lines", "Page", "Pairs", "read_answer"]

MOST_HEAD: Final = 262_144
"""The largest head of an answer, in bytes: a browser takes as much, nginx 8 KiB, Node 16 KiB."""

_FINAL: Final = range(200, 1000)
_NO_CONTENT: Final = 204
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {0x09})
_DIGITS: Final = re.compile(rb"[0-9]{1,19}")

Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]
Lines: TypeAlias = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Who asked, as far as the head of an answer depends on it.

    ``here`` is our own origin as the page wrote it, ``path`` what the upstream was asked for,
    with its query, ``abroad`` says that a page of another site has asked, and ``follows`` that
    its script would be led where a redirect leads.
    """

    upstream: Upstream
    here: bytes
    path: bytes
    abroad: bool
    follows: bool


class Answered(NamedTuple):
    """What becomes of a head: its ``headers`` are sent on, unless there is a ``fault``.

    The list may be remembered, so nobody changes it. ``elsewhere`` is where a redirect leads,
    if not to us, for the log, and ``size`` is that of the whole head, in bytes.
    """

    headers: Lines
    size: int
    fault: Fault | None = None
    sets_cors: bool = False
    elsewhere: str | None = None


def read_answer(status: int, pairs: Pairs, page: Page) -> Answered:
    """Return what a page gets of the head of an answer.

    >>> page = Page(
    ...     upstream=Upstream(origin=b"https://api.example"),
    ...     here=b"http://127.0.0.1:8000",
    ...     path=b"/a",
    ...     abroad=False,
    ...     follows=True,
    ... )
    >>> read_answer(200, ((b"ETag", b"1"), (b"Connection", b"close")), page).headers
    [(b'etag', b'1')]
    """
    raw = [(name.lower(), value) for name, value in pairs]
    size = sum([len(name) + len(value) for name, value in raw])
    if size > MOST_HEAD:
        return Answered([], size, faults.long_head(page.upstream, MOST_HEAD))
    if status not in _FINAL or not _is_sound(raw):
        return Answered([], size, faults.malformed(page.upstream))
    sets_cors = has_cors(raw)
    elsewhere = _elsewhere(raw, page) if status in _REDIRECTS else None
    if elsewhere is not None and page.follows:
        # A browser would follow it past the gateway.
        fault = faults.elsewhere(page.upstream, elsewhere)
        return Answered([], size, fault, sets_cors, elsewhere)
    headers = response_headers(
        raw, page.upstream, here=page.here, path=page.path, abroad=page.abroad
    )
    if status == _NO_CONTENT:
        # RFC 9110, section 8.6: it has no length.
        headers = [line for line in headers if line[0] != b"content-length"]
    return Answered(headers, size, None, sets_cors, elsewhere)


def _elsewhere(raw: Lines, page: Page) -> str | None:
    """Return where a redirect leads, as the log shows it; ``None`` where that is here."""
    locations = [value for name, value in raw if name == b"location"]
    if not locations or land(locations[0], page.upstream, page.here, page.path).inside:
        return None
    return escape(locations[0])


def _is_sound(raw: Lines) -> bool:
    """Return whether the head of an answer can be sent on without a second meaning.

    RFC 9112, section 6.3: with both a length and a coding, or with two lengths, two readers
    may see two different bodies. A coding besides chunked would have to be undone here.
    """
    values = b"".join([value for _, value in raw])
    if len(values.translate(None, _CONTROLS)) != len(values):
        return False
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    for name, value in raw:
        if name == b"content-length":
            lengths.add(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
    if codings:
        return not lengths and codings == [b"chunked"]
    return not lengths or (len(lengths) == 1 and _DIGITS.fullmatch(lengths.pop()) is not None)

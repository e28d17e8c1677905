"""How much a request may be, and what is wrong with one that is more or malformed.

What lives here: every limit with its reason, and the check of a request's head. What does
not: bodies (``body``), and the HTTP parser's own refusals, which are answered before any
application is asked: they are 400, 414 and 431 too, but carry no CORS headers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from corsmith.diagnostics import quote
from corsmith.server.hosts import Hosts, name_of

__all__ = [
    "BODY_SECONDS",
    "DRAIN_BYTES",
    "DRAIN_SECONDS",
    "HEAD_SECONDS",
    "MAX_FIELDS",
    "MAX_HEAD",
    "MAX_TARGET",
    "PARSER_BYTES",
    "TAKE_SECONDS",
    "USUAL_BODY",
    "Problem",
    "read_head",
    "unframed",
]

MAX_TARGET: Final = 8_192
"""The longest request target, in bytes: as nginx and Apache; browsers send up to 2 MB."""

MAX_HEAD: Final = 16_384
"""The largest block of header lines, in bytes: as Node; nginx 32 KiB, uvicorn 64 KiB."""

MAX_FIELDS: Final = 100
"""The most header lines: what the parser allows too, Apache and Django the same."""

PARSER_BYTES: Final = 65_536
"""Where the parser itself gives up on a head: far enough above ``MAX_HEAD`` and
``MAX_TARGET`` that a browser whose cookies have grown gets a status that it can read."""

HEAD_SECONDS: Final = 10
"""How long a head may take, and a connection be silent: Apache 20, nginx 60, Node 60."""

BODY_SECONDS: Final = 30.0
"""How long a body may be silent between two parts: nginx 60, Apache 20."""

TAKE_SECONDS: Final = 300
"""How long a client may take nothing of an answer: nginx and Apache 60, but whoever pauses a
video or stands at a breakpoint is no attacker. What waits for one client is bounded."""

USUAL_BODY: Final = 1_048_576
"""The largest body unless told otherwise: as nginx."""

DRAIN_BYTES: Final = 8 * 1_048_576
"""How much of an unwanted body is read after its answer.

A connection that is closed with bytes unread is reset, and the reset may overtake the
answer: a browser then shows a network error instead of the status (RFC 9112, section 9.6).
"""

DRAIN_SECONDS: Final = 2.0
"""How long an unwanted body is read: as nginx's lingering_close, which has 5 between parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why the server does not serve a request: a status, a word for the log, a sentence."""

    status: int
    word: str
    sentence: str


_TWO_HOSTS: Final = Problem(
    status=400,
    word="two-hosts",
    sentence="The request has two Host headers; one is needed.",
)
_NO_HOST: Final = Problem(
    status=400,
    word="no-host",
    sentence="The request has no Host header; HTTP/1.1 needs one.",
)
_LONG_TARGET: Final = Problem(
    status=414,
    word="target-too-long",
    sentence=f"The path and query have more than {MAX_TARGET} bytes.",
)
_LARGE_HEAD: Final = Problem(
    status=431,
    word="headers-too-large",
    sentence=f"The headers have more than {MAX_HEAD} bytes.",
)
_MANY_FIELDS: Final = Problem(
    status=431,
    word="too-many-headers",
    sentence=f"The request has more than {MAX_FIELDS} header lines.",
)

_CODED: Final = Problem(
    status=501,
    word="unknown-coding",
    sentence="The body has a transfer coding other than chunked.",
)

_MOST_DIGITS: Final = 19
"""A length with more digits is over any limit, and int() of thousands of them is slow."""

_WITHOUT_HOST: Final = frozenset({"1", "1.0"})  # Granian writes the first for HTTP/1.0

_BODILESS: Final = frozenset({"GET", "HEAD"})

_READ: Final = frozenset({b"host", b"content-length", b"transfer-encoding"})

_LINE: Final = 4
"""The bytes of a header line that are neither name nor value: colon, blank, CR, LF."""


def read_head(scope: Mapping[str, Any], hosts: Hosts) -> Problem | int | None:
    """Return what is wrong with the head of a request, or the length of the body after it.

    ``None`` stands for a body whose length only its end will tell. ``hosts`` are the names
    that a request may be for.
    """
    headers = scope["headers"]
    size = _LINE * len(headers)
    host: bytes | None = None
    # RFC 9112, section 6.3, step 7: no length and no coding is an empty body.
    length: int | None = 0 if scope["http_version"] != "2" else unframed(scope)
    for name, value in headers:
        size += len(name) + len(value)
        if name not in _READ:
            continue
        if name == b"host":
            if host is not None:
                return _TWO_HOSTS
            host = value
        elif name == b"content-length":
            length = _length(value)
        elif value.strip().lower() == b"chunked":
            length = None
        else:
            return _CODED
    target = len(scope["raw_path"]) + len(scope["query_string"])
    if size > MAX_HEAD or len(headers) > MAX_FIELDS or target > MAX_TARGET:
        return _size_problem(size, target)
    if host in hosts.known:
        return length
    problem = _host_problem(scope, host, hosts)
    return length if problem is None else problem


def unframed(scope: Mapping[str, Any]) -> int | None:
    """Return the length of a body in HTTP/2 whose head tells none, or ``None``: it may be any.

    There it needs neither length nor coding (RFC 9113, section 8.1). With GET and HEAD no
    page sends one.
    """
    return 0 if scope["method"] in _BODILESS else None


def _length(value: bytes) -> int | None:
    # The parser lets nothing but digits through; whoever else does is not believed.
    return int(value) if len(value) <= _MOST_DIGITS and value.isdigit() else None


def _size_problem(size: int, target: int) -> Problem:
    """Return which limit a head is over."""
    if size > MAX_HEAD:
        return _LARGE_HEAD
    return _LONG_TARGET if target > MAX_TARGET else _MANY_FIELDS


def _host_problem(scope: Mapping[str, Any], host: bytes | None, hosts: Hosts) -> Problem | None:
    # The server writes an empty Host where there was none.
    if not host:
        # HTTP/1.0 needs no Host, and whoever still speaks it is no browser: nothing is rebound.
        return None if scope["http_version"] in _WITHOUT_HOST else _NO_HOST
    if hosts.allows(host):
        return None
    return _foreign(host)


def _foreign(host: bytes) -> Problem:
    """Return the problem of a Host that is not ours, with the flag that would make it so."""
    name = name_of(host)
    shown = quote(host.decode("latin-1"))
    advice = "" if name is None else f" If it should, start it with --allow-host {name}."
    return Problem(
        status=421,
        word="host-not-allowed",
        sentence=f"This server does not answer to {shown}, only to names of this machine.{advice}",
    )

"""What the upstream is asked for a request's head, and whether it is asked at all.

What lives here: one head read as a whole, and the memory of the last ones. What does not: the
rules for each header (``hops``) and path (``upstream``), whether a page without an Origin is
allowed, which the policy says (``forward``), and the sending (``request``).

All that is said of a head follows from its own bytes and from what the gateway was started
with, so it is remembered by all of them: two requests that differ in one byte share nothing
but what does not depend on it. Heads that are alike but for path and query are of one kind:
what their header lines become is read once. No policy is asked here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from yarl import URL

from corsmith.adapters.asgi import Scope
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.body import has_body
from corsmith.server.gateway import faults
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.answered import Answered, Lines, Page, Pairs, read_answer
from corsmith.server.gateway.faults import Fault
from corsmith.server.gateway.guard import Entry, enter
from corsmith.server.gateway.hops import is_loop, request_headers
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.upstream import stray, target_of

if TYPE_CHECKING:
    from corsmith.server.log import Verdict

__all__ = ["NOT_SENT_ON", "Kind", "Standing", "Writer", "Written", "rest_of"]

_T = TypeVar("_T")

NOT_SENT_ON: Final = frozenset({"CONNECT", "TRACE"})

_CROSS_SITE: Final = (b"sec-fetch-site", b"cross-site")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods whose meaning foresees no body: with all others its length is told, also of none
(RFC 9110, section 8.6)."""
_BREAKS: Final = b"\r\n\x00"

_PLAIN: Final = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
"""A path and query in which nothing needs a closer look (RFC 3986, sections 3.3 and 3.4)."""

_DIGITS: Final = re.compile(rb"[0-9]{1,19}")

_VISIBLE: Final = re.compile(rb"[!-~]+")
"""What a target is made of at all: a blank would end it (RFC 9112, section 3.2)."""

_REMEMBERED: Final = 128
"""The most heads and kinds of heads that are remembered: a page in development asks for a few
dozen."""

_LONGEST_REMEMBERED: Final = 4_096
"""The largest head that is remembered, of a request and of its answer: browsers send 1 KB."""


class Standing:
    """What one policy says of a head; without a ``verdict`` it goes through all layers."""

    __slots__ = ("pairs", "policy", "verdict")

    def __init__(self, policy: Policy | Routes) -> None:
        """Nothing is said yet."""
        self.policy = policy
        self.pairs: Pairs = ()
        self.verdict: Verdict | None = None


@dataclass(slots=True, kw_only=True)
class Kind:
    """All heads that are alike but for their path and query.

    ``fault`` says why none of them is sent on. ``rest`` is what follows the path in one that
    has no body or one of ``length`` bytes, and ``lines`` are the headers; a length of -1 is none
    that the head tells. ``standing`` is what the policy in force says of
    all of them, if it does not look at the path, once that was asked (``passage``).
    """

    method: str
    entry: Entry
    has_body: bool
    here: bytes = b""
    abroad: bool = False
    follows: bool = False
    fault: Fault | None = None
    lines: tuple[tuple[str, str], ...] = ()
    rest: bytes = b""
    length: int = -1
    standing: Standing | None = field(default=None, repr=False)


class Written:
    """One request as the upstream gets it; ``fault`` says why it does not, if it came so far.

    ``head`` is its head as it goes out, where it has no body or one whose length it tells.
    ``passes`` says that it goes on whatever the policy says of other pages, and has no body.
    ``standing`` is what the policy in force says of it, once that was asked.
    """

    __slots__ = (
        "_dressed",
        "_last",
        "_upstream",
        "fault",
        "head",
        "kind",
        "passes",
        "standing",
        "target",
    )

    def __init__(
        self, kind: Kind, upstream: Upstream, target: bytes, fault: Fault | None = None
    ) -> None:
        """Ask ``upstream`` for ``target``, unless there is a ``fault``."""
        self.kind = kind
        self.target = target
        self.fault = kind.fault or fault
        self.head = b"" if self.fault else kind.method.encode() + b" " + target + kind.rest
        self.passes = kind.entry is Entry.GOES_ON and self.fault is None and not kind.has_body
        self.standing: Standing | None = None
        self._upstream = upstream
        self._last: tuple[int, Pairs, Answered] | None = None
        self._dressed: tuple[Lines, Standing, Lines] | None = None

    @property
    def url(self) -> URL:
        """What is asked for, as the client library has it."""
        return _url(self._upstream, self.target)

    def answered(self, status: int, raw: Pairs) -> Answered:
        """Return what the page gets of an answer's head; that of the last one is remembered."""
        last = self._last
        if last is not None and last[0] == status and last[1] == raw:
            return last[2]
        kind = self.kind
        page = Page(
            upstream=self._upstream,
            here=kind.here,
            path=self.target,
            abroad=kind.abroad,
            follows=kind.follows,
        )
        found = read_answer(status, raw, page)
        if found.size <= _LONGEST_REMEMBERED:
            self._last = status, raw, found
        return found

    def dress(
        self, headers: Lines, standing: Standing, dress: Callable[[Lines, Pairs], Lines]
    ) -> Lines:
        """Return an answer's headers as ``dress`` makes them; the same list is dressed once."""
        last = self._dressed
        if last is not None and last[0] is headers and last[1] is standing:
            return last[2]
        dressed = dress(headers, standing.pairs)
        if sum([len(name) + len(value) for name, value in headers]) <= _LONGEST_REMEMBERED:
            self._dressed = headers, standing, dressed
        return dressed


class Writer:
    """Reads the heads of one gateway's requests, and remembers the last."""

    def __init__(self, upstream: Upstream, *, via: bytes, added: Added) -> None:
        """Write for ``upstream``, under the name ``via``, with the headers ``added``."""
        self._upstream = upstream
        self._via = via
        self._added = added
        self._known: dict[tuple[object, ...], Written] = {}
        self._kinds: dict[tuple[object, ...], Kind] = {}

    def find(self, scope: Scope) -> Written | None:
        """Return what is asked for a head, if one of its kind was written and is remembered."""
        key = _key(scope)
        found = self._known.get(_place(key, scope))
        if found is None and (kind := self._kinds.get(key)) is not None:
            found = self._fill(kind, key, scope)
        return found

    def write(self, scope: Scope) -> Written:
        """Return what the upstream is asked for the head of a request."""
        found = self.find(scope)
        if found is not None:
            return found
        kind = self._read(scope)
        key = _key(scope)
        size = sum([len(name) + len(value) for name, value in scope["headers"]])
        if size + len(kind.method) <= _LONGEST_REMEMBERED:
            _remember(self._kinds, key, kind)
        return self._fill(kind, key, scope)

    def _fill(self, kind: Kind, key: tuple[object, ...], scope: Scope) -> Written:
        """Return what a head of a kind asks for, and remember it where its kind is."""
        target = target_of(self._upstream, scope["raw_path"], scope["query_string"])
        fault = self._wrong(scope["raw_path"], target)
        found = Written(kind, self._upstream, target, fault)
        if key in self._kinds and len(target) <= _LONGEST_REMEMBERED:
            _remember(self._known, _place(key, scope), found)
        return found

    def _wrong(self, raw_path: bytes, target: bytes) -> Fault | None:
        """Return why a path is not asked for, if it is not."""
        if (outside := stray(self._upstream, raw_path)) is not None:
            return faults.unsendable(outside)
        if _PLAIN.fullmatch(target):
            return None
        sent = _url(self._upstream, target).raw_path_qs.encode("ascii", "replace")
        if sent != target or not _VISIBLE.fullmatch(target):
            return faults.unsendable("its path holds characters that no URL has")
        return None

    def _read(self, scope: Scope) -> Kind:
        """Return the kind of a head."""
        headers = scope["headers"]
        method: str = scope["method"]
        lines = dict(headers)
        kind = Kind(
            method=method,
            entry=enter(method, headers),
            has_body=has_body(scope),
            length=_length(headers),
            here=_origin_here(scope),
            abroad=_CROSS_SITE in headers,
            # Whoever navigates sees where a redirect leads, and whoever sends no Origin is no
            # page of another origin.
            follows=b"origin" in lines and lines.get(b"sec-fetch-mode") != b"navigate",
        )
        if method in NOT_SENT_ON:
            kind.fault = faults.method_refused(method)
        elif is_loop(headers, self._via):
            kind.fault = faults.looped(self._upstream)
        else:
            kind.fault = self._write(kind, scope)
        return kind

    def _write(self, kind: Kind, scope: Scope) -> Fault | None:
        """Write down the headers of a kind, or return why they cannot be sent."""
        lines = request_headers(
            scope["headers"],
            self._upstream,
            via=self._via,
            added=self._added,
            tls=scope["scheme"] == "https",
        )
        try:
            kind.lines = tuple([(name.decode("ascii"), value.decode()) for name, value in lines])
            kind.rest = rest_of(kind.method, lines)
        except UnicodeDecodeError:
            return faults.unsendable("a header has bytes that are no UTF-8")
        except ValueError as error:
            return faults.unsendable(str(error))
        return None


def _key(scope: Scope) -> tuple[object, ...]:
    """Return all that a kind is known by: every byte of a head but path and query."""
    return scope["method"], scope["scheme"], scope["http_version"], *scope["headers"]


def _place(kind: tuple[object, ...], scope: Scope) -> tuple[object, ...]:
    """Return all that a head is known by: its kind, and every byte of path and query."""
    return scope["raw_path"], scope["query_string"], kind


def _remember(known: dict[tuple[object, ...], _T], key: tuple[object, ...], value: _T) -> None:
    """Keep a value among so many others."""
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value


def rest_of(method: str, lines: list[tuple[bytes, bytes]]) -> bytes:
    r"""Return what follows the path in a head without a body; ``ValueError`` for broken lines.

    >>> rest_of("GET", [(b"host", b"api.example")])
    b' HTTP/1.1\r\nhost: api.example\r\n\r\n'
    """
    if method not in _BODILESS and not any(name == b"content-length" for name, _ in lines):
        lines = [*lines, (b"Content-Length", b"0")]
    rows = [b"%b: %b" % line for line in lines]
    # The server's parser lets none of them through; a head that had one would be two.
    if _is_broken(b"".join([method.encode("ascii"), *rows])):
        raise ValueError("a line of its head holds a line break")
    return b"\r\n".join([b" HTTP/1.1", *rows, b"", b""])


def _length(headers: Lines) -> int:
    """Return the length of a body that is told once and plainly, or -1."""
    values = [value for name, value in headers if name == b"content-length"]
    if len(values) != 1 or not _DIGITS.fullmatch(values[0]):
        return -1
    # RFC 9112, section 6.3: where there is a coding, it counts.
    return -1 if any(name == b"transfer-encoding" for name, _ in headers) else int(values[0])


def _is_broken(line: bytes) -> bool:
    return len(line.translate(None, _BREAKS)) != len(line)


def _url(upstream: Upstream, target: bytes) -> URL:
    # The library writes what is not ASCII in UTF-8.
    return URL((upstream.origin + target).decode("ascii", "replace"), encoded=True)


def _origin_here(scope: Scope) -> bytes:
    """Return our own origin as the page wrote it."""
    scheme: str = scope["scheme"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return scheme.encode("latin-1") + b"://" + b"".join(hosts[:1])

"""What the upstream is asked for a request's head, and whether it is asked at all.

What lives here: one head read as a whole, and the memory of the last ones. What does not: the
rules for each header (``hops``) and path (``upstream``), whether a page without an Origin is
allowed, which the policy says (``forward``), and the sending (``request``).

All that is said of a head follows from its own bytes and from what the gateway was started
with, so it is remembered by all of them: two requests that differ in one byte share nothing.
No policy is asked here, and nothing that a policy says is remembered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

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

__all__ = ["NOT_SENT_ON", "Standing", "Writer", "Written", "head_of"]

NOT_SENT_ON: Final = frozenset({"CONNECT", "TRACE"})

_CROSS_SITE: Final = (b"sec-fetch-site", b"cross-site")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods whose meaning foresees no body: with all others its length is told, also of none
(RFC 9110, section 8.6)."""
_BREAKS: Final = b"\r\n\x00"

_REMEMBERED: Final = 128
"""The most heads that are remembered: a page in development asks for a few dozen."""

_LONGEST_REMEMBERED: Final = 4_096
"""The largest head that is remembered, of a request and of its answer: browsers send 1 KB."""

_NOWHERE: Final = URL()


class Standing:
    """What one policy says of a head, and the last answer with its headers on.

    ``verdict`` is ``None`` where the head is to go through all layers of the server.
    """

    __slots__ = ("_dressed", "_plain", "pairs", "policy", "verdict")

    def __init__(self, policy: Policy | Routes) -> None:
        """Nothing is said yet."""
        self.policy = policy
        self.pairs: Pairs = ()
        self.verdict: Verdict | None = None
        self._plain: Lines | None = None
        self._dressed: Lines = []

    def dress(self, headers: Lines, dress: Callable[[Lines, Pairs], Lines]) -> Lines:
        """Return an answer's headers as ``dress`` makes them; the same list is dressed once."""
        if headers is self._plain:
            return self._dressed
        dressed = dress(headers, self.pairs)
        if sum([len(name) + len(value) for name, value in headers]) <= _LONGEST_REMEMBERED:
            self._plain, self._dressed = headers, dressed
        return dressed


@dataclass(slots=True, kw_only=True)
class Written:
    """One request as the upstream gets it; ``fault`` says why it does not, if it came so far.

    ``head`` is its head as it goes out, where it has no body; ``lines`` are its headers.
    ``standing`` is what the policy in force says of it, once that was asked (``passage``).
    """

    method: str
    entry: Entry
    has_body: bool
    page: Page
    fault: Fault | None = None
    url: URL = _NOWHERE
    lines: tuple[tuple[str, str], ...] = ()
    head: bytes = b""
    standing: Standing | None = field(default=None, repr=False)
    _last: tuple[int, Pairs, Answered] | None = field(default=None, repr=False)

    @property
    def passes(self) -> bool:
        """Whether it goes on whatever the policy says of other pages, and has no body."""
        return self.entry is Entry.GOES_ON and self.fault is None and not self.has_body

    def answered(self, status: int, raw: Pairs) -> Answered:
        """Return what the page gets of an answer's head; that of the last one is remembered."""
        last = self._last
        if last is not None and last[0] == status and last[1] == raw:
            return last[2]
        found = read_answer(status, raw, self.page)
        if found.size <= _LONGEST_REMEMBERED:
            self._last = status, raw, found
        return found


class Writer:
    """Reads the heads of one gateway's requests, and remembers the last."""

    def __init__(self, upstream: Upstream, *, via: bytes, added: Added) -> None:
        """Write for ``upstream``, under the name ``via``, with the headers ``added``."""
        self._upstream = upstream
        self._via = via
        self._added = added
        self._known: dict[tuple[object, ...], Written] = {}

    def find(self, scope: Scope) -> Written | None:
        """Return what was written for a head that came before, if it is remembered."""
        return self._known.get(_key(scope))

    def write(self, scope: Scope) -> Written:
        """Return what the upstream is asked for the head of a request."""
        key = _key(scope)
        found = self._known.get(key)
        if found is None:
            found = self._write(scope)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            size = len(scope["raw_path"]) + len(scope["query_string"]) + len(scope["method"])
            size += sum([len(name) + len(value) for name, value in scope["headers"]])
            if size <= _LONGEST_REMEMBERED:
                self._known[key] = found
        return found

    def _write(self, scope: Scope) -> Written:
        headers = scope["headers"]
        method: str = scope["method"]
        target = target_of(self._upstream, scope["raw_path"], scope["query_string"])
        names = {name for name, _ in headers}
        written = Written(
            method=method,
            entry=enter(method, headers),
            has_body=has_body(scope),
            page=Page(
                upstream=self._upstream,
                here=_origin_here(scope),
                path=target,
                abroad=_CROSS_SITE in headers,
                # Whoever navigates sees where a redirect leads, and whoever sends no Origin
                # is no page of another origin.
                follows=b"origin" in names and dict(headers).get(b"sec-fetch-mode") != b"navigate",
            ),
        )
        written.fault = self._fill(written, target, scope)
        return written

    def _fill(self, written: Written, target: bytes, scope: Scope) -> Fault | None:
        """Write down what is sent, or return why nothing is."""
        if written.method in NOT_SENT_ON:
            return faults.method_refused(written.method)
        if is_loop(scope["headers"], self._via):
            return faults.looped(self._upstream)
        if (outside := stray(self._upstream, scope["raw_path"])) is not None:
            return faults.unsendable(outside)
        # The library writes what is not ASCII in UTF-8.
        written.url = URL((self._upstream.origin + target).decode("ascii", "replace"), encoded=True)
        if written.url.raw_path_qs.encode("ascii", "replace") != target:
            return faults.unsendable("its path holds characters that no URL has")
        lines = request_headers(
            scope["headers"],
            self._upstream,
            via=self._via,
            added=self._added,
            tls=scope["scheme"] == "https",
        )
        try:
            written.lines = tuple([(name.decode("ascii"), value.decode()) for name, value in lines])
            written.head = head_of(written.method, target, lines)
        except UnicodeDecodeError:
            return faults.unsendable("a header has bytes that are no UTF-8")
        except ValueError as error:
            return faults.unsendable(str(error))
        return None


def _key(scope: Scope) -> tuple[object, ...]:
    """Return all that a head is known by: every byte of it that is read anywhere."""
    return (
        scope["raw_path"],
        scope["query_string"],
        scope["method"],
        scope["scheme"],
        scope["http_version"],
        *scope["headers"],
    )


def head_of(method: str, target: bytes, lines: list[tuple[bytes, bytes]]) -> bytes:
    r"""Return the head of a request without a body; ``ValueError`` for what breaks a line.

    >>> head_of("GET", b"/a", [(b"host", b"api.example")])
    b'GET /a HTTP/1.1\r\nhost: api.example\r\n\r\n'
    """
    if method not in _BODILESS and not any(name == b"content-length" for name, _ in lines):
        lines = [*lines, (b"Content-Length", b"0")]
    rows = [b"%b %b HTTP/1.1" % (method.encode("ascii"), target)]
    rows += [b"%b: %b" % line for line in lines]
    joined = b"".join(rows)
    # The server's parser lets none of them through; a head that had one would be two.
    if len(joined.translate(None, _BREAKS)) != len(joined):
        raise ValueError("a line of its head holds a line break")
    return b"\r\n".join([*rows, b"", b""])


def _origin_here(scope: Scope) -> bytes:
    """Return our own origin as the page wrote it."""
    scheme: str = scope["scheme"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return scheme.encode("latin-1") + b"://" + b"".join(hosts[:1])

"""What the server writes about requests: one line each, and one for each body.

What lives here: the words and their escaping. What does not: the writing (``lines``), policy
problems (``run``), and the log of an application that uses an adapter (``refusals``).

A request line goes to standard error, a body to standard output, each within one write: the
lines of several workers do not mix. Whatever a client sent is escaped, cut, and free of
blanks where it is a column; a terminal or a log reader is never steered by it.
"""

import asyncio
import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from corsmith.adapters.asgi import Scope
from corsmith.decision import CorsRequest, Decision, Kind, decide
from corsmith.diagnostics import Diagnostic
from corsmith.gate import choose
from corsmith.origin import is_loopback, parse_origin
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.body import Body
from corsmith.server.lines import WRITE_BYTES, Lines

__all__ = [
    "Log",
    "Verdict",
    "Verdicts",
    "body_line",
    "escape",
    "request_line",
    "unasked",
]

_STDOUT: Final = 1
_STDERR: Final = 2

_LONGEST_COLUMN: Final = 256
"""The longest path, origin or value in a line: what is longer is no use to a reader."""

_LONGEST_METHOD: Final = 24

_REMEMBERED: Final = 64
"""The most verdicts that are remembered: a page and its preflights are a dozen."""

_LONGEST_REMEMBERED: Final = 1_024
"""The longest header values that are remembered, together: a page's are a tenth of it."""

_REMEMBERED_LINES: Final = 512
"""The most lines that are remembered: the files of a page, each as it is asked for."""

_READ: Final = frozenset(
    {b"origin", b"access-control-request-method", b"access-control-request-headers"}
)
"""The lines that a decision depends on; ASGI has their names in lower case."""


def escape(value: bytes, longest: int = _LONGEST_COLUMN) -> str:
    r"""Return bytes as one printable word: no blank, no control, no bidirectional mark.

    >>> print(escape(b"/items/3"), escape(b"/a b\x1b[2J\n\xff"))
    /items/3 /a\x20b\x1b[2J\n\xff
    """
    word = _printable(value[:longest]).replace(" ", "\\x20")
    return word if len(value) <= longest else f"{word}…"


def _printable(value: bytes) -> str:
    """Return bytes as printable text that can be told apart from any other's."""
    text = value.decode("utf-8", "surrogateescape")
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape_one, text))


def _escape_one(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


class Verdict(NamedTuple):
    """What a policy makes of a request, and the columns of a line that say so.

    ``decision`` is ``None`` where no policy was asked.
    """

    decision: Decision | None
    origin: str
    words: str


class Verdicts:
    """The verdicts of the policy in force; those that come again and again are remembered.

    A page in development sends the same few requests, and a decision with its reasons
    costs more than all else in a line. What is remembered is what a client chose, so it
    is bounded and small, and forgotten with the policy.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._source: Policy | Routes | None = None
        self._known: dict[tuple[object, ...], Verdict] = {}

    def of(self, source: Policy | Routes, scope: Scope) -> Verdict:
        """Return what the policy of a request's path makes of it."""
        if source is not self._source:
            self._source, self._known = source, {}
        policy, ambiguous = _policy_of(source, scope)
        read = tuple([line for line in scope["headers"] if line[0] in _READ])
        # Policies live as long as what they are part of, so no other has the same id.
        key = (id(policy), ambiguous, scope["method"], read)
        found = self._known.get(key)
        if found is None:
            found = _judge(policy, scope["method"], read, ambiguous=ambiguous)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            if sum(len(value) for _, value in read) <= _LONGEST_REMEMBERED:
                self._known[key] = found
        return found


def _policy_of(source: Policy | Routes, scope: Scope) -> tuple[Policy | None, bool]:
    """Return the policy of a request's path, and whether it has none for being ambiguous."""
    if isinstance(source, Policy):
        return source, False
    choice = choose(source, scope["path"], scope["raw_path"].decode("latin-1"))
    return choice.policy, choice.ambiguous


def unasked(scope: Scope) -> Verdict:
    """Return the verdict on a request that no policy is asked about."""
    return Verdict(None, _origin_column(scope["headers"]), "refused")


def _judge(
    policy: Policy | None, method: str, read: Sequence[tuple[bytes, bytes]], *, ambiguous: bool
) -> Verdict:
    origin = _origin_column(read)
    if policy is None:
        return Verdict(None, origin, "refused path-ambiguous" if ambiguous else "no-policy")
    decision = decide(policy, CorsRequest.from_headers(method, read))
    return Verdict(decision, origin, _decision_words(decision))


def _origin_column(headers: Iterable[tuple[bytes, bytes]]) -> str:
    origins = [value for name, value in headers if name == b"origin"]
    return escape(b", ".join(origins)) if origins else "-"


def _decision_words(decision: Decision) -> str:
    if decision.kind is Kind.NOT_CORS:
        return "not-cors"
    if not decision.reasons:
        return "allowed"
    words = [
        # The origin has a column of its own; of a preflight's lists, what was asked is told.
        reason.code if reason.field == "origins" else f"{reason.code} {_asked(reason)}"
        for reason in decision.reasons
    ]
    return f"refused {' '.join(words)}"


def request_line(scope: Scope, status: int, verdict: Verdict, problem: str | None) -> str:
    """Return method, path, status, origin, decision and reason, separated by blanks.

    ``problem`` is the server's own word for why it did not serve the request.
    """
    line = f"{_what(scope)} {status} {verdict.origin} {verdict.words}"
    return line if problem is None else f"{line} {problem}"


def _what(scope: Scope) -> str:
    """Return the method and the path, as they were received."""
    method = escape(scope["method"].encode("latin-1"), _LONGEST_METHOD)
    return f"{method} {escape(scope['raw_path']) or '-'}"


def _asked(reason: Diagnostic) -> str:
    return escape((reason.value or "").encode("latin-1", "replace")) or "-"


def body_line(scope: Scope, body: Body) -> bytes:
    """Return a body as one line of at most ``WRITE_BYTES``, with its full length."""
    head = f"{_what(scope)} {body.size} {'byte' if body.size == 1 else 'bytes'}"
    if not body.size:
        return f"{head}\n".encode()
    line = f"{head}: {_printable(body.beginning)}".encode()
    if len(line) < WRITE_BYTES and len(body.beginning) == body.size:
        return line + b"\n"
    mark = "…\n".encode()
    # Cut between characters: a half of one would be no UTF-8.
    return line[: WRITE_BYTES - len(mark)].decode(errors="ignore").encode() + mark


def _refused(verdict: Verdict) -> bool:
    """Return whether an origin was refused that might be allowed in passing."""
    decision = verdict.decision
    if decision is None or verdict.origin == "null":
        return False  # null is any page that hides its origin
    return any(reason.code == "origin-not-allowed" for reason in decision.reasons)


def _flags(origin: str, beside: Sequence[str], *, has_cookies: bool) -> str:
    """Return what to type to allow an origin that was refused."""
    # The flag replaces the list, so what is allowed already stands in it.
    flag = f"--origin {shlex.quote(','.join([*beside, origin]))}"
    parsed = parse_origin(origin) if has_cookies else None
    if parsed is not None and parsed.scheme == "http" and not is_loopback(parsed.host):
        # With credentials the flag alone would be refused, as insecure-origin.
        return f"{flag} --no-credentials"
    return flag


class Log:
    """Tells of requests; never raises, whatever becomes of the terminal.

    Most requests are like one before: their lines are remembered as far as they are alike.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        beside: Sequence[str] | None = None,
        has_cookies: bool = False,
        file: str | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Begin; ``clock`` gives the seconds since the epoch.

        ``beside`` are the origins that flags allow: an origin that is refused is told with
        the flag that allows it beside them. ``None`` tells no flag. ``has_cookies`` says that
        the policy allows credentials and takes no risk with them, and ``file`` is the one that
        the origins stand in, if they do. Where somebody can allow one at once, ``tell`` is
        called with it after its line is written.
        """
        self._clock = clock
        self._beside = beside
        self._has_cookies = has_cookies
        self._file = file
        self._tell = tell
        self._second = -1
        self._time = b""
        self._lines = Lines()
        self._known: dict[tuple[object, ...], tuple[bytes, bytes]] = {}

    def tell_no_flag(self) -> None:
        """Tell of no flag any more, where the policy comes from somewhere else."""
        self._beside = self._file = self._tell = None
        self._known.clear()

    def request(self, scope: Scope, status: int, verdict: Verdict, problem: str | None) -> None:
        """Write the line of a request that was answered."""
        _, origin, words = verdict
        key = (scope["method"], scope["raw_path"], status, origin, words)
        begun, flag = self._known.get(key) or self._remember(key, scope, status, verdict)
        more = flag if problem is None else f" {problem}".encode() + flag
        self._lines.put(_STDERR, b"%b%b%b\n" % (self._now(), begun, more))
        if self._tell is not None and _refused(verdict):
            # Called in the order in which they came: after the line is written.
            loop = asyncio.get_running_loop()
            loop.call_soon(self._lines.flush)
            loop.call_soon(self._tell, verdict.origin)

    def _remember(
        self, key: tuple[object, ...], scope: Scope, status: int, verdict: Verdict
    ) -> tuple[bytes, bytes]:
        """Return what the lines of requests like this one have between time, problem and end."""
        made = f" {request_line(scope, status, verdict, None)}".encode(), b""
        if _refused(verdict):
            made = made[0], self._remedy(verdict.origin).encode()
        if len(self._known) >= _REMEMBERED_LINES:
            self._known.clear()
        if len(scope["method"]) + len(scope["raw_path"]) <= _LONGEST_REMEMBERED:
            self._known[key] = made
        return made

    def _remedy(self, origin: str) -> str:
        """Return how to allow an origin that was refused, as the end of its line."""
        if self._file is not None:
            return f" (add it to origins in {self._file})"
        if self._beside is None:
            return ""
        flags = _flags(origin, self._beside, has_cookies=self._has_cookies)
        return f" (allow it with {flags})"

    def body(self, scope: Scope, body: Body) -> None:
        """Write the line of a body."""
        self._lines.put(_STDOUT, body_line(scope, body))

    def flush(self) -> None:
        """Write what waits: nothing else will, once the event loop has ended."""
        self._lines.flush()

    def _now(self) -> bytes:
        second = int(self._clock())
        if second != self._second:
            told = time.strftime("%H:%M:%S", time.localtime(second))
            self._second, self._time = second, told.encode()
        return self._time

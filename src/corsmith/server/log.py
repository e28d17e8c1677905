"""What the server writes about requests: one line each, and one for each body.

What lives here: the words, their escaping, and the writing. What does not: policy
problems (``run``), and the log of an application that uses an adapter (``refusals``).

A request line goes to standard error, a body to standard output, each in one write: the
lines of several workers do not mix. Whatever a client sent is escaped, cut, and free of
blanks where it is a column; a terminal or a log reader is never steered by it.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from typing import Final

from corsmith.adapters.asgi import Scope
from corsmith.decision import CorsRequest, Decision, Kind, decide
from corsmith.diagnostics import Diagnostic
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.body import Body

__all__ = [
    "WRITE_BYTES",
    "Log",
    "body_line",
    "decide_scope",
    "escape",
    "is_ambiguous",
    "request_line",
]

_STDOUT: Final = 1
_STDERR: Final = 2

WRITE_BYTES: Final = 4_096
"""The largest write. To a pipe it is whole up to this size (POSIX, PIPE_BUF on Linux)."""

_LONGEST_COLUMN: Final = 256
"""The longest path, origin or value in a line: what is longer is no use to a reader."""

_LONGEST_METHOD: Final = 24

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


def decide_scope(source: Policy | Routes, scope: Scope) -> Decision | None:
    """Return what the policy in force decides about a request; ``None``: it has no policy."""
    policy = source.policy_for(*_paths(scope)) if isinstance(source, Routes) else source
    if policy is None:
        return None
    read = [line for line in scope["headers"] if line[0] in _READ]
    return decide(policy, CorsRequest.from_headers(scope["method"], read))


def is_ambiguous(source: Policy | Routes, scope: Scope) -> bool:
    """Return whether a request has no policy because two readings of its path differ."""
    return isinstance(source, Routes) and source.is_ambiguous(*_paths(scope))


def _paths(scope: Scope) -> tuple[str, str]:
    return scope["path"], scope["raw_path"].decode("latin-1")


def request_line(scope: Scope, status: int, decision: Decision | None, problem: str | None) -> str:
    """Return method, path, status, origin, decision and reason, separated by blanks.

    ``problem`` is the server's own word for why it did not serve the request; where it
    did not even ask the policy, ``decision`` is ``None``.
    """
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    origin = escape(b", ".join(origins)) if origins else "-"
    words = _decision_words(decision)
    if problem is not None:
        words = f"{'refused' if decision is None else words} {problem}"
    return f"{_what(scope)} {status} {origin} {words}"


def _what(scope: Scope) -> str:
    """Return the method and the path, as they were received."""
    method = escape(scope["method"].encode("latin-1"), _LONGEST_METHOD)
    return f"{method} {escape(scope['raw_path']) or '-'}"


def _decision_words(decision: Decision | None) -> str:
    if decision is None:
        return "no-policy"
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


class Log:
    """Writes lines; never raises, whatever becomes of the terminal.

    What is written while the event loop is busy goes out together as soon as it is not:
    each write lets other threads run, which costs more than the write.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begin; ``clock`` gives the seconds since the epoch."""
        self._clock = clock
        self._second = -1
        self._time = ""
        self._waiting: list[tuple[int, bytes]] = []

    def request(
        self, scope: Scope, status: int, decision: Decision | None, problem: str | None
    ) -> None:
        """Write the line of a request that was answered."""
        line = f"{self._now()} {request_line(scope, status, decision, problem)}\n"
        self._put(_STDERR, line.encode())

    def body(self, scope: Scope, body: Body) -> None:
        """Write the line of a body."""
        self._put(_STDOUT, body_line(scope, body))

    def _now(self) -> str:
        second = int(self._clock())
        if second != self._second:
            self._second, self._time = second, time.strftime("%H:%M:%S", time.localtime(second))
        return self._time

    def _put(self, stream: int, line: bytes) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        self._waiting.append((stream, line))

    def _write(self) -> None:
        """Write the lines that wait, in their order, in as few writes as may be whole."""
        waiting, self._waiting = self._waiting, []
        at = 0
        while at < len(waiting):
            stream, together = waiting[at]
            at += 1
            while (
                at < len(waiting)
                and waiting[at][0] == stream
                and len(together) + len(waiting[at][1]) <= WRITE_BYTES
            ):
                together += waiting[at][1]
                at += 1
            # The reader has gone, or the disk is full: a server goes on serving.
            with contextlib.suppress(OSError):
                os.write(stream, together)

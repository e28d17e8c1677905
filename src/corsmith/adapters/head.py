"""The head of one WSGI response, held until its body begins, and whole answers.

What lives here: ``start_response`` as an application meets it. What does not: which headers a
response gets (``wsgi``).
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from corsmith.headers import OWNED_RESPONSE_HEADERS, merge_vary
from corsmith.refusals import note_replaced_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    from _typeshed import OptExcInfo

__all__ = ["TEXT", "Head", "Headers", "Pairs", "Unstarted", "answer_with", "head_of"]

Headers: TypeAlias = list[tuple[str, str]]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_UNTOUCHED: Final = frozenset(
    {
        "Cache-Control",
        "Content-Encoding",
        "Content-Length",
        "Content-Type",
        "Date",
        "ETag",
        "Last-Modified",
        "Location",
        "Server",
        "Set-Cookie",
    }
)
"""Names that need no closer look: one set look-up instead of a lower-casing."""

TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
_FAILURE: Final = b"Internal Server Error\n"


class Head:
    """The head of one response, held until the body begins.

    Until then an application may replace it (PEP 3333, "The start_response() Callable"),
    and so may we. A server that was told both would have to forget the first one's
    headers; gunicorn sends them beside the second one's.
    """

    # Set where it is made, for speed: an `__init__` costs more than the rest of a request.
    __slots__ = ("headers", "owned", "pairs", "start_response", "status", "write")

    start_response: StartResponse
    pairs: Pairs
    owned: frozenset[str]
    status: str | None
    headers: Headers
    write: Callable[[bytes], object] | None

    def start(
        self, status: str, headers: Headers, exc_info: OptExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        """Be the ``start_response`` of the application."""
        for name, _ in headers:
            if name not in _UNTOUCHED and name.lower() in _TOUCHED:
                marked = _merge(headers, self.pairs, self.owned)
                break
        else:
            marked = [*headers, *self.pairs]
        if self.status is None or (exc_info is not None and self.write is None):
            self.status, self.headers = status, marked
            return self
        # Too late, or twice without a reason: the server knows what to raise.
        self.begin()
        return self.start_response(status, marked, exc_info)

    def __call__(self, data: bytes, /) -> object:
        """Be the ``write`` that ``start_response`` returns."""
        return self.begin()(data)

    def begin(self) -> Callable[[bytes], object]:
        """Give the head to the server, unless that was done, and return its ``write``."""
        if self.write is None:
            # There is a head: whoever writes has started.
            self.write = self.start_response(cast("str", self.status), self.headers)
        return self.write

    def fail(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """Answer for an application that raised, in place of what it may have begun.

        A server would answer without a CORS header, and then it looks like a CORS error.
        Where the head has left already, the server raises the exception again.
        """
        self.status = None
        status = "500 Internal Server Error"
        headers = [*head_of(_FAILURE), *self.pairs]
        body = answer_with(environ, self.start_response, status, headers, _FAILURE, sys.exc_info())
        traceback.print_exc(file=environ["wsgi.errors"])
        return body


class Unstarted:
    """The body of an application that has not called ``start_response`` yet.

    It does so before its first part (PEP 3333), and may raise instead.
    """

    def __init__(self, body: Iterable[bytes], head: Head, environ: WSGIEnvironment) -> None:
        self._body = body
        self._head = head
        self._environ = environ
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            if self._parts is None:
                self._parts = iter(self._body)
            part = next(self._parts)
        except StopIteration:
            self._begin()
            raise
        except Exception:  # noqa: BLE001  raising again would lose the answer
            self._parts = iter(self._head.fail(self._environ))
            return next(self._parts)
        self._begin()
        return part

    def _begin(self) -> None:
        if self._head.status is not None:
            self._head.begin()

    def close(self) -> None:
        """Close what the application returned, as the server would."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()


def _merge(headers: Headers, pairs: Pairs, owned: frozenset[str]) -> Headers:
    """Return the application's headers with ours: a set replaced, ``Vary`` merged."""
    kept: Headers = []
    vary: list[str] = []
    replaced: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower in owned:
            replaced.append(lower)
        elif lower == "vary":
            vary.append(value)
        else:
            kept.append((name, value))
    if replaced:
        note_replaced_headers(replaced)
    if pairs and pairs[-1][0] == "Vary":
        return [*kept, *pairs[:-1], ("Vary", merge_vary(vary, "Origin"))]
    return [*kept, *(("Vary", value) for value in vary), *pairs]


def head_of(body: bytes) -> Headers:
    """Return the lines that a plain text needs."""
    return [TEXT, ("Content-Length", str(len(body)))]


def answer_with(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: str,
    headers: Headers,
    body: bytes,
    exc_info: OptExcInfo | None = None,
) -> Iterable[bytes]:
    """Give the server a whole answer, and return its body."""
    if exc_info is None:
        start_response(status, headers)
    else:
        start_response(status, headers, exc_info)
    # Not every server drops the body that HEAD does not want.
    return (body,) if body and environ["REQUEST_METHOD"] != "HEAD" else ()

"""CORS for any WSGI application (PEP 3333): put it outermost.

What lives here: the translation of ``environ`` and ``start_response``. What does not:
any judgement.

Facts that shape the code:

* the headers are changed where ``start_response`` is called, which may be late, or twice
  with ``exc_info``; the body is returned as the application gave it, so ``close()`` and
  ``wsgi.file_wrapper`` work, and nothing is buffered;
* only what has not called ``start_response`` when it returns, as a generator, is returned
  in a wrapper: until its first part, it may still raise;
* a server joins repeated headers with a comma, so two Origin lines arrive as a list: that
  is no serialized origin, and is refused like one.
"""

from __future__ import annotations

import sys
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from corsmith.gate import FAILED, Choice, admit, check_enforce, choose, path_of_target
from corsmith.headers import OWNED_RESPONSE_HEADERS, merge_vary
from corsmith.marks import UNMARKED
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_replaced_headers
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from _typeshed import OptExcInfo

    from corsmith.gate import Chooser, Source
    from corsmith.marks import Mark, Marks

__all__ = ["CORSMiddleware", "path_of", "raw_path_of", "wanted_method"]

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

_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
_REFUSED: Final = b"This origin may not use this server: the CORS policy does not allow it.\n"
_FAILURE: Final = b"Internal Server Error\n"
_VARY: Final = (("Vary", "Origin"),)
_NO_CONTENT: Final = 204
_STATUS_LINES: Final = {status: f"{status} OK" for status in range(200, 300)} | {
    status.value: f"{status.value} {status.phrase}" for status in HTTPStatus
}
_EMPTY: Final = (_TEXT, ("Content-Length", "0"))
"""No body; the type is for ``wsgiref.validate``, which wants one on everything but a 204."""


class CORSMiddleware:
    """A WSGI application that answers preflights and marks every response of another.

    >>> def app(environ, start_response): ...
    >>> app = CORSMiddleware(app, origins=["https://app.example"])

    ``policy`` is a ``Policy``, ``Routes``, or a function of origin, scheme, host and path;
    or the fields of a policy are given directly. ``enforce`` answers 403 before the
    application runs where the Origin is not allowed. Raises ``PolicyError``.
    """

    def __init__(
        self,
        app: WSGIApplication,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Wrap ``app``; everything that can be wrong with the policy is told here."""
        self.app = app
        self._enforce = check_enforce(enforce)
        self._refusals = Refusals()
        self._marks: Marks | None = None
        self._take(admit(policy, fields))

    @property
    def marks(self) -> Marks | None:
        """Finds the mark of the endpoint of a request, which comes before the policy."""
        return self._marks

    @marks.setter
    def marks(self, new: Marks | None) -> None:
        self._marks = new
        self._take(self._source)

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._source

    @policy.setter
    def policy(self, new: Source) -> None:
        self._take(admit(new, {}))

    def find_mark(self, environ: WSGIEnvironment, path: str) -> Mark:
        """Return the mark of the endpoint of a request; asked only where there are marks."""
        return UNMARKED if self._marks is None else self._marks(wanted_method(environ), path)

    def lets_raise(self) -> bool:
        """Return whether whoever called wants the exception itself, as a test may."""
        return False

    def _take(self, source: Source) -> None:
        # The usual case needs no look at what the source is. In this order, a request that
        # comes between the two lines meets the old policy or the new one.
        self._source = source
        self._policy = source if isinstance(source, Policy) and self._marks is None else None

    def __call__(  # noqa: C901, PLR0912  a call more costs a tenth of the layer
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        policy, varies, owned = self._policy, False, OWNED_RESPONSE_HEADERS
        pairs: Pairs = ()
        if policy is None:
            choice = self._choose(self._source, environ)
            policy, varies = choice.policy, choice.varies
            if policy is None:
                if not varies and not choice.ambiguous:
                    return self.app(environ, start_response)
                pairs = _VARY if varies else ()
                if not choice.ambiguous:
                    owned = frozenset()
                elif self._is_refused_anyhow(environ):
                    return _answer_text(environ, start_response, "403 Forbidden", _REFUSED, pairs)
        if policy is not None:
            answers = policy.answers
            origin: str | None = environ.get("HTTP_ORIGIN")
            if origin is None:
                pairs = answers.unmatched
            elif (
                environ["REQUEST_METHOD"] == "OPTIONS"
                and (method := environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")) is not None
            ):
                headers = self._preflight(policy, origin, method, environ)
                if varies and answers.any_origin:
                    headers += _VARY
                start_response(_STATUS_LINES[policy.preflight_status], headers)
                return ()
            elif answer := answers.known.get(origin) or answers.meet(origin):
                pairs = answer
            else:
                pairs = answers.unmatched
                self._refusals.note_origin(policy, origin)
                if self._enforce and not _is_same_origin(environ):
                    return _answer_text(environ, start_response, "403 Forbidden", _REFUSED, pairs)
            if varies and answers.any_origin:
                pairs += _VARY
        head = _Head()
        head.start_response, head.pairs, head.owned = start_response, pairs, owned
        head.held = head.write = None
        try:
            body = self.app(environ, head.start)
        except Exception:
            if self.lets_raise():
                raise
            return head.fail(environ)
        if head.held is None:
            return _Unstarted(body, head, environ)
        if head.write is None:
            head.write = start_response(*head.held)
        return body

    def _is_refused_anyhow(self, environ: WSGIEnvironment) -> bool:
        """Return whether ``enforce`` refuses a request whose path is ambiguous.

        Whichever reading the application takes, no policy has allowed its Origin.
        """
        self._refusals.note_path(path_of(environ))
        return self._enforce and "HTTP_ORIGIN" in environ and not _is_same_origin(environ)

    def _preflight(
        self, policy: Policy, origin: str, method: str, environ: WSGIEnvironment
    ) -> Headers:
        """Return the headers of a preflight's answer, and note what a browser will refuse."""
        answers = policy.answers
        asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
        names = () if asked is None else (asked,)
        pairs = answers.preflight(origin, method, names)
        if pairs is answers.vary:
            self._refusals.note_origin(policy, origin)
        elif (fault := answers.fault(method, names)) is not None:
            self._refusals.note_fault(origin, fault)
        # RFC 9110, section 8.6: a 204 has no Content-Length.
        return [*pairs] if policy.preflight_status == _NO_CONTENT else [*pairs, *_EMPTY]

    def _choose(self, source: object, environ: WSGIEnvironment) -> Choice:
        """Return what is in force for this path and origin."""
        path, raw_path = path_of(environ), raw_path_of(environ)
        if self._marks is not None:
            mark = self.find_mark(environ, path)
            if mark is not UNMARKED:
                return Choice(policy=mark)
        if isinstance(source, (Policy, Routes)):
            return choose(source, path, raw_path)
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            origin = origin.strip(" \t")
        scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST")
        try:
            chosen = cast("Chooser", source)(origin, scheme, host, path)
            return choose(chosen, path, raw_path, varies=True)
        except Exception as error:  # noqa: BLE001  a refusal must not become a crash
            self._refusals.note_failure(origin, error)
            return FAILED


class _Head:
    """The head of one response, held until the body begins.

    Until then an application may replace it (PEP 3333, "The start_response() Callable"),
    and so may we. A server that was told both would have to forget the first one's
    headers; gunicorn sends them beside the second one's.
    """

    # Set where it is made, for speed: an `__init__` costs more than the rest of a request.
    __slots__ = ("held", "owned", "pairs", "start_response", "write")

    start_response: StartResponse
    pairs: Pairs
    owned: frozenset[str]
    held: tuple[str, Headers] | None
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
        if self.held is None or (exc_info is not None and self.write is None):
            self.held = (status, marked)
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
            self.write = self.start_response(*cast("tuple[str, Headers]", self.held))
        return self.write

    def fail(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """Answer for an application that raised, in place of what it may have begun.

        A server would answer without a CORS header, and then it looks like a CORS error.
        Where the head has left already, the server raises the exception again.
        """
        self.held = None
        status = "500 Internal Server Error"
        body = _answer_text(
            environ, self.start_response, status, _FAILURE, self.pairs, sys.exc_info()
        )
        traceback.print_exc(file=environ["wsgi.errors"])
        return body


class _Unstarted:
    """The body of an application that has not called ``start_response`` yet.

    It does so before its first part (PEP 3333), and may raise instead.
    """

    def __init__(self, body: Iterable[bytes], head: _Head, environ: WSGIEnvironment) -> None:
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
        if self._head.held is not None:
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


def _answer_text(
    environ: WSGIEnvironment,
    start_response: StartResponse,
    status: str,
    body: bytes,
    pairs: Pairs,
    exc_info: OptExcInfo | None = None,
) -> Iterable[bytes]:
    headers = [_TEXT, ("Content-Length", str(len(body))), *pairs]
    if exc_info is None:
        start_response(status, headers)
    else:
        start_response(status, headers, exc_info)
    # Not every server drops the body that HEAD does not want.
    return () if environ["REQUEST_METHOD"] == "HEAD" else (body,)


def _is_same_origin(environ: WSGIEnvironment) -> bool:
    """Return whether the browser says that page and server are one origin.

    Fetch Metadata, #sec-fetch-site-header: no page can set or remove it.
    """
    return environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"


def wanted_method(environ: WSGIEnvironment) -> str:
    """Return the method of a request, or the one that a preflight asks for."""
    method: str = environ["REQUEST_METHOD"]
    if method == "OPTIONS" and "HTTP_ORIGIN" in environ:
        method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", method)
    return method


def path_of(environ: WSGIEnvironment) -> str:
    """Return the path that the application routes on, decoded.

    PEP 3333: it is Latin-1 text that stands for bytes, which are UTF-8 mostly.
    """
    path: str = environ.get("PATH_INFO", "")
    return path.encode("latin-1", "replace").decode("utf-8", "replace") or "/"


def raw_path_of(environ: WSGIEnvironment) -> str | None:
    """Return the part of the target that ``PATH_INFO`` is decoded from, if the host has it.

    Not in PEP 3333: gunicorn and mod_wsgi hand over the target as it was received.
    """
    raw: str | None = environ.get("RAW_URI", environ.get("REQUEST_URI"))
    root = environ.get("SCRIPT_NAME", "")
    return None if raw is None else path_of_target(raw).removeprefix(root)

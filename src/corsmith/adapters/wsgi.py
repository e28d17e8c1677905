"""CORS for any WSGI application (PEP 3333): put it outermost.

What lives here: the translation of ``environ`` and ``start_response``. What does not:
any judgement.

Facts that shape the code:

* the body is returned as the application gave it, so ``close()`` and ``wsgi.file_wrapper``
  work, and nothing is buffered; the headers are changed where ``start_response`` is called,
  which may be late, or twice with ``exc_info``;
* a server joins repeated headers with a comma, so two Origin lines arrive as a list: that
  is no serialized origin, and is refused like one.
"""

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol, TypeAlias, cast

from corsmith.gate import NOBODY, Chooser, Gate, Source, check_choice
from corsmith.headers import OWNED_RESPONSE_HEADERS, merge_vary
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_policy_failure, note_replaced_headers
from corsmith.routes import Routes

__all__ = ["CORSMiddleware"]

# PEP 3333 leaves the values of environ open, and exc_info is what sys.exc_info() gives.
Environ: TypeAlias = dict[str, Any]
Headers: TypeAlias = list[tuple[str, str]]
Pairs: TypeAlias = tuple[tuple[str, str], ...]
Write: TypeAlias = Callable[[bytes], object]


class StartResponse(Protocol):
    """PEP 3333, "The start_response() Callable"."""

    def __call__(self, status: str, headers: Headers, exc_info: Any = ..., /) -> Write:
        """Begin the response."""
        ...


App: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_UNTOUCHED: Final = frozenset({
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
})
"""Names that need no closer look: one set look-up instead of a lower-casing."""

_REFUSED: Final = b"This origin may not use this server: the CORS policy does not allow it.\n"
_FAILED: Final = b"Internal Server Error\n"
_VARY: Final = (("Vary", "Origin"),)
_NO_CONTENT: Final = 204


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
        app: App,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Wrap ``app``; everything that can be wrong with the policy is told here."""
        self.app = app
        self._enforce = enforce
        self._gate = Gate(policy, fields)
        self._refusals = Refusals()

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._gate.source

    @policy.setter
    def policy(self, new: Source) -> None:
        self._gate.source = new

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        source = self._gate.source
        varies = False
        if source.__class__ is not Policy:
            chosen, varies = self._choose(source, environ)
            if chosen is None:
                return self._run(environ, start_response, _VARY if varies else ())
            source = chosen
        policy: Policy = source  # type: ignore[assignment]  # what is no Policy was chosen from
        answers = policy.answers
        origin: str | None = environ.get("HTTP_ORIGIN")
        if origin is None:
            pairs = answers.unmatched
        elif (
            environ["REQUEST_METHOD"] == "OPTIONS"
            and (method := environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")) is not None
        ):
            asked = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
            names = () if asked is None else (asked,)
            self._refusals.note_preflight(policy, answers, origin, method, names)
            pairs = answers.preflight(origin, method, names)
            if varies and answers.any_origin:
                pairs += _VARY
            return _answer_preflight(start_response, policy.preflight_status, pairs)
        elif answers.any_origin:
            pairs = answers.unmatched
        elif pair := answers.known.get(origin) or answers.allow(origin):
            pairs = (pair, *answers.vary_tail)
        else:
            pairs = answers.unmatched
            self._refusals.note_origin(policy, origin)
            if self._enforce and environ.get("HTTP_SEC_FETCH_SITE") != "same-origin":
                return _answer_text(start_response, "403 Forbidden", _REFUSED, pairs)
        if varies and answers.any_origin:
            pairs += _VARY
        return self._run(environ, start_response, pairs)

    def _run(
        self, environ: Environ, start_response: StartResponse, pairs: Pairs
    ) -> Iterable[bytes]:
        """Run the application, and put ``pairs`` on every response that it starts."""
        started = False

        def start_marked(status: str, headers: Headers, exc_info: Any = None) -> Write:
            nonlocal started
            started = True
            for name, _ in headers:
                if name not in _UNTOUCHED and name.lower() in _TOUCHED:
                    marked = _merge(headers, pairs)
                    break
            else:
                marked = [*headers, *pairs]
            if exc_info is None:
                return start_response(status, marked)
            return start_response(status, marked, exc_info)

        try:
            return self.app(environ, start_marked)
        except Exception:
            if started:
                raise
            # A server answers this without a CORS header, and then it looks like a CORS
            # error. Raising again would lose our answer, so the traceback goes where PEP
            # 3333 puts it.
            traceback.print_exc(file=environ["wsgi.errors"])
            exc_info = sys.exc_info()
            return _answer_text(
                start_response, "500 Internal Server Error", _FAILED, pairs, exc_info
            )

    def _choose(self, source: object, environ: Environ) -> tuple[Policy | None, bool]:
        """Return the policy for this path and origin, and whether a function chose it."""
        # PEP 3333: a path is Latin-1 text that stands for bytes, which are UTF-8 mostly.
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace") or "/"
        varies = not isinstance(source, Routes)
        if varies:
            try:
                source = cast("Chooser", source)(
                    environ.get("HTTP_ORIGIN"),
                    environ["wsgi.url_scheme"],
                    environ.get("HTTP_HOST"),
                    path,
                )
                check_choice(source)
            except Exception as error:  # noqa: BLE001  a refusal must not become a crash
                note_policy_failure(error)
                return NOBODY, True
        if isinstance(source, Routes):
            # Not in PEP 3333: gunicorn and mod_wsgi hand over the target as received.
            raw = environ.get("RAW_URI", environ.get("REQUEST_URI"))
            raw_path = None if raw is None else raw.split("?", 1)[0]
            if source.is_ambiguous(path, raw_path):
                self._refusals.note_path(path)
            return source.policy_for(path, raw_path), varies
        return cast("Policy | None", source), varies


def _merge(headers: Iterable[tuple[str, str]], pairs: Pairs) -> Headers:
    """Return the application's headers with ours: a set replaced, ``Vary`` merged."""
    kept: Headers = []
    vary: list[str] = []
    replaced: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower in OWNED_RESPONSE_HEADERS:
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


def _answer_preflight(
    start_response: StartResponse, status: int, pairs: Pairs
) -> Iterable[bytes]:
    # RFC 9110, section 8.6: a 204 has no Content-Length.
    length = () if status == _NO_CONTENT else (("Content-Length", "0"),)
    reason = "No Content" if status == _NO_CONTENT else "OK"
    start_response(f"{status} {reason}", [*pairs, *length])
    return ()


def _answer_text(
    start_response: StartResponse,
    status: str,
    body: bytes,
    pairs: Pairs,
    exc_info: Any = None,
) -> Iterable[bytes]:
    length = ("Content-Length", str(len(body)))
    headers = [("Content-Type", "text/plain; charset=utf-8"), length, *pairs]
    if exc_info is None:
        start_response(status, headers)
    else:
        start_response(status, headers, exc_info)
    return (body,)

"""CORS for any WSGI application (PEP 3333): put it outermost.

What lives here: the translation of ``environ``, and what becomes of a request. What does not:
any judgement, and what an application does with ``start_response`` (``head``).

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

from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from corsmith.adapters.head import TEXT, Head, Unstarted, answer_with, head_of
from corsmith.gate import Choice, admit, check_enforce, choose, failed, path_of_target
from corsmith.headers import OWNED_RESPONSE_HEADERS
from corsmith.marks import UNMARKED
from corsmith.policy import Policy
from corsmith.refusals import Refusals
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from corsmith.adapters.head import Headers, Pairs
    from corsmith.gate import Chooser, Source
    from corsmith.marks import Mark, Marks

__all__ = ["CORSMiddleware", "path_of", "raw_path_of", "wanted_method"]

Settled: TypeAlias = "tuple[Pairs | None, frozenset[str], tuple[str, Headers, bytes] | None]"
"""What a response gets and loses, or the whole answer; ``None``: it is not touched."""

_REFUSED: Final = b"This origin may not use this server: the CORS policy does not allow it.\n"
_NOTHING: Final = frozenset[str]()
_VARY: Final = (("Vary", "Origin"),)
_NO_CONTENT: Final = 204
_STATUS_LINES: Final = {status: f"{status} OK" for status in range(200, 300)} | {
    status.value: f"{status.value} {status.phrase}" for status in HTTPStatus
}
_EMPTY: Final = (TEXT, ("Content-Length", "0"))
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

    def _take(self, source: Source) -> None:
        # The usual case needs no look at what the source is. In this order, a request that
        # comes between the two lines meets the old policy or the new one.
        self._source = source
        self._policy = source if isinstance(source, Policy) and self._marks is None else None
        self._find_pairs = _find_nothing if self._policy is None else self._policy.answers.find

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        # The usual request, in as few steps as there are: behind a framework each one is cold.
        owned, pairs = OWNED_RESPONSE_HEADERS, None
        if environ["REQUEST_METHOD"] != "OPTIONS":
            pairs = self._find_pairs(environ.get("HTTP_ORIGIN"))
        if pairs is None:
            pairs, owned, answer = self._settle(environ)
            if answer is not None:
                return answer_with(environ, start_response, *answer)
            if pairs is None:
                return self.app(environ, start_response)
        head = Head()
        head.start_response, head.pairs, head.owned = start_response, pairs, owned
        head.status = head.write = None
        try:
            body = self.app(environ, head.start)
        except Exception:  # noqa: BLE001  raising again would lose the answer
            return head.fail(environ)
        if head.status is None:
            return Unstarted(body, head, environ)
        if head.write is None:
            head.write = start_response(head.status, head.headers)
        return body

    def _settle(self, environ: WSGIEnvironment) -> Settled:
        """Return what becomes of any request."""
        policy, varies = self._policy, False
        if policy is None:
            choice = self._choose(self._source, environ)
            policy, varies = choice.policy, choice.varies
            if policy is None:
                return self._settle_exempt(choice, environ)
        answers = policy.answers
        tail = _VARY if varies and answers.any_origin else ()
        origin: str | None = environ.get("HTTP_ORIGIN")
        if origin is None:
            return answers.unmatched + tail, OWNED_RESPONSE_HEADERS, None
        method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        if method is not None and environ["REQUEST_METHOD"] == "OPTIONS":
            headers = self._preflight(policy, origin, method, environ)
            return (), _NOTHING, (_STATUS_LINES[policy.preflight_status], [*headers, *tail], b"")
        pairs = answers.find(origin) or answers.meet(origin)
        if pairs is None:
            self._refusals.note_origin(policy, origin)
            if self._enforce and not _is_same_origin(environ):
                return _refuse(answers.unmatched)
            pairs = answers.unmatched
        return pairs + tail, OWNED_RESPONSE_HEADERS, None

    def _settle_exempt(self, choice: Choice, environ: WSGIEnvironment) -> Settled:
        """Return what becomes of a request for which there is no policy."""
        pairs: Pairs = _VARY if choice.varies else ()
        if not choice.ambiguous:
            return pairs or None, _NOTHING, None
        self._refusals.note_path(path_of(environ))
        # Whichever reading the application takes, no policy has allowed this Origin.
        if self._enforce and "HTTP_ORIGIN" in environ and not _is_same_origin(environ):
            return _refuse(pairs)
        return pairs, OWNED_RESPONSE_HEADERS, None

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
            return failed()


def _find_nothing(_: str | None) -> None:
    """Have no answer ready: more than the Origin has to be asked."""


def _refuse(pairs: Pairs) -> Settled:
    """Return the answer to a request that ``enforce`` refuses."""
    return (), _NOTHING, ("403 Forbidden", [*head_of(_REFUSED), *pairs], _REFUSED)


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

"""CORS for Python's own ``http.server``: a mixin in front of the handler class.

What lives here: the translation for ``BaseHTTPRequestHandler``. What does not: any
judgement.

Facts that shape the code:

* every response passes through ``end_headers``, also those of ``send_error`` and a 304, so
  that is where the headers are put;
* head and body leave in one write: in two, Nagle's algorithm and the delayed
  acknowledgement of the other side cost 40 ms a request on a kept connection. So the head
  waits for the first write of the body, or for a flush, which happens after each request;
  a handler that streams slowly flushes after its ``end_headers``;
* a head that waits can still be taken back, so an exception is answered with 500 as long
  as nothing has left.
"""

from __future__ import annotations

import io
from contextlib import suppress
from http.client import HTTPMessage
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast
from urllib.parse import unquote

from corsmith.diagnostics import diagnose
from corsmith.errors import PolicyError
from corsmith.gate import Choice, admit, choose, failed, path_of_target
from corsmith.headers import OWNED_RESPONSE_HEADERS, REQUEST_HEADERS_OF_PREFLIGHT, merge_vary
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_replaced_headers
from corsmith.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.gate import Chooser, Source

__all__ = ["CORSMixin"]

_ACRM, _ACRH = REQUEST_HEADERS_OF_PREFLIGHT
_NO_CONTENT: Final = 204
_FIRST_FINAL_STATUS: Final = 200
_VARY: Final = (("Vary", "Origin"),)
_NO_HEADERS: Final = HTTPMessage()

_MOST_JOINED: Final = 65_536
"""The largest first part of a body that is copied behind its head, in bytes."""


class _Checked(type):
    """A class whose ``cors`` is checked when it is assigned, not when a request meets it."""

    def __setattr__(cls, name: str, value: object) -> None:
        super().__setattr__(name, _admitted(cls, value) if name == "cors" else value)


def _admitted(cls: type, source: object) -> Source:
    if source is None:
        message = f"{cls.__name__} has no policy."
        fix = 'Write cors = Policy(origins=["https://app.example"]) in the class.'
        raise PolicyError([diagnose("wrong-type", "cors", None, message, fix)])
    return admit(cast("Source", source), {})


class _InOrder:
    """A socket of a handler: whoever takes it finds that everything written has left."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, handler: CORSMixin | None, owner: type) -> Any:  # noqa: ANN401  as the base class
        if handler is None:
            return self
        writer = handler.__dict__.get("wfile")
        if isinstance(writer, _JoiningWriter):
            writer.release()
        return handler.__dict__[self._name]

    def __set__(self, handler: CORSMixin, value: object) -> None:
        handler.__dict__[self._name] = value


class CORSMixin(BaseHTTPRequestHandler, metaclass=_Checked):
    """Answers preflights and marks every response of a ``BaseHTTPRequestHandler``.

    Name it before the handler class, and give the policy as ``cors``: a ``Policy``,
    ``Routes``, or a function of origin, scheme, host and path; or give the fields of a
    policy as keywords of the class. Raises ``PolicyError`` when the class is made without
    one. Assign ``cors`` again, and the next request meets that.

    >>> class Handler(CORSMixin, BaseHTTPRequestHandler, origins=["https://app.example"]):
    ...     pass
    >>> Handler.cors
    Policy(origins=['https://app.example'])

    A ``do_OPTIONS`` of the class gets every OPTIONS that is not a preflight; without one
    such a request is answered 200 with ``Allow``.
    """

    cors: ClassVar[Source]

    disable_nagle_algorithm = True
    connection = _InOrder()
    request = _InOrder()
    wfile: _JoiningWriter

    _refusals: ClassVar[Refusals]
    _status: int = 0
    _timed_out: bool = False
    _choice: Choice | None = None
    _kept: tuple[tuple[str, str], ...] = ()

    def __init_subclass__(cls, **fields: object) -> None:
        """Check the policy when the class is made, and put preflights before do_OPTIONS."""
        super().__init_subclass__()
        cls._refusals = Refusals()
        if fields:
            cls.cors = admit(cls.__dict__.get("cors"), fields)
        else:
            _admitted(cls, getattr(cls, "cors", None))
        own = cls.__dict__.get("do_OPTIONS")
        if own is not None:
            cls.do_OPTIONS = _after_preflights(own)  # type: ignore[assignment, method-assign]  # wrapped

    def setup(self) -> None:
        """Prepare the connection, with a writer that joins head and body."""
        super().setup()
        self.wfile = _JoiningWriter(cast("io.BufferedIOBase", self.wfile))

    def handle_one_request(self) -> None:
        """Answer one request; an exception before anything has left becomes a marked 500."""
        # On a kept connection, a request that cannot be read must not be taken for the
        # one before.
        self.headers, self.path, self.raw_requestline = _NO_HEADERS, "/", b""
        self._status, self._timed_out, self._choice = 0, False, None
        self.wfile.has_sent = False
        try:
            super().handle_one_request()
        except Exception:
            self._fail()
            raise
        if self._timed_out:
            self._fail()
        self.wfile.flush()

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  as the base class
        """Log an error; the base class does that with a ``TimeoutError``, also of a handler."""
        self._timed_out = any(isinstance(argument, TimeoutError) for argument in args)
        super().log_error(format, *args)

    def _fail(self) -> None:
        """Answer 500 in place of what has not left yet.

        Dropping the connection, as the base class does, looks like a CORS error.
        """
        if not self.raw_requestline or self.wfile.has_sent:
            return
        self.wfile.holds = True
        self.flush_headers()
        self.wfile.holds = False
        self.wfile.take_back()
        with suppress(Exception):  # the client may be gone: the first exception counts
            self.send_error(500)
            self.wfile.flush()
        self.close_connection = True

    def do_OPTIONS(self) -> None:
        """Answer a preflight by the policy; any other OPTIONS is the handler's own."""
        if self._answer_preflight():
            return
        inherited = getattr(super(), "do_OPTIONS", None)
        if inherited is not None:
            inherited()
            return
        choice = self._choose()
        if choice.policy is None and not choice.varies:
            self.send_error(501, f"Unsupported method ({self.command!r})")
            return
        methods = sorted(name[3:] for name in dir(self) if name.startswith("do_"))
        self.send_response(200)
        self.send_header("Allow", ", ".join(methods))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_response_only(self, code: int, message: str | None = None) -> None:
        """Begin a response."""
        self._status = code
        self._kept = ()
        super().send_response_only(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        """Keep back what the policy decides; pass everything else on."""
        lower = keyword.lower()
        if lower == "vary" or lower in OWNED_RESPONSE_HEADERS:
            self._kept += ((keyword, value),)
        else:
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        """Add the headers of the policy and end the head."""
        # An interim response (100 Continue) is answered before the request is complete: it
        # must leave at once, and means nothing to CORS.
        is_final = self._status >= _FIRST_FINAL_STATUS
        for name, value in self._decided() if is_final else self._kept:
            super().send_header(name, value)
        self._kept = ()
        if is_final:
            self.wfile.holds = True
            super().end_headers()
            self.wfile.holds = False
        else:
            super().end_headers()
            self.wfile.has_sent = False

    def _decided(self) -> list[tuple[str, str]]:
        """Return the headers of the policy, and what it leaves of those kept back."""
        choice = self._choose()
        kept, pairs = [*self._kept], self._pairs(choice)
        if choice.policy is not None or choice.ambiguous:
            own = [name.lower() for name, _ in kept if name.lower() in OWNED_RESPONSE_HEADERS]
            if own:
                note_replaced_headers(own)
            kept = [pair for pair in kept if pair[0].lower() not in own]
        if pairs and pairs[-1][0] == "Vary":
            vary = [value for name, value in kept if name.lower() == "vary"]
            kept = [pair for pair in kept if pair[0].lower() != "vary"]
            pairs = (*pairs[:-1], ("Vary", merge_vary(vary, "Origin")))
        return [*kept, *pairs]

    def _pairs(self, choice: Choice) -> tuple[tuple[str, str], ...]:
        """Return what the policy in force adds to the response of this request."""
        policy = choice.policy
        if policy is None:
            return _VARY if choice.varies else ()
        lines = self._lines("Origin")
        origin = self._single("Origin")
        answers = policy.answers
        if lines and (method := self._requested_method()) is not None:
            names = self._lines(_ACRH)
            pairs = answers.preflight(origin, method, names)
            refused = pairs is answers.vary
            if not refused and (fault := answers.fault(method, names)) is not None:
                self._refusals.note_fault(origin, fault)
        else:
            pairs = answers.actual(origin)
            refused = bool(lines) and pairs is answers.unmatched and not answers.any_origin
        if refused:
            self._refusals.note_origin(policy, origin)
        return pairs + _VARY if choice.varies and answers.any_origin else pairs

    def _lines(self, name: str) -> list[str]:
        return cast("list[str]", self.headers.get_all(name, []))

    def _single(self, name: str) -> str | None:
        """Return the value of a header that has exactly one line."""
        lines = self._lines(name)
        # Behind a line that is no header, the base class reads no further: there may be more.
        return lines[0] if len(lines) == 1 and not self.headers.defects else None

    def _requested_method(self) -> str | None:
        """Return what a preflight asks for; ``None``: the request is no preflight."""
        methods = self._lines(_ACRM) if self.command == "OPTIONS" else []
        # Two lines are one list to a proxy that joins them: no token, so refused.
        return ", ".join(methods) if methods else None

    def _answer_preflight(self) -> bool:
        """Answer the request if it is a preflight of a path that has a policy."""
        policy = self._choose().policy
        if policy is None or not self._lines("Origin") or self._requested_method() is None:
            return False
        self.send_response(policy.preflight_status)
        if policy.preflight_status != _NO_CONTENT:  # RFC 9110, section 8.6
            self.send_header("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or self.headers.get("Content-Length", "0") != "0":
            # The body of a preflight, which no browser sends, would be read as a request.
            self.send_header("Connection", "close")
        self.end_headers()
        return True

    def _choose(self) -> Choice:
        """Return what is in force for this path and origin, the same for a whole request."""
        if self._choice is None:
            self._choice = self._choose_now(type(self).cors)
            if self._choice.ambiguous:
                self._refusals.note_path(self.path)
        return self._choice

    def _choose_now(self, source: object) -> Choice:
        raw_path = path_of_target(self.path)
        path = unquote(raw_path, "utf-8", "replace")
        if isinstance(source, (Policy, Routes)):
            return choose(source, path, raw_path)
        origin, host = self._single("Origin"), self._single("Host")
        if origin is not None:
            origin = origin.strip(" \t")
        scheme = "https" if hasattr(self.request, "getpeercert") else "http"
        try:
            chosen = cast("Chooser", source)(origin, scheme, host, path)
            return choose(chosen, path, raw_path, varies=True)
        except Exception as error:  # noqa: BLE001  a refusal must not become a crash
            self._refusals.note_failure(origin, error)
            return failed()


def _after_preflights(own: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a ``do_OPTIONS`` that lets the policy answer preflights first."""

    def do_OPTIONS(self: CORSMixin) -> None:  # noqa: N802  the name that http.server calls
        if not self._answer_preflight():
            own(self)

    return do_OPTIONS


class _JoiningWriter(io.BufferedIOBase):
    """A writer that sends the head of a response together with what follows it."""

    def __init__(self, raw: io.BufferedIOBase) -> None:
        self._raw = raw
        self._held = b""
        self.holds = False
        self.has_sent = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        self.release()
        return self._raw.fileno()

    def write(self, data: Any, /) -> int:  # noqa: ANN401  whatever has a buffer
        """Write ``data``, after a head that waits; or let it wait, if it is a head."""
        size = memoryview(data).nbytes
        if self.holds:
            self._held += bytes(data)
            return size
        if self._held and size <= _MOST_JOINED:
            data, self._held = self._held + bytes(data), b""
        self.release()
        self.has_sent = True
        self._raw.write(data)
        return size

    def release(self) -> None:
        """Send a head that waits."""
        if self._held:
            held, self._held = self._held, b""
            self.has_sent = True
            self._raw.write(held)

    def take_back(self) -> None:
        """Forget a head that waits."""
        self._held = b""

    def flush(self) -> None:
        """Send a head that waits for a body which does not come."""
        self.release()
        self._raw.flush()

    def close(self) -> None:
        """Send what waits and close."""
        try:
            super().close()  # flushes
        finally:
            self._raw.close()

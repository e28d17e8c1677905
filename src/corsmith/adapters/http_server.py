"""CORS for Python's own ``http.server``: a mixin in front of the handler class.

What lives here: the translation for ``BaseHTTPRequestHandler``. What does not: any
judgement.

Facts that shape the code:

* every response passes through ``end_headers``, also those of ``send_error`` and a 304, so
  that is where the headers are put;
* head and body leave in one write: in two, Nagle's algorithm and the delayed
  acknowledgement of the other side cost 40 ms a request on a kept connection. So the head
  waits for the first write of the body, or for a flush, which the base class does after
  each request; a handler that streams slowly flushes after its ``end_headers``.
"""

import io
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, Final, cast
from urllib.parse import unquote

from corsmith.diagnostics import diagnose
from corsmith.errors import PolicyError
from corsmith.gate import NOBODY, Chooser, Gate, Source, check_choice
from corsmith.headers import OWNED_RESPONSE_HEADERS, REQUEST_HEADERS_OF_PREFLIGHT, merge_vary
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_policy_failure, note_replaced_headers
from corsmith.routes import Routes

__all__ = ["CORSMixin"]

_ACRM, _ACRH = REQUEST_HEADERS_OF_PREFLIGHT
_NO_CONTENT: Final = 204
_FIRST_FINAL_STATUS: Final = 200
_VARY: Final = (("Vary", "Origin"),)


class CORSMixin(BaseHTTPRequestHandler):
    """Answers preflights and marks every response of a ``BaseHTTPRequestHandler``.

    Name it before the handler class, and give the policy as ``cors``: a ``Policy``,
    ``Routes``, or a function of origin, scheme, host and path. Raises ``PolicyError`` when
    the class is made without one. Assign ``cors`` again, and the next request meets that.

    >>> from corsmith import Policy
    >>> class Handler(CORSMixin, BaseHTTPRequestHandler):
    ...     cors = Policy(origins=["https://app.example"])

    A ``do_OPTIONS`` of the class gets every OPTIONS that is not a preflight; without one
    such a request is answered 200 with ``Allow``.
    """

    cors: ClassVar[Source]

    disable_nagle_algorithm = True

    _gate: ClassVar[tuple[object, Gate]]
    _refusals: ClassVar[Refusals] = Refusals()
    _status: int = 0
    _vary: tuple[str, ...] = ()
    _replaced: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Check the policy when the class is made, and put preflights before do_OPTIONS."""
        super().__init_subclass__(**kwargs)
        cls._gate_in_force()
        own = cls.__dict__.get("do_OPTIONS")
        if own is not None:
            cls.do_OPTIONS = _after_preflights(own)  # type: ignore[method-assign]  # wrapped

    @classmethod
    def _gate_in_force(cls) -> Gate:
        """Return the gate of the present ``cors``, made anew when that was assigned."""
        # Read from the class dictionaries: as an attribute a function would be a method.
        declared = next((c.__dict__["cors"] for c in cls.__mro__ if "cors" in c.__dict__), None)
        if declared is None:
            message = f"{cls.__name__} has no policy."
            fix = 'Write cors = Policy(origins=["https://app.example"]) in the class.'
            raise PolicyError([diagnose("wrong-type", "cors", None, message, fix)])
        kept = getattr(cls, "_gate", None)
        if kept is None or kept[0] is not declared:
            kept = cls._gate = (declared, Gate(declared))
        return kept[1]

    def setup(self) -> None:
        """Prepare the connection, with a writer that joins head and body."""
        super().setup()
        self.wfile: _JoiningWriter = _JoiningWriter(cast("io.BufferedIOBase", self.wfile))

    def handle_one_request(self) -> None:
        """Answer one request; an exception before the response becomes a marked 500."""
        self._status = 0
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            raise
        except Exception:
            if self._status < _FIRST_FINAL_STATUS:
                # Dropping the connection, as the base class does, looks like a CORS error.
                self.close_connection = True
                self.send_error(500)
                self.wfile.flush()
            raise

    def do_OPTIONS(self) -> None:
        """Answer a preflight by the policy; any other OPTIONS is the handler's own."""
        if self._answer_preflight():
            return
        inherited = getattr(super(), "do_OPTIONS", None)
        if inherited is not None:
            inherited()
            return
        methods = sorted(name[3:] for name in dir(self) if name.startswith("do_"))
        self.send_response(200)
        self.send_header("Allow", ", ".join(methods))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_response_only(self, code: int, message: str | None = None) -> None:
        """Begin a response."""
        self._status = code
        self._vary = self._replaced = ()
        super().send_response_only(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        """Keep back what the policy decides; pass everything else on."""
        lower = keyword.lower()
        if lower in OWNED_RESPONSE_HEADERS:
            self._replaced += (lower,)
        elif lower == "vary":
            self._vary += (value,)
        else:
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        """Add the headers of the policy and end the head."""
        # An interim response (100 Continue) is answered before the request is complete: it
        # must leave at once, and means nothing to CORS.
        if self._status >= _FIRST_FINAL_STATUS:
            if self._replaced:
                note_replaced_headers(self._replaced)
            vary = self._vary
            for name, value in self._pairs():
                if name == "Vary":
                    vary += (value,)
                else:
                    super().send_header(name, value)
            if vary:
                super().send_header("Vary", merge_vary(vary[:-1], vary[-1]))
            self.wfile.hold_next = True
        super().end_headers()

    def _origin_lines(self) -> list[str]:
        # A request that could not be parsed has no headers, and is answered all the same.
        headers = getattr(self, "headers", None)
        return [] if headers is None else headers.get_all("Origin", [])

    def _pairs(self) -> tuple[tuple[str, str], ...]:
        """Return what the policy in force adds to the response of this request."""
        policy, varies = self._choose()
        if policy is None:
            return _VARY if varies else ()
        lines = self._origin_lines()
        origin = lines[0] if len(lines) == 1 else None
        answers = policy.answers
        method = self._requested_method() if lines else None
        if method is not None:
            names = self.headers.get_all(_ACRH, [])
            self._refusals.note_preflight(policy, answers, origin, method, names)
            pairs = answers.preflight(origin, method, names)
        else:
            pairs = answers.actual(origin)
            if lines and not answers.any_origin and (origin is None or not answers.allow(origin)):
                self._refusals.note_origin(policy, origin)
        return pairs + _VARY if varies and answers.any_origin else pairs

    def _requested_method(self) -> str | None:
        """Return what a preflight asks for; ``None``: the request is no preflight."""
        if self.command != "OPTIONS":
            return None
        methods = self.headers.get_all(_ACRM, [])
        return ", ".join(methods) if methods else None

    def _answer_preflight(self) -> bool:
        """Answer the request if it is a preflight of a path that has a policy."""
        if not self._origin_lines() or self._requested_method() is None:
            return False
        policy, _ = self._choose()
        if policy is None:
            return False
        # The body of a preflight, which no browser sends, would be read as a request.
        self.close_connection = self.close_connection or "Content-Length" in self.headers
        self.send_response(policy.preflight_status)
        if policy.preflight_status != _NO_CONTENT:  # RFC 9110, section 8.6
            self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def _choose(self) -> tuple[Policy | None, bool]:
        """Return the policy for this path and origin, and whether a function chose it."""
        source: object = self._gate_in_force().source
        if isinstance(source, Policy):
            return source, False
        raw_path = _path(getattr(self, "path", "/"))
        path = unquote(raw_path, "utf-8", "replace")
        varies = not isinstance(source, Routes)
        if varies:
            lines = self._origin_lines()
            host = self.headers.get("Host") if lines else None
            origin = lines[0] if len(lines) == 1 else None
            try:
                source = cast("Chooser", source)(origin, "http", host, path)
                check_choice(source)
            except Exception as error:  # noqa: BLE001  a refusal must not become a crash
                note_policy_failure(error)
                return NOBODY, True
        if isinstance(source, Routes):
            if source.is_ambiguous(path, raw_path):
                self._refusals.note_path(path)
            return source.policy_for(path, raw_path), varies
        return cast("Policy | None", source), varies


def _after_preflights(own: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a ``do_OPTIONS`` that lets the policy answer preflights first."""

    def do_OPTIONS(self: CORSMixin) -> None:  # noqa: N802  the name that http.server calls
        if not self._answer_preflight():
            own(self)

    return do_OPTIONS


def _path(target: str) -> str:
    """Return the path of a request target, in origin or absolute form (RFC 9112, 3.2)."""
    path = target.split("?", 1)[0].split("#", 1)[0]
    if not path.startswith("/") and "://" in path:
        path = "/" + path.split("://", 1)[1].partition("/")[2]
    return path


class _JoiningWriter(io.BufferedIOBase):
    """A writer that sends the head of a response together with what follows it."""

    def __init__(self, raw: io.BufferedIOBase) -> None:
        self._raw = raw
        self._held = b""
        self.hold_next = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def write(self, data: Any, /) -> int:
        """Write ``data``, after a head that waits; or let it wait, if it is a head."""
        size = len(data)
        if self.hold_next:
            self.hold_next = False
            self._held += bytes(data)
        elif self._held:
            joined, self._held = self._held + bytes(data), b""
            self._raw.write(joined)
        else:
            self._raw.write(data)
        return size

    def flush(self) -> None:
        """Send a head that waits for a body which does not come."""
        if self._held:
            held, self._held = self._held, b""
            self._raw.write(held)
        self._raw.flush()

    def close(self) -> None:
        """Send what waits and close."""
        if not self.closed:
            super().close()  # flushes, so the raw writer has to be open still
            self._raw.close()

"""CORS for Tornado: ``install(app, policy)`` on the application itself.

What lives here: Tornado's requests, handlers and rules. What does not: any judgement.

Facts that shape the code:

* every handler, Tornado's own for 404 and for files among them, passes what it sends through
  the application's output transforms: there the headers are put on, handlers untouched;
* a rule before all others sees every request before a handler is made, so before ``prepare``
  and its login; it may wait for a policy function. The handler that the other rules lead to
  is found by asking the application again, which this rule then lets pass;
* settings reach no rule. With them alone, a transform is the first to see a request, after its
  handler was made and before ``prepare``; a method that no handler has keeps it from running.
"""

from __future__ import annotations

from http.client import responses
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote

from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.routing import AnyMatches, Router, Rule
from tornado.web import (
    Application,
    ErrorHandler,
    GZipContentEncoding,
    OutputTransform,
    RequestHandler,
)

from corsmith.adapters.native import Answer, Asked, Layer, Treatment
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit, path_of_target
from corsmith.headers import ALLOW_ORIGIN, OWNED_RESPONSE_HEADERS
from corsmith.marks import UNMARKED, Mark, cors, mark_of
from corsmith.policy import Policy
from corsmith.refusals import nobody
from corsmith.routes import Routes

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Awaitable, Mapping

    from tornado.httputil import HTTPServerRequest

    from corsmith.gate import Source

__all__ = ["SETTING", "CORSMixin", "cors", "install", "settings"]

SETTING: Final = "corsmith"
"""The setting that holds the layer: ``app.settings[SETTING].policy = new`` swaps the policy."""

_TREATMENT: Final = "corsmith_treatment"
_METHOD: Final = "corsmith_method"
_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_NO_METHOD: Final = ""
_UNTOUCHED: Final = Treatment()


def install(
    app: Application,
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> Application:
    """Return ``app`` itself, with ``policy`` on all of its answers.

    The policy is a ``Policy``, ``Routes``, or an ``async def`` of origin, scheme, host and
    path; or its fields are given directly. ``enforce`` answers 403 before the application
    runs where the Origin is not allowed. Raises ``PolicyError``.

    >>> app = install(Application(), origins=["https://app.example"])
    """
    if not isinstance(app, Application):
        message = f"{quote(app)} is no tornado.web.Application."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message)])
    source = admit(policy, fields, asynchronous=True)
    app.settings[SETTING] = Layer(source, enforce=enforce, asynchronous=True)
    rules = app.default_router.rules
    if not any(isinstance(rule.target, _Gate) for rule in rules):
        rules.insert(0, Rule(AnyMatches(), _Gate(app)))
    _add_transform(app)
    return app


def settings(
    policy: Source | None = None,
    *,
    enforce: bool = False,
    compress_response: bool = False,
    **fields: object,
) -> dict[str, Any]:
    """Return settings that do as ``install`` does: ``Application(handlers, **settings(…))``.

    A policy function is a ``def`` here, and a preflight makes the handler of its path, whose
    ``initialize`` runs. Tornado's own ``compress_response`` is given here. Raises
    ``PolicyError``.

    >>> app = Application([], **settings(origins=["https://app.example"]))
    """
    layer = Layer(admit(policy, fields), enforce=enforce)

    class Alone(_Marking):
        """The transform of one application that has no rule of ours."""

        def __init__(self, request: HTTPServerRequest) -> None:
            if _TREATMENT not in vars(request):
                _treat_alone(layer, request, UNMARKED)
            super().__init__(request)

    transforms = [GZipContentEncoding, Alone] if compress_response else [Alone]
    return {"transforms": transforms, SETTING: layer}


class CORSMixin:
    """A handler with a policy of its own, whether or not the application has one.

    >>> class Report(CORSMixin, RequestHandler):
    ...     cors_policy = Policy(origins=["https://partner.example"])

    ``None`` exempts it. A ``WebSocketHandler`` accepts who the policy in force names, beside
    whom Tornado accepts anyway. ``*`` names nobody: a handshake carries cookies, and ``*`` is
    for requests without.
    """

    if TYPE_CHECKING:
        cors_policy: Policy | Mapping[str, object] | None
        request: HTTPServerRequest

    def __init__(
        self, application: Application, request: HTTPServerRequest, **kwargs: object
    ) -> None:
        """Find the policy, unless the application's layer did."""
        if _TREATMENT not in vars(request):
            layer = application.settings.get(SETTING, _NOBODYS)
            handler = cast("type[RequestHandler]", type(self))  # it is a mixin
            mark = _mark_of(handler, _ask(request).wanted)
            if mark is not UNMARKED:
                _treat_alone(layer, request, mark)
                _add_transform(application)
        super().__init__(application, request, **kwargs)  # type: ignore[call-arg]  # a mixin

    def check_origin(self, origin: str) -> bool:
        """Return whether a page of this origin may open a WebSocket."""
        treatment: Treatment = vars(self.request).get(_TREATMENT, _UNTOUCHED)
        if (ALLOW_ORIGIN, origin) in treatment.pairs:
            return True
        inside: bool = super().check_origin(origin)  # type: ignore[misc]  # a WebSocketHandler's
        return inside

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Check the policy of a handler where the handler is written."""
        super().__init_subclass__(**kwargs)
        mark_of(cls)


class _Marking(OutputTransform):
    """What puts the headers on a response, or a whole answer in its place."""

    def __init__(self, request: HTTPServerRequest) -> None:
        self._request = request
        self._treatment: Treatment = vars(request).get(_TREATMENT, _UNTOUCHED)

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: ARG002, FBT001  Tornado calls it so
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Return the beginning of the response as it is sent."""
        treatment = self._treatment
        if treatment.answer is not None:
            return self._replace(treatment.answer, headers)
        if _TOUCHED.isdisjoint(map(str.lower, headers)):
            for name, value in treatment.pairs:
                headers[name] = value
            return status_code, headers, chunk
        marked = HTTPHeaders()
        for name, value in treatment.mark(headers.get_all()):
            marked.add(name, value)
        return status_code, marked, chunk

    def transform_chunk(self, chunk: bytes, finishing: bool) -> bytes:  # noqa: ARG002, FBT001  as above
        """Return what follows."""
        return chunk if self._treatment.answer is None else b""

    def _replace(self, answer: Answer, headers: HTTPHeaders) -> tuple[int, HTTPHeaders, bytes]:
        self._request.method = vars(self._request)[_METHOD]  # as the access log shall have it
        fields = HTTPHeaders()
        for name in ("Server", "Date"):
            fields[name] = headers[name]
        for name, value in answer.headers:
            fields.add(name, value)
        return answer.status, fields, answer.body.encode()


class _Withheld(HTTPConnection):
    """The connection of a request that no handler shall see, with the reason of the answer."""

    def __init__(self, inside: HTTPConnection) -> None:
        self._inside = inside

    def __getattr__(self, name: str) -> object:
        """Return whatever the connection itself has."""
        return getattr(self._inside, name)

    def write_headers(
        self,
        start_line: RequestStartLine | ResponseStartLine,
        headers: HTTPHeaders,
        chunk: bytes | None = None,
    ) -> Future[None]:
        """Write the head, whose reason is that of the error which kept the handler away."""
        version, code, _ = cast("ResponseStartLine", start_line)  # a server writes no other
        line = ResponseStartLine(version, code, responses.get(code, "Unknown"))
        return self._inside.write_headers(line, headers, chunk)

    def write(self, chunk: bytes) -> Future[None]:
        """Write more of the body."""
        return self._inside.write(chunk)

    def finish(self) -> None:
        """End the response."""
        self._inside.finish()


class _Gate(Router):
    """What every request passes before the other rules of an application."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._has_marks: dict[type, bool] = {}

    def find_handler(self, request: HTTPServerRequest, **_: object) -> HTTPMessageDelegate | None:
        """Return what answers a request; ``None``: ask the rules behind."""
        noted = vars(request)
        if _TREATMENT in noted:
            return None
        noted[_TREATMENT] = _UNTOUCHED
        inside = self._app.find_handler(request)
        handler: type[RequestHandler] | None = getattr(inside, "handler_class", None)
        is_marked = handler is not None and self._is_marked(handler)
        layer: Layer = self._app.settings[SETTING]
        if not is_marked and request.method != "OPTIONS":
            pairs = layer.pairs(request.headers.get_list("Origin"))
            if pairs is not None:
                noted[_TREATMENT] = Treatment(pairs=pairs, owned=OWNED_RESPONSE_HEADERS)
                return inside
        asked = _ask(request)
        if handler is not None and is_marked:
            asked.mark = _mark_of(handler, asked.wanted)
        if asked.mark is UNMARKED and not isinstance(layer.policy, (Policy, Routes)):
            return _Waiting(self, layer, asked, request, inside)
        return self.admit(request, inside, layer.treat(asked))

    def admit(
        self, request: HTTPServerRequest, inside: HTTPMessageDelegate, treatment: Treatment
    ) -> HTTPMessageDelegate:
        """Return what answers a request once it is known what becomes of it."""
        vars(request)[_TREATMENT] = treatment
        if treatment.answer is None:
            return inside
        _withhold(request)
        return self._app.get_handler_delegate(request, ErrorHandler, {"status_code": 403})

    def _is_marked(self, handler: type[RequestHandler]) -> bool:
        found = self._has_marks.get(handler)
        if found is None:
            found = self._has_marks[handler] = any(
                _mark_of(handler, method) is not UNMARKED for method in handler.SUPPORTED_METHODS
            )
        return found


class _Waiting(HTTPMessageDelegate):
    """A request whose policy a function is asked for, before its body is read."""

    def __init__(
        self,
        gate: _Gate,
        layer: Layer,
        asked: Asked,
        request: HTTPServerRequest,
        inside: HTTPMessageDelegate,
    ) -> None:
        self._gate = gate
        self._layer = layer
        self._asked = asked
        self._request = request
        self._inside = inside

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        """Ask the function, and hand on to what shall answer."""
        treatment = await self._layer.treat_async(self._asked)
        self._inside = self._gate.admit(self._request, self._inside, treatment)
        if (waiting := self._inside.headers_received(start_line, headers)) is not None:
            await waiting

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Hand on a part of the body."""
        return self._inside.data_received(chunk)

    def finish(self) -> None:
        """Hand on the end of the request."""
        self._inside.finish()

    def on_connection_close(self) -> None:
        """Hand on that the client is gone."""
        self._inside.on_connection_close()


def _treat_alone(layer: Layer, request: HTTPServerRequest, mark: Mark) -> None:
    """Decide about a request whose handler is made already."""
    asked = _ask(request)
    asked.mark = mark
    treatment = vars(request)[_TREATMENT] = layer.treat(asked)
    if treatment.answer is not None:
        _withhold(request)
        # Tornado refuses a method that a handler has not, before it runs anything of it.
        request.method = _NO_METHOD


def _withhold(request: HTTPServerRequest) -> None:
    vars(request)[_METHOD] = request.method
    request.connection = _Withheld(cast("HTTPConnection", request.connection))  # a server's has one


def _ask(request: HTTPServerRequest) -> Asked:
    headers = request.headers
    hosts = headers.get_list("Host")
    path = path_of_target(request.path)
    return Asked(
        method=request.method or _NO_METHOD,
        path=unquote(path),
        raw_path=path,
        origins=headers.get_list("Origin"),
        methods=headers.get_list("Access-Control-Request-Method"),
        names=headers.get_list("Access-Control-Request-Headers"),
        sites=headers.get_list("Sec-Fetch-Site"),
        scheme=request.protocol,
        host=hosts[0] if len(hosts) == 1 else None,
        is_websocket=headers.get("Upgrade", "").lower() == "websocket",
    )


def _mark_of(handler: type[RequestHandler], method: str) -> Mark:
    """Return the mark of a handler class: first that of its method."""
    own = mark_of(handler)
    if _has(handler, method):
        return mark_of(getattr(handler, method.lower()), handler)
    if own is not UNMARKED:
        return own
    # The policy of its methods tells the page which there are, if it is one.
    methods = (one for one in handler.SUPPORTED_METHODS if one != "OPTIONS" and _has(handler, one))
    marks = {mark_of(getattr(handler, one.lower())) for one in methods}
    return marks.pop() if len(marks) == 1 else UNMARKED


def _has(handler: type[RequestHandler], method: str) -> bool:
    """Return whether a handler answers a method by itself; Tornado's own answer is a 405."""
    if method not in handler.SUPPORTED_METHODS:
        return False
    name = method.lower()
    return getattr(handler, name, None) is not getattr(RequestHandler, name, None)


def _add_transform(app: Application) -> None:
    if not any(issubclass(transform, _Marking) for transform in app.transforms):
        app.add_transform(_Marking)


_NOBODYS: Final = Layer(nobody())
"""What decides by the mark of a handler whose application has no layer."""

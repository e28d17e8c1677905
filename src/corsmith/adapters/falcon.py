"""CORS for Falcon, over WSGI and ASGI: one middleware, and ``install``.

What lives here: Falcon's requests and responses, and when a request is decided. What does not:
any judgement.

Facts that shape the code:

* nothing public tells which resource a path goes to before Falcon has routed the request, so a
  preflight is decided in ``process_resource``, where its mark is known;
* what answers without a resource (a 404, a middleware that refuses, an exception) reaches
  ``process_response``, where the answer to a preflight takes its place;
* sinks and static routes have no resource either and run without a word, so a request that one
  of them would get is decided in ``process_request``.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Final

import falcon
import falcon.asgi
from falcon import inspect as routed
from falcon.routing import CompiledRouter

from corsmith.adapters import wsgi
from corsmith.adapters.native import Asked, Layer
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit
from corsmith.marks import UNMARKED, cors, mark_of

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import TypeVar

    from falcon.asgi import Request as AsyncRequest
    from falcon.asgi import Response as AsyncResponse
    from falcon.asgi import WebSocket

    from corsmith.adapters.native import Answer, Treatment
    from corsmith.gate import Source
    from corsmith.marks import Mark

    AnyApp = TypeVar("AnyApp", bound=falcon.App[Any, Any])

__all__ = ["CORS", "cors", "install"]

_POLICY_VIOLATION: Final = 1008
"""WebSocket close code (RFC 6455, section 7.4.1)."""


def install(
    app: AnyApp, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> AnyApp:
    """Return the same application, with ``CORS(policy)`` among its middleware.

    To swap the policy at run time, make the object yourself: ``CORS(policy).install(app)``.
    Raises ``PolicyError``.

    >>> app = install(falcon.App(), origins=["https://app.example"])
    """
    is_async = isinstance(app, falcon.asgi.App)
    middleware = CORS(policy, enforce=enforce, asynchronous=is_async, **fields)
    return middleware.install(app)


class CORS(falcon.CORSMiddleware):  # type: ignore[type-arg]  # generic in newer Falcons only
    """A middleware that answers preflights and marks every response.

    >>> app = falcon.App(middleware=[CORS(origins=["https://app.example"])])

    Put it first. It takes the place of Falcon's own, so Falcon refuses it beside
    ``cors_enable``. A resource has a policy of its own in its ``cors_policy``. Raises
    ``PolicyError``.
    """

    def __init__(
        self,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        asynchronous: bool | None = None,
        **fields: object,
    ) -> None:
        """Check the policy; ``asynchronous`` is told by a policy function, unless given."""
        if asynchronous is None:
            call = getattr(policy, "__call__", None)  # noqa: B004  to look at, not to ask
            asynchronous = any(map(inspect.iscoroutinefunction, (policy, call)))
        self._asynchronous = asynchronous
        source = admit(policy, fields, asynchronous=asynchronous)
        self._layer = Layer(source, enforce=enforce, asynchronous=asynchronous)
        self._enforce = enforce
        self._key = f"corsmith.{id(self):x}"
        self._pages: _Pages | None = None

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._layer.policy

    @policy.setter
    def policy(self, new: Source) -> None:
        self._layer.policy = new

    def install(self, app: AnyApp) -> AnyApp:
        """Return the same application, with this among its middleware, behind what it has."""
        self.bind(app)
        try:
            app.add_middleware(self)
        except ValueError:  # what Falcon says of two layers
            message = "the application has Falcon's own layer already."
            fix = "Leave cors_enable=True and falcon.CORSMiddleware out."
            problem = diagnose("two-layers", "cors_enable", "True", message, fix)
            raise PolicyError([problem]) from None
        return app

    def bind(self, app: AnyApp) -> AnyApp:
        """Return the same application, whose sinks and static routes are now known.

        ``install`` does it. A middleware of the list knows no application: preflights go to
        its sinks, and ``enforce`` asks the policy alone, before any mark.
        """
        if not isinstance(app, falcon.App):
            message = f"{quote(app)} is no Falcon application."
            fix = "Give the falcon.App or falcon.asgi.App itself."
            raise PolicyError([diagnose("wrong-type", "app", quote(app), message, fix)])
        self._pages = _Pages(app)
        return app

    # WSGI

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Decide what would come to no resource."""
        asked = _asked(req)
        if self._is_early(asked):
            self._keep(req.env, resp, self._treat(asked))

    def process_resource(
        self, req: falcon.Request, resp: falcon.Response, resource: object, _params: object
    ) -> None:
        """Decide by the mark of the resource."""
        mark = mark_of(resource)
        if mark is not UNMARKED or self._key not in req.env:
            self._keep(req.env, resp, self._treat(_asked(req, mark)))

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, _succeeded: object
    ) -> None:
        """Put the headers on whatever is answered."""
        treatment = req.env.get(self._key)
        if treatment is None:
            treatment = self._treat(_asked(req, mark_of(resource)))
        _finish(resp, treatment)

    # ASGI

    async def process_request_async(self, req: AsyncRequest, resp: AsyncResponse) -> None:
        """Decide what would come to no resource."""
        asked = _asked_async(req)
        if self._is_early(asked):
            self._keep(req.scope, resp, await self._treat_async(asked))

    async def process_resource_async(
        self, req: AsyncRequest, resp: AsyncResponse, resource: object, _params: object
    ) -> None:
        """Decide by the mark of the resource."""
        mark = mark_of(resource)
        if mark is not UNMARKED or self._key not in req.scope:
            self._keep(req.scope, resp, await self._treat_async(_asked_async(req, mark)))

    async def process_response_async(
        self, req: AsyncRequest, resp: AsyncResponse, resource: object, _succeeded: object
    ) -> None:
        """Put the headers on whatever is answered."""
        treatment = req.scope.get(self._key)
        if treatment is None:
            treatment = await self._treat_async(_asked_async(req, mark_of(resource)))
        _finish(resp, treatment)

    async def process_request_ws(self, req: AsyncRequest, ws: WebSocket) -> None:
        """Guard a handshake that would come to no resource."""
        asked = _asked_async(req, is_websocket=True)
        if self._is_early(asked):
            req.scope[self._key] = treatment = await self._treat_async(asked)
            await _guard(ws, treatment)

    async def process_resource_ws(
        self, req: AsyncRequest, ws: WebSocket, resource: object, _params: object
    ) -> None:
        """Guard a handshake by the mark of the resource."""
        mark = mark_of(resource)
        asked = _asked_async(req, mark, is_websocket=True)
        if self._enforce and (mark is not UNMARKED or self._key not in req.scope):
            await _guard(ws, await self._treat_async(asked))

    def _treat(self, asked: Asked) -> Treatment:
        if self._asynchronous:
            admit(self.policy, {})  # tells of a policy function that WSGI cannot call
        return self._layer.treat(asked)

    async def _treat_async(self, asked: Asked) -> Treatment:
        if self._asynchronous:
            return await self._layer.treat_async(asked)
        return self._layer.treat(asked)

    def _is_early(self, asked: Asked) -> bool:
        """Return whether a request is decided before it is routed."""
        if asked.is_preflight:
            return self._pages is not None and not self._pages.has_resource(asked.path)
        if self._enforce and asked.origins:
            return self._pages is None or not self._pages.has_resource(asked.path)
        return False

    def _keep(
        self,
        state: MutableMapping[str, Any],
        resp: falcon.Response | AsyncResponse,
        treatment: Treatment,
    ) -> None:
        """Keep what was decided for the response, which it may be already."""
        state[self._key] = treatment
        if treatment.answer is not None:
            _give(resp, treatment.answer)
            resp.complete = True


class _Pages:
    """What answers in an application: whether a path goes to a resource, or to something else.

    It is looked at once, when the first request asks for it: an application is complete then.
    """

    def __init__(self, app: falcon.App[Any, Any]) -> None:
        self._app = app
        self._is_known = False
        self._router: CompiledRouter | None = None
        self._has_others = False

    def has_resource(self, path: str) -> bool:
        """Return whether ``process_resource`` decides, because nothing runs before it does."""
        if not self._is_known:
            self._look()
            self._is_known = True
        if not self._has_others:
            return True  # what goes to no resource is a 404
        return self._router is not None and self._router.find(path) is not None

    def _look(self) -> None:
        app = self._app
        self._has_others = bool(routed.inspect_sinks(app) or routed.inspect_static_routes(app))
        if not self._has_others:
            return
        try:
            routes = routed.inspect_routes(app)
        except TypeError:  # a router of the user's, which nobody can ask
            return
        router = CompiledRouter()
        router.options.converters.update(app.router_options.converters)
        for route in routes:
            router.add_route(route.path, _Page())
        self._router = router


class _Page:
    """Stands for a resource: a router wants one that answers something."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer nothing; nobody asks."""


def _asked(req: falcon.Request, mark: Mark = UNMARKED) -> Asked:
    env = req.env
    return Asked(
        method=req.method,
        path=req.path,
        raw_path=None if _is_cut(req) else wsgi.raw_path_of(env),
        origins=_line(env, "HTTP_ORIGIN"),
        methods=_line(env, "HTTP_ACCESS_CONTROL_REQUEST_METHOD"),
        names=_line(env, "HTTP_ACCESS_CONTROL_REQUEST_HEADERS"),
        sites=_line(env, "HTTP_SEC_FETCH_SITE"),
        scheme=req.scheme,
        host=env.get("HTTP_HOST"),
        mark=mark,
    )


def _line(env: dict[str, Any], key: str) -> tuple[str, ...]:
    """Return the lines of a header, which a server has joined to one."""
    value: str | None = env.get(key)
    return () if value is None else (value,)


def _asked_async(req: AsyncRequest, mark: Mark = UNMARKED, *, is_websocket: bool = False) -> Asked:
    lines: dict[bytes, list[str]] = {}
    for name, value in req.scope["headers"]:
        lines.setdefault(name, []).append(value.decode("latin-1"))
    raw: bytes | None = None if _is_cut(req) else req.scope.get("raw_path")
    return Asked(
        method=req.method,
        path=req.path,
        raw_path=None if raw is None else raw.split(b"?", 1)[0].decode("latin-1"),
        origins=lines.get(b"origin", ()),
        methods=lines.get(b"access-control-request-method", ()),
        names=lines.get(b"access-control-request-headers", ()),
        sites=lines.get(b"sec-fetch-site", ()),
        scheme=req.scheme,
        host=next(iter(lines.get(b"host", ())), None),
        is_websocket=is_websocket,
        mark=mark,
    )


def _is_cut(req: falcon.Request) -> bool:
    """Return whether Falcon routes on less than it received: without the last slash."""
    return req.options.strip_url_path_trailing_slash


def _give(resp: falcon.Response | AsyncResponse, answer: Answer) -> None:
    """Make a response the one that is given in place of the application's."""
    resp.data = resp.media = resp.stream = None
    if isinstance(resp, falcon.asgi.Response):
        resp.sse = None
    resp.text = answer.body
    resp.status = answer.status
    for name in resp.headers:
        resp.delete_header(name)
    resp.set_headers([*answer.headers])


def _finish(resp: falcon.Response | AsyncResponse, treatment: Treatment) -> None:
    if treatment.answer is not None:
        # Once more: another middleware may have raised since, or this is the first time.
        _give(resp, treatment.answer)
        return
    headers = resp.headers
    lines = treatment.mark(headers.items())
    for name in headers:
        if name in treatment.owned:
            resp.delete_header(name)
    resp.set_headers(lines)


async def _guard(ws: WebSocket, treatment: Treatment) -> None:
    """Close a handshake that is refused, and end Falcon's work on it."""
    if treatment.answer is not None:
        await ws.close(_POLICY_VIOLATION)
        raise falcon.WebSocketDisconnected(_POLICY_VIOLATION)

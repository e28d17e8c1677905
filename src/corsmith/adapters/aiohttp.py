"""CORS for aiohttp.web: ``install(app, policy)`` on the application itself.

What lives here: aiohttp's requests, responses and routes. What does not: any judgement.

Facts that shape the code:

* an application asks ``router.resolve`` before anything else, and runs the middlewares of what
  that says the applications are: what is answered here names none, so no login comes before a
  preflight. A first middleware would cost each request more than all the rest does;
* what nothing handled is answered by aiohttp outside of all middlewares, but every response
  passes the signal ``on_response_prepare``, a WebSocket's handshake and a file among them:
  it puts the headers on;
* an application inside another is resolved inside of that, and its signal is sent last: if
  both have a layer, that of the inner one decides;
* routes are fixed once the application is started, so they are searched for marks then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import hdrs, web
from multidict import CIMultiDict, istr

from corsmith.adapters.native import Answer, Asked, Layer, Treatment, put, text_of_bytes
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit, path_of_target
from corsmith.headers import OWNED_RESPONSE_HEADERS
from corsmith.marks import UNMARKED, cors, mark_of
from corsmith.tables import MAX_ORIGINS_MET

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
    from typing import TypeVar

    from corsmith.gate import Source
    from corsmith.marks import Mark
    from corsmith.policy import Policy

    Resolve = Callable[[web.Request], Awaitable[web.UrlMappingMatchInfo]]
    Routed = TypeVar("Routed", bound=web.AbstractRoute | web.AbstractResource)

__all__ = ["CORS", "CORS_KEY", "cors", "install", "setup"]

# Typed keys of requests are there since aiohttp 3.14; before, a key is its name.
_TREATMENT: Final = getattr(web, "RequestKey", lambda name, _: name)("corsmith", Treatment)
_FETCH_SITE: Final = istr("Sec-Fetch-Site")
_NONE: Final = ()
_ORIGIN: Final = hdrs.ORIGIN
_TOUCHED: Final = OWNED_RESPONSE_HEADERS | {"vary"}
_UNTOUCHED: Final = frozenset({"Content-Length", "Content-Type", "Date", "Server", "Set-Cookie"})
"""Names that need no closer look: one set look-up instead of a lower-casing."""


class CORS:
    """The layer of one application; ``setup`` returns it, and ``app[CORS_KEY]`` is it."""

    def __init__(self, app: web.Application, layer: Layer) -> None:
        """Begin with nothing marked; routes are searched for marks when ``app`` is started."""
        self._layer = layer
        self._added: dict[object, Policy | None] = {}
        self._has_marks = False
        self._has_inner = False
        self._resolve_inside: Resolve = app.router.resolve
        self._find_shortcut()

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._layer.policy

    @policy.setter
    def policy(self, new: Source) -> None:
        self._layer.policy = new
        self._find_shortcut()

    @property
    def added(self) -> Mapping[object, Policy | None]:
        """The routes and resources that were given a policy of their own."""
        return self._added

    def renew(self, layer: Layer) -> None:
        """Put another layer in force, as installing again does; marks stay."""
        self._layer = layer
        self._find_shortcut()

    def add(self, routed: Routed, policy: Policy | None = None, /, **fields: object) -> Routed:
        """Give a route, or every route of a resource, a policy of its own; return the route.

        ``None`` exempts it: no header is added, and its OPTIONS goes to the application. The
        fields of the policy may be given directly. Raises ``PolicyError``.
        """
        if not isinstance(routed, (web.AbstractRoute, web.AbstractResource)):
            message = f"{quote(routed)} is no route."
            fix = "Give what app.router.add_get(…), add_resource(…) or add_static(…) returned."
            raise PolicyError([diagnose("wrong-type", "route", quote(routed), message, fix)])
        # The decorator knows what may be written as a mark.
        mark = mark_of(cors(policy, **fields)(_Marked()))
        own = None if mark is UNMARKED else mark
        self._added[routed] = own
        if isinstance(routed, web.AbstractRoute) and routed.method == hdrs.METH_GET:
            # `add_get` returns one route and registers another: HEAD, of the same handler.
            for beside in routed.resource or ():
                if beside.method == hdrs.METH_HEAD and beside.handler is routed.handler:
                    self._added[beside] = own
        self._has_marks = True
        self._find_shortcut()
        return routed

    async def find_marks(self, app: web.Application) -> None:
        """Look through the routes of an application that is about to start."""
        self._has_marks = bool(self._added) or any(
            _mark_of(route, method) is not UNMARKED
            for route in app.router.routes()
            for method in (hdrs.METH_ALL if route.method == hdrs.METH_ANY else [route.method])
        )
        self._has_inner = any(CORS_KEY in inner for inner in _inner_applications(app))
        self._find_shortcut()

    def _find_shortcut(self) -> None:
        """See whether an Origin is all that an answer to a request depends on."""
        self._is_usual = self._layer.is_constant and not self._has_marks and not self._has_inner
        self._unasked = CIMultiDict(self._layer.pairs(()) or ())
        self._ready: dict[str, CIMultiDict[str]] = {}

    def resolve(self, request: web.Request) -> Awaitable[web.UrlMappingMatchInfo]:
        """Find what answers a request: the router's ``resolve``, where ours does not."""
        if self._is_usual and request.method != hdrs.METH_OPTIONS:
            return self._resolve_inside(request)
        return self._resolve(request)

    async def _resolve(self, request: web.Request) -> web.UrlMappingMatchInfo:
        # A middleware may look where a copy of the request would go.
        if _TREATMENT in request:
            return await self._resolve_inside(request)
        if self._has_inner:
            found = await self._resolve_inside(request)
            if isinstance(found, _Answered) or any(CORS_KEY in app for app in found.apps):
                return found
        treatment = request[_TREATMENT] = await self._ask(request)
        if treatment.answer is not None:
            return _Answered(treatment.answer)
        return await self._resolve_inside(request)

    def mark(self, request: web.Request, response: web.StreamResponse) -> Awaitable[None]:
        """Put the headers on a response that is about to be sent: the signal."""
        if not self._is_usual or type(response) is _Given:
            self._mark_as_treated(request, response)
            return _DONE
        origins = request.headers.getall(_ORIGIN, _NONE)
        ready = self._ready.get(origins[0]) if len(origins) == 1 else None
        if ready is None:
            ready = self._prepare(origins) if origins else self._unasked
        fields = response.headers
        for name in fields:
            if name not in _UNTOUCHED and name.lower() in _TOUCHED:
                put(fields, tuple(ready.items()))
                return _DONE
        fields.extend(ready)
        return _DONE

    def _prepare(self, origins: Sequence[str]) -> CIMultiDict[str]:
        """Return the headers for these Origin lines, and keep them where they are allowed."""
        pairs = self._layer.pairs(text_of_bytes(origins)) or ()
        fields = CIMultiDict(pairs)
        is_allowed = len(origins) == 1 and fields != self._unasked
        if is_allowed and len(self._ready) < MAX_ORIGINS_MET:
            self._ready[origins[0]] = fields
        return fields

    def _mark_as_treated(self, request: web.Request, response: web.StreamResponse) -> None:
        treatment: Treatment | None = request.get(_TREATMENT)
        # Without one, the layer of an application inside has decided.
        if treatment is not None and type(response) is not _Given:
            treatment.put(response.headers)

    async def _ask(self, request: web.Request) -> Treatment:
        """Return what becomes of a request."""
        hosts = _lines(request, hdrs.HOST)
        asked = Asked(
            method=request.method,
            path=request.path,
            raw_path=path_of_target(request.raw_path),
            origins=_lines(request, hdrs.ORIGIN),
            methods=_lines(request, hdrs.ACCESS_CONTROL_REQUEST_METHOD),
            names=_lines(request, hdrs.ACCESS_CONTROL_REQUEST_HEADERS),
            sites=_lines(request, _FETCH_SITE),
            scheme=request.scheme,
            host=hosts[0] if len(hosts) == 1 else None,
            is_websocket=request.headers.get(hdrs.UPGRADE, "").lower() == "websocket",
        )
        if self._has_marks:
            asked.mark = await self._find_mark(request, asked)
        return await self._layer.treat_async(asked)

    async def _find_mark(self, request: web.Request, asked: Asked) -> Mark:
        """Return the mark of the route that the request, or what it prepares, goes to."""
        if asked.is_preflight:
            request = request.clone(method=asked.wanted)
        found = await self._resolve_inside(request)
        if not isinstance(found.http_exception, web.HTTPMethodNotAllowed):
            return self._mark_at(found.route, asked.wanted)
        # The policy of the path's other methods tells the page which there are, if it is one.
        marks = set()
        for method in found.http_exception.allowed_methods - {hdrs.METH_OPTIONS}:
            found = await self._resolve_inside(request.clone(method=method))
            marks.add(self._mark_at(found.route, method))
        return marks.pop() if len(marks) == 1 else UNMARKED

    def _mark_at(self, route: web.AbstractRoute, method: str) -> Mark:
        for routed in (route, route.resource):
            if routed in self._added:
                return self._added[routed]
        return _mark_of(route, method)


class _Given(web.Response):
    """A response that has all of its headers."""


class _Answered(web.UrlMappingMatchInfo):
    """What is found for a request that the application shall not see."""

    def __init__(self, answer: Answer) -> None:
        """Stand for a route that gives this answer, whatever is asked."""

        async def respond(_: web.Request) -> web.Response:
            return _respond(answer)

        super().__init__({}, web.ResourceRoute(hdrs.METH_ANY, respond, web.PlainResource("/")))

    @property
    def apps(self) -> tuple[web.Application, ...]:
        """The applications whose middlewares run: none."""
        return ()


class _Marked:
    """Something to put a mark on."""


class _Done:
    """What is awaited where there is nothing to wait for; it costs less than a coroutine."""

    def __await__(self) -> Generator[None, None, None]:
        return iter(())  # type: ignore[return-value]  # any iterator will do


_DONE: Final = _Done()

CORS_KEY: Final = web.AppKey("CORS_KEY", CORS)
"""Where an application keeps its layer: ``app[CORS_KEY].policy = new``."""


def install(
    app: web.Application,
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> web.Application:
    """Return ``app`` itself, with ``policy`` on all of its answers and those of its sub-apps.

    The policy is a ``Policy``, ``Routes``, or an ``async def`` of origin, scheme, host and
    path; or its fields are given directly. ``enforce`` answers 403 before the application
    runs where the Origin is not allowed. Raises ``PolicyError``.

    >>> app = install(web.Application(), origins=["https://app.example"])
    """
    setup(app, policy, enforce=enforce, **fields)
    return app


def setup(
    app: web.Application,
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> CORS:
    """Do as ``install`` does, and return the layer, whose ``add`` marks routes.

    >>> app = web.Application()
    >>> layer = setup(app, origins=["https://app.example"])
    >>> route = layer.add(app.router.add_static("/docs", "."), origins="*")
    """
    if not isinstance(app, web.Application):
        message = f"{quote(app)} is no aiohttp.web.Application."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message)])
    source = admit(policy, fields, asynchronous=True)
    layer = Layer(source, enforce=enforce, asynchronous=True)
    if CORS_KEY in app:
        app[CORS_KEY].renew(layer)
        return app[CORS_KEY]
    if app.pre_frozen:
        message = f"{quote(app)} is already started, or part of another application."
        fix = "Install corsmith before that: its signals are fixed by now."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message, fix)])
    own = app[CORS_KEY] = CORS(app, layer)
    app.router.resolve = own.resolve  # type: ignore[method-assign, assignment]  # as documented, it is awaited
    app.on_response_prepare.append(own.mark)
    app.on_startup.append(own.find_marks)
    return own


def _respond(answer: Answer) -> web.Response:
    response = _Given(status=answer.status, body=answer.body.encode() or None)
    response.headers.clear()  # aiohttp names a type for every body
    response.headers.extend(answer.headers)
    return response


def _lines(request: web.Request, name: str) -> Sequence[str]:
    """Return the value of each line of a header."""
    return text_of_bytes(request.headers.getall(name, ()))


def _mark_of(route: web.AbstractRoute, method: str) -> Mark:
    """Return the mark of a handler: of a class-based view, first that of its method."""
    handler = route.handler
    return mark_of(getattr(handler, method.lower(), None), handler)


def _inner_applications(app: web.Application) -> Iterator[web.Application]:
    """Yield every application inside of one."""
    for resource in app.router.resources():
        inner = resource.get_info().get("app")
        if inner is not None:
            yield inner
            yield from _inner_applications(inner)

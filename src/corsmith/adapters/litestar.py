"""CORS for Litestar: around its exception handler and its router, in the same application.

What lives here: where the layer stands, the plugin, and the marks of route handlers. What does
not: any judgement, and the translation of ASGI (``asgi``).

Facts that shape the code:

* Litestar runs ``middleware`` inside of its routes, so a path that has no route, or not with
  this method, never meets it: the layer goes around ``asgi_handler``, where Litestar puts its
  own;
* a plugin sees the settings of an application before there is one: it acts at the start;
* ``opt`` and ``@cors`` are both marks, and ``opt`` of a controller, router or application is
  that of its handlers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, overload

from litestar import Litestar
from litestar.enums import HttpMethod
from litestar.exceptions import MethodNotAllowedException
from litestar.plugins import InitPlugin
from litestar.utils.path import normalize_path

from corsmith.adapters import asgi
from corsmith.adapters.asgi import wanted_method
from corsmith.gate import admit, check_enforce
from corsmith.marks import UNMARKED, cors, mark_of, read_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from litestar.config.app import AppConfig

    from corsmith.adapters.asgi import App, Receive, Scope, Send
    from corsmith.gate import Choice, Source
    from corsmith.marks import Mark

__all__ = ["CORSMiddleware", "CORSPlugin", "cors", "install"]

_OPTION: Final = "cors"
"""The key of ``opt`` that holds a mark."""


class CORSMiddleware(asgi.CORSMiddleware):
    """The layer of one application."""

    def __init__(
        self,
        app: App,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Wrap ``app``; everything that can be wrong with the policy is told here."""
        self._litestar: Litestar | None = None
        self._is_marked = False
        super().__init__(app, policy, enforce=enforce, **fields)

    def _is_usual(self) -> bool:
        return not self._is_marked and super()._is_usual()

    def take_place(self, application: Litestar) -> None:
        """Be around all that ``application`` answers, and read its marks."""
        self.app: App = application.asgi_handler  # type: ignore[assignment]  # closer types of the same protocol
        application.asgi_handler = self  # type: ignore[assignment]  # as above
        application.state.corsmith = self
        self._litestar = application
        self._look()

    def replace(
        self, policy: Source | None, fields: Mapping[str, object], *, enforce: bool
    ) -> None:
        """Put another policy in force, as if it had been installed first."""
        new = admit(policy, fields, asynchronous=True)
        self._enforce = check_enforce(enforce)
        self.policy = new

    async def _choose(self, source: object, scope: Scope) -> Choice:
        self._look()
        return await super()._choose(source, scope)

    def find_mark(self, scope: Scope, path: str) -> Mark:
        """Return the mark of the route handler that a request, or its preflight, goes to."""
        mark = super().find_mark(scope, path)
        if mark is UNMARKED and self._is_marked and self._litestar is not None:
            method = wanted_method(scope) if scope["type"] == "http" else None
            return _mark(_handler(self._litestar, path, method))
        return mark

    def _look(self) -> None:
        """Look for marks, unless the routes are those that were seen."""
        seen = [count for _, count in self._watched]
        if self._litestar is None or seen == [len(self._litestar.routes)]:
            return
        marks = [_mark(handler) for handler in _handlers(self._litestar)]
        self._is_marked = any(mark is not UNMARKED for mark in marks)
        self._find_shortcut()
        routes = self._litestar.routes
        self._watched = ((routes, len(routes)),)


class CORSPlugin(InitPlugin):
    """The policy of an application, as a plugin: ``Litestar(…, plugins=[CORSPlugin(policy)])``.

    It takes its place when the application starts, as servers and ``with TestClient(app)`` make
    it do. ``policy`` is a ``Policy``, ``Routes`` or an ``async def``, or its fields are given
    directly. ``plugin.policy = other`` puts another in force. Raises ``PolicyError``.

    >>> plugin = CORSPlugin(origins=["https://app.example"])
    """

    def __init__(
        self, policy: Source | None = None, *, enforce: bool = False, **fields: object
    ) -> None:
        """Check everything that can be wrong with the policy."""
        self._layer = CORSMiddleware(_unstarted, policy, enforce=enforce, **fields)

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._layer.policy

    @policy.setter
    def policy(self, new: Source) -> None:
        self._layer.policy = new

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Ask to be called when the application starts, before anything else is."""
        app_config.on_startup.insert(0, self._start)
        return app_config

    def _start(self, app: Litestar) -> None:
        # An application may start more than once, as in tests.
        if app.state.get("corsmith") is not self._layer:
            self._layer.take_place(app)


@overload
def install(
    app: Litestar, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Litestar: ...


@overload
def install(
    app: App, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> asgi.CORSMiddleware: ...


def install(
    app: Any, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Any:
    """Return ``app`` itself, with ``policy`` outermost in it.

    ``app.state.corsmith.policy = other`` puts another policy in force; installing again
    replaces the first. What Litestar makes besides applications is wrapped. Raises
    ``PolicyError``.

    >>> app = install(Litestar(), origins=["https://app.example"])
    >>> app.state.corsmith.policy
    Policy(origins=['https://app.example'])
    """
    if not isinstance(app, Litestar):
        return asgi.CORSMiddleware(app, policy, enforce=enforce, **fields)
    before = app.state.get("corsmith")
    if isinstance(before, CORSMiddleware):
        before.replace(policy, fields, enforce=enforce)
    else:
        CORSMiddleware(_unstarted, policy, enforce=enforce, **fields).take_place(app)
    return app


async def _unstarted(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Stand for the application before there is one."""


def _handlers(application: Litestar) -> Iterator[Any]:
    """Yield every route handler."""
    for route in application.routes:
        if (handlers := getattr(route, "route_handlers", None)) is not None:
            yield from handlers
        else:
            yield route.route_handler  # type: ignore[union-attr]  # of a WebSocket or ASGI route


def _mark(handler: Any) -> Mark:  # noqa: ANN401  any of Litestar's kinds
    """Return the mark of a route handler; ``None`` in, as of a path without one, is no mark."""
    if handler is None:
        return UNMARKED
    if _OPTION in handler.opt:
        return read_mark(handler.opt[_OPTION])
    return mark_of(handler, handler.fn)


def _handler(application: Litestar, path: str, method: str | None) -> Any:  # noqa: ANN401  as above
    """Return the route handler of a path; for a method that it does not take, its first.

    A path that has no handler has none.
    """
    router = application.asgi_router
    path = normalize_path(path)
    try:
        for one in (method, *HttpMethod):
            try:
                return router.handle_routing(path=path, method=one)[1]
            except MethodNotAllowedException:
                continue
    except Exception:  # noqa: BLE001  the router will meet the same, and tell
        return None
    return None

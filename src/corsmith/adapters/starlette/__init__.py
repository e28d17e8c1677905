"""CORS for Starlette and what is built on it: outermost, and the same application object.

What lives here: where the layer stands in a Starlette application. What does not: the marks
that its routes bear (``routes``), the translation of ASGI (``asgi``), and any judgement.

Facts that shape the code:

* ``ServerErrorMiddleware`` answers what nobody handled, outside of whatever ``add_middleware``
  adds; ``build_middleware_stack`` is the one method that knows the outermost place;
* a layer that was added by ``add_middleware`` learns its application from the first scope;
* the routes are complete at the first request, or later: their number is compared every time;
* the router names the endpoint in the scope, so the mark of what has answered needs no look-up
  of its own; a preflight's does, and what is to be refused before the application runs.
"""

from __future__ import annotations

import inspect
from copy import copy
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware.errors import ServerErrorMiddleware

from corsmith.adapters import asgi
from corsmith.adapters.asgi import marked, path_of, wanted_method
from corsmith.adapters.starlette.routes import RouteTable, Sizes, Unserved, inwards, unbuilt
from corsmith.gate import Choice, admit, check_enforce
from corsmith.marks import UNMARKED, cors
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, ExceptionHandler

    from corsmith.adapters.asgi import App, Message, Pairs, Receive, Scope, Send
    from corsmith.gate import Source
    from corsmith.marks import Mark

__all__ = ["CORSMiddleware", "OutermostMiddleware", "cors", "install"]

Application = TypeVar("Application", bound=Starlette)

_UNLOOKED: Final[Sizes] = (((), -1),)
"""No list has so few routes: the first request looks for marks."""

_COVERED: Final = "corsmith.covered"
"""In a scope: a layer outside answers by the policy of the layer of a mounted application."""


class CORSMiddleware(asgi.CORSMiddleware):
    """The layer of a Starlette or FastAPI application, for ``app.add_middleware``.

    >>> app = Starlette()
    >>> app.add_middleware(CORSMiddleware, origins=["https://app.example"])

    It covers what is inside of it, which is everything if it is the last one added, and the
    500 of an unhandled exception in any case. ``install`` is outermost wherever it is called.
    Arguments are those of the layer for ASGI: ``policy``, ``enforce``, a policy's fields.
    """

    # Type checkers cannot compare the real arguments with those of ``add_middleware``.
    def __init__(self, app: App, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  passed on
        """Wrap ``app``; everything that can be wrong with the policy is told here."""
        self._application: Starlette | None = None
        self._table = RouteTable()
        self._watched: Sizes = _UNLOOKED
        self._is_mounted = False
        self._leaves_failures = False
        super().__init__(app, *arguments, **options)

    def _is_usual(self) -> bool:
        is_simple = not self._table.is_marked and not self._is_mounted
        return is_simple and super()._is_usual()

    async def _choose(self, source: object, scope: Scope) -> Choice:
        if _COVERED in scope and not self._enforce:
            if not self._is_mounted:
                self._is_mounted = True
                self._find_shortcut()
            return Choice(policy=None)
        self._look(scope)
        return await super()._choose(source, scope)

    async def _settle(self, scope: Scope, receive: Receive, send: Send) -> Choice | None:
        self._look(scope)
        source = self._source
        if (
            isinstance(source, Policy)
            and self._table.tells_later
            and scope["method"] != "OPTIONS"
            and self._marks is None
            and not (self._enforce or self._is_mounted or _COVERED in scope)
        ):
            await self._run_marked(source, scope, receive, send)
            return None
        return await super()._settle(scope, receive, send)

    async def _run_marked(self, policy: Policy, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, and treat its answer by the mark of the endpoint that gave it.

        So a request is routed once; one that no endpoint answered is looked up afterwards.
        """
        before = {**scope}  # a mount changes the scope
        started = False

        def find_pairs() -> Pairs | None:
            mark = self._table.find_served(scope)
            if mark is Unserved:
                mark = self.find_mark(before, path_of(before)[0])
            own = policy if mark is UNMARKED else cast("Policy | None", mark)
            if own is None:
                return None
            # Several lines are no origin, nor is what they are joined to.
            lines = [value for name, value in before["headers"] if name == b"origin"]
            found = self.judge(own, b", ".join(lines) if lines else None)
            return own.byte_answers.unmatched if found is None else found

        def send_marked(message: Message) -> Awaitable[None]:
            nonlocal started
            if started or message["type"] != "http.response.start":
                return send(message)
            started = True
            pairs = find_pairs()
            return send(message if pairs is None else marked(message, pairs))

        try:
            await self.app(scope, receive, send_marked)
        except Exception:
            if not started and (pairs := find_pairs()) is not None:
                await self._answer_failure(send, pairs)
            raise

    async def _pass_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._look(scope)  # when the server starts, if it tells of that
        await super()._pass_connection(scope, receive, send)

    def find_mark(self, scope: Scope, path: str) -> Mark:
        """Return the mark of the route that a request goes to, or its preflight asks for."""
        mark = super().find_mark(scope, path)
        if mark is UNMARKED and self._table.is_marked:
            asked = {**scope, "method": wanted_method(scope)}
            # FastAPI says so itself, but only to what is inside of it.
            if root := getattr(self._application, "root_path", ""):
                asked["root_path"] = root
            mark, is_of_layer = self._table.find(asked)
            if is_of_layer and mark is not None:
                scope[_COVERED] = True
        return mark

    async def _answer_failure(self, send: Send, pairs: Pairs) -> None:
        if not self._leaves_failures:
            await super()._answer_failure(send, pairs)

    def _look(self, scope: Scope) -> None:
        """Look for marks, unless the routes are those that were seen."""
        if all(len(routes) == count for routes, count in self._watched):
            return
        if self._application is None:
            self._meet(scope)
        self._table = RouteTable(getattr(self._application, "router", None))
        self._find_shortcut()
        self._watched = self._table.sizes

    def _meet(self, scope: Scope) -> None:
        """Find the application that this is around, or a layer of."""
        around = next((one for one in inwards(self.app) if isinstance(one, Starlette)), None)
        if around is None and isinstance(outer := scope.get("app"), Starlette):
            if not self._is_layer_of(outer):
                return
            around = outer
            self._answer_through(around)
        if around is not None and not hasattr(around.state, "corsmith"):
            around.state.corsmith = self
        self._application = around

    def _is_layer_of(self, application: Starlette) -> bool:
        """Return whether this is the application's layer, rather than that of a route in it."""
        for layer in inwards(application.middleware_stack):
            if isinstance(layer, CORSMiddleware):
                return layer is self
        # Somebody else's layer hides what is inside of it.
        kinds: list[object] = [entry.cls for entry in application.user_middleware]
        return type(self) in kinds

    def _answer_through(self, application: Starlette) -> None:
        """Let the headers be on the answer to what nobody handled, whoever makes it.

        It is made outside of this layer: by the application's own handler, as a page for
        debugging or as plain text. Making it here too would call that handler twice.
        """
        errors = None
        for layer in inwards(application.middleware_stack):
            if layer is self:
                break
            if isinstance(layer, ServerErrorMiddleware):
                errors = layer
        else:
            return
        if errors is None:
            return
        make: Any = (
            errors.debug_response if errors.debug else errors.handler or errors.error_response
        )

        async def answer(request: Request, error: Exception) -> ASGIApp:
            layer: CORSMiddleware = copy(self)
            # An `async def` gives what is to be awaited, without having run.
            response: Any = await run_in_threadpool(make, request, error)
            if inspect.isawaitable(response):
                response = await response
            layer.app = response
            return layer

        # An application in place of a response: it is only ever called.
        errors.handler = cast("ExceptionHandler", answer)
        errors.debug = False
        self._leaves_failures = True


class OutermostMiddleware(CORSMiddleware):
    """The layer that ``install`` puts around everything else in an application."""

    def take_place(self, application: Starlette) -> None:
        """Be around what the application builds, or has built already."""
        build = application.build_middleware_stack

        def build_middleware_stack() -> ASGIApp:
            self.app = build()
            return self

        self._application = application
        # The method that subclasses override, FastAPI among them.
        application.build_middleware_stack = build_middleware_stack  # type: ignore[method-assign]
        if application.middleware_stack is not None:
            self.app = application.middleware_stack
            application.middleware_stack = self
        application.state.corsmith = self

    def replace(
        self, policy: Source | None, fields: Mapping[str, object], *, enforce: bool
    ) -> None:
        """Put another policy in force, as if it had been installed first."""
        new = admit(policy, fields, asynchronous=True)
        self._enforce = check_enforce(enforce)
        self.policy = new


@overload
def install(  # type: ignore[overload-overlap]  # the more exact first
    app: Application, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Application: ...


@overload
def install(
    app: App, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> CORSMiddleware: ...


def install(
    app: Any, policy: Source | None = None, *, enforce: bool = False, **fields: object
) -> Any:
    """Return ``app`` itself, with ``policy`` outermost in it.

    Whatever is added to ``app`` later is inside. ``app.state.corsmith.policy = other`` puts
    another policy in force; installing again replaces the first. What is no application but a
    part of one, such as a router, is wrapped. Raises ``PolicyError``.

    >>> app = install(Starlette(), origins=["https://app.example"])
    >>> app.state.corsmith.policy
    Policy(origins=['https://app.example'])
    """
    if not isinstance(app, Starlette):
        return CORSMiddleware(app, policy, enforce=enforce, **fields)
    before = getattr(app.state, "corsmith", None)
    if isinstance(before, OutermostMiddleware):
        before.replace(policy, fields, enforce=enforce)
    else:
        OutermostMiddleware(unbuilt, policy, enforce=enforce, **fields).take_place(app)
    return app

"""The marks of the routes of a Starlette or FastAPI application.

What lives here: reading them, and finding the one that a request goes to. What does not:
where the layer stands (the package itself).

Facts that shape the code:

* a route is asked by its ``matches``, as the router asks it; FastAPI keeps the routers that
  were included, and ``iter_route_contexts`` gives their routes one by one;
* what is mounted may have routes, marks or a layer of its own: the innermost counts.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from starlette.applications import Starlette
from starlette.routing import Host, Match, Mount

from corsmith.adapters import asgi
from corsmith.marks import UNMARKED, mark_of
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from starlette.routing import BaseRoute, Router

    from corsmith.adapters.asgi import Receive, Scope, Send
    from corsmith.marks import Mark

__all__ = ["RouteTable", "Sizes", "Unserved", "inwards", "unbuilt"]

Sizes: TypeAlias = "tuple[tuple[Sequence[BaseRoute], int], ...]"
"""The lists that routes stand in, and how many there were in each when they were read."""

_DEEPEST: Final = 64
"""The longest chain of layers that is followed: a longer one is a circle."""

_METHODS: Final = ("get", "head", "post", "put", "patch", "delete", "options")
"""The methods of a class that answers requests (Starlette, "Class-based endpoints")."""


async def unbuilt(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Stand for what an application has not built yet."""


def inwards(app: object) -> Iterator[Any]:
    """Yield an application and what is inside of it, by the name that all layers use."""
    for _ in range(_DEEPEST):
        if app is None:
            return
        yield app
        app = getattr(app, "app", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedRoute:
    """A route with its mark, and those inside of it where something is mounted there.

    ``route`` has the ``matches`` of Starlette's routes. ``methods`` are the marks of a class's
    own methods, ``layer`` is that of a mounted application.
    """

    route: Any
    mark: Mark = UNMARKED
    methods: Mapping[str, Mark] = field(default_factory=dict)
    inner: tuple[MarkedRoute, ...] = ()
    redirects: bool = False
    layer: asgi.CORSMiddleware | None = None

    @property
    def is_marked(self) -> bool:
        """Whether there is anything to find here."""
        own = self.mark is not UNMARKED or bool(self.methods) or self.layer is not None
        return own or any(one.is_marked for one in self.inner)

    def find(self, scope: Scope) -> tuple[Mark, bool]:
        """Return the mark for a request that matched, and whether a layer gave it."""
        if self.inner:
            found = _find(self.inner, scope, redirects=self.redirects)
            if found[0] is not UNMARKED:
                return found
        if self.layer is not None:
            # What it has to be asked for, it asks itself: this one then touches nothing.
            source = self.layer.policy
            return source if isinstance(source, Policy) else None, True
        method = scope["method"]
        if method == "HEAD" and "HEAD" not in self.methods:
            method = "GET"
        return self.methods.get(method, self.mark), False


class Unserved:
    """Stands for what no endpoint has answered, or one that does not tell its mark alone."""


def _served(marked: Sequence[MarkedRoute]) -> dict[int, Mark]:
    """Return the mark by the identity of each endpoint that has one only, whatever it is asked.

    It is empty where something marked is inside of a mount: its endpoint is not named alone.
    """
    if not any(one.is_marked for one in marked):
        return {}
    if any(one.inner or one.layer is not None for one in marked):
        return {}
    found: dict[int, set[Mark]] = {}
    for one in marked:
        endpoint = getattr(one.route, "endpoint", None)
        found.setdefault(id(endpoint), set()).update({one.mark, *one.methods.values()})
    found.pop(id(None), None)
    return {key: marks.pop() for key, marks in found.items() if len(marks) == 1}


class RouteTable:
    """The marks of a router's routes, and the sizes by which a look sees that it is out of date."""

    def __init__(self, router: Router | None = None) -> None:
        """Read the routes of ``router``, those of what is mounted in it too."""
        lists: list[list[BaseRoute]] = []
        self._redirects = router is not None and router.redirect_slashes
        routes = () if router is None else router.routes
        self._marked = tuple(_read(routes, UNMARKED, lists))
        self.is_marked = any(one.is_marked for one in self._marked)
        self._served = _served(self._marked)
        self.sizes: Sizes = tuple((routes, len(routes)) for routes in lists)

    @property
    def routes(self) -> tuple[MarkedRoute, ...]:
        """The routes in their order, with the mark that each has."""
        return self._marked

    @property
    def tells_later(self) -> bool:
        """Whether marks are of endpoints, which the router names in the scope when it got there."""
        return bool(self._served)

    def find_served(self, scope: Scope) -> Mark | type[Unserved]:
        """Return the mark of the endpoint that a scope was given to; ``Unserved``: ask ``find``."""
        return self._served.get(id(scope.get("endpoint")), Unserved)

    def find(self, scope: Scope) -> tuple[Mark, bool]:
        """Return the mark of the route that a scope goes to, and whether a layer gave it."""
        try:
            return _find(self._marked, scope, redirects=self._redirects)
        except Exception:  # noqa: BLE001  the router will meet the same, and tell
            return UNMARKED, False


def _find(marked: Iterable[MarkedRoute], scope: Scope, *, redirects: bool) -> tuple[Mark, bool]:
    """Go to a route as the router does: the first that takes the method, or else the path.

    Where there is none, the router redirects to the path with the slash put on or taken off;
    the answer is then read by whoever may read the target.
    """
    partial: tuple[MarkedRoute, Scope] | None = None
    for one in marked:
        match, child = one.route.matches(scope)
        if match is Match.FULL:
            return one.find({**scope, **child})
        if match is Match.PARTIAL and partial is None:
            partial = one, child
    if partial is not None:
        one, child = partial
        return one.find({**scope, **child})
    path = scope["path"]
    if not redirects or scope["type"] != "http" or path == "/":
        return UNMARKED, False
    other = path.rstrip("/") if path.endswith("/") else f"{path}/"
    return _find(marked, {**scope, "path": other}, redirects=False)


def _read(
    routes: Iterable[BaseRoute], mark: Mark, lists: list[list[BaseRoute]]
) -> Iterator[MarkedRoute]:
    """Yield the routes with their marks; ``mark`` is that of the router that they are of."""
    if isinstance(routes, list):
        lists.append(routes)
    for route in routes:
        if (router := getattr(route, "original_router", None)) is not None:
            yield from _read_included(route, router, mark, lists)
        else:
            yield _read_one(route, route, mark, lists)


def _read_included(
    route: BaseRoute,
    router: Any,  # noqa: ANN401  FastAPI may not be installed
    mark: Mark,
    lists: list[list[BaseRoute]],
) -> Iterator[MarkedRoute]:
    """Yield the routes of a router that FastAPI has included in another, one by one.

    Older releases copied them instead, and then they are like the others.
    """
    owners: dict[int, Mark] = {}
    _read_owners(router, mark, owners, lists)
    for context in sys.modules["fastapi.routing"].iter_route_contexts([route]):
        own = context.original_route
        yield _read_one(context, own, owners.get(id(own), mark), lists)


def _read_owners(
    router: Any,  # noqa: ANN401  as above
    mark: Mark,
    owners: dict[int, Mark],
    lists: list[list[BaseRoute]],
) -> None:
    """Note the mark of the router of each route."""
    lists.append(router.routes)
    own = mark_of(router)
    mark = mark if own is UNMARKED else own
    for route in router.routes:
        if (inner := getattr(route, "original_router", None)) is not None:
            _read_owners(inner, mark, owners, lists)
        else:
            owners[id(route)] = mark


def _read_one(
    route: Any,  # noqa: ANN401  a route, or FastAPI's context of one
    kind: BaseRoute,
    mark: Mark,
    lists: list[list[BaseRoute]],
) -> MarkedRoute:
    """Return one route with its mark, or else with ``mark``."""
    if isinstance(kind, (Mount, Host)):
        return _read_mount(route, mark, lists)
    endpoint = getattr(route, "endpoint", None)
    own = mark_of(endpoint)
    methods: dict[str, Mark] = {}
    if isinstance(endpoint, type):
        found = {name.upper(): mark_of(getattr(endpoint, name, None)) for name in _METHODS}
        methods = {name: one for name, one in found.items() if one is not UNMARKED}
    return MarkedRoute(route=route, mark=mark if own is UNMARKED else own, methods=methods)


def _read_mount(route: Any, mark: Mark, lists: list[list[BaseRoute]]) -> MarkedRoute:  # noqa: ANN401  as above
    """Return what is mounted: an application with routes, one with a layer, or any other."""
    inside = list(inwards(route.app))
    own = mark_of(*inside)
    mark = mark if own is UNMARKED else own
    routes: list[BaseRoute] = []
    layer = None
    redirects = False
    for app in inside:
        layer = layer or _layer_of(app)
        if isinstance(found := getattr(app, "routes", None), list):
            routes = found
            redirects = getattr(getattr(app, "router", app), "redirect_slashes", False)
            break
    inner = tuple(_read(routes, UNMARKED, lists))
    return MarkedRoute(route=route, mark=mark, inner=inner, redirects=redirects, layer=layer)


def _layer_of(app: object) -> asgi.CORSMiddleware | None:
    """Return the layer that an application is, or has."""
    if isinstance(app, asgi.CORSMiddleware):
        return app
    if not isinstance(app, Starlette):
        return None
    if isinstance(layer := getattr(app.state, "corsmith", None), asgi.CORSMiddleware):
        return layer
    for entry in app.user_middleware:
        kind, args, options = cast("tuple[object, Any, Any]", (entry.cls, entry.args, entry.kwargs))
        if isinstance(kind, type) and issubclass(kind, asgi.CORSMiddleware):
            # It is made with the first request; until then this one has its policy.
            return kind(unbuilt, *args, **options)
    return None

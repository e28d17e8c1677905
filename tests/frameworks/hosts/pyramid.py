"""Pyramid, behind the layer for WSGI; marks are read from its introspection, as in the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyramid.config import Configurator
from pyramid.httpexceptions import exception_response
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request
from pyramid.response import Response

from corsmith import install
from corsmith.marks import UNMARKED, cors, mark_of
from tests.frameworks.calling import Script, over_wsgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.marks import Mark
    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Pyramid"
DISTRIBUTIONS = ("pyramid",)
PER_ROUTE = "`@cors(…)` on a view, read from the introspector"
STATUSES = {"405": {404}}  # what no view of a route answers is not found


def items(request: Any) -> Any:
    return {"status": "OK"}


def teapot(request: Any) -> Any:
    raise exception_response(418)


def fails(request: Any) -> Any:
    raise LookupError


@cors(PARTNER)
def delete(request: Any) -> Any:
    return {}


@cors(None)
def exempt(request: Any) -> Any:
    return {}


VIEWS = {
    "/items": {"GET": items},
    "/slash/": {"GET": items},
    "/teapot": {"GET": teapot},
    "/fails": {"GET": fails},
    "/marked": {"GET": items, "DELETE": delete},
    "/exempt": {"GET": exempt},
}


def pages() -> Any:
    """Return the pages."""
    config = Configurator()
    for path, views in VIEWS.items():
        config.add_route(path, path)
        for method, view in views.items():
            config.add_view(view, route_name=path, request_method=method, renderer="json")
    config.add_notfound_view(append_slash=True)
    return config.make_wsgi_app()


def marks_of(app: Any) -> Callable[[str, str], Mark]:
    """Return what finds the mark of the view that a request goes to."""
    find = app.registry.getUtility(IRoutesMapper)
    views = [view["introspectable"] for view in app.registry.introspector.get_category("views")]

    def marks(method: str, path: str) -> Mark:
        route = find(Request.blank(path))["route"]
        for view in views:
            methods = view["request_methods"] or (method,)
            methods = (methods,) if isinstance(methods, str) else methods
            if route and view["route_name"] == route.name and method in methods:
                return mark_of(view["callable"])
        return UNMARKED

    return marks


def layered(source: Any, **options: Any) -> Any:
    """Return the pages behind corsmith."""
    app = pages()
    layer: Any = install(app, source, **options)
    layer.marks = marks_of(app)
    return layer


def probed(source: Any, **options: Any) -> Ask:
    return over_wsgi(layered(source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    layer = layered(source)
    return over_wsgi(layer), lambda new: setattr(layer, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, config = Script(), Configurator()

    def answer(request: Any) -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = Response(body=app.body, status=app.status)
        for name, value in app.headers:
            response.headers.add(name, value)
        return response

    config.add_route("all", "/*path")
    config.add_view(answer, route_name="all")
    return over_wsgi(install(config.make_wsgi_app(), source, **options), script)

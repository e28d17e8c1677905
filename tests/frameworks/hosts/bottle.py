"""Bottle, behind the layer for WSGI; its marks are read from its router, as the recipe shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bottle import Bottle, HTTPError, HTTPResponse, abort

from corsmith import install
from corsmith.marks import UNMARKED, cors, mark_of
from tests.frameworks.calling import Script, over_wsgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.marks import Mark
    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Bottle"
DISTRIBUTIONS = ("bottle",)
PER_ROUTE = "`@cors(…)` on a callback, read from `app.match`"


def pages() -> Any:
    """Return the pages."""
    app = Bottle()

    @app.get("/items")
    @app.get("/slash/")
    def items() -> Any:
        return {"status": "OK"}

    @app.get("/teapot")
    def teapot() -> Any:
        abort(418, "short and stout")

    @app.get("/fails")
    def fails() -> Any:
        raise LookupError

    @app.get("/marked")
    def marked() -> Any:
        return {}

    @app.delete("/marked")
    @cors(PARTNER)
    def delete() -> Any:
        return {}

    @app.get("/exempt")
    @cors(None)
    def exempt() -> Any:
        return {}

    return app


def marks_of(app: Any) -> Callable[[str, str], Mark]:
    """Return what finds the mark of the callback that a request goes to."""

    def marks(method: str, path: str) -> Mark:
        try:
            route, _ = app.match({"REQUEST_METHOD": method, "PATH_INFO": path})
        except HTTPError:
            return UNMARKED
        return mark_of(route.callback)

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
    script, bottle = Script(), Bottle()

    @bottle.route("/<path:path>", method="ANY")
    def answer(path: str) -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = HTTPResponse(app.body, app.status)
        for name, value in app.headers:
            response.add_header(name, value)
        return response

    return over_wsgi(install(bottle, source, **options), script)

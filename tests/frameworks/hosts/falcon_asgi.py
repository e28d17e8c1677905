"""Falcon over ASGI, with corsmith among its middleware."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi

from corsmith.adapters.falcon import CORS, install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.hosts.falcon import can_ask
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

__all__ = ["DISTRIBUTIONS", "NAME", "PER_ROUTE", "can_ask", "probed", "scripted", "swappable"]

NAME = "Falcon over ASGI"
DISTRIBUTIONS = ("falcon",)
PER_ROUTE = "as over WSGI"


class Items:
    """A page that answers."""

    async def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {"status": "OK"}


class Teapot:
    """A page that raises on purpose."""

    async def on_get(self, req: Any, resp: Any) -> None:
        raise falcon.HTTPStatus(418)


class Fails:
    """A page with a mistake."""

    async def on_get(self, req: Any, resp: Any) -> None:
        raise LookupError


class Marked(Items):
    """A page of a partner's."""

    cors_policy = PARTNER

    async def on_delete(self, req: Any, resp: Any) -> None:
        resp.media = {}


class Exempt(Items):
    """A page that corsmith does not touch."""

    cors_policy = None


def fill(app: Any) -> Any:
    """Return the application, with the pages."""
    app.add_route("/items", Items())
    app.add_route("/slash/", Items())
    app.add_route("/teapot", Teapot())
    app.add_route("/fails", Fails())
    app.add_route("/marked", Marked())
    app.add_route("/exempt", Exempt())
    return app


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(fill(falcon.asgi.App()), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    middleware = CORS(source)
    app = falcon.asgi.App(middleware=[middleware])
    return over_asgi(fill(app)), lambda new: setattr(middleware, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, site = Script(), falcon.asgi.App()

    async def answer(req: Any, resp: Any, **_: Any) -> None:
        script.ran = True
        if app.error is not None:
            raise app.error
        resp.status = app.status
        resp.data = app.body
        for name, value in app.headers:
            resp.append_header(name, value)

    site.add_sink(answer, "/")
    return over_asgi(install(site, source, **options), script)

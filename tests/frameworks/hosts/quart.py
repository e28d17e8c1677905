"""Quart, with corsmith around its ``asgi_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from quart import Quart, Response, abort

from corsmith.adapters.quart import cors, install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Quart"
DISTRIBUTIONS = ("quart",)
PER_ROUTE = "`@cors(…)` on a view, a view class or a blueprint"


def can_ask(request: Request, _app: App) -> bool:
    """Return whether Quart takes the headers: none with the end of a line inside."""
    return not any(set("\r\n") & set(value) for _, value in request.headers)


def pages() -> Quart:
    """Return the pages."""
    app = Quart(__name__)

    @app.get("/items")
    async def items() -> Any:
        return {"status": "OK"}

    @app.get("/slash/")
    async def slash() -> Any:
        return {"status": "OK"}

    @app.get("/teapot")
    async def teapot() -> Any:
        abort(418)

    @app.get("/fails")
    async def fails() -> Any:
        raise LookupError

    @app.get("/marked")
    async def marked() -> Any:
        return {}

    @app.delete("/marked")
    @cors(PARTNER)
    async def delete() -> Any:
        return {}

    @app.get("/exempt")
    @cors(None)
    async def exempt() -> Any:
        return {}

    return app


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_asgi(app), lambda new: setattr(app.extensions["corsmith"], "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, quart = Script(), Quart(__name__)

    @quart.before_request  # it answers every method, known or not
    async def answer() -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = Response(app.body, app.status)
        for name, value in app.headers:
            response.headers.add(name, value)
        return response

    return over_asgi(install(quart, source, **options), script)

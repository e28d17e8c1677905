"""BlackSheep, behind the layer for ASGI; its marks are read from its router, as in the recipe."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from blacksheep import Application, Content, Response
from blacksheep.exceptions import HTTPException
from blacksheep.server.routing import Router

from corsmith import install
from corsmith.marks import UNMARKED, cors, mark_of
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.marks import Mark
    from tests.adapters.hosts import App, Reply, Request
    from tests.frameworks.calling import Ask

NAME = "BlackSheep"
DISTRIBUTIONS = ("blacksheep",)
PER_ROUTE = "`@cors(…)` on a handler, read from `app.router`"
STATUSES = {"405": {404}}  # it looks for a route with this method, and finds none


@cache
def pages() -> Any:
    """Return the pages; BlackSheep looks through all that called it when one is made."""
    app: Any = Application(router=Router())

    @app.router.get("/items")
    async def items() -> Any:
        return {"status": "OK"}

    @app.router.get("/slash/")
    async def slash() -> Any:
        return {}

    @app.router.get("/teapot")
    async def teapot() -> Any:
        raise HTTPException(418)

    @app.router.get("/fails")
    async def fails() -> Any:
        raise LookupError

    @app.router.get("/marked")
    async def marked() -> Any:
        return {}

    @app.router.delete("/marked")
    @cors(PARTNER)
    async def delete() -> Any:
        return {}

    @app.router.get("/exempt")
    @cors(None)
    async def exempt() -> Any:
        return {}

    asyncio.run(app.start())
    return app


def marks_of(app: Any) -> Callable[[str, str], Mark]:
    """Return what finds the mark of the handler that a request goes to."""

    def marks(method: str, path: str) -> Mark:
        found = app.router.get_match_by_method_and_path(method, path)
        return mark_of(found.handler) if found else UNMARKED

    return marks


def layered(source: Any, **options: Any) -> Any:
    """Return the pages behind corsmith."""
    app = pages()
    layer: Any = install(app, source, **options)
    layer.marks = marks_of(app)
    return layer


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(layered(source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    layer = layered(source)
    return over_asgi(layer), lambda new: setattr(layer, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()
    ask = over_asgi(install(obedient(), source, **options), script)

    def told(request: Request) -> Reply:
        in_force[:] = [(script, app)]
        return ask(request)

    return told


in_force: list[tuple[Script, App]] = []


@cache
def obedient() -> Any:
    """Return an application that answers as it was told last."""
    sheep: Any = Application(router=Router())

    async def answer() -> Any:
        script, app = in_force[0]
        script.ran = True
        if app.error is not None:
            raise app.error
        response = Response(app.status, content=Content(b"text/plain", app.body))
        for name, value in app.headers:
            response.add_header(name.encode(), value.encode("latin-1"))
        return response

    sheep.router.fallback = answer
    asyncio.run(sheep.start())
    return sheep

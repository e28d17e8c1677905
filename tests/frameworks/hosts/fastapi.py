"""FastAPI, with the policy installed in the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException
from starlette.routing import Route

from corsmith.adapters.fastapi import cors, install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.hosts.starlette import Scripted
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "FastAPI"
DISTRIBUTIONS = ("fastapi",)
PER_ROUTE = "`@cors(…)` on an endpoint, a router or what is mounted"


def pages() -> FastAPI:
    """Return the pages."""
    app = FastAPI()

    @app.get("/items")
    async def items() -> Any:
        return {"status": "OK"}

    @app.get("/slash/")
    def slash() -> Any:
        return {}

    @app.get("/teapot")
    async def teapot() -> Any:
        raise HTTPException(418)

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
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()
    route = Route("/{path:path}", Scripted(script, app))
    return over_asgi(install(FastAPI(routes=[route]), source, **options), script)

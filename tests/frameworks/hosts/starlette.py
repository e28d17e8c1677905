"""Starlette, with the policy installed in the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from corsmith.adapters.starlette import cors, install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Starlette"
DISTRIBUTIONS = ("starlette",)
PER_ROUTE = "`@cors(…)` on an endpoint, its class or what is mounted"


async def items(request: Any) -> Any:
    return JSONResponse({"status": "OK"})


async def teapot(request: Any) -> Any:
    raise HTTPException(418)


async def fails(request: Any) -> Any:
    raise LookupError


@cors(PARTNER)
async def delete(request: Any) -> Any:
    return JSONResponse({})


@cors(None)
async def exempt(request: Any) -> Any:
    return JSONResponse({})


def pages() -> Starlette:
    """Return the pages."""
    return Starlette(
        routes=[
            Route("/items", items),
            Route("/slash/", items),
            Route("/teapot", teapot),
            Route("/fails", fails),
            Route("/marked", items),
            Route("/marked", delete, methods=["DELETE"]),
            Route("/exempt", exempt),
        ]
    )


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", new)


class Scripted:
    """An endpoint of a class that does as it is told, so that it takes every method."""

    def __init__(self, script: Script, app: App) -> None:
        self.script = script
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.script.ran = True
        if self.app.error is not None:
            raise self.app.error
        headers = [(n.encode(), v.encode("latin-1")) for n, v in self.app.headers]
        await send({"type": "http.response.start", "status": self.app.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.app.body})


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()
    route = Route("/{path:path}", Scripted(script, app))
    return over_asgi(install(Starlette(routes=[route]), source, **options), script)

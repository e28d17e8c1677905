"""The same small shop in every framework: two routes of one path, one of them with a mark.

What lives here: the applications that ``govern`` and ``--routes`` are tested with. What does
not: what is right.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from corsmith import Policy, install
from corsmith.marks import cors

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PARTNER", "SHOPS", "WHOLE"]

WHOLE: Final = Policy(origins=["https://app.example"], max_age=5)
PARTNER: Final = Policy(origins=["https://partner.example"], methods=["DELETE"])

_numbers = count()


def fastapi(source: Any) -> Any:
    """Return a shop with FastAPI, whose routes are in a router."""
    from fastapi import APIRouter, FastAPI

    router = APIRouter(prefix="/items")

    @router.get("/{number}")
    def read(number: int) -> dict[str, int]:
        return {"number": number}

    @router.delete("/{number}")
    @cors(PARTNER)
    def drop(number: int) -> dict[str, int]:
        return {"number": number}

    app = FastAPI()
    app.include_router(router)

    @app.get("/exempt")
    @cors(None)
    def exempt() -> dict[str, int]:
        return {}

    return install(app, source)


def starlette(source: Any) -> Any:
    """Return a shop with Starlette, whose items are a class."""
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint
    from starlette.responses import JSONResponse
    from starlette.routing import Mount, Route

    class Items(HTTPEndpoint):
        def get(self, request: Any) -> JSONResponse:
            return JSONResponse({})

        @cors(PARTNER)
        def delete(self, request: Any) -> JSONResponse:
            return JSONResponse({})

    @cors(None)
    def exempt(request: Any) -> JSONResponse:
        return JSONResponse({})

    inner = [Route("/{number:int}", Items)]
    return install(
        Starlette(routes=[Mount("/items", routes=inner), Route("/exempt", exempt)]), source
    )


def _with_views(app: Any, source: Any) -> Any:
    def read(number: int) -> dict[str, int]:
        return {"number": number}

    @cors(PARTNER)
    def drop(number: int) -> dict[str, int]:
        return {"number": number}

    @cors(None)
    def exempt() -> dict[str, int]:
        return {}

    app.get("/items/<int:number>")(read)
    app.delete("/items/<int:number>")(drop)
    app.get("/exempt")(exempt)
    return install(app, source)


def flask(source: Any) -> Any:
    """Return a shop with Flask."""
    from flask import Flask

    return _with_views(Flask("shop", static_folder=None), source)


def quart(source: Any) -> Any:
    """Return a shop with Quart."""
    from quart import Quart

    return _with_views(Quart("shop", static_folder=None), source)


def litestar(source: Any) -> Any:
    """Return a shop with Litestar, whose mark is an option."""
    from litestar import Litestar, delete, get

    @get("/items/1")
    async def read() -> dict[str, int]:
        return {}

    @delete("/items/1", opt={"cors": PARTNER}, status_code=200)
    async def drop() -> dict[str, int]:
        return {}

    @get("/exempt")
    @cors(None)
    async def exempt() -> dict[str, int]:
        return {}

    return install(Litestar([read, drop, exempt], openapi_config=None), source)


def aiohttp(source: Any) -> Any:
    """Return a shop with aiohttp, whose exemption is given to the layer."""
    from aiohttp import web

    from corsmith.adapters.aiohttp import setup

    class Items(web.View):
        async def get(self) -> web.Response:
            return web.json_response({})

        @cors(PARTNER)
        async def delete(self) -> web.Response:
            return web.json_response({})

    async def exempt(request: web.Request) -> web.Response:
        return web.json_response({})

    app = web.Application()
    layer = setup(app, source)
    app.router.add_view(r"/items/{number:\d+}", Items)
    layer.add(app.router.add_route("GET", "/exempt", exempt))
    return app


class _Items:
    """Falcon's resource, marked whole."""

    def on_get(self, req: Any, resp: Any, number: int) -> None:
        resp.media = {}


class _Dropped:
    cors_policy = PARTNER

    def on_delete(self, req: Any, resp: Any, number: int) -> None:
        resp.media = {}


class _Exempt:
    cors_policy = None

    def on_get(self, req: Any, resp: Any) -> None:
        resp.media = {}


def falcon(source: Any) -> Any:
    """Return a shop with Falcon, where a mark is that of a resource."""
    import falcon

    app = falcon.App()
    app.add_route("/items/{number:int}", _Items())
    app.add_route("/items/{number:int}/dropped", _Dropped())
    app.add_route("/exempt", _Exempt())
    return install(app, source)


def tornado(source: Any) -> Any:
    """Return a shop with Tornado."""
    from tornado.web import Application, RequestHandler

    class Items(RequestHandler):
        def get(self, number: str) -> None:
            self.write({})

        @cors(PARTNER)
        def delete(self, number: str) -> None:
            self.write({})

    class Exempt(RequestHandler):
        cors_policy = None

        def get(self) -> None:
            self.write({})

    return install(Application([("/items/([0-9]+)", Items), ("/exempt", Exempt)]), source)


def sanic(source: Any) -> Any:
    """Return a shop with Sanic, whose mark is in the context of a route."""
    from sanic import Sanic, json

    app = Sanic(f"shop-{next(_numbers)}", configure_logging=False)
    app.config.TOUCHUP = False  # it rewrites its own source for each application
    Sanic.unregister_app(app)

    @app.get("/items/<number:int>")
    async def read(request: Any, number: int) -> Any:
        return json({})

    @app.delete("/items/<number:int>", ctx_cors=PARTNER)
    async def drop(request: Any, number: int) -> Any:
        return json({})

    @app.get("/exempt")
    @cors(None)
    async def exempt(request: Any) -> Any:
        return json({})

    return install(app, source)


SHOPS: Final[dict[str, Callable[[Any], Any]]] = {
    make.__name__: make
    for make in (aiohttp, falcon, fastapi, flask, litestar, quart, sanic, starlette, tornado)
}

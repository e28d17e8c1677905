"""Sanic, in memory: it is an ASGI application, too."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any

from sanic import HTTPResponse, Sanic, json
from sanic.exceptions import SanicException

from corsmith.adapters.sanic import install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Sanic"
DISTRIBUTIONS = ("sanic",)
PER_ROUTE = "`ctx_cors=policy` of a route, `@cors(…)` on a handler"

_numbers = count()


def can_ask(request: Request, app: App) -> bool:
    """Return whether its router knows the method."""
    return request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def new() -> Any:
    """Return an application that nobody remembers."""
    app = Sanic(f"corsmith-{next(_numbers)}", configure_logging=False)
    app.config.TOUCHUP = False  # it rewrites its own source for each application
    Sanic.unregister_app(app)
    return app


async def start(app: Any) -> Any:
    """Tell an application that its server starts, as ASGI does; return what it says."""
    sent: asyncio.Queue[Any] = asyncio.Queue()
    messages: asyncio.Queue[Any] = asyncio.Queue()  # it is never told to stop
    messages.put_nowait({"type": "lifespan.startup"})
    running = asyncio.ensure_future(app({"type": "lifespan"}, messages.get, sent.put))
    said = await sent.get()
    running.cancel()
    return said


def over_sanic(app: Any, script: Script | None = None) -> Ask:
    """Return what asks an application that was started."""
    assert asyncio.run(start(app)) == {"type": "lifespan.startup.complete"}
    return over_asgi(app, script)


def pages() -> Any:
    """Return the pages."""
    app = new()

    @app.get("/items", name="items")
    @app.get("/slash/", name="slash", strict_slashes=True)
    async def items(request: Any) -> Any:
        return json({"status": "OK"})

    @app.get("/teapot")
    async def teapot(request: Any) -> Any:
        raise SanicException("short and stout", 418)

    @app.get("/fails")
    async def fails(request: Any) -> Any:
        raise LookupError

    @app.get("/marked", name="read")
    async def read(request: Any) -> Any:
        return json({})

    @app.delete("/marked", ctx_cors=PARTNER)
    async def delete(request: Any) -> Any:
        return json({})

    @app.get("/exempt", ctx_cors=None)
    async def exempt(request: Any) -> Any:
        return json({})

    return app


def probed(source: Any, **options: Any) -> Ask:
    return over_sanic(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_sanic(app), lambda new: setattr(app.ctx.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, inside = Script(), new()

    async def answer(request: Any, path: str) -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = HTTPResponse(app.body, app.status)
        for name, value in app.headers:
            response.headers.add(name, value)
        return response

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    inside.add_route(answer, "/<path:path>", methods=methods)
    return over_sanic(install(inside, source, **options), script)

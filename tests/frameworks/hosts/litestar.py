"""Litestar, with the policy installed in the application itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Litestar, asgi, delete, get
from litestar.exceptions import HTTPException

from corsmith.adapters.litestar import cors, install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Litestar"
DISTRIBUTIONS = ("litestar",)
PER_ROUTE = '`opt={"cors": policy}` of a handler and what is above it, or `@cors(…)`'


def handlers() -> list[Any]:
    """Return what answers for each of the pages."""

    @get(["/items", "/slash/", "/marked"])
    async def items() -> dict[str, str]:
        return {"status": "OK"}

    @get("/teapot")
    async def teapot() -> None:
        raise HTTPException(status_code=418)

    @get("/fails")
    async def fails() -> None:
        raise LookupError

    @delete("/marked", opt={"cors": PARTNER}, status_code=200)
    async def deletes() -> None:
        """Delete nothing."""

    @get("/exempt")
    @cors(None)
    async def exempt() -> None:
        """Say nothing."""

    return [items, teapot, fails, deletes, exempt]


def pages() -> Litestar:
    """Return the pages."""
    return Litestar(handlers())


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()

    @asgi("/", is_mount=True, copy_scope=True)
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        script.ran = True
        if app.error is not None:
            raise app.error
        headers = [(name.encode(), value.encode("latin-1")) for name, value in app.headers]
        await send({"type": "http.response.start", "status": app.status, "headers": headers})
        await send({"type": "http.response.body", "body": app.body})

    return over_asgi(install(Litestar([answer]), source, **options), script)

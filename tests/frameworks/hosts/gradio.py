"""Gradio, mounted in a FastAPI application, in which corsmith is installed.

It needs 260 MB and four seconds to be loaded: so `make test-all` runs it in an environment of
its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import gradio
from fastapi import FastAPI

from corsmith import install
from tests.frameworks.calling import Script, over_asgi
from tests.frameworks.inside import fastapi_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Gradio"
DISTRIBUTIONS = ("gradio",)
PER_ROUTE = "that of FastAPI"


@cache
def mounted() -> list[Any]:
    """Return the routes that Gradio's mount adds to an application; making them takes a while."""
    with gradio.Blocks() as blocks:
        gradio.Textbox()
    app = FastAPI(openapi_url=None)
    return [*gradio.mount_gradio_app(app, blocks, path="/gradio").routes]


def with_gradio() -> FastAPI:
    """Return a FastAPI application with Gradio in it."""
    return FastAPI(routes=mounted())


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(fastapi_pages(with_gradio()), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app: Any = install(fastapi_pages(with_gradio()), source)
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, outer = Script(), with_gradio()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        script.ran = True
        if app.error is not None:
            raise app.error
        headers = [(name.encode(), value.encode("latin-1")) for name, value in app.headers]
        await send({"type": "http.response.start", "status": app.status, "headers": headers})
        await send({"type": "http.response.body", "body": app.body})

    outer.mount("/", answer)
    return over_asgi(install(outer, source, **options), script)

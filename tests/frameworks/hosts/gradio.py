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
def interface() -> Any:
    """Return what is mounted."""
    with gradio.Blocks() as blocks:
        gradio.Textbox()
    return blocks


def with_gradio(app: Any) -> Any:
    """Return a FastAPI application with Gradio in it."""
    return gradio.mount_gradio_app(app, interface(), path="/gradio")


def probed(source: Any, **options: Any) -> Ask:
    return over_asgi(install(with_gradio(fastapi_pages(FastAPI())), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app: Any = install(with_gradio(fastapi_pages(FastAPI())), source)
    return over_asgi(app), lambda new: setattr(app.state.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, outer = Script(), with_gradio(FastAPI())

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        script.ran = True
        if app.error is not None:
            raise app.error
        headers = [(name.encode(), value.encode("latin-1")) for name, value in app.headers]
        await send({"type": "http.response.start", "status": app.status, "headers": headers})
        await send({"type": "http.response.body", "body": app.body})

    outer.mount("/", answer)
    return over_asgi(install(outer, source, **options), script)

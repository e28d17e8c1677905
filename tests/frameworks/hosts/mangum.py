"""AWS Lambda through Mangum: corsmith is installed in the application that Mangum is given.

The events are those of a REST API, which keep each line of a header apart.
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI
from mangum import Mangum

from corsmith import install
from tests.adapters.hosts import Reply
from tests.frameworks.calling import Script
from tests.frameworks.inside import fastapi_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "AWS Lambda (Mangum)"
DISTRIBUTIONS = ("mangum",)
PER_ROUTE = "that of the application inside"


def event_of(request: Request) -> dict[str, Any]:
    """Return a request as API Gateway hands it to a function."""
    lines: dict[str, list[str]] = {"X-Forwarded-Proto": ["http"]}
    for name, value in request.headers:
        lines.setdefault(name, []).append(value)
    return {
        "resource": "/{proxy+}",
        "path": request.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in lines.items()},
        "multiValueHeaders": lines,
        "requestContext": {"identity": {"sourceIp": "127.0.0.1"}},
        "body": None,
        "isBase64Encoded": False,
    }


def over_lambda(app: Any, script: Script | None = None) -> Ask:
    """Return what invokes the function."""
    note, context = script or Script(), cast("Any", None)  # nothing here reads it

    def ask(request: Request) -> Reply:
        note.ran = False
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)  # Mangum takes the current one
        try:
            answer = Mangum(app, lifespan="off")(event_of(request), context)
        finally:
            asyncio.set_event_loop(None)
            loop.close()
        lines = [*answer["headers"].items()]
        for name, values in answer["multiValueHeaders"].items():
            lines += [(name, value) for value in values]
        body = answer["body"].encode()
        return Reply(
            status=answer["statusCode"],
            headers=tuple(lines),
            body=base64.b64decode(body) if answer["isBase64Encoded"] else body,
            app_ran=note.ran,
        )

    return ask


def probed(source: Any, **options: Any) -> Ask:
    return over_lambda(install(fastapi_pages(FastAPI()), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app: Any = install(fastapi_pages(FastAPI()), source)
    return over_lambda(app), lambda new: setattr(app.state.corsmith, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script = Script()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        script.ran = True
        if app.error is not None:
            raise app.error
        headers = [(name.encode(), value.encode("latin-1")) for name, value in app.headers]
        await send({"type": "http.response.start", "status": app.status, "headers": headers})
        await send({"type": "http.response.body", "body": app.body})

    return over_lambda(install(answer, source, **options), script)


def can_ask(request: Request, app: App) -> bool:
    """Return whether an event can hold it: JSON is text, and Mangum reads headers as UTF-8."""
    return all(value.isascii() for _, value in (*request.headers, *app.headers))

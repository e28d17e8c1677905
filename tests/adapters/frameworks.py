"""One small application in each framework, with a page for each of the eight probes.

``python -m tests.adapters.frameworks`` prints what Django answers: its settings are those of a
whole process.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from corsmith import Policy, install
from tests.adapters.hosts import Request, environ_of, scope_of

APP = "https://app.example"
POLICY = Policy(origins=[APP], methods=["GET", "PUT"], headers=["x-api-key"], expose=["x-total"])

_PREFLIGHT = (("Access-Control-Request-Method", "PUT"),)
# Name of the probe: method, path, status, whether the method is asked for by a preflight.
PROBES: dict[str, tuple[str, str, int]] = {
    "preflight to a route that only has GET": ("OPTIONS", "/items", 200),
    "preflight to an unknown path": ("OPTIONS", "/nowhere", 200),
    "a request that succeeds": ("GET", "/items", 200),
    "404": ("GET", "/nowhere", 404),
    "405": ("DELETE", "/items", 405),
    "an error that is raised on purpose": ("GET", "/teapot", 418),
    "an exception that nobody handles": ("GET", "/fails", 500),
    "a redirect to the path with a slash": ("GET", "/slash", 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a framework answered to a probe."""

    status: int
    headers: dict[str, str]


def request_of(probe: str) -> Request:
    """Return the request of a probe, from a page of the allowed origin."""
    method, path, _ = PROBES[probe]
    lines = (("Origin", APP), *(_PREFLIGHT if method == "OPTIONS" else ()))
    return Request(method=method, path=path, headers=(("Host", "localhost"), *lines))


def ask_asgi(app: Any, request: Request) -> Answer:
    """Ask an ASGI application under asyncio."""
    sent: list[Any] = []

    received: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not received:
            await asyncio.Event().wait()  # the client stays
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        try:
            await app(scope_of(request), receive, send)
        except LookupError:
            """The server would log it; the answer was sent before."""

    asyncio.run(ask())
    lines = [(name.decode().lower(), value.decode()) for name, value in sent[0]["headers"]]
    assert len(dict(lines)) == len(lines)
    return Answer(status=sent[0]["status"], headers=dict(lines))


def ask_wsgi(app: Any, request: Request) -> Answer:
    """Ask a WSGI application."""
    heads: list[Any] = []

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        heads.append((status, headers))

    body = app(environ_of(request), start_response)
    for _ in body:
        """Read it all, as a server does."""
    if hasattr(body, "close"):
        body.close()
    status, lines = heads[-1]
    found = {name.lower(): value for name, value in lines}
    return Answer(status=int(status[:3]), headers=found)


def fastapi_app() -> Any:
    """Return a FastAPI application behind ``install``."""
    from fastapi import FastAPI, HTTPException

    app = FastAPI()

    @app.get("/items")
    async def items() -> Any:
        return {"status": "OK"}

    @app.get("/slash/")
    async def slash() -> Any:
        return {}

    @app.get("/teapot")
    async def teapot() -> Any:
        raise HTTPException(418)

    @app.get("/fails")
    async def fails() -> Any:
        raise LookupError

    return install(app, POLICY)


def flask_app() -> Any:
    """Return a Flask application behind ``install``."""
    from flask import Flask, abort

    app = Flask(__name__)

    @app.get("/items")
    def items() -> Any:
        return {"status": "OK"}

    @app.get("/slash/")
    def slash() -> Any:
        return {}

    @app.get("/teapot")
    def teapot() -> Any:
        abort(418)

    @app.get("/fails")
    def fails() -> Any:
        raise LookupError

    return install(app, POLICY)


def django_apps() -> tuple[Any, Any]:
    """Return a Django project behind ``install``, over WSGI and over ASGI."""
    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpResponse, JsonResponse
    from django.urls import path
    from django.views.decorators.http import require_GET

    @require_GET  # type: ignore[untyped-decorator]  # Django has no types
    def items(request: Any) -> Any:
        return JsonResponse({"status": "OK"})

    def teapot(request: Any) -> Any:
        return HttpResponse(status=418)

    def fails(request: Any) -> Any:
        raise LookupError

    views = {"items": items, "slash/": items, "teapot": teapot, "fails": fails}
    settings.configure(
        ROOT_URLCONF=tuple(path(route, view) for route, view in views.items()),
        ALLOWED_HOSTS=["localhost"],
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        LOGGING_CONFIG=None,
    )
    django.setup()
    return install(get_wsgi_application(), POLICY), install(get_asgi_application(), POLICY)


def main() -> None:
    """Print what Django answers to each probe, over both protocols."""
    wsgi, asgi = django_apps()
    answers = {
        "wsgi": {probe: asdict(ask_wsgi(wsgi, request_of(probe))) for probe in PROBES},
        "asgi": {probe: asdict(ask_asgi(asgi, request_of(probe))) for probe in PROBES},
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()

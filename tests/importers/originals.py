"""Applications with another library's CORS, and the same without any under a policy of ours.

Both answer the same pages and are asked in memory. Each ``Original`` has the application to
import from and a way to ask it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp_cors
from aiohttp import web
from corsheaders.middleware import CorsMiddleware
from django.http import HttpResponse
from django.test import RequestFactory, override_settings
from flask import Blueprint, Flask
from flask_cors import CORS, cross_origin
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from corsmith.adapters import asgi
from corsmith.importers import import_app, import_settings
from tests.adapters.hosts import Request, run, scope_of
from tests.frameworks import project

if TYPE_CHECKING:
    from corsmith.importers.draft import Imported
    from corsmith.policy import Policy
    from corsmith.routes import Routes

__all__ = ["PATHS", "Answered", "Original", "aiohttp_app", "django", "flask", "ours", "starlette"]

PATHS = ("/items", "/api/items", "/api/notes", "/api/v1/items", "/public/info")
"""What every application answers, to these methods."""

METHODS = ("GET", "POST", "PUT", "DELETE")
SHOWN = (("Content-Type", "text/plain"), ("X-Total-Count", "7"), ("X-Secret", "1"))

assert project.OURS  # Django is configured there, once for all tests


@dataclass(frozen=True, slots=True)
class Answered:
    """Status and header lines."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> list[str]:
        return [value for one, value in self.headers if one.lower() == name.lower()]


Ask = Callable[[Request], Answered]


@dataclass(frozen=True, slots=True)
class Original:
    """An application of another library: how it is asked, and what is imported from it."""

    title: str
    ask: Ask
    found: Callable[[], Imported | None]
    settings: str
    options: int
    """The status of an OPTIONS where there is no CORS at all."""


def _over_asgi(app: Any) -> Ask:
    def ask(request: Request) -> Answered:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        error = run(app(scope_of(request), receive, send))
        assert error is None, error
        lines = tuple((n.decode(), v.decode("latin-1")) for n, v in sent[0]["headers"])
        return Answered(sent[0]["status"], lines)

    return ask


def ours(source: Policy | Routes, options: int) -> Ask:
    """Return the same pages under a policy of corsmith; they answer OPTIONS with a status."""

    async def pages(scope: Any, _receive: Any, send: Any) -> None:
        status = 200
        if scope["path"] not in PATHS:
            status = 404
        elif scope["method"] == "OPTIONS":
            status = options
        elif scope["method"] not in {*METHODS, "HEAD"}:
            status = 405
        lines = [(name.lower().encode(), value.encode()) for name, value in SHOWN]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": b""})

    return _over_asgi(asgi.CORSMiddleware(pages, source))


def starlette(**settings: Any) -> Original:
    async def page(_request: object) -> PlainTextResponse:
        return PlainTextResponse("tea", headers=dict(SHOWN[1:]))

    routes = [Route(path, page, methods=list(METHODS)) for path in PATHS]
    app = Starlette(routes=routes)
    app.add_middleware(CORSMiddleware, **settings)
    return Original("starlette", _over_asgi(app), lambda: import_app(app), repr(settings), 405)


def flask(
    extension: dict[str, Any] | None,
    decorated: dict[str, dict[str, Any]],
    config: dict[str, Any],
    blueprint: dict[str, Any] | None = None,
) -> Original:
    app = Flask("original")
    app.config.update(config)
    part = Blueprint("notes", __name__)

    def page(**_: object) -> Any:
        return "tea", 200, dict(SHOWN[1:])

    for number, path in enumerate(PATHS):
        home: Any = part if path == "/api/notes" and blueprint is not None else app
        view = cross_origin(**decorated[path])(page) if path in decorated else page
        home.add_url_rule(path, f"page{number}", view, methods=METHODS)
    if blueprint is not None:
        CORS(part, **blueprint)
        app.register_blueprint(part)
    if extension is not None:
        CORS(app, **extension)

    def ask(request: Request) -> Answered:
        with app.test_client() as client:
            answer = client.open(request.path, method=request.method, headers=request.headers)
            return Answered(answer.status_code, tuple(answer.headers.items()))

    shown = repr((extension, decorated, config, blueprint))
    return Original("flask", ask, lambda: import_app(app), shown, 200)


def django(**settings: Any) -> Original:
    def page(request: Any) -> HttpResponse:
        status = 200 if request.path in PATHS else 404
        return HttpResponse("tea", status=status, headers=dict(SHOWN))

    def ask(request: Request) -> Answered:
        names = {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in request.headers}
        with override_settings(**settings):
            made = RequestFactory().generic(request.method, request.path, **names)
            answer: Any = CorsMiddleware(page)(made)
            return Answered(answer.status_code, tuple(answer.items()))

    module = type("settings", (), {"MIDDLEWARE": ["corsheaders.middleware.CorsMiddleware"]})
    for name, value in settings.items():
        setattr(module, name, value)
    return Original("django", ask, lambda: import_settings(module), repr(settings), 200)


class _Wire(asyncio.Transport):
    """The end of a connection that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def writelines(self, list_of_data: Any) -> None:
        self.written += b"".join(map(bytes, list_of_data))

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def get_write_buffer_size(self) -> int:
        return 0


async def _asked(app: web.Application, request: Request) -> Answered:
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    protocol = runner.server()
    wire = _Wire()
    protocol.connection_made(wire)
    lines = [("Host", "localhost"), ("Connection", "close"), *request.headers]
    head = [f"{request.method} {request.path} HTTP/1.1", *(f"{n}: {v}" for n, v in lines), "", ""]
    protocol.data_received("\r\n".join(head).encode("latin-1"))
    await asyncio.wait_for(wire.closed.wait(), 5)
    protocol.connection_lost(None)
    await runner.cleanup()
    status, *rest = wire.written.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = tuple((name, value.strip()) for name, _, value in (one.partition(":") for one in rest))
    return Answered(int(status.split()[1]), pairs)


def aiohttp_app(
    defaults: dict[str, Any],
    resources: dict[str, dict[str, Any] | None],
    routes: dict[tuple[str, str], dict[str, Any]],
) -> Original:
    """Return an application with ``defaults``, and options for resources and for routes."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="tea", headers=dict(SHOWN[1:]))

    def make() -> web.Application:
        app = web.Application()
        cors = aiohttp_cors.setup(app, defaults=_options(defaults) or {})
        for path in PATHS:
            resource = app.router.add_resource(path)
            if path in resources:
                cors.add(resource, _options(resources[path]))  # type: ignore[arg-type]  # None is its default
            for method in METHODS:
                route = resource.add_route(method, page)
                if (path, method) in routes:
                    cors.add(route, _options(routes[path, method]) or {})
        return app

    def ask(request: Request) -> Answered:
        return asyncio.run(_asked(make(), request))

    shown = repr((defaults, resources, routes))
    return Original("aiohttp", ask, lambda: import_app(make()), shown, 405)


def _options(given: dict[str, Any] | None) -> dict[str, Any] | None:
    if given is None:
        return None
    made: Any = aiohttp_cors.ResourceOptions  # it has no types
    return {origin: made(**one) for origin, one in given.items()}

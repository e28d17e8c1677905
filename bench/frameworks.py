"""Each framework's module beside the stock solution there: CPU added to an allowed request.

Every subject is one application three times: without CORS, with ours, with theirs. All three
take turns in each round, so what is compared is what each adds to the same application.
"""

# ruff: noqa: ANN401  the applications of others have no better type

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp_cors
import django
import fastapi
import flask
import flask_cors
from aiohttp import web
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path
from fastapi.middleware.cors import CORSMiddleware

from bench import asgi, wsgi
from bench.requests import ALLOWED, POLICY, REFUSED, browser_headers
from bench.rounds import Ratio, Work, interleave, minus, show
from corsmith import install

if TYPE_CHECKING:
    from collections.abc import Callable

Drive: TypeAlias = "Callable[[Any, list[tuple[str, str]]], Work]"

_ROUNDS = 201
"""More than elsewhere: a layer is a small part of what its framework costs."""

_REQUESTS = {
    "allowed": browser_headers(ALLOWED),
    "no Origin": browser_headers(),
    "refused": browser_headers(REFUSED),
}
_MEASURED = (
    "fastapi",
    "flask",
    "flask-cors",
    "django",
    "django-cors-headers",
    "aiohttp",
    "aiohttp-cors",
)
_IN_SETTINGS = "in MIDDLEWARE"
"""Told beside `install`, without a bar: a middleware of Django that does nothing costs a third of
1/15 already, and each header that it puts on a response a fifth."""

_BARRED = "allowed"
_BODY = b'{"status": "OK"}'


def _fastapi_app() -> Any:
    app = fastapi.FastAPI()

    @app.get("/items")
    async def items() -> fastapi.Response:
        return fastapi.Response(_BODY, media_type="application/json")

    return app


def fastapi_apps() -> dict[str, Any]:
    """Return a FastAPI application without CORS, with ours, with the one that it ships."""
    theirs = _fastapi_app()
    theirs.add_middleware(
        CORSMiddleware,
        allow_origins=POLICY["origins"],
        allow_methods=POLICY["methods"],
        allow_headers=POLICY["headers"],
        expose_headers=POLICY["expose"],
        allow_credentials=POLICY["credentials"],
        max_age=POLICY["max_age"],
    )
    return {"without": _fastapi_app(), "ours": install(_fastapi_app(), **POLICY), "theirs": theirs}


def _flask_app() -> Any:
    app = flask.Flask("bench")

    @app.get("/items")
    def items() -> Any:
        return flask.Response(_BODY, content_type="application/json")

    return app


def flask_apps() -> dict[str, Any]:
    """Return a Flask application without CORS, with ours, with flask-cors."""
    theirs = _flask_app()
    flask_cors.CORS(
        theirs,
        origins=POLICY["origins"],
        methods=POLICY["methods"],
        allow_headers=POLICY["headers"],
        expose_headers=POLICY["expose"],
        supports_credentials=POLICY["credentials"],
        max_age=POLICY["max_age"],
    )
    return {"without": _flask_app(), "ours": install(_flask_app(), **POLICY), "theirs": theirs}


def _items(request: Any) -> Any:  # noqa: ARG001  as Django calls it
    return JsonResponse({"status": "OK"})


urlpatterns = [path("items", _items)]


def django_apps() -> dict[str, Any]:
    """Return a Django project without CORS, with ours in both places, with django-cors-headers."""
    if not settings.configured:
        settings.configure()
    chosen = {
        "ROOT_URLCONF": __name__,
        "ALLOWED_HOSTS": ["*"],
        "SECRET_KEY": "bench",
        "CORS_POLICY": POLICY,
        "CORS_ALLOWED_ORIGINS": POLICY["origins"],
        "CORS_ALLOW_METHODS": POLICY["methods"],
        "CORS_ALLOW_HEADERS": POLICY["headers"],
        "CORS_EXPOSE_HEADERS": POLICY["expose"],
        "CORS_ALLOW_CREDENTIALS": POLICY["credentials"],
        "CORS_PREFLIGHT_MAX_AGE": POLICY["max_age"],
    }
    for name, value in chosen.items():
        setattr(settings, name, value)
    django.setup()
    apps = {}
    for name, middleware in {
        "without": [],
        _IN_SETTINGS: ["corsmith.adapters.django.CORSMiddleware"],
        "theirs": ["corsheaders.middleware.CorsMiddleware"],
        "inner": [],
    }.items():
        settings.MIDDLEWARE = middleware  # read when the application is made
        apps[name] = get_wsgi_application()
    return apps | {"ours": install(apps.pop("inner"), **POLICY)}


class _Transport(asyncio.Transport):
    """A connection that tells when the body of an answer was written."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: asyncio.Future[None] | None = None

    def write(self, data: Any) -> None:
        if bytes(data).endswith(_BODY) and self.answered is not None:
            self.answered.set_result(None)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name == "peername" else default


async def _aiohttp_items(request: web.Request) -> web.Response:  # noqa: ARG001  as aiohttp calls it
    return web.Response(body=_BODY, content_type="application/json")


def aiohttp_apps() -> dict[str, web.Application]:
    """Return an aiohttp application without CORS, with ours, with aiohttp-cors."""
    apps = {name: web.Application() for name in ("without", "ours", "theirs")}
    routes = {name: app.router.add_get("/items", _aiohttp_items) for name, app in apps.items()}
    install(apps["ours"], **POLICY)
    options = aiohttp_cors.ResourceOptions(  # type: ignore[no-untyped-call]  # it has no types
        allow_methods=POLICY["methods"],
        allow_headers=POLICY["headers"],
        expose_headers=POLICY["expose"],
        allow_credentials=POLICY["credentials"],
        max_age=POLICY["max_age"],
    )
    theirs = aiohttp_cors.setup(apps["theirs"], defaults=dict.fromkeys(POLICY["origins"], options))
    theirs.add(routes["theirs"])
    return apps


def drive_aiohttp(
    loop: asyncio.AbstractEventLoop, app: web.Application, headers: list[tuple[str, str]]
) -> Work:
    """Return the work of sending one request over one connection, again and again."""
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=3600)
    loop.run_until_complete(runner.setup())
    server: Any = runner.server  # there is one, once it is set up
    protocol = server()
    transport = _Transport()

    async def connect() -> None:
        protocol.connection_made(transport)

    loop.run_until_complete(connect())
    lines = [f"{name}: {value}" for name, value in headers]
    raw = "\r\n".join(["GET /items HTTP/1.1", *lines, "", ""]).encode()

    async def send(count: int) -> None:
        for _ in range(count):
            transport.answered = loop.create_future()
            protocol.data_received(raw)
            await transport.answered

    return lambda count: loop.run_until_complete(send(count))


def main() -> int:
    """Measure, print, and return how many bars are missed."""
    print("Frameworks: " + ", ".join(f"{name} {version(name)}" for name in _MEASURED))
    missed = _compare("FastAPI's own layer", 0.35, fastapi_apps(), _drive_asgi)
    missed += _compare("flask-cors", 1 / 15, flask_apps(), _drive_wsgi)
    missed += _compare("django-cors-headers", 1 / 15, django_apps(), _drive_wsgi)
    with asyncio.Runner() as runner:  # it ends the tasks that wait for the next request
        missed += _compare("aiohttp-cors", 1 / 4, aiohttp_apps(), _drive_aiohttp(runner.get_loop()))
    return missed


def _drive_aiohttp(loop: asyncio.AbstractEventLoop) -> Drive:
    return lambda app, headers: drive_aiohttp(loop, app, headers)


def _drive_asgi(app: Any, headers: list[tuple[str, str]]) -> Work:
    return asgi.drive(app, "GET", headers)


def _drive_wsgi(app: Any, headers: list[tuple[str, str]]) -> Work:
    return wsgi.drive(app, "GET", headers)


def _compare(peer: str, bar: float, apps: dict[str, Any], drive: Drive) -> int:
    ratios = []
    for request, headers in _REQUESTS.items():
        works = {key: drive(app, headers) for key, app in apps.items()}
        taken = interleave(works, _ROUNDS)
        theirs = minus(taken["theirs"], taken["without"])
        for key in [key for key in apps if key not in {"without", "theirs"}]:
            is_barred = (request, key) == (_BARRED, "ours")
            ratios.append(
                Ratio(
                    name=request if key == "ours" else f"{request}, {key}",
                    ours=minus(taken[key], taken["without"]),
                    theirs=theirs,
                    bar=bar if is_barred else None,
                )
            )
    return show(f"Added beside {peer}", "ns a request", ratios, peer[:12])

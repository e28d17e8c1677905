"""The WSGI layer beside flask-cors and django-cors-headers: CPU that one adds to a request.

flask-cors is part of a Flask application and django-cors-headers of Django, so each is compared
with the same application without it; ours is compared with the smallest WSGI application.
"""

# ruff: noqa: ANN401  the applications of others have no better type

from __future__ import annotations

import io
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import django
import flask
import flask_cors
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import JsonResponse
from django.urls import path

from bench.requests import ALLOWED, POLICY, REFUSED, browser_headers, preflight_headers
from bench.rounds import Ratio, Work, interleave, minus, show
from corsmith.adapters.wsgi import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Sequence

_BODY = b'{"status": "OK"}'


def bare(environ: Any, start_response: Any) -> Any:  # noqa: ARG001  as WSGI calls it
    """Answer as the smallest JSON application does."""
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "16")])
    return [_BODY]


def drive(app: Any, method: str, headers: Sequence[tuple[str, str]]) -> Work:
    """Return the work of sending one request to an application, again and again."""
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/items",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": io.StringIO(),
        "wsgi.input": io.BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers}

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        """Take the head, as a server would."""

    def work(count: int) -> None:
        for _ in range(count):
            body = app(environ.copy(), start_response)
            for _part in body:
                pass
            if hasattr(body, "close"):
                body.close()

    return work


def flask_app(*, cors: bool) -> Any:
    """Return a Flask application, with flask-cors or without."""
    app = flask.Flask("bench")

    @app.route("/items", methods=["GET", "POST", "PUT", "DELETE"])
    def items() -> Any:
        return {"status": "OK"}

    if cors:
        flask_cors.CORS(
            app,
            origins=POLICY["origins"],
            methods=POLICY["methods"],
            allow_headers=POLICY["headers"],
            expose_headers=POLICY["expose"],
            supports_credentials=POLICY["credentials"],
            max_age=POLICY["max_age"],
        )
    return app


def _items(request: Any) -> Any:
    return JsonResponse({"status": "OK"}) if request.method != "OPTIONS" else JsonResponse({})


urlpatterns = [path("items", _items)]


def django_apps() -> tuple[Any, Any]:
    """Return a Django application without django-cors-headers, and one with it."""
    settings.configure(
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="bench",  # noqa: S106  nothing is signed
        MIDDLEWARE=[],
        CORS_ALLOWED_ORIGINS=POLICY["origins"],
        CORS_ALLOW_METHODS=POLICY["methods"],
        CORS_ALLOW_HEADERS=POLICY["headers"],
        CORS_EXPOSE_HEADERS=POLICY["expose"],
        CORS_ALLOW_CREDENTIALS=POLICY["credentials"],
        CORS_PREFLIGHT_MAX_AGE=POLICY["max_age"],
    )
    django.setup()
    without = get_wsgi_application()
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware"]
    return without, get_wsgi_application()


def main() -> int:
    """Measure, print, and return how many bars are missed."""
    names = ("flask", "flask-cors", "django", "django-cors-headers")
    print("WSGI: " + ", ".join(f"{name} {version(name)}" for name in names))
    peers = {
        "flask-cors": (flask_app(cors=False), flask_app(cors=True), 1 / 30, 1 / 12),
        "django-cors-headers": (*django_apps(), 1 / 40, 1 / 20),
    }
    ours = CORSMiddleware(bare, **POLICY)
    requests = {
        "no Origin": ("GET", browser_headers()),
        "allowed": ("GET", browser_headers(ALLOWED)),
        "refused": ("GET", browser_headers(REFUSED)),
        "preflight (whole answer)": ("OPTIONS", preflight_headers()),
    }
    missed = 0
    for peer, (without, with_cors, bar_judged, bar_passed) in peers.items():
        ratios = []
        for name, (method, headers) in requests.items():
            taken = interleave(
                {
                    "nothing": drive(lambda environ, start: (), method, headers),  # noqa: ARG005
                    "bare": drive(bare, method, headers),
                    "ours": drive(ours, method, headers),
                    "without": drive(without, method, headers),
                    "with": drive(with_cors, method, headers),
                }
            )
            # A preflight is answered without the application: then the floor is the driver.
            floor = taken["nothing" if method == "OPTIONS" else "bare"]
            bar = bar_judged if name[0] in "ap" else bar_passed
            ratios.append(
                Ratio(
                    name=name,
                    ours=minus(taken["ours"], floor),
                    theirs=minus(taken["with"], taken["without"]),
                    bar=bar,
                )
            )
        missed += show(f"WSGI layer beside {peer}", "ns a request", ratios, peer[:12])
    return missed

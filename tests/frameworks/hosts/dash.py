"""Dash: its server is a Flask application, in which corsmith is installed.

It needs 100 MB, and its plugin for pytest warns: so `make test-all` runs it in an environment
of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, html
from flask import Response

from corsmith import install
from tests.frameworks.calling import Script, over_wsgi
from tests.frameworks.inside import flask_pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Dash"
DISTRIBUTIONS = ("dash",)
PER_ROUTE = "that of Flask, on `app.server`"
EVERY_METHOD = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


def server_of_dash() -> Any:
    """Return the server of an application below /dash/, which otherwise answers every path."""
    app = Dash(__name__, routes_pathname_prefix="/dash/", requests_pathname_prefix="/dash/")
    app.layout = html.Div("hello")
    return app.server


def probed(source: Any, **options: Any) -> Ask:
    return over_wsgi(install(flask_pages(server_of_dash()), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app: Any = install(flask_pages(server_of_dash()), source)
    return over_wsgi(app), lambda new: setattr(app.extensions["corsmith"], "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, server = Script(), server_of_dash()

    def answer(path: str = "") -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        response = Response(app.body, app.status)
        for name, value in app.headers:
            response.headers.add(name, value)
        return response

    server.add_url_rule("/<path:path>", view_func=answer, methods=EVERY_METHOD)
    return over_wsgi(install(server, source, **options), script)


def can_ask(request: Request, app: App) -> bool:
    """Return whether the route has the method."""
    return request.method in EVERY_METHOD

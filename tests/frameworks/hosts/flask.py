"""Flask, with corsmith around its ``wsgi_app``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Flask, Response, abort

from corsmith.adapters.flask import cors, install
from tests.frameworks.calling import Script, over_wsgi
from tests.frameworks.pages import PARTNER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App
    from tests.frameworks.calling import Ask

NAME = "Flask"
DISTRIBUTIONS = ("flask",)
PER_ROUTE = "`@cors(…)` on a view, a view class or a blueprint"


def pages() -> Flask:
    """Return the pages."""
    app = Flask(__name__)

    @app.get("/items")
    def items() -> Any:
        return {"status": "OK"}

    @app.get("/slash/")
    def slash() -> Any:
        return {"status": "OK"}

    @app.get("/teapot")
    def teapot() -> Any:
        abort(418)

    @app.get("/fails")
    def fails() -> Any:
        raise LookupError

    @app.get("/marked")
    def marked() -> Any:
        return {}

    @app.delete("/marked")
    @cors(PARTNER)
    def delete() -> Any:
        return {}

    @app.get("/exempt")
    @cors(None)
    def exempt() -> Any:
        return {}

    return app


def probed(source: Any, **options: Any) -> Ask:
    return over_wsgi(install(pages(), source, **options))


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    app = install(pages(), source)
    return over_wsgi(app), lambda new: setattr(app.extensions["corsmith"], "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    script, flask = Script(), Flask(__name__)

    @flask.before_request  # it answers every method, known or not
    def answer() -> Any:
        script.ran = True
        if app.error is not None:
            raise app.error
        return Response(app.body, app.status, [*app.headers])

    return over_wsgi(install(flask, source, **options), script)

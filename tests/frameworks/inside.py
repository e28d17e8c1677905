"""The pages in FastAPI and in Flask, for what is built on one of them.

What lives here: the applications. What does not: how they are served.
"""

from __future__ import annotations

from typing import Any

from corsmith.marks import cors
from tests.frameworks.pages import PARTNER


def fastapi_pages(app: Any) -> Any:
    """Return a FastAPI application with the pages in it."""
    from fastapi import HTTPException

    @app.get("/items")
    @app.get("/slash/")
    async def items() -> Any:
        return {"status": "OK"}

    @app.get("/teapot")
    async def teapot() -> Any:
        raise HTTPException(418)

    @app.get("/fails")
    async def fails() -> Any:
        raise LookupError

    @app.get("/marked")
    async def marked() -> Any:
        return {}

    @app.delete("/marked")
    @cors(PARTNER)
    async def delete() -> Any:
        return {}

    @app.get("/exempt")
    @cors(None)
    async def exempt() -> Any:
        return {}

    return app


def flask_pages(app: Any) -> Any:
    """Return a Flask application with the pages in it."""
    from flask import abort

    @app.get("/items")
    @app.get("/slash/")
    def items() -> Any:
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

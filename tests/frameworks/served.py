"""The pages in FastAPI, Flask and Django as real servers serve them, to the pages of one origin.

    PAGE_ORIGIN=http://127.0.0.1:5500 uvicorn --factory tests.frameworks.served:fastapi_app

What lives here: the applications, whole. What does not: the servers, and who asks.
"""

from __future__ import annotations

import os
from typing import Any

from corsmith import Policy, install
from tests.frameworks.inside import fastapi_pages, flask_pages


def policy() -> Policy:
    """Return what allows the page."""
    return Policy(
        origins=[os.environ["PAGE_ORIGIN"]], methods=["GET", "PUT"], headers=["x-api-key"]
    )


def fastapi_app() -> Any:
    """Return FastAPI, installed in."""
    from fastapi import FastAPI

    return install(fastapi_pages(FastAPI()), policy())


def flask_app() -> Any:
    """Return Flask, installed in."""
    from flask import Flask

    return install(flask_pages(Flask(__name__)), policy())


def django_app() -> Any:
    """Return Django, with our middleware first in its settings."""
    from django.core.wsgi import get_wsgi_application

    from tests.frameworks.hosts.django import pages

    pages(policy()).enter()
    return get_wsgi_application()

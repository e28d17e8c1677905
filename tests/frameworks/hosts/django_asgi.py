"""Django over ASGI, likewise; its pages are those of ``hosts.django``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import re_path

from corsmith.adapters.django import active
from tests.frameworks.hosts import django as over_wsgi
from tests.frameworks.hosts.django import pages, response_of
from tests.frameworks.project import OURS, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Django over ASGI"
DISTRIBUTIONS = ("django",)
PER_ROUTE = "as over WSGI"


def probed(source: Any, **options: Any) -> Ask:
    return pages(source, **options).serve(asynchronous=True)


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    return probed(source), lambda new: setattr(active, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    async def answer(request: Any) -> Any:
        project.script.ran = True
        return response_of(app)

    project = Project(
        CORS_POLICY=source,
        CORS_ENFORCE=options.get("enforce", False),
        MIDDLEWARE=[OURS],
        ROOT_URLCONF=(re_path("(?s)^", answer),),
    )
    return project.serve(asynchronous=True)


def can_ask(request: Request, app: App) -> bool:
    """Return whether this can be sent and answered: ASGI has methods in upper case."""
    return request.method.isupper() and over_wsgi.can_ask(request, app)

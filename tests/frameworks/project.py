"""A Django project of one process: its settings change from one use to the next.

What lives here: the settings that all share, and handlers that are asked under their own. What
does not: the pages (the hosts and tests have their URL patterns).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from tests.frameworks.calling import Script, over_asgi, over_wsgi

if TYPE_CHECKING:
    from tests.adapters.hosts import Reply, Request
    from tests.frameworks.calling import Ask

OURS = "corsmith.adapters.django.CORSMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["localhost", "testserver"],
        INSTALLED_APPS=[
            "corsmith.adapters.django",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
        ],
        LOGGING_CONFIG=None,
        MIDDLEWARE=[OURS, COMMON],
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
        ROOT_URLCONF=(),
        SECRET_KEY="for tests alone",
    )
    django.setup()


class Project:
    """A project with settings of its own, which stay in force until another is asked."""

    current: Project | None = None

    def __init__(self, **changes: Any) -> None:
        self.override = override_settings(**changes)
        self.script = Script()

    def enter(self) -> None:
        """Put the settings in force."""
        if Project.current is not self:
            Project.leave()
            self.override.enable()
            Project.current = self

    @staticmethod
    def leave() -> None:
        """Put the settings that all share back in force."""
        if Project.current is not None:
            Project.current.override.disable()
            Project.current = None

    def serve(self, *, asynchronous: bool = False) -> Ask:
        """Return what asks the project as a server does; raises what keeps it from starting."""
        self.enter()
        handler = ASGIHandler() if asynchronous else WSGIHandler()
        inner = (over_asgi if asynchronous else over_wsgi)(handler, self.script)

        def ask(request: Request) -> Reply:
            self.enter()
            reply = inner(request)
            # Django writes a blank before a cookie, which is no part of the value.
            lines = [(n, v.lstrip() if n == "Set-Cookie" else v) for n, v in reply.headers]
            return replace(reply, headers=tuple(lines))

        return ask

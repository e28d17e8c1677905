"""Django over WSGI, with corsmith first in ``MIDDLEWARE`` and its policy in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, JsonResponse
from django.urls import path, re_path
from django.views import View
from django.views.decorators.http import require_GET

from corsmith.adapters.django import active, cors
from corsmith.gate import admit
from tests.frameworks.pages import PARTNER
from tests.frameworks.project import COMMON, OURS, Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import App, Request
    from tests.frameworks.calling import Ask

NAME = "Django"
DISTRIBUTIONS = ("django",)
PER_ROUTE = "`@cors(…)` on a view or a method of its class, or `cors_policy` of the class"


@require_GET
def items(request: Any) -> Any:
    return JsonResponse({"status": "OK"})


def teapot(request: Any) -> Any:
    return HttpResponse(status=418)


def fails(request: Any) -> Any:
    raise LookupError


class Marked(View):  # type: ignore[misc]  # Django has no types
    def get(self, request: Any) -> Any:
        return HttpResponse()

    @cors(PARTNER)
    def delete(self, request: Any) -> Any:
        return HttpResponse()


@cors(None)
def exempt(request: Any) -> Any:
    return HttpResponse()


PAGES = (
    path("items", items),
    path("slash/", items),
    path("teapot", teapot),
    path("fails", fails),
    path("marked", Marked.as_view()),
    path("exempt", exempt),
)


def pages(source: Any, **options: Any) -> Project:
    """Return the project of the pages, its settings as one writes them for these options."""
    enforce = options.pop("enforce", False)
    policy = options if options and source is None else admit(source, options, asynchronous=False)
    return Project(
        CORS_POLICY=policy,
        CORS_ENFORCE=enforce,
        MIDDLEWARE=[OURS, COMMON],
        ROOT_URLCONF=PAGES,
    )


def probed(source: Any, **options: Any) -> Ask:
    return pages(source, **options).serve()


def swappable(source: Any) -> tuple[Ask, Callable[[Any], None]]:
    return pages(source).serve(), lambda new: setattr(active, "policy", new)


def scripted(source: Any, app: App, **options: Any) -> Ask:
    def answer(request: Any) -> Any:
        project.script.ran = True
        return response_of(app)

    project = Project(
        CORS_POLICY=source,
        CORS_ENFORCE=options.get("enforce", False),
        MIDDLEWARE=[OURS],
        ROOT_URLCONF=(re_path("(?s)^", answer),),
    )
    return project.serve()


def response_of(app: App) -> Any:
    """Return what an application answers as Django's response, or raise it."""
    if app.error is not None:
        raise app.error
    response = HttpResponse(app.body, status=app.status)
    for name, value in app.headers:
        if name == "Set-Cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response


def can_ask(request: Request, app: App) -> bool:
    """Return whether Django's response holds the headers: one line of each name."""
    names = [name.lower() for name, _ in app.headers]
    return len(names) == len({*names}) and not any({"\r", "\n"} & {*v} for _, v in app.headers)

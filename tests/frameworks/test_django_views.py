"""The marks of Django's views, of DRF's and of Django Ninja's: preflights follow each of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import TemplateView

from corsmith.adapters.django import cors
from corsmith.adapters.django.views import Views
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask
from tests.frameworks.project import COMMON, OURS, Project
from tests.frameworks.viewed import Api, above, below, ninja, router

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.frameworks.calling import Ask

ALLOW = "access-control-allow-origin"
FIELDS = {"origins": [OTHER], "methods": ["DELETE"]}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Leave the settings as they were."""
    yield
    Project.leave()


def serve(*urls: Any, **changes: Any) -> Ask:
    """Return what asks a project with these URL patterns."""
    changes = {"CORS_POLICY": POLICY, "ROOT_URLCONF": urls, "MIDDLEWARE": [OURS, COMMON], **changes}
    return Project(**changes).serve()


def partner(pages: Ask, method: str, where: str) -> bool:
    """Return whether the partner, and no one else, may send this; both requests agree."""
    preflight = pages(ask("OPTIONS", where, OTHER, method)).lines(ALLOW) == [OTHER]
    actual = pages(ask(method, where, OTHER)).lines(ALLOW) == [OTHER]
    app = pages(ask("OPTIONS", where, APP, method)).lines(ALLOW) == [APP]
    assert preflight == actual == (not app)
    return preflight


@cors(PARTNER)
def function(request: Any) -> Any:
    return HttpResponse()


@csrf_exempt
@cors(PARTNER)
def decorated(request: Any) -> Any:
    return HttpResponse()


class WholeClass(View):  # type: ignore[misc]  # Django has no types
    cors_policy: Any = PARTNER

    def get(self, request: Any, **_: Any) -> Any:
        return HttpResponse()

    def delete(self, request: Any) -> Any:
        return HttpResponse()


class ByFields(WholeClass):
    cors_policy = FIELDS


@method_decorator(cors(PARTNER), name="dispatch")
class Dispatched(WholeClass):
    cors_policy = POLICY


class OneMethod(View):  # type: ignore[misc]  # as above
    @cors(PARTNER)
    def get(self, request: Any) -> Any:
        return HttpResponse()

    def delete(self, request: Any) -> Any:
        return HttpResponse()


class Unmarked(View):  # type: ignore[misc]  # as above
    cors_policy: Any = POLICY

    def get(self, request: Any) -> Any:
        return HttpResponse()


WHOLE = {
    "a function": function,
    "a function with a decorator": decorated,
    "a partial": partial(function),
    "a class": WholeClass.as_view(),
    "a class, by fields": ByFields.as_view(),
    "a class with a decorator": csrf_exempt(WholeClass.as_view()),
    "dispatch, before the class": Dispatched.as_view(),
    "as_view, before the class": Unmarked.as_view(cors_policy=PARTNER),
    "a class of DRF": Api.as_view(),
    "a function of DRF": above,
    "a function of DRF, inside": below,
}


@pytest.mark.parametrize("view", WHOLE.values(), ids=WHOLE)
def test_a_mark_of_the_whole_view_holds_for_each_method(view: Any) -> None:
    pages = serve(path("x", view))
    assert partner(pages, "DELETE", "/x")
    assert partner(pages, "PURGE", "/x") == (view is not below)


def test_another_view_beside_a_marked_one_has_none() -> None:
    pages = serve(path("x", function), path("y", TemplateView.as_view(template_name="y")))
    assert not partner(pages, "GET", "/y")


def test_a_mark_of_one_method_leaves_the_others_to_the_application() -> None:
    pages = serve(path("x", OneMethod.as_view()))
    assert partner(pages, "GET", "/x")
    assert partner(pages, "HEAD", "/x")  # Django serves it by get
    assert not partner(pages, "DELETE", "/x")


def test_a_method_of_a_viewset_is_marked_by_the_http_method_that_it_serves() -> None:
    pages = serve(path("", include(router.urls)))
    assert partner(pages, "POST", "/things/")
    assert not partner(pages, "GET", "/things/")
    assert partner(pages, "POST", "/things/1/publish/")
    assert not partner(pages, "DELETE", "/things/1/")


def test_an_operation_of_ninja_is_marked() -> None:
    pages = serve(path("api/", ninja.urls))
    assert partner(pages, "DELETE", "/api/items")
    assert not partner(pages, "GET", "/api/items")
    assert partner(pages, "GET", "/api/more/one/7")


def test_a_redirect_to_the_path_with_a_slash_has_the_mark_of_what_is_there() -> None:
    pages = serve(path("x/", function))
    assert pages(ask("GET", "/x", OTHER)).status == 301
    assert partner(pages, "GET", "/x")
    assert not partner(pages, "GET", "/nowhere")
    assert not partner(serve(path("x/", function), APPEND_SLASH=False), "GET", "/x")


@pytest.mark.parametrize("where", ["/de/x", "/fr/x", "/x"])
def test_a_path_that_begins_with_a_language_leads_to_its_view(where: str) -> None:
    languages = [("en", "English"), ("de", "Deutsch"), ("fr", "Français")]
    urls = i18n_patterns(path("x", function), prefix_default_language=False)
    layers = [OURS, "django.middleware.locale.LocaleMiddleware"]
    changes = {"MIDDLEWARE": layers, "LANGUAGES": languages, "LANGUAGE_CODE": "en"}
    assert partner(serve(*urls, **changes), "GET", where)
    if where == "/x":
        assert partner(serve(*urls, USE_I18N=False, **changes), "GET", where)


def test_a_project_without_marks_needs_no_look_up() -> None:
    pages = serve(path("x", Unmarked.as_view(cors_policy=POLICY)))
    assert not partner(pages, "GET", "/x")
    Project(ROOT_URLCONF=(path("x", TemplateView.as_view()),)).enter()
    assert not Views().is_marked


class Broken(View):  # type: ignore[misc]  # as above
    cors_policy = {"origins": ["app.example"]}  # noqa: RUF012  what a user writes

    def get(self, request: Any) -> Any:
        return HttpResponse()


def test_a_mark_that_is_no_policy_allows_nobody() -> None:
    pages = serve(path("x", Broken.as_view()), path("y", Broken.as_view()))
    for origin in (APP, OTHER):
        assert pages(ask("GET", "/x", origin)).lines(ALLOW) == []
        assert pages(ask("OPTIONS", "/x", origin)).cors == {"vary": ["Origin"]}
    (view, problems), _ = Views().problems
    assert (view, problems[0].code) == (f"{__name__}.Broken", "origin-missing-scheme")

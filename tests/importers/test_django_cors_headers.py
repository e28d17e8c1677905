from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from corsheaders.signals import check_request_enabled
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings

from corsmith.importers.django_cors_headers import are_settings, read_app, read_settings
from tests.frameworks import project

if TYPE_CHECKING:
    from corsmith.importers.draft import Draft, Imported

APP = "https://app.example"
CORS = "corsheaders.middleware.CorsMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"

assert project.OURS  # Django is configured there, once for all tests


def read(**settings: Any) -> Imported:
    found = read_settings(SimpleNamespace(**{"MIDDLEWARE": [CORS], **settings}))
    assert found is not None
    return found


def draft_of(**settings: Any) -> Draft:
    (row,) = read(**settings).rows
    assert row.draft is not None
    return row.draft


def codes(draft: Draft) -> list[str]:
    return [f"{one.code} {one.field}" for one in draft.said if one.code != "answers-differently"]


def test_without_settings_the_defaults_of_the_library_are_in_force() -> None:
    draft = draft_of()
    assert draft.origins == ()
    assert draft.methods == ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
    assert draft.headers[:2] == ("accept", "authorization")
    assert draft.max_age == 86_400
    assert draft.defaults == {"methods", "headers", "max_age"}


def test_the_defaults_are_those_of_the_installed_release() -> None:
    from corsheaders.defaults import default_headers, default_methods

    assert draft_of().headers == default_headers
    assert draft_of().methods == default_methods


def test_each_setting_has_its_field() -> None:
    draft = draft_of(
        CORS_ALLOWED_ORIGINS=[APP],
        CORS_ALLOWED_ORIGIN_REGEXES=[r"^https://\w+\.b\.example$", re.compile("http://c"), "("],
        CORS_ALLOW_METHODS=["GET"],
        CORS_ALLOW_HEADERS=["x-key"],
        CORS_EXPOSE_HEADERS=["ETag"],
        CORS_ALLOW_CREDENTIALS=True,
        CORS_PREFLIGHT_MAX_AGE=60,
    )
    assert draft.origins == (APP,)
    assert [one.text for one in draft.readings] == [r"^https://\w+\.b\.example$", "http://c"]
    assert all(one.is_open for one in draft.readings)
    assert (draft.methods, draft.headers, draft.expose) == (("GET",), ("x-key",), ("ETag",))
    assert (draft.credentials, draft.max_age) == (True, 60)
    assert draft.defaults == frozenset()
    assert codes(draft) == []


def test_the_names_before_version_three_are_read_where_the_new_are_absent() -> None:
    old = {"CORS_ORIGIN_WHITELIST": [APP], "CORS_ORIGIN_REGEX_WHITELIST": ["https://b"]}
    draft = draft_of(**old)
    assert draft.origins == (APP,)
    assert [one.text for one in draft.readings] == ["https://b"]
    assert draft_of(**old, CORS_ALLOWED_ORIGINS=["https://c"]).origins == ("https://c",)
    assert draft_of(**old, CORS_ORIGIN_ALLOW_ALL=True).origins == ("*",)


def test_any_origin_comes_before_the_list_and_the_expressions() -> None:
    draft = draft_of(
        CORS_ALLOW_ALL_ORIGINS=True,
        CORS_ALLOWED_ORIGINS=[APP],
        CORS_ALLOWED_ORIGIN_REGEXES=["https://b"],
        CORS_ALLOW_PRIVATE_NETWORK=True,
    )
    assert (draft.origins, draft.readings) == (("*",), ())
    fields = [one.field for one in draft.said]
    assert "Access-Control-Allow-Private-Network" in fields
    assert "Vary" in fields


@pytest.mark.parametrize(
    ("given", "compared"),
    [
        ("https://app.example/", APP),
        ("HTTPS://app.example/path?x#y", APP),
        ("https://App.example", "https://App.example"),
        ("null", "null"),
        ("file://", "file://"),
        ("localhost:3000", "localhost:3000"),
    ],
)
def test_an_origin_is_compared_by_scheme_and_host(given: str, compared: str) -> None:
    assert draft_of(CORS_ALLOWED_ORIGINS=[given]).origins == (compared,)


def test_an_origin_without_scheme_and_host_admits_null() -> None:
    draft = draft_of(CORS_ALLOWED_ORIGINS=["app.example", APP])
    assert draft.origins == (APP,)
    assert codes(draft) == ["null-origin origins"]


def test_one_string_for_a_list_is_its_letters() -> None:
    draft = draft_of(CORS_ALLOWED_ORIGINS=APP, CORS_ALLOW_METHODS="GET")
    assert (draft.origins, draft.methods) == ((), ())
    assert codes(draft) == ["never-matched CORS_ALLOW_METHODS", "never-matched origins"]
    assert draft_of(CORS_ALLOW_HEADERS="*").headers == ("*",)


@pytest.mark.parametrize(("given", "age"), [(0, None), (None, None), ("60", 60), ("x", None)])
def test_a_max_age_is_what_is_sent(given: object, age: int | None) -> None:
    draft = draft_of(CORS_PREFLIGHT_MAX_AGE=given)
    assert draft.max_age == age
    assert codes(draft) == (["max-age-not-whole-seconds max_age"] if given == "x" else [])


# ── paths, place and signal ──────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pattern", "rows"),
    [
        (r"^/api/.*$", ["/api/"]),
        (r"^/(api|auth)/", ["/api/", "/auth/"]),
        (r"^/api/v[12]/.*", ["/api/v1/", "/api/v2/"]),
        (re.compile(r"^.*$"), ["/"]),
        ("(", ["/"]),
    ],
)
def test_paths_become_rows(pattern: str | re.Pattern[str], rows: list[str]) -> None:
    assert [row.path for row in read(CORS_URLS_REGEX=pattern).rows] == rows


def test_paths_that_no_row_can_mean_are_told() -> None:
    found = read(CORS_URLS_REGEX=r"^/.*\.json$")
    assert [(row.path, row.draft) for row in found.rows] == [("/", None)]
    assert [one.code for one in found.said] == ["not-expressible"]


def test_a_number_that_may_go_on_is_told() -> None:
    found = read(CORS_URLS_REGEX=r"^/api/v[12]+/.*$")
    assert [row.path for row in found.rows] == ["/api/v1/", "/api/v2/"]
    (one,) = found.said
    assert "/api/v11/" in one.message


def test_what_differs_at_the_edge_of_a_row_is_told() -> None:
    (one,) = read(CORS_URLS_REGEX=r"^/api").said
    assert "/apix" in one.message


def test_layers_before_it_are_named() -> None:
    (one,) = read(MIDDLEWARE=[COMMON, CORS]).said
    assert one.field == "order"
    assert "CommonMiddleware" in one.message


def test_settings_without_the_middleware_are_read_and_told() -> None:
    found = read(MIDDLEWARE=[COMMON], CORS_ALLOWED_ORIGINS=[APP])
    assert found.found == ("CORS_* settings",)
    assert [one.field for one in found.said] == ["MIDDLEWARE"]


def test_a_receiver_of_the_signal_is_code_that_is_not_imported() -> None:
    def receiver(**_: object) -> bool:
        return True

    check_request_enabled.connect(receiver)
    try:
        (one,) = read().said
    finally:
        check_request_enabled.disconnect(receiver)
    assert one.code == "not-expressible"


# ── where settings are ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("names", "are"),
    [
        ({"CORS_ALLOWED_ORIGINS"}, True),
        ({"CORS_ORIGIN_ALLOW_ALL"}, True),
        ({"MIDDLEWARE", "INSTALLED_APPS"}, True),
        ({"MIDDLEWARE"}, False),
    ],
)
def test_settings_are_known_by_their_names(names: set[str], are: bool) -> None:
    assert are_settings(SimpleNamespace(**dict.fromkeys(names))) is are


def test_settings_without_a_word_of_cors_have_nothing_to_import() -> None:
    assert read_settings(SimpleNamespace(MIDDLEWARE=[COMMON])) is None


@pytest.mark.parametrize("handler", [WSGIHandler, ASGIHandler])
def test_a_live_application_has_the_settings_in_force(handler: type) -> None:
    app: object = object.__new__(handler)
    with override_settings(MIDDLEWARE=[CORS], CORS_ALLOWED_ORIGINS=[APP]):
        found = read_app(app)
    assert found is not None
    assert found.rows[0].draft is not None
    assert found.rows[0].draft.origins == (APP,)


def test_another_application_is_none_of_djangos(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_app(read) is None
    monkeypatch.delitem(__import__("sys").modules, "django.conf")
    assert read_app(read) is None

"""What ``manage.py check`` tells about CORS, and what it leaves alone."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as project
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.urls import path
from django.views import View

from tests.frameworks.hosts.django import PAGES
from tests.frameworks.project import COMMON, OURS, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "https://app.example"
GZIP = "django.middleware.gzip.GZipMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
WHITENOISE = "whitenoise.middleware.WhiteNoiseMiddleware"
THEIRS = "corsheaders.middleware.CorsMiddleware"
OPEN = {"origins": [APP]}
COOKIES = {"origins": [APP], "credentials": True}
SENT = {
    "SESSION_COOKIE_SAMESITE": "None",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SAMESITE": "None",
    "CSRF_COOKIE_SECURE": True,
}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Leave the settings as they were."""
    yield
    Project.leave()


def check(**settings: Any) -> list[Any]:
    """Return what the checks tell of a project that is otherwise in order."""
    changes = {
        "ALLOWED_HOSTS": ["api.app.example"],
        "CORS_POLICY": OPEN,
        "MIDDLEWARE": [OURS, COMMON],
        "ROOT_URLCONF": PAGES,
        **settings,
    }
    Project(**changes).enter()
    return [item for item in run_checks() if str(item.id).startswith("corsmith.")]


def told(**settings: Any) -> list[str]:
    """Return each message as Django prints it."""
    return [str(item) for item in check(**settings)]


def test_a_project_in_order_is_told_nothing() -> None:
    assert told() == []
    layers = [OURS, SECURITY, SESSION, COMMON, CSRF]
    trusted = {"CSRF_TRUSTED_ORIGINS": [APP]}
    assert told(CORS_POLICY=COOKIES, MIDDLEWARE=layers, **trusted) == []


def test_every_problem_of_a_policy_is_an_error_with_its_fix() -> None:
    first, second = check(CORS_POLICY={"origins": [f"{APP}/"], "max_age": -1})
    assert str(first) == (
        f'CORS_POLICY origins: (corsmith.origin-has-path) "{APP}/" has a trailing slash. '
        f'An origin is scheme, host and port.\n\tHINT: Write "{APP}".'
    )
    assert (second.id, second.is_serious()) == ("corsmith.max-age-out-of-range", True)


def test_what_is_suspicious_is_a_warning() -> None:
    (item,) = check(CORS_POLICY={"/api/": {**OPEN, "max_age": 9000}})
    assert (item.id, item.is_serious()) == ("corsmith.max-age-over-cap", False)
    (item,) = check(CORS_ALLOW_HEADERS=["x"])
    assert item.id == "corsmith.setting-not-read"


def test_manage_py_check_shows_them_and_fails_for_an_error() -> None:
    check(CORS_POLICY={"origins": "*", "credentials": True})
    with pytest.raises(SystemCheckError, match="wildcard-with-credentials"):
        call_command("check", stdout=io.StringIO(), stderr=io.StringIO())


@pytest.mark.parametrize(
    ("above", "names"),
    [
        ([COMMON], "CommonMiddleware stands"),
        ([SESSION, WHITENOISE], "SessionMiddleware, WhiteNoiseMiddleware stand"),
        (["project.middleware.Maintenance"], "Maintenance stands"),
        ([GZIP, COMMON], "CommonMiddleware stands"),
    ],
)
def test_a_layer_above_that_can_answer_first_is_told(above: list[str], names: str) -> None:
    (item,) = check(MIDDLEWARE=[*above, OURS])
    assert item.id == "corsmith.middleware-order"
    assert item.msg.startswith(f"{names} above CORSMiddleware and can answer first")
    assert item.hint == f'Put "{OURS}" first in MIDDLEWARE.'


def test_a_layer_above_that_never_answers_is_left_alone() -> None:
    assert told(MIDDLEWARE=[GZIP, SECURITY, OURS]) == []
    (item,) = check(MIDDLEWARE=[GZIP, SECURITY, OURS], SECURE_SSL_REDIRECT=True)
    assert item.msg.startswith("SecurityMiddleware stands")


@pytest.mark.parametrize(
    "layers", [[OURS, THEIRS], [THEIRS, OURS], [OURS, "project.layers.MyCors"]]
)
def test_another_layer_for_cors_is_told(layers: list[str]) -> None:
    (item,) = check(MIDDLEWARE=layers)
    assert (item.id, item.obj) == ("corsmith.two-layers", "MIDDLEWARE")
    (other,) = {*layers} - {OURS}
    assert item.msg.startswith(f"{other} adds CORS headers too")


def test_our_own_layer_twice_and_the_other_application_are_told() -> None:
    (item,) = check(MIDDLEWARE=[OURS, COMMON, OURS])
    assert (item.id, item.msg.split()[0]) == ("corsmith.two-layers", OURS)
    apps = [*project.INSTALLED_APPS, "corsheaders"]
    items = check(INSTALLED_APPS=apps)
    assert [(item.id, item.obj) for item in items] == [("corsmith.two-layers", "INSTALLED_APPS")]


def test_a_project_without_the_layer_is_told() -> None:
    (item,) = check(MIDDLEWARE=[COMMON])
    assert (item.id, item.is_serious()) == ("corsmith.app-without-cors", False)


LISTS: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "an origin that is not there": (COOKIES, [], [APP]),
    "an origin of another scheme": (COOKIES, ["http://app.example"], [APP]),
    "an origin of another port": (COOKIES, ["https://app.example:8443"], [APP]),
    "an origin that is there": (COOKIES, [APP], []),
    "an origin below a wildcard": (COOKIES, ["https://*.example"], []),
    "the name of a wildcard itself": (COOKIES, ["https://*.app.example"], []),
    "without credentials": (OPEN, [], []),
    "methods that change nothing": ({**COOKIES, "methods": ["GET", "HEAD"]}, [], []),
    "any method": ({**COOKIES, "methods": ["*"]}, [], [APP]),
    "a route": ({"/a": COOKIES, "/b": COOKIES, "/c": None}, [], [APP]),
    "a pattern": (
        {**COOKIES, "origins": ["https://*.app.example"]},
        [APP],
        ["https://*.app.example"],
    ),
    "a pattern that is there": (
        {**COOKIES, "origins": ["https://*.app.example", "https://pr-*.app.example:8443"]},
        ["https://*.app.example", "https://*.app.example:8443"],
        [],
    ),
    "a port": ({**COOKIES, "origins": [f"{APP}:8443"]}, [f"{APP}:8443"], []),
    "any port": (
        {**COOKIES, "origins": ["http://localhost:*"]},
        ["http://127.0.0.1:3000"],
        ["http://localhost:3000"],
    ),
    "one of any port": (
        {**COOKIES, "origins": ["http://localhost:*"]},
        ["http://localhost:5173"],
        [],
    ),
    "a group": ({**COOKIES, "origins": ["@loopback"]}, [], ["http://localhost:3000"]),
    "one of a group": ({**COOKIES, "origins": ["@loopback"]}, ["http://127.0.0.1:8000"], []),
    "null": ({**COOKIES, "origins": ["null"], "accept_risks": ["null-origin"]}, [], []),
}


@pytest.mark.parametrize("name", LISTS)
def test_an_origin_that_csrf_protection_refuses_is_told(name: str) -> None:
    policy, trusted, missing = LISTS[name]
    hosts = {"ALLOWED_HOSTS": ["app.example", "localhost"]}
    layers = [OURS, COMMON, CSRF]
    settings = {"MIDDLEWARE": layers, "CSRF_TRUSTED_ORIGINS": trusted, **hosts, **SENT}
    items = check(CORS_POLICY=policy, **settings)
    assert [item.hint for item in items] == [
        f'Add it: CSRF_TRUSTED_ORIGINS = ["{origin}"].' for origin in missing
    ]
    assert {item.id for item in items} <= {"corsmith.csrf-origin-missing"}
    settings["MIDDLEWARE"] = [OURS]
    assert check(CORS_POLICY=policy, **settings) == []


CROSSING: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "another site": (COOKIES, {"ALLOWED_HOSTS": ["api.example"]}, ["WARNING"] * 2),
    "the same site": (COOKIES, {"ALLOWED_HOSTS": [".app.example"]}, []),
    "without credentials": (OPEN, {"ALLOWED_HOSTS": ["api.example"]}, []),
    "any host": (COOKIES, {"ALLOWED_HOSTS": ["*"]}, ["INFO"] * 2),
    "no host": (COOKIES, {"ALLOWED_HOSTS": []}, ["INFO"] * 2),
    "any host, and loopback": (
        {**COOKIES, "origins": ["@loopback"]},
        {"ALLOWED_HOSTS": ["*"]},
        [],
    ),
    "loopback, from loopback": (
        {**COOKIES, "origins": ["@loopback"]},
        {"ALLOWED_HOSTS": [], "DEBUG": True},
        [],
    ),
    "null": (
        {**COOKIES, "origins": ["null"], "accept_risks": ["null-origin"]},
        {"ALLOWED_HOSTS": ["api.example"]},
        [],
    ),
    "a secure cookie for every site": (COOKIES, {"ALLOWED_HOSTS": ["api.example"], **SENT}, []),
    "no attribute": (
        COOKIES,
        {"ALLOWED_HOSTS": ["api.example"], **SENT, "SESSION_COOKIE_SAMESITE": False},
        ["WARNING"],
    ),
    "for every site, and not secure": (
        COOKIES,
        {"ALLOWED_HOSTS": ["api.example"], **SENT, "CSRF_COOKIE_SECURE": False},
        ["WARNING"],
    ),
    "the token in the session": (
        COOKIES,
        {"ALLOWED_HOSTS": ["api.example"], "CSRF_USE_SESSIONS": True},
        ["WARNING"],
    ),
    "no sessions": (
        COOKIES,
        {"ALLOWED_HOSTS": ["api.example"], "MIDDLEWARE": [OURS, CSRF]},
        ["WARNING"],
    ),
}


@pytest.mark.parametrize("name", CROSSING)
def test_a_cookie_that_another_site_never_sends_is_told(name: str) -> None:
    policy, settings, levels = CROSSING[name]
    layers = {"MIDDLEWARE": [OURS, SESSION, CSRF], "CSRF_TRUSTED_ORIGINS": [APP]}
    items = check(CORS_POLICY=policy, **{**layers, **settings})
    found = [item for item in items if item.id == "corsmith.cookie-not-sent"]
    words = {30: "WARNING", 20: "INFO"}
    assert [words[item.level] for item in found] == levels
    for item in found:
        assert item.msg.startswith(f'"{APP}" ')
        assert ' = "None" and ' in item.hint


def test_the_policies_that_a_function_chooses_are_not_known() -> None:
    def choose(origin: Any, scheme: str, host: Any, path: str) -> Any:
        return None

    assert told(CORS_POLICY=choose, MIDDLEWARE=[OURS, SESSION, CSRF]) == []


class Wrong(View):  # type: ignore[misc]  # Django has no types
    cors_policy = {"origin": [APP]}  # noqa: RUF012  what a user writes

    def get(self, request: Any) -> Any:
        return HttpResponse()


class NoPolicy(View):  # type: ignore[misc]  # as above
    cors_policy = APP


def test_a_mark_that_is_no_policy_is_an_error_that_names_the_view() -> None:
    wrong, other = check(ROOT_URLCONF=(path("x", Wrong.as_view()), path("y", NoPolicy.as_view())))
    assert str(wrong).startswith(
        f'{__name__}.Wrong: (corsmith.unknown-field) a policy has no field "origin".'
    )
    assert str(other).startswith(f"{__name__}.NoPolicy cors_policy: (corsmith.wrong-type)")
    assert wrong.is_serious()


def test_views_that_cannot_be_imported_are_told_by_django_alone() -> None:
    from corsmith.adapters.django.checks import check_project

    Project(CORS_POLICY=OPEN, ROOT_URLCONF="tests.frameworks.nowhere").enter()
    assert check_project() == []


def test_a_receiver_of_the_signal_that_nothing_sends_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from corsheaders.signals import check_request_enabled

    assert told() == []

    def receiver(**_: Any) -> bool:
        return True

    check_request_enabled.connect(receiver)
    try:
        (item,) = check()
    finally:
        check_request_enabled.disconnect(receiver)
    assert (item.id, item.obj) == ("corsmith.setting-not-read", "check_request_enabled")
    monkeypatch.delitem(sys.modules, "corsheaders.signals")
    assert told() == []

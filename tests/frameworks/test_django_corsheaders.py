"""The settings of django-cors-headers, and the two middlewares beside each other."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from corsheaders.middleware import CorsMiddleware
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from corsmith import PolicyError
from corsmith.adapters.django import CORSMiddleware
from corsmith.adapters.django.corsheaders import read_corsheaders
from tests.frameworks.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "https://app.example"
ORIGINS = (
    APP,
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.stranger.example",
    "https://a.shop.example",
    "https://shop.example",
    "http://localhost:3000",
    "https://stranger.example",
    "moz-extension://0b1c",
    "a b",
)
PATHS = ("/", "/api/items", "/other")
METHODS = ("GET", "POST", "OPTIONS")

# Configurations that both take; the answers to all questions have to be the same.
SAME: dict[str, dict[str, Any]] = {
    "a list": {"CORS_ALLOWED_ORIGINS": [APP, "http://localhost:3000"]},
    "a tuple": {"CORS_ALLOWED_ORIGINS": (APP,), "CORS_EXPOSE_HEADERS": ("x-total",)},
    "an extension": {"CORS_ALLOWED_ORIGINS": ["moz-extension://0b1c"]},
    "everyone": {"CORS_ALLOW_ALL_ORIGINS": True},
    "everyone, by the old name": {"CORS_ORIGIN_ALLOW_ALL": True},
    "everyone, and a list": {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOWED_ORIGINS": [APP]},
    "not everyone": {"CORS_ALLOW_ALL_ORIGINS": False, "CORS_ALLOWED_ORIGINS": [APP]},
    "a list by the old name": {"CORS_ORIGIN_WHITELIST": [APP]},
    "the new name first": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_ORIGIN_WHITELIST": ["https://x"]},
    "an expression": {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://\w+\.shop\.example$"]},
    "an expression by the old name": {"CORS_ORIGIN_REGEX_WHITELIST": [r"^https://app\.example$"]},
    "an expression with an open end": {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app\.example"]},
    "an expression without a begin": {"CORS_ALLOWED_ORIGIN_REGEXES": [r"https://app\.example$"]},
    "several expressions": {
        "CORS_ALLOWED_ORIGIN_REGEXES": [
            r"^https://app\.example\Z",
            re.compile(r"^HTTPS://\w+\.SHOP\.example$", re.IGNORECASE),
            r"(?i)^HTTP://localhost:\d+$",
            re.compile(r"^moz-extension://  # any\n [0-9a-f]+ # end", re.VERBOSE),
        ]
    },
    "alternatives": {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app\.example$|^http://localhost"]},
    "a list and an expression": {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://\w+\.shop\.example$"],
    },
    "credentials": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_ALLOW_CREDENTIALS": True},
    "lists": {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CORS_ALLOW_METHODS": ["GET", "PUT"],
        "CORS_ALLOW_HEADERS": ["x-a", "X-B"],
        "CORS_EXPOSE_HEADERS": ["X-Total", "Link"],
        "CORS_PREFLIGHT_MAX_AGE": 600,
    },
    "no age": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_PREFLIGHT_MAX_AGE": 0},
    "some paths": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": r"^/api/.*$"},
    "some paths, compiled": {
        "CORS_ALLOWED_ORIGINS": [APP],
        "CORS_URLS_REGEX": re.compile("/API", re.IGNORECASE),
    },
    "all paths": {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": r"^.*$"},
    "nobody": {"CORS_ALLOWED_ORIGINS": []},
}


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    """Leave the settings as they were."""
    Project.leave()
    yield
    Project.leave()


def answer(layer: Any, method: str, path: str, origin: str) -> dict[str, Any]:
    """Return what a page notices of an answer."""
    lines = {"origin": origin}
    if method == "OPTIONS":
        lines |= {"access-control-request-method": "PUT"}
    response = layer(RequestFactory().generic(method, path, headers=lines))
    found = {name.lower(): value.replace(", ", ",") for name, value in response.headers.items()}
    noticed = {name: found[name] for name in found if name.startswith("access-control-")}
    # Theirs exposes headers of a preflight too, which no page sees.
    if method == "OPTIONS":
        noticed.pop("access-control-expose-headers", None)
    # Ours says what a policy allows only to those whom it allows.
    allowed = "access-control-allow-origin" in noticed
    return {"status": response.status_code, **(noticed if allowed else {})}


@pytest.mark.parametrize("name", SAME)
def test_both_answer_alike(name: str) -> None:
    with override_settings(**SAME[name]):
        both = [layer(lambda _: HttpResponse()) for layer in (CorsMiddleware, CORSMiddleware)]
        differ = {
            (method, where, origin): pair
            for method in METHODS
            for where in PATHS
            for origin in ORIGINS
            if (pair := [answer(layer, method, where, origin) for layer in both])
            and pair[0] != pair[1]
        }
    assert differ == {}


def read(**settings: Any) -> Any:
    return read_corsheaders(SimpleNamespace(**settings))


Told = tuple[str, str, str]
REFUSED: dict[str, tuple[dict[str, Any], list[Told]]] = {
    "everyone with credentials": (
        {"CORS_ALLOW_ALL_ORIGINS": True, "CORS_ALLOW_CREDENTIALS": True},
        [("wildcard-with-credentials", "CORS_ALLOWED_ORIGINS", "CORS_ALLOW_CREDENTIALS = False")],
    ),
    "a text for a truth": (
        {"CORS_ALLOW_ALL_ORIGINS": "False"},
        [("wrong-type", "CORS_ALLOW_ALL_ORIGINS", '"False" is neither True nor False.')],
    ),
    "a star in the list": (
        {"CORS_ALLOWED_ORIGINS": ["*"]},
        [("misplaced-wildcard", "CORS_ALLOWED_ORIGINS", "write CORS_ALLOW_ALL_ORIGINS = True.")],
    ),
    "a star for the list": (
        {"CORS_ALLOWED_ORIGINS": "*"},
        [("misplaced-wildcard", "CORS_ALLOWED_ORIGINS", "write CORS_ALLOW_ALL_ORIGINS = True.")],
    ),
    "a pattern, and a path beside it": (
        {"CORS_ALLOWED_ORIGINS": ["https://*.shop.example", f"{APP}/"]},
        [
            ("misplaced-wildcard", "CORS_ALLOWED_ORIGINS", '{"origins": ["https://*.shop.example"'),
            ("origin-has-path", "CORS_ALLOWED_ORIGINS", f'Write "{APP}".'),
        ],
    ),
    "a star that is the whole host": (
        {"CORS_ALLOWED_ORIGINS": ["https://*"]},
        [("misplaced-wildcard", "CORS_ALLOWED_ORIGINS", '"https://*" has a *')],
    ),
    "by the old name": (
        {"CORS_ORIGIN_WHITELIST": ["app.example"]},
        [("origin-missing-scheme", "CORS_ORIGIN_WHITELIST", f'Write "{APP}".')],
    ),
    "one text for a list": (
        {"CORS_ALLOWED_ORIGINS": APP},
        [("not-a-list", "CORS_ALLOWED_ORIGINS", f'Write CORS_ALLOWED_ORIGINS = ["{APP}"].')],
    ),
    "null": (
        {"CORS_ALLOWED_ORIGINS": ["null"]},
        [("null-origin", "CORS_ALLOWED_ORIGINS", 'say CORS_ACCEPT_RISKS = ["null-origin"].')],
    ),
    "an open end with credentials": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app\.example"], "CORS_ALLOW_CREDENTIALS": True},
        [
            (
                "wide-regex",
                "CORS_ALLOWED_ORIGIN_REGEXES",
                'Write "^https://app\\\\.example$": the end is open.',
            )
        ],
    ),
    "a wide expression with credentials": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": ["^https://.*"], "CORS_ALLOW_CREDENTIALS": True},
        [("wide-regex", "CORS_ALLOWED_ORIGIN_REGEXES", 'CORS_ACCEPT_RISKS = ["wide-regex"].')],
    ),
    "an expression that does not compile": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": ["("]},
        [("regex-invalid", "CORS_ALLOWED_ORIGIN_REGEXES", '"(" does not compile: missing )')],
    ),
    "one expression for the list": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": "^https://"},
        [("wrong-type", "CORS_ALLOWED_ORIGIN_REGEXES", 'CORS_ALLOWED_ORIGIN_REGEXES = [r"^https')],
    ),
    "an expression of bytes": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": [re.compile(b"x")]},
        [("wrong-type", "CORS_ALLOWED_ORIGIN_REGEXES", "is no regular expression of text.")],
    ),
    "two groups of one name": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": ["^https://(?P<a>x)$", "^https://(?P<a>y)$"]},
        [("regex-invalid", "CORS_ALLOWED_ORIGIN_REGEXES", "redefinition of group name 'a'")],
    ),
    "paths that do not compile": (
        {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": "("},
        [("regex-invalid", "CORS_URLS_REGEX", '"(" does not compile: missing )')],
    ),
    "paths that are no text": (
        {"CORS_ALLOWED_ORIGINS": [APP], "CORS_URLS_REGEX": ["^/api/"]},
        [("wrong-type", "CORS_URLS_REGEX", 'Write CORS_URLS_REGEX = r"^/api/".')],
    ),
    "an age below zero": (
        {"CORS_ALLOWED_ORIGINS": [APP], "CORS_PREFLIGHT_MAX_AGE": -1},
        [("max-age-out-of-range", "CORS_PREFLIGHT_MAX_AGE", "-1 is outside 0 to 86400")],
    ),
    "no age at all": (
        {"CORS_ALLOWED_ORIGINS": [APP], "CORS_PREFLIGHT_MAX_AGE": False},
        [("wrong-type", "CORS_PREFLIGHT_MAX_AGE", "CORS_PREFLIGHT_MAX_AGE = ")],
    ),
    "no setting at all": (
        {},
        [("origins-empty", "CORS_ALLOWED_ORIGINS", 'CORS_POLICY = {"origins": ["https://app')],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_policy_is_told_in_the_words_of_the_settings(name: str) -> None:
    settings, told = REFUSED[name]
    reading = read(**settings)
    assert [(item.code, item.field) for item in reading.problems] == [each[:2] for each in told]
    for problem, (_, _, words) in zip(reading.problems, told, strict=True):
        assert words in str(problem)
    assert reading.source is None
    with pytest.raises(PolicyError):
        _ = reading.in_force


TOLD: dict[str, tuple[dict[str, Any], list[str], dict[str, Any]]] = {
    "names that no page can set": (
        {"CORS_ALLOW_HEADERS": ("accept", "accept-encoding", "dnt", "origin", "x-csrftoken")},
        ["header-forbidden"] * 3,
        {"headers": ("accept", "x-csrftoken")},
    ),
    "a set of names": (
        {"CORS_ALLOW_HEADERS": {"dnt", "x-a"}},
        ["header-forbidden"],
        {"headers": ("x-a",)},
    ),
    "a method that no page can send": (
        {"CORS_ALLOW_METHODS": ["GET", "TRACE"]},
        ["method-forbidden"],
        {"methods": ("GET",)},
    ),
    "a header that no page can read": (
        {"CORS_EXPOSE_HEADERS": ["Set-Cookie", "Origin", "X-Total"]},
        ["expose-forbidden", "expose-is-request-header"],
        {"expose": ("X-Total",)},
    ),
    "every header with credentials": (
        {"CORS_EXPOSE_HEADERS": ["*"], "CORS_ALLOW_CREDENTIALS": True},
        ["expose-wildcard-with-credentials"],
        {"expose": ()},
    ),
    "an age that browsers shorten": (
        {"CORS_PREFLIGHT_MAX_AGE": 604800},
        ["max-age-out-of-range", "max-age-over-cap"],
        {"max_age": 86400},
    ),
    "an open end": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app\.example"]},
        ["wide-regex"],
        {"origins": (APP,)},
    ),
    "a dot for any character": (
        {"CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app.example$"]},
        ["regex-unescaped-dot", "wide-regex"],
        {"origin_regex": "^https://app.example$"},
    ),
    "defaults": (
        {},
        [],
        {"max_age": 86400, "methods": ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")},
    ),
    "a risk that is taken": (
        {
            "CORS_ALLOWED_ORIGIN_REGEXES": [r"^https://app\.example"],
            "CORS_ALLOW_CREDENTIALS": True,
            "CORS_ACCEPT_RISKS": ["wide-regex"],
        },
        [],
        {"credentials": True},
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_no_browser_notices_is_left_out_and_told(name: str) -> None:
    settings, codes, fields = TOLD[name]
    reading = read(**{"CORS_ALLOWED_ORIGINS": [APP], **settings})
    assert reading.problems == ()
    assert sorted(item.code for item in reading.warnings) == sorted(codes)
    assert {item.severity for item in reading.warnings} <= {"warning"}
    assert {item.field for item in reading.warnings} <= settings.keys()
    assert {field: getattr(reading.source, field) for field in fields} == fields


@pytest.mark.parametrize(
    "settings",
    [
        {"CORS_ALLOWED_ORIGINS": []},
        {"CORS_ORIGIN_WHITELIST": ()},
        {"CORS_ALLOW_ALL_ORIGINS": False},
        {"CORS_ALLOWED_ORIGIN_REGEXES": []},
    ],
)
def test_an_empty_list_allows_nobody_and_is_told(settings: dict[str, Any]) -> None:
    reading = read(**settings)
    assert reading.problems == ()
    (warning,) = reading.warnings
    assert (warning.code, warning.field) == ("origins-empty", next(iter(settings)))
    assert reading.in_force.answers.allow(APP) is None

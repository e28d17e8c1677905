"""``CORS_POLICY`` in each of its forms, and what is told of settings that nothing reads."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from corsmith import Policy, PolicyError, Routes
from corsmith.adapters.django.settings import read_settings

APP = "https://app.example"
POLICY = Policy(origins=[APP])
FIELDS = {"origins": [APP]}


def choose(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
    return POLICY


async def choose_async(origin: str | None, scheme: str, host: str | None, path: str) -> Policy:
    return POLICY


class Chooser:
    async def __call__(self, origin: str | None, scheme: str, host: str | None, path: str) -> Any:
        return POLICY


CHOOSER = Chooser()
NOT_A_POLICY = 5


def named(value: Any) -> str:
    """Return a value as a test's name has it: the same in each process, so without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


def read(value: Any, **more: Any) -> Any:
    return read_settings(SimpleNamespace(CORS_POLICY=value, **more))


@pytest.mark.parametrize(
    ("value", "means"),
    [
        (POLICY, POLICY),
        (Routes({"/": POLICY}), Routes({"/": POLICY})),
        (FIELDS, POLICY),
        ({"/api/": FIELDS, "/health": None}, Routes({"/api/": POLICY, "/health": None})),
        ({"/api/": POLICY}, Routes({"/api/": POLICY})),
        ({"routes": [{"path": "/api/", **FIELDS}]}, Routes({"/api/": POLICY})),
        (choose, choose),
        (choose_async, choose_async),
        (CHOOSER, CHOOSER),
        (f"{__name__}.choose", choose),
        (f"{__name__}.POLICY", POLICY),
        (f"{__name__}.FIELDS", POLICY),
    ],
    ids=named,
)
def test_a_policy_is_written_in_each_of_these_forms(value: Any, means: Any) -> None:
    reading = read(value)
    assert reading.problems == ()
    assert reading.in_force == means
    assert reading.setting == "CORS_POLICY"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            {"origins": ["https://app.example/", "app.example"]},
            [
                'origin-has-path: CORS_POLICY origins: "https://app.example/" has a trailing',
                'origin-missing-scheme: CORS_POLICY origins: "app.example" has no scheme.',
            ],
        ),
        (
            {"CORS_ALLOWED_ORIGINS": [APP]},
            ['unknown-field: CORS_POLICY: a policy has no field "CORS_ALLOWED_ORIGINS".'],
        ),
        (
            {"/api/": {"origins": ["app.example"]}, "/x": 5, "api": FIELDS},
            [
                'origin-missing-scheme: CORS_POLICY /api/ origins: "app.example" has no scheme.',
                "wrong-type: CORS_POLICY /x cors_policy: 5 is no policy of a route.",
                'route-bad-path: CORS_POLICY path: "api" does not begin with a slash',
            ],
        ),
        ({"api": FIELDS}, ['route-bad-path: CORS_POLICY path: "api" does not begin']),
        ({"/api/": 5}, ["wrong-type: CORS_POLICY /api/ cors_policy: 5 is no policy of a route."]),
        ({"routes": 5}, ["wrong-type: CORS_POLICY routes: routes are one list of tables"]),
        ({}, ["origins-empty: CORS_POLICY origins: no origin is allowed"]),
        (None, ["wrong-type: CORS_POLICY: None is no policy."]),
        (5, ["wrong-type: CORS_POLICY: 5 is no policy."]),
        ("cors.toml", ['wrong-type: CORS_POLICY: "cors.toml" is no policy. A policy file']),
        ("https://app.example", ['wrong-type: CORS_POLICY: "https://app.example" is no policy.']),
        (
            "project.nowhere.choose",
            ['wrong-type: CORS_POLICY: "project.nowhere.choose" cannot be imported'],
        ),
        (f"{__name__}.NOT_A_POLICY", ["wrong-type: CORS_POLICY: 5 is no policy."]),
        (lambda: None, ["wrong-type: CORS_POLICY: the policy function is given four arguments"]),
    ],
    ids=named,
)
def test_every_problem_is_told_by_the_name_of_the_setting(value: Any, said: list[str]) -> None:
    problems = read(value).problems
    assert len(problems) == len(said)
    for problem, beginning in zip(problems, said, strict=True):
        assert str(problem).startswith(beginning)
    with pytest.raises(PolicyError):
        _ = read(value).in_force


def test_what_is_suspicious_is_told_likewise() -> None:
    (warning,) = read({**FIELDS, "max_age": 9000}).warnings
    assert (warning.code, warning.field) == ("max-age-over-cap", "CORS_POLICY max_age")


def test_enforce_is_a_setting_too() -> None:
    assert read(POLICY).enforce is False
    assert read(POLICY, CORS_ENFORCE=True).enforce is True
    (problem,) = read(POLICY, CORS_ENFORCE="true").problems
    assert str(problem).startswith('wrong-type: CORS_ENFORCE: "true" is neither True nor False.')


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"CORS_ALLOW_ORIGINS": 1},
            "nothing reads CORS_ALLOW_ORIGINS. Write CORS_ALLOWED_ORIGINS.",
        ),
        ({"CORS_ORIGINS": 1}, "nothing reads CORS_ORIGINS. Write CORS_ALLOWED_ORIGINS."),
        ({"CORS_POLICIES": 1}, "nothing reads CORS_POLICIES. Write CORS_POLICY."),
        ({"CORS_ENFORCED": 1}, "nothing reads CORS_ENFORCED. Write CORS_ENFORCE."),
        (
            {"CORS_EXPOSED_HEADERS": 1},
            "nothing reads CORS_EXPOSED_HEADERS. Write CORS_EXPOSE_HEADERS.",
        ),
        (
            {"CORS_ALLOW_HEADERS": ["x-a"]},
            "CORS_ALLOW_HEADERS has no effect: CORS_POLICY is there and comes first. Remove it.",
        ),
        (
            {"CORS_ORIGIN_ALLOW_ALL": True},
            "CORS_ORIGIN_ALLOW_ALL has no effect: CORS_POLICY is there and comes first. Remove it.",
        ),
        (
            {"CORS_ALLOW_PRIVATE_NETWORK": True},
            "CORS_ALLOW_PRIVATE_NETWORK has no effect: no browser asks for it any more.",
        ),
        ({"CORS_ALLOW_PRIVATE_NETWORK": False}, None),
        ({"CORS_QUUX": 1}, None),
        ({"CORSAIR": 1}, None),
    ],
    ids=named,
)
def test_a_setting_that_nothing_reads_is_told(settings: dict[str, Any], said: str | None) -> None:
    found = [str(item) for item in read(POLICY, **settings).warnings]
    (name,) = settings
    beginnings = [] if said is None else [f"setting-not-read: {name}: {said}"]
    assert len(found) == len(beginnings)
    assert all(map(str.startswith, found, beginnings))

"""A policy in words: short phrases for a banner and for `corsmith check`."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from corsmith import words
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.words import describe, join_words

APP = "https://app.example"
USUAL = [APP, "GET, HEAD, POST", "Content-Type", "without credentials"]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(words) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({}, {}),
        ({"origins": [APP, "@loopback"]}, {0: "https://app.example, @loopback"}),
        ({"origins": "*"}, {0: "any origin"}),
        ({"origin_regex": r"https://a\.b"}, {0: rf"{APP}, origins matching https://a\.b"}),
        ({"origins": [], "origin_regex": r"https://a\.b"}, {0: r"origins matching https://a\.b"}),
        ({"methods": "*"}, {1: "any method"}),
        ({"methods": []}, {1: "no method listed"}),
        ({"methods": ["put"]}, {1: "PUT"}),
        ({"headers": []}, {2: "no request header listed"}),
        ({"headers": "*"}, {2: "any request header"}),
        ({"headers": ["*", "Authorization"]}, {2: "any request header (Authorization too)"}),
        ({"headers": ["@mcp", "X-A"]}, {2: "@mcp, X-A"}),
        ({"expose": ["ETag", "@range"]}, {3: "exposes ETag, @range", 4: "without credentials"}),
        ({"expose": "*"}, {3: "exposes every response header", 4: "without credentials"}),
        ({"credentials": True}, {3: "with credentials"}),
        ({"max_age": 600}, {4: "kept 600 s"}),
        ({"max_age": 0}, {4: "not kept"}),
    ],
)
def test_a_policy_is_described_in_a_phrase_for_each_thing(
    fields: dict[str, Any], changed: dict[int, str]
) -> None:
    policy = Policy(**({"origins": [APP]} | fields))
    assert describe(policy) == list((dict(enumerate(USUAL)) | changed).values())


def test_many_names_are_counted() -> None:
    policy = Policy(origins=[f"https://{n}.example" for n in range(1, 10)])
    assert describe(policy)[0].endswith("https://6.example and 3 more")
    assert join_words([]) == ""
    assert join_words(list("abcdefg")) == "a, b, c, d, e, f, g"
    assert join_words(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"


def test_routes_are_described_by_their_paths() -> None:
    policy = Policy(origins=[APP])
    assert describe(Routes({"/api/": policy})) == ["1 route: /api/"]
    assert describe(Routes({"/": None})) == ["what each answer says by itself"]
    assert describe(Routes({"/api/": policy, "/x": None})) == ["2 routes: /api/, /x"]

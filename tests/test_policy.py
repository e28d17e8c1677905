"""A policy as a value: made, compared, hashed, copied, written out and read again."""

from __future__ import annotations

import copy
import doctest
import json
import pickle
import tomllib
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from corsmith import policy as module
from corsmith.errors import PolicyError
from corsmith.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

APP = "https://app.example"
UNTYPED: Any = Policy  # called as no type checker would let it be
FULL = {
    "origins": [APP, "https://*.staging.example", "@loopback"],
    "methods": ["GET", "PUT"],
    "headers": ["X-Key", "@range"],
    "expose": ["X-Total", "@download"],
    "credentials": True,
    "max_age": 600,
    "origin_regex": r"https://pr-[0-9]+\.preview\.example",
    "preflight_status": 204,
    "accept_risks": ["null-origin", "public-suffix"],
}


def full() -> Policy:
    return Policy.from_mapping(FULL)


def repickled(value: object) -> object:
    """Return what a pickle of the value becomes again."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  our own bytes


def codes(make: Callable[[], object]) -> list[str]:
    """Return the code of each problem that making a policy tells."""
    with pytest.raises(PolicyError) as caught:
        make()
    return [problem.code for problem in caught.value.problems]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module) == (0, 3)


def test_a_policy_has_the_fields_that_were_given() -> None:
    policy = full()
    assert policy.origins == tuple(FULL["origins"])  # type: ignore[arg-type]  # it is a list
    assert policy.methods == ("GET", "PUT")
    assert policy.headers == ("X-Key", "@range")
    assert policy.expose == ("X-Total", "@download")
    assert policy.credentials is True
    assert policy.max_age == 600
    assert policy.origin_regex == FULL["origin_regex"]
    assert policy.preflight_status == 204
    assert policy.accept_risks == {"null-origin", "public-suffix"}


def test_what_is_not_given_has_a_safe_default() -> None:
    policy = Policy(origins=[APP])
    assert policy.methods == ("GET", "HEAD", "POST")
    assert policy.headers == ("Content-Type",)
    assert policy.expose == ()
    assert policy.credentials is False
    assert policy.max_age is None
    assert policy.origin_regex is None
    assert policy.preflight_status == 200
    assert policy.accept_risks == frozenset()
    assert policy.warnings == ()


def test_without_origins_there_is_no_policy() -> None:
    assert codes(Policy) == ["origins-empty"]
    assert codes(lambda: Policy.from_mapping({})) == ["origins-empty"]


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: UNTYPED([APP]), ["positional-argument"]),
        (lambda: UNTYPED(APP, ["PUT"]), ["positional-argument"] * 2),
        (lambda: UNTYPED({"origins": "*"}), ["positional-argument"]),
        (lambda: UNTYPED(allow_origins=[APP]), ["unknown-field"]),
        (lambda: UNTYPED(origins=[APP], self=1, misplaced=2, unknown=3), ["unknown-field"] * 3),
        (lambda: UNTYPED(origins=None), ["wrong-type"]),
        (lambda: UNTYPED(origins=[APP], methods=None, max_age=True), ["wrong-type"] * 2),
        (lambda: UNTYPED(origins=[APP], methods="GET"), ["not-a-list"]),
        (lambda: UNTYPED(origins=[APP], accept_risks=None), ["wrong-type"]),
        (lambda: UNTYPED.from_mapping([]), ["wrong-type"]),
        (lambda: UNTYPED.from_mapping("origins"), ["wrong-type"]),
        (lambda: UNTYPED.from_mapping({1: 2, "origins": [APP]}), ["unknown-field"]),
        (lambda: UNTYPED.from_mapping({1: 2, "max_age": -1, "origins": [APP]}), None),
        (lambda: UNTYPED.from_mapping({"origins": [APP], "max-age": 5}), ["unknown-field"]),
    ],
)
def test_a_mistake_in_the_call_is_a_policy_error_and_never_a_type_error(
    make: Callable[[], object], told: list[str] | None
) -> None:
    assert codes(make) == (told or ["unknown-field", "max-age-out-of-range"])


def test_a_problem_names_the_nearest_right_field() -> None:
    with pytest.raises(PolicyError, match=r'no field "supports_credentials"\. Here it is cred'):
        Policy(origins=[APP], supports_credentials=True)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, repickled])
def test_a_copy_is_equal_and_answers_the_same(copied: Callable[[Policy], object]) -> None:
    policy = full()
    again = copied(policy)
    assert isinstance(again, Policy)
    assert again == policy
    assert hash(again) == hash(policy)
    assert again.warnings == policy.warnings
    assert again.answers.actual(APP) == policy.answers.actual(APP)


def test_a_mapping_of_a_policy_makes_an_equal_one() -> None:
    policy = full()
    assert policy.to_mapping() == FULL
    assert Policy.from_mapping(policy.to_mapping()) == policy
    assert Policy.from_mapping(MappingProxyType(policy.to_mapping())) == policy
    assert Policy.from_mapping(json.loads(json.dumps(policy.to_mapping()))) == policy


def test_a_mapping_holds_nothing_that_toml_has_no_word_for() -> None:
    mapping = Policy(origins={APP}, max_age=timedelta(seconds=5)).to_mapping()
    assert mapping == {
        "origins": [APP],
        "methods": ["GET", "HEAD", "POST"],
        "headers": ["Content-Type"],
        "expose": [],
        "credentials": False,
        "max_age": 5,
        "preflight_status": 200,
        "accept_risks": [],
    }
    written = "\n".join(f"{key} = {json.dumps(value)}" for key, value in mapping.items())
    assert tomllib.loads(written) == mapping


def test_a_changed_mapping_does_not_change_the_policy() -> None:
    policy = full()
    mapping = policy.to_mapping()
    origins = mapping["origins"]
    assert isinstance(origins, list)
    origins.append("https://evil.example")
    assert policy == full()
    given = [APP]
    made = Policy(origins=given)
    given.append("https://evil.example")
    assert made.answers.allow("https://evil.example") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"origins": [APP, "https://b.example"]}, {"origins": ["https://b.example", APP, APP]}),
        ({"origins": {APP}}, {"origins": (APP,)}),
        ({"origins": ["*"]}, {"origins": "*"}),
        ({"origins": ["*", APP]}, {"origins": "*"}),
        ({"headers": ["X-Key", "x-KEY"]}, {"headers": ["x-key"]}),
        ({"headers": ["*", "X-Key"]}, {"headers": "*"}),
        ({"expose": ["ETag"]}, {"expose": ["etag"]}),
        ({"methods": ["put", "PUT"]}, {"methods": ["PUT"]}),
        ({"methods": ["PUT", "DELETE"]}, {"methods": ["DELETE", "PUT"]}),
        ({"max_age": timedelta(minutes=1)}, {"max_age": 60}),
        ({"expose": ["@mcp"]}, {"expose": ["www-authenticate", "mcp-session-id"]}),
        ({"accept_risks": ["null-origin"]}, {"accept_risks": {"null-origin"}}),
        ({"max_age": 7201}, {"max_age": timedelta(seconds=7201)}),
    ],
)  # fmt: skip
def test_policies_are_equal_if_they_mean_the_same(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    left, right = Policy(**({"origins": [APP]} | one)), Policy(**({"origins": [APP]} | other))
    assert left == right
    assert hash(left) == hash(right)


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": ["https://b.example"]},
        {"origins": "*"},
        {"methods": ["PUT"]},
        {"methods": ["PATCH", "patch"]},
        {"headers": []},
        {"expose": ["ETag"]},
        {"credentials": True},
        {"max_age": 0},
        {"origin_regex": r"https://a\.example"},
        {"preflight_status": 204},
    ],
)
def test_policies_differ_if_any_field_means_something_else(changes: dict[str, Any]) -> None:
    assert Policy(**({"origins": [APP]} | changes)) != Policy(origins=[APP])


def test_a_policy_is_no_mapping_and_equals_none() -> None:
    assert full() != FULL
    assert full() is not None
    assert len({full(), full(), Policy(origins=[APP])}) == 2


@pytest.mark.parametrize("name", ["origins", "methods", "warnings", "answers", "_key", "new"])
def test_a_policy_does_not_change(name: str) -> None:
    policy = full()
    with pytest.raises(AttributeError, match="a Policy does not change; make another"):
        setattr(policy, name, ())
    with pytest.raises(AttributeError, match=r"a Policy does not change; .* cannot be deleted"):
        delattr(policy, name)
    assert policy == full()
    assert not hasattr(policy, "__dict__")


def test_warnings_are_told_in_the_order_of_the_fields_and_are_no_part_of_equality() -> None:
    policy = Policy(origins=["https://app.example:*"], methods=["patch"], max_age=86_400)
    assert [warning.code for warning in policy.warnings] == [
        "any-port",
        "method-lower-case",
        "max-age-over-cap",
    ]
    risky = Policy(origins=["https://*.github.io"])
    assert [warning.code for warning in risky.warnings] == ["public-suffix"]


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        ({"origins": [APP]}, "Policy(origins=['https://app.example'])"),
        ({"origins": "*", "methods": []}, "Policy(origins=['*'], methods=[])"),
        ({"origin_regex": "a"}, "Policy(origin_regex='a')"),
        ({"origins": [APP], "max_age": 0}, "Policy(origins=['https://app.example'], max_age=0)"),
        (FULL, f"Policy({', '.join(f'{key}={value!r}' for key, value in FULL.items())})"),
    ],
)
def test_a_policy_is_shown_as_the_call_that_makes_it(fields: dict[str, Any], written: str) -> None:
    policy = Policy(**fields)
    assert repr(policy) == written
    assert eval(written, {"Policy": Policy}) == policy  # noqa: S307  written above


def test_both_forms_of_the_answers_are_made_from_the_same_fields() -> None:
    policy = full()
    pairs = policy.answers.preflight(APP, "PUT", ())
    octets = policy.byte_answers.preflight(b"https://app.example", b"PUT", ())
    assert octets == tuple((name.lower().encode(), value.encode()) for name, value in pairs)
    assert dict(pairs)["Access-Control-Allow-Headers"].startswith("X-Key,Range,If-Range")

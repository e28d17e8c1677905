"""The mark of a route: how it is put, where it is found, and what is no mark."""

from __future__ import annotations

import doctest
from functools import partial, wraps
from typing import Any

import pytest

from corsmith import Policy, PolicyError, marks
from corsmith.marks import UNMARKED, cors, mark_of, read_mark

POLICY = Policy(origins=["https://app.example"])


def view() -> str:
    return "view"


def test_a_marked_function_is_the_same_function_with_a_policy() -> None:
    def endpoint() -> None: ...

    assert cors(POLICY)(endpoint) is endpoint
    assert mark_of(endpoint) is POLICY


def test_a_mark_is_given_as_the_fields_of_a_policy_too() -> None:
    @cors(origins=["https://app.example"])
    def endpoint() -> None: ...

    assert mark_of(endpoint) == POLICY


def test_a_mark_of_none_exempts_and_no_mark_does_not() -> None:
    @cors(None)
    def endpoint() -> None: ...

    assert mark_of(endpoint) is None
    assert mark_of(view) is UNMARKED
    assert mark_of() is UNMARKED


def test_the_first_marked_endpoint_counts() -> None:
    @cors(None)
    def exempt() -> None: ...

    @cors(POLICY)
    def marked() -> None: ...

    assert mark_of(view, marked, exempt) is POLICY


def test_a_class_is_marked_by_an_attribute_and_its_objects_with_it() -> None:
    class Resource:
        cors_policy = POLICY

    class Mapped:
        cors_policy: Any = {"origins": ["https://app.example"]}  # noqa: RUF012  as a user writes it

    assert mark_of(Resource) is POLICY
    assert mark_of(Resource()) is POLICY
    assert mark_of(Mapped) == POLICY


def test_a_mark_is_found_below_decorators_and_partials() -> None:
    @cors(POLICY)
    def endpoint(_number: int) -> None: ...

    def forgetful(function: Any) -> Any:
        def inner() -> Any:
            return function()

        inner.__wrapped__ = function  # type: ignore[attr-defined]  # as functools.wraps leaves it
        return inner

    @wraps(endpoint)
    def outer() -> None: ...

    assert mark_of(forgetful(endpoint)) is POLICY
    assert mark_of(outer) is POLICY
    assert mark_of(partial(endpoint, 1)) is POLICY


def test_a_circle_of_wrappers_ends() -> None:
    def endpoint() -> None: ...

    endpoint.__wrapped__ = endpoint  # type: ignore[attr-defined]  # what no decorator should do
    assert mark_of(endpoint) is UNMARKED


@pytest.mark.parametrize("value", ["https://app.example", ["https://app.example"], 1, True])
def test_what_is_no_policy_is_told_with_how_to_write_it(value: Any) -> None:
    with pytest.raises(PolicyError, match="@cors") as caught:
        read_mark(value)
    assert caught.value.problems[0].code == "wrong-type"
    with pytest.raises(PolicyError):
        cors(value)


def test_a_policy_and_fields_beside_it_are_one_too_many() -> None:
    with pytest.raises(PolicyError, match="fields beside it: max_age"):
        cors(POLICY, max_age=600)


def test_what_cannot_hold_a_mark_is_told() -> None:
    with pytest.raises(PolicyError, match="cannot be marked"):
        cors(POLICY)(3)


def test_the_example_is_true() -> None:
    assert doctest.testmod(marks).failed == 0

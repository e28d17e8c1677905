"""The exceptions: a table from each to its exact text."""

from __future__ import annotations

import copy
import doctest
import pickle
from typing import TYPE_CHECKING

import pytest

from corsmith import errors
from corsmith.diagnostics import diagnose
from corsmith.errors import AppError, CorsmithError, NetworkError, PolicyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = diagnose("null-origin", "origins", "null", '"null" is anyone.', "Leave it out.")
TWO = diagnose("origins-empty", "origins", "", "no origin is allowed.")

TEXTS = [
    (PolicyError([ONE]), 'null-origin: origins: "null" is anyone. Leave it out.'),
    (
        PolicyError([ONE, TWO]),
        """\
2 problems:
  null-origin: origins: "null" is anyone. Leave it out.
  origins-empty: origins: no origin is allowed.""",
    ),
    (UsageError("no such file: cors.toml"), "no such file: cors.toml"),
]


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(errors).failed == 0


@pytest.mark.parametrize(("error", "text"), TEXTS)
def test_an_exception_says(error: CorsmithError, text: str) -> None:
    assert str(error) == text


def test_a_policy_error_is_a_value_error_and_holds_every_problem() -> None:
    error = PolicyError(iter([ONE, TWO]))
    assert isinstance(error, ValueError)
    assert error.problems == (ONE, TWO)


def test_everything_that_is_raised_on_purpose_has_one_base() -> None:
    assert issubclass(PolicyError, CorsmithError)
    assert issubclass(UsageError, CorsmithError)
    assert not issubclass(CorsmithError, ValueError)


def repickled(error: PolicyError) -> object:
    """Return what a pickle of the error becomes again."""
    return pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, repickled])
def test_a_copy_of_a_policy_error_says_the_same(copied: Callable[[PolicyError], object]) -> None:
    error = copied(PolicyError([ONE, TWO]))
    assert isinstance(error, PolicyError)
    assert error.problems == (ONE, TWO)
    assert str(error) == str(PolicyError([ONE, TWO]))


def silent(hint: str | None = None) -> NetworkError:
    return NetworkError(
        asked="GET http://a.example/",
        step="connect",
        failure="refused",
        problem="it refuses",
        hint=hint,
    )


def test_a_network_error_says_what_was_asked_which_step_failed_and_what_to_try() -> None:
    assert str(silent()) == "GET http://a.example/: connect: it refuses"
    assert str(silent("start it")) == "GET http://a.example/: connect: it refuses; start it"
    assert isinstance(silent(), OSError)


def test_a_network_error_survives_a_pickle() -> None:
    again = pickle.loads(pickle.dumps(silent("start it")))  # noqa: S301  our own
    assert str(again) == str(silent("start it"))
    assert again.failure == "refused"


def test_an_application_error_survives_a_pickle_with_its_traceback() -> None:
    assert str(AppError("it fails")) == "it fails"
    again = pickle.loads(pickle.dumps(AppError("it fails", trace="NameError")))  # noqa: S301
    assert str(again) == "it fails\nNameError"

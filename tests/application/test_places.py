"""Where a function or class of the user's is written."""

from __future__ import annotations

import functools
import json
from functools import partial

import pytest

from corsmith.application.places import code_of, name_of, place_of


def plain(number: int) -> int:
    """Return a number."""
    return number


@functools.wraps(plain)
def wrapped(number: int) -> int:
    """Return a number."""
    return plain(number)


class Kind:
    """A class."""

    size = 1

    def second(self) -> None:
        """Do nothing."""


class Empty:
    """A class without functions."""


HERE = "tests/application/test_places.py"


@pytest.mark.parametrize(
    ("value", "place", "name"),
    [
        (plain, f"{HERE}:14", "plain"),
        pytest.param(wrapped, f"{HERE}:14", "plain", id="wrapped"),
        (partial(plain, 1), f"{HERE}:14", "plain"),
        (partial(map, plain), f"{HERE}:14", "plain"),
        (Kind, f"{HERE}:30", "Kind"),
        (Kind().second, f"{HERE}:30", "Kind.second"),
        (Empty, None, "Empty"),
        (json.loads, None, "loads"),
        (len, None, "len"),
        (None, None, ""),
        ("text", None, ""),
    ],
)
def test_a_place_is_file_and_line_of_what_the_user_wrote(
    value: object, place: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.architecture.tree import ROOT

    monkeypatch.chdir(ROOT)
    assert place_of(value) == place
    assert name_of(value) == name


def test_a_function_inside_another_is_called_by_its_own_name() -> None:
    def inner() -> None: ...

    assert name_of(inner) == "inner"
    assert code_of(inner) is inner.__code__

"""The package itself: its public names are loaded when they are used, and not before."""

from __future__ import annotations

import re
import sys
from importlib import import_module

import pytest

import corsmith


@pytest.mark.parametrize("name", corsmith.__all__)
def test_a_public_name_is_the_one_of_the_module_where_it_lives(name: str) -> None:
    home = import_module(corsmith._HOMES[name])
    # What an earlier test looked up is in the module's own dict by now.
    vars(corsmith).pop(name, None)
    assert getattr(corsmith, name) is getattr(home, name)
    assert name in vars(corsmith)


def test_each_public_name_has_a_home_and_nothing_else_has_one() -> None:
    assert sorted(corsmith._HOMES) == corsmith.__all__


def test_a_name_that_does_not_exist_is_an_attribute_error_that_quotes_it() -> None:
    with pytest.raises(AttributeError, match="module 'corsmith' has no attribute 'Polcy'"):
        _ = corsmith.Polcy


def test_completion_shows_the_public_names_and_the_version() -> None:
    assert dir(corsmith) == sorted([*corsmith.__all__, "server", "__version__"])


def test_the_package_of_the_server_is_loaded_when_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As `import corsmith` and then `corsmith.server.background(...)` need it."""
    server = import_module("corsmith.server")
    monkeypatch.delattr(corsmith, "server")
    assert corsmith.server is server


def test_the_version_is_a_literal_of_three_numbers() -> None:
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", corsmith.__version__)


def test_a_submodule_is_not_hidden_by_a_public_name() -> None:
    assert import_module("corsmith.errors") is sys.modules["corsmith.errors"]
    assert corsmith.errors.PolicyError is corsmith.PolicyError

"""The settings of django-cors-headers are read as the library itself reads them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from corsheaders.conf import Settings
from django.test import override_settings

from corsmith.corsheaders import DEFAULTS, OLD_NAMES, name_in_use, value_of
from tests.frameworks import project

assert project.OURS  # Django is configured there, once for all tests

NOTHING = SimpleNamespace()


def test_every_setting_of_the_library_is_there() -> None:
    theirs = {name for name in vars(Settings) if name.startswith("CORS_")}
    assert set(DEFAULTS) == theirs
    assert set(OLD_NAMES) <= theirs


@pytest.mark.parametrize("name", DEFAULTS)
def test_what_holds_without_a_setting_is_what_holds_there(name: str) -> None:
    assert value_of(NOTHING, name) == getattr(Settings(), name)
    assert name_in_use(NOTHING, name) == name


@pytest.mark.parametrize("name", DEFAULTS)
def test_an_old_name_counts_where_the_new_one_is_absent_as_it_does_there(name: str) -> None:
    given = {name: "new"} if name not in OLD_NAMES else {OLD_NAMES[name]: "old"}
    for more in ({}, {name: "new"}):
        settings = {**given, **more}
        with override_settings(**settings):
            theirs = getattr(Settings(), name)
        assert value_of(SimpleNamespace(**settings), name) == theirs
        assert settings[name_in_use(SimpleNamespace(**settings), name)] == theirs

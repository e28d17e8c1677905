"""The engines are data: each departure from the standard is one field and one sentence."""

from __future__ import annotations

from dataclasses import fields

import pytest

from corsmith.browser.engines import DEPARTURES, ENGINES, STANDARD, Engine

FIELDS = [field.name for field in fields(Engine) if field.name not in {"name", "version"}]
ENGINES_IN_USE = [engine for engine in ENGINES.values() if engine is not STANDARD]


def test_each_engine_is_found_by_its_name() -> None:
    assert list(ENGINES) == ["standard", "chromium", "firefox", "webkit"]
    assert all(engine.name == name for name, engine in ENGINES.items())


def test_each_departure_is_told_in_a_sentence() -> None:
    assert sorted(DEPARTURES) == sorted(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_there_because_an_engine_departs_in_it(name: str) -> None:
    standard = getattr(STANDARD, name)
    assert any(getattr(engine, name) != standard for engine in ENGINES_IN_USE)


def test_the_standard_has_every_field_at_its_default() -> None:
    assert Engine(name="standard", version=STANDARD.version) == STANDARD


def test_every_engine_was_measured_in_a_version() -> None:
    assert all(engine.version for engine in ENGINES.values())

"""Each test here that asks for ``host`` is run in every framework."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from tests.frameworks import hosts

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in each host, named by its module."""
    if "host" in metafunc.fixturenames:
        metafunc.parametrize("host", [parameter(key) for key in hosts.here()], indirect=True)


def parameter(key: str) -> ParameterSet:
    """Return a host as a parameter, marked if it is a process of its own."""
    return pytest.param(key, marks=[pytest.mark.servers] if key in hosts.PROCESSES else [])


@pytest.fixture
def host(request: pytest.FixtureRequest) -> hosts.Host:
    """Return one host after the other."""
    return hosts.host(request.param)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let the frameworks log what the tests make them fail at."""
    caplog.set_level(logging.CRITICAL)

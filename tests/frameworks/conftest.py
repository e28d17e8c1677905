"""Each test here that asks for ``host`` is run in every framework."""

from __future__ import annotations

import logging

import pytest

from tests.frameworks import hosts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in each host, named by its module."""
    if "host" in metafunc.fixturenames:
        metafunc.parametrize("host", hosts.here(), indirect=True)


@pytest.fixture
def host(request: pytest.FixtureRequest) -> hosts.Host:
    """Return one host after the other."""
    return hosts.host(request.param)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Let the frameworks log what the tests make them fail at."""
    caplog.set_level(logging.CRITICAL)

"""The try page, running: one for the tests of a module that only ask, or one of a test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.opened import Opened, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def opened() -> Iterator[Opened]:
    """A page of the test's own, whose policy it may change."""
    running = Opened()
    yield running
    running.page.stop()


@pytest.fixture(scope="module")
def shared() -> Iterator[Opened]:
    """One page for all tests that only ask."""
    running = Opened()
    yield running
    running.page.stop()


@pytest.fixture
def stream(opened: Opened) -> Iterator[Stream]:
    reading = Stream(opened)
    yield reading
    reading.close()

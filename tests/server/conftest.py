"""The try page, running, and a server in memory that does not wait long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.opened import Opened, Stream

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def impatient(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory nobody sends the rest of a body that nobody wants."""
    if request.node.get_closest_marker("servers") is None:
        monkeypatch.setattr("corsmith.server.body.DRAIN_SECONDS", 0.05)


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

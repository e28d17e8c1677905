"""When the person is told: a supervisor that is prepared, and not run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from corsmith.server import run
from corsmith.server.ports import listen
from tests.server.planned import planned

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers


@pytest.fixture
def supervisor() -> Iterator[run.Supervisor]:
    """One that is not run, with a try page."""
    with listen("127.0.0.1", 0) as listening:
        plan = planned(listening=listening, try_page=True)
        made = run.Supervisor(plan, lambda _lines: None)
        with made._ends:
            made._open_channel()
            yield made


def test_nothing_is_loaded_for_the_person_while_workers_are_copied(
    supervisor: run.Supervisor,
) -> None:
    """A copy that is made in the middle of it could never load that module."""
    early = threading.Thread(target=supervisor._herald)
    early.start()
    early.join(0.2)
    assert supervisor._made is None
    supervisor._begin()
    early.join(10)
    assert supervisor._made is not None


def test_no_try_page_is_opened_once_it_ends(supervisor: run.Supervisor) -> None:
    events = supervisor._events
    assert events is not None
    supervisor._ends.close()
    supervisor._begin()
    assert supervisor._herald()._page is None
    with pytest.raises(RuntimeError):
        assert events.address  # nor is its channel

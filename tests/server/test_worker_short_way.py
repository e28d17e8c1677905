"""What a worker serves where some requests go past the front."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from corsmith.adapters.asgi import CORSMiddleware
from corsmith.server.echo import Echo
from corsmith.server.front import Front
from tests.server.test_worker import Started, process  # noqa: F401  a fixture for each test


def test_what_has_a_short_way_past_the_front_is_served_by_it() -> None:
    class Short(Echo):
        def shorten(self, front: Front, *given: Any) -> Any:
            return front, given

    started = Started(quiet=False)
    made: Any = replace(started.worker, serving=Short())()
    front, (app, layer, log) = made
    assert isinstance(front, Front)
    assert (front._log, log is None) == (log, False)
    assert layer is CORSMiddleware
    assert app is front._app.app

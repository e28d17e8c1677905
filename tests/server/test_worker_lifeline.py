"""A worker ends with the process that started it."""

from __future__ import annotations

import os
import threading

import pytest

from corsmith.server.worker import Lifeline


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The exit statuses with which a worker would have ended its process."""
    statuses: list[int] = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    return statuses


def wait_for_the_end() -> None:
    for thread in threading.enumerate():
        if thread.name == "corsmith-lifeline":
            thread.join(10)


def test_a_worker_ends_when_the_process_that_started_it_has(ended: list[int]) -> None:
    # As in a forked process; its copy of the writing end is the last one here.
    Lifeline().hold()
    wait_for_the_end()
    assert ended == [1]


def test_a_worker_that_is_started_anew_gets_the_reading_end_alone(ended: list[int]) -> None:
    lifeline = Lifeline()
    anew = Lifeline.__new__(Lifeline)
    anew.__setstate__(lifeline.__getstate__())
    anew.hold()
    assert ended == []
    lifeline._writing.close()
    wait_for_the_end()
    assert ended == [1]

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from corsmith.server.interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """One that a signal sets, as the end of a server is asked for."""
    made = Interrupt()
    before = signal.signal(signal.SIGUSR1, lambda *_: made.set())
    yield made
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGUSR1, before)


def test_one_that_is_set_is_not_waited_for_until_it_is_cleared(interrupt: Interrupt) -> None:
    assert not interrupt.is_set()
    interrupt.set()
    interrupt.wait()
    interrupt.wait()
    assert interrupt.is_set()
    interrupt.clear()
    assert not interrupt.is_set()
    later = threading.Timer(0.05, interrupt.set)
    later.start()
    interrupt.wait()
    assert interrupt.is_set()


def test_it_may_be_set_any_number_of_times(interrupt: Interrupt) -> None:
    for _ in range(70_000):  # more than a pipe holds
        interrupt.set()
    interrupt.wait()
    assert interrupt.is_set()


@pytest.mark.timeout(10)
def test_a_signal_that_does_not_interrupt_the_wait_ends_it_too(interrupt: Interrupt) -> None:
    """As one that comes just before: here another thread of the system takes it."""
    interrupt.catch_signals()
    released = threading.Event()
    other = threading.Thread(target=released.wait)
    other.start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        later = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        # A thread inherits what is blocked, so the one that was there before takes it.
        later.start()
        interrupt.wait()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        released.set()
        other.join()
    assert interrupt.is_set()

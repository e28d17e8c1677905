"""What becomes of starts and reloads, with processes that only say how they fare.

Real ones are in `test_run.py`, `test_run_ends.py` and `test_serve_apps.py`.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from multiprocessing import Pipe
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from granian.constants import Interfaces
from granian.server import MPServer

from corsmith.errors import AppError, UsageError
from corsmith.server import processes as module
from corsmith.server.ports import listen
from corsmith.server.processes import Processes
from corsmith.server.serving import Told
from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.servers

BROKEN = UsageError("there is no module main")


class Process:
    """A worker's process, as far as it is looked at."""

    def __init__(self, exitcode: int | None = None) -> None:
        # What the system shuts when the process ends.
        sentinel, self.alive = Pipe(duplex=False)
        self.inner = SimpleNamespace(exitcode=exitcode, sentinel=sentinel)
        self.is_deaf = False
        self.interrupt_by_parent = False
        self.asked: list[str] = []
        self.asked_at = 0.0

    def start(self) -> None:
        self.asked.append("start")

    def terminate(self) -> None:
        self.asked.append("terminate")
        self.asked_at = time.monotonic()
        if not self.is_deaf:
            self.inner.exitcode = 0

    def kill(self) -> None:
        self.asked.append("kill")
        self.is_deaf = False

    def join(self, timeout: float = 0) -> None:
        time.sleep(0 if self.inner.exitcode is not None else timeout)


class Started:
    """Processes whose workers are made up; `heard` is what the supervisor is told."""

    def __init__(
        self,
        *,
        stays: bool = False,
        workers: int = 1,
        on_start: Callable[[], None] | None = None,
    ) -> None:
        self.heard: list[tuple[Told, bool]] = []
        self.listening = listen("127.0.0.1", 0)
        self.server: Any = Processes(
            self.listening,
            self.hear,
            stays=(lambda: True) if stays else None,
            on_start=on_start,
            interface=Interfaces.ASGI,
            workers=workers,
            workers_kill_timeout=1,
        )

    def hear(self, told: Told, *, is_reload: bool) -> None:
        self.heard.append((told, is_reload))

    def add(
        self, told: Told | None, *, exitcode: int | None = None, is_trial: bool = False
    ) -> Process:
        """Put a worker beside the others that has told this, or ended without a word."""
        process = Process(exitcode)
        reading, writing = Pipe(duplex=False)
        start = module._Start(reading, writing, is_trial=is_trial)
        if told is not None:
            writing.send(told)
        self.server._starts[process] = start
        self.server._follow(process, start)
        return process


@pytest.fixture
def make() -> Iterator[Callable[..., Started]]:
    made: list[Started] = []

    def start(**settings: Any) -> Started:
        made.append(Started(**settings))
        return made[-1]

    yield start
    for one in made:
        one.listening.close()


Make: TypeAlias = "Callable[..., Started]"


def test_a_worker_that_is_ready_is_heard(make: Make) -> None:
    started = make()
    told = Told(notes=(("found", "an app"),))
    process = started.add(told)
    assert started.heard == [(told, False)]
    assert process.asked == []


def test_a_worker_that_cannot_serve_ends_the_server_with_its_error(make: Make) -> None:
    started = make(workers=2)
    process = started.add(Told(error=BROKEN))
    started.add(Told(error=AppError("the same of the other worker")))
    assert process.asked == ["terminate"]
    assert str(started.server.error) == str(BROKEN)
    assert started.server.interrupt_signal
    assert started.heard == []


def test_where_edits_are_waited_for_it_is_told_once_and_the_server_stays(make: Make) -> None:
    started = make(workers=2, stays=True)
    for _ in range(2):
        started.add(Told(error=BROKEN))
    assert [str(told.error) for told, _ in started.heard] == [str(BROKEN)]
    assert not started.server.interrupt_signal
    assert started.server.error is None


@pytest.mark.parametrize(
    ("exitcode", "told"),
    [(3, "a worker ended with exit status 3"), (-9, "a worker ended by SIGKILL")],
)
def test_a_worker_that_ended_before_it_was_ready_is_not_started_again(
    make: Make, exitcode: int, told: str
) -> None:
    started = make()
    started.server.wrks[:] = [started.add(None, exitcode=exitcode)]
    started.server._respawn_workers([0], None, None)
    assert str(started.server.error) == f"{told} while it started"
    assert started.server.interrupt_signal


def test_one_whose_error_was_told_is_not_told_again(make: Make) -> None:
    started = make(stays=True)
    process = started.add(Told(error=BROKEN))
    process.inner.exitcode = -15
    started.server.wrks[:] = [process]
    started.server._respawn_workers([0], None, None)
    assert len(started.heard) == 1


def test_one_that_served_is_started_anew_and_one_that_serves_is_left_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = make(workers=2)
    anew: list[list[int]] = []
    monkeypatch.setattr(
        MPServer, "_respawn_workers", lambda _self, workers, *_more: anew.append(workers)
    )
    serving, ended = started.add(Told()), started.add(Told())
    ended.inner.exitcode = 1
    started.server.wrks[:] = [serving, ended]
    # A worker that was only tried has the number of one that serves.
    started.server._respawn_workers([0, 1], None, None)
    assert anew == [[1]]


# ── ends ─────────────────────────────────────────────────────────────────────


def test_workers_are_asked_once_to_end_and_not_before_they_can_hear_it(make: Make) -> None:
    started = make(workers=2)
    workers = [started.add(Told()) for _ in range(2)]
    begin = time.monotonic()
    started.server.wrks[:] = workers
    started.server._stop_workers()
    assert [worker.asked for worker in workers] == [["terminate"], ["terminate"]]
    assert all(worker.interrupt_by_parent for worker in workers)
    assert 0.2 < workers[0].asked_at - begin < 0.9
    assert started.server.wrks == []
    # Those that have served for a while, or never will, are asked at once.
    again = time.monotonic()
    started.server._retire([*workers, started.add(Told(error=BROKEN))])
    started.server._retire([])
    assert time.monotonic() - again < 0.2


def test_a_worker_that_does_not_end_within_its_grace_is_killed(make: Make) -> None:
    started = make()
    started.server.workers_kill_timeout = 0.25
    deaf = started.add(Told(error=BROKEN))
    deaf.is_deaf, deaf.inner.exitcode, deaf.asked[:] = True, None, []
    begin = time.monotonic()
    started.server._retire([deaf])
    assert 0.25 <= time.monotonic() - begin < 1
    assert deaf.asked == ["terminate", "kill"]


def test_an_end_that_takes_its_time_is_explained_to_who_asked_for_it(make: Make) -> None:
    started, told = make(), list[object]()
    started.server._on_wait = told.append
    started.server.workers_kill_timeout = 1.2
    for number in (None, signal.SIGINT):
        process = started.add(Told())
        process.is_deaf = True
        started.server.wrks[:] = [process]
        started.server._signal = number
        started.server._stop_workers()
        assert process.asked == ["terminate", "kill"]
    assert told == [signal.SIGINT]
    started.server.wrks[:] = [started.add(Told())]
    started.server._stop_workers()
    assert told == [signal.SIGINT]


def test_a_worker_has_ended_also_before_its_exit_code_is_known(make: Make) -> None:
    """Another thread waits for it too, and may be about to say."""
    started, told = make(), list[object]()
    started.server._on_wait, started.server._signal = told.append, signal.SIGINT
    started.server.workers_kill_timeout = 1.2
    process = started.add(Told())
    process.is_deaf = True
    process.alive.close()
    started.server.wrks[:] = [process]
    started.server._stop_workers()
    assert told == []
    assert process.asked == ["terminate"]


# ── reloads ────────────────────────────────────────────────────────────────────


def reload(started: Started, *tried: Process) -> list[Process]:
    """Reload with these as the new workers; return those that served before."""
    old = [started.add(Told()) for _ in tried]
    started.heard.clear()
    started.server.wrks[:] = old
    started.server._try = lambda *_settings: [*tried]
    started.server.reload()
    assert started.server.main_loop_interrupt.is_set()
    started.server._reload(None, None)
    return old


def test_new_workers_take_the_place_of_the_old_ones_once_they_are_ready(make: Make) -> None:
    started = make(workers=2)
    told = Told(notes=(("found", "another app"),))
    tried = [started.add(told, is_trial=True) for _ in range(2)]
    assert started.heard == []
    old = reload(started, *tried)
    assert started.server.wrks == tried
    assert started.heard == [(told, True)]
    assert all(process.asked == [] for process in tried)
    soon(lambda: all(process.asked == ["terminate"] for process in old))
    assert not started.server.reload_signal


@pytest.mark.parametrize("how", ["told", "ended"])
def test_where_one_of_them_fails_the_old_ones_stay(make: Make, how: str) -> None:
    started = make(workers=2)
    good = started.add(Told(), is_trial=True)
    bad = (
        started.add(Told(error=BROKEN), is_trial=True)
        if how == "told"
        else started.add(None, exitcode=3, is_trial=True)
    )
    old = reload(started, good, bad)
    assert started.server.wrks == old
    assert (good.asked, bad.asked) == (["kill"], ["kill"])
    ((told, is_reload),) = started.heard
    assert is_reload
    expected = BROKEN if how == "told" else "a worker ended with exit status 3 while it started"
    assert str(told.error) == str(expected)


def test_after_a_good_edit_the_next_failure_is_told_again(make: Make) -> None:
    started = make(stays=True)
    started.add(Told(error=BROKEN))
    reload(started, started.add(Told(), is_trial=True))
    started.add(Told(error=BROKEN))
    assert [told.error is not None for told, _ in started.heard] == [False, True]


def slow(started: Started) -> Process:
    """Return a worker that has not said anything yet."""
    process = Process()
    reading, writing = Pipe(duplex=False)
    started.server._starts[process] = module._Start(reading, writing, is_trial=True)
    return process


@pytest.mark.parametrize("why", ["reload_signal", "interrupt_signal"])
def test_another_edit_and_a_signal_come_before_a_start_that_takes_long(
    make: Make, why: str
) -> None:
    started = make()
    tried = slow(started)
    timer = threading.Timer(0.1, lambda: setattr(started.server, why, True))
    timer.start()
    old = reload(started, tried)
    timer.join()
    assert started.server.wrks == old
    assert tried.asked == ["kill"]
    assert started.heard == []


def test_a_signal_that_came_with_the_edit_is_not_lost(make: Make) -> None:
    started = make()
    started.server.interrupt_signal = True
    tried = started.add(Told(), is_trial=True)
    old = reload(started, tried)
    assert started.server.wrks == old
    assert tried.asked == []
    assert started.server.main_loop_interrupt.is_set()


def test_as_many_workers_are_tried_as_there_are(make: Make) -> None:
    started = make(workers=2)
    made: list[tuple[int, bool]] = []

    def spawn(idx: int, _target: object, _loader: object) -> Process:
        made.append((idx, started.server._is_trial))
        return Process()

    started.server._spawn_worker = spawn
    tried = started.server._try(None, None)
    assert made == [(0, True), (1, True)]
    assert [process.asked for process in tried] == [["start"], ["start"]]
    assert not started.server._is_trial


def test_no_kernel_thread_polls_for_a_loop_unless_somebody_wants_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("UV_USE_IO_URING", raising=False)
    Started().listening.close()
    assert os.environ["UV_USE_IO_URING"] == "0"
    monkeypatch.setenv("UV_USE_IO_URING", "1")
    Started().listening.close()
    assert os.environ["UV_USE_IO_URING"] == "1"


# ── garbage ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_there_at_the_start_is_never_looked_at_again_and_what_comes_later_is(
    make: Make, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """A look writes into each object, and what is written is no longer shared with a worker."""
    frozen: list[int] = []
    monkeypatch.setattr(MPServer, "startup", lambda *_: frozen.append(gc.get_freeze_count()))
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    hang_up = signal.getsignal(signal.SIGHUP)
    begun: list[str] = []
    one = make(on_start=(lambda: begun.append("now")) if is_told else None)
    gc.disable()  # as while a program is loaded
    try:
        one.server.startup(None, None)
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
        signal.set_wakeup_fd(-1)
        for name, handler in {**handlers, signal.SIGHUP: hang_up}.items():
            signal.signal(name, handler)
    assert frozen[0] > 0
    assert begun == (["now"] if is_told else [])

"""The server's processes: one that holds the port, and the workers that serve on it.

What lives here: ``Processes``, which starts workers, hears what becomes of each start, and
puts new ones in the place of old ones. What does not: what a worker does (``worker``), and
what the person is told (``run``).

Facts about Granian 2.8 that shape the code:

* its own socket has SO_REUSEPORT, which hides a second server on the port, and cannot tell
  the number that port 0 became: so it is given a socket of ours;
* in its mode for both HTTP versions a silent connection is never closed: so without TLS
  HTTP/1.1 alone is spoken, which is all that a browser speaks there; over TLS, where ALPN
  chooses, ``silence`` closes them;
* it asks the workers to end once, and then waits ``workers_kill_timeout`` seconds; a worker
  loses that signal while it begins to serve, and with a third one it cuts requests in flight:
  so the signal is not repeated, but held back from a worker that has just begun;
* it takes a worker that a Ctrl-C reached first for one that failed, and then exits with 1;
* it starts a worker anew however the last one ended, for ever if each takes six seconds to
  end: so one that ended before it was ready is not started again;
* it takes uvloop as its loop where that is installed, a tenth cheaper than Python's; uvloop 0.22
  has the kernel poll for it on a core of its own unless it is told not to;
* where it is told to reload, it ends the old workers whatever becomes of the new ones: so
  ``reload`` is our own, and the old ones serve until the new ones are ready.
"""

import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakKeyDictionary

from granian._granian import SocketHolder
from granian.constants import HTTPModes
from granian.http import HTTP1Settings, HTTP2Settings
from granian.log import LogLevels
from granian.server import MPServer
from granian.server.mp import WorkerProcess

from corsmith.errors import AppError, CorsmithError
from corsmith.server.interrupt import Interrupt
from corsmith.server.limits import HEAD_SECONDS, PARSER_BYTES, TAKE_SECONDS
from corsmith.server.ports import BACKLOG, address_of, end_stalled
from corsmith.server.serving import Told
from corsmith.server.worker import Worker

if TYPE_CHECKING:
    from corsmith.server.tls import Certificate

__all__ = ["Hear", "Processes", "share_socket"]

_LOOK_SECONDS: Final = 0.02
"""How often a start is looked at while it is waited for."""

_SETTLE_SECONDS: Final = 0.25
"""How long a worker that says that it is ready may not yet hear a signal."""

_HTTP1: Final = HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=PARSER_BYTES)

_HTTP2: Final = HTTP2Settings(
    keep_alive_interval=HEAD_SECONDS * 1000,
    keep_alive_timeout=HEAD_SECONDS,
    # RFC 9113, section 6.5.2, recommends 100, and nginx has 128. Each holds half a megabyte of
    # what a client does not take, and six at once are all that HTTP/1.1 gives to a page.
    max_concurrent_streams=32,
    max_headers_size=PARSER_BYTES,
)
"""A client that has gone is noticed by a ping, one that takes nothing by ``stalls``, and a head
is as large as in HTTP/1.1."""

_LOGGING: Final = {
    "formatters": {
        "generic": {"()": "corsmith.server.traces.Traces"},
        "access": {"format": "%(message)s"},
    },
    "handlers": {
        "console": {"class": "corsmith.server.traces.Console", "formatter": "generic"},
        "access": {"class": "logging.NullHandler"},
    },
}
"""Granian's errors on standard error; its handlers are replaced as a whole."""


_SILENT_SECONDS: Final = 1.0
"""How long an end may take before a person is told of it; an idle worker takes a tenth."""


class Hear(Protocol):
    """Takes what becomes of a start: of one worker, or of all at once after a reload."""

    def __call__(self, told: Told, *, is_reload: bool) -> None:
        """Take it; called by a thread of its own."""


class _Start:
    """The start of one worker, from the moment it is made until it is ready or has failed."""

    def __init__(self, reading: Connection, writing: Connection, *, is_trial: bool) -> None:
        self._reading = reading
        self._writing = writing
        self.is_trial = is_trial
        self.over = threading.Event()
        self.told: Told | None = None
        self.ready_at = 0.0

    @property
    def is_ready(self) -> bool:
        """Whether the worker serves."""
        return self.told is not None and self.told.error is None

    def follow(self, process: WorkerProcess) -> None:
        """Return when the worker has told what became of its start, or has ended."""
        while not self._reading.poll(_LOOK_SECONDS):
            if process.inner.exitcode is not None:
                break
        else:
            self.told = self._reading.recv()
            self.ready_at = time.monotonic() if self.is_ready else 0.0
        self._reading.close()
        self._writing.close()
        self.over.set()


class Processes(MPServer):
    """Granian's server on a socket of ours, with our answer to signals, starts and edits."""

    def __init__(
        self,
        listening: socket.socket,
        hear: Hear,
        *,
        stays: Callable[[], bool] | None = None,
        on_wait: Callable[[signal.Signals], None] | None = None,
        on_start: Callable[[], None] | None = None,
        certificate: "Certificate | None" = None,
        **settings: Any,  # noqa: ANN401  Granian's own settings
    ) -> None:
        """Prepare; nothing is started yet.

        ``hear`` is told of each start. While ``stays`` says so, a failed one is no reason to
        end: ``reload`` is waited for. ``on_wait`` is called with the signal that ends it
        where requests in flight hold up the end, ``on_start`` once all workers are started.
        """
        address, port = address_of(listening)
        if certificate is not None:
            settings = {
                **settings,
                "ssl_cert": certificate.cert,
                "ssl_key": certificate.key,
                "http2_settings": _HTTP2,
            }
        os.environ.setdefault("UV_USE_IO_URING", "0")  # read when a worker makes its loop
        super().__init__(
            "corsmith",
            address,
            port,
            http=HTTPModes.http1 if certificate is None else HTTPModes.auto,
            http1_settings=_HTTP1,
            backlog=BACKLOG,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            respawn_failed_workers=True,
            **settings,
        )
        end_stalled(listening, TAKE_SECONDS)
        self._listening = listening
        self._hear = hear
        self._stays = stays
        self._on_wait = on_wait
        self._on_start = on_start
        self._signal: signal.Signals | None = None
        self._is_trial = False
        self._starts: WeakKeyDictionary[WorkerProcess, _Start] = WeakKeyDictionary()
        self._has_failed = False
        self.error: CorsmithError | None = None
        """Why the server ended by itself, where a worker could tell."""

    def reload(self) -> None:
        """Have new workers started, and the old ones end once those are ready."""
        self.reload_signal = True
        self.main_loop_interrupt.set()

    # ── what Granian calls ─────────────────────────────────────────────────────

    def _init_shared_socket(self) -> None:
        """Share our socket with the workers, as Granian shares its own where it must."""
        self._listening.set_inheritable(True)
        share_socket(self, self._listening)

    def startup(self, spawn_target: object, target_loader: object) -> None:
        """Start the workers, then answer signals ourselves."""
        hang_up = signal.getsignal(signal.SIGHUP)
        interrupt = Interrupt()
        self.main_loop_interrupt = interrupt  # type: ignore[assignment]  # Granian asks no more
        interrupt.catch_signals()
        # What is there now stays, and is never looked at again: a look writes into each object,
        # and a page that is written has a copy of its own in each process.
        gc.freeze()
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # Granian's
        gc.enable()  # it is off while a program is loaded
        signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGTERM, self._end)
        # Granian would start its workers anew. A closed terminal ends what runs in it, and
        # nohup, which has the signal ignored, is still obeyed.
        ignored = hang_up is signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else self._end)
        if self._on_start is not None:
            self._on_start()

    def _spawn_worker(  # type: ignore[override]  # as Granian's own servers do
        self, idx: int, target: object, callback_loader: Worker
    ) -> WorkerProcess:
        """Make a worker that tells what becomes of its start."""
        reading, writing = Pipe(duplex=False)
        process = super()._spawn_worker(idx, target, replace(callback_loader, ready=writing))
        start = _Start(reading, writing, is_trial=self._is_trial)
        self._starts[process] = start
        threading.Thread(
            target=self._follow, args=(process, start), name="corsmith-start", daemon=True
        ).start()
        return process

    def _respawn_workers(
        self, workers: Sequence[int], spawn_target: object, target_loader: object, delay: float = 0
    ) -> None:
        """Start workers anew that ended by themselves, unless they have never been ready."""
        dead = [idx for idx in workers if self.wrks[idx].inner.exitcode is not None]
        for idx in dead:
            process = self.wrks[idx]
            start = self._starts[process]
            start.over.wait()
            if not start.is_ready:
                if start.told is None:
                    self._fail(_ended(process))
                return
        super()._respawn_workers(dead, spawn_target, target_loader, delay)

    def _reload(self, spawn_target: object, target_loader: Worker) -> None:
        """Put new workers in the place of the old ones, if they become ready."""
        self.reload_signal = False
        self.main_loop_interrupt.clear()
        if self.interrupt_signal:  # it came just before that line
            self.main_loop_interrupt.set()
            return
        fresh = self._try(spawn_target, target_loader)
        starts = [self._starts[process] for process in fresh]
        while not all(start.over.is_set() for start in starts):
            if self.interrupt_signal or self.reload_signal:
                break
            time.sleep(_LOOK_SECONDS)
        if all(start.is_ready for start in starts):
            old, self.wrks[:] = self.wrks[:], fresh
            self._has_failed = False
            threading.Thread(
                target=self._retire, args=(old,), name="corsmith-retire", daemon=True
            ).start()
        else:
            for process in fresh:
                process.kill()  # type: ignore[no-untyped-call]  # Granian's
        self._tell(fresh, starts)

    # ── what becomes of a start ────────────────────────────────────────────────

    def _follow(self, process: WorkerProcess, start: _Start) -> None:
        start.follow(process)
        if start.is_trial or start.told is None:
            return  # whoever waits for it tells
        if start.told.error is None:
            self._hear(start.told, is_reload=False)
        else:
            process.terminate()  # type: ignore[no-untyped-call]  # Granian's
            self._fail(start.told.error)

    def _try(self, spawn_target: object, target_loader: Worker) -> list[WorkerProcess]:
        """Start as many workers as there are, beside those that serve."""
        self._is_trial = True
        fresh = [
            self._spawn_worker(idx, spawn_target, target_loader) for idx in range(self.workers)
        ]
        self._is_trial = False
        for process in fresh:
            process.start()  # type: ignore[no-untyped-call]  # Granian's
        return fresh

    def _tell(self, fresh: Sequence[WorkerProcess], starts: Sequence[_Start]) -> None:
        """Tell what became of a reload; nothing where it was not waited for."""
        if not all(start.over.is_set() for start in starts):
            return
        for process, start in zip(fresh, starts, strict=True):
            if start.told is None:
                self._hear(Told(error=_ended(process)), is_reload=True)
                return
            if start.told.error is not None:
                self._hear(start.told, is_reload=True)
                return
        self._hear(starts[0].told or Told(), is_reload=True)

    def _fail(self, error: CorsmithError) -> None:
        """End for an error at the start, or tell it and wait for the next edit."""
        if self.interrupt_signal or self._has_failed:
            return  # the first of several workers has told
        self._has_failed = True
        if self._stays is None or not self._stays():
            self.error = error
            self.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # Granian's
        else:
            self._hear(Told(error=error), is_reload=False)

    def _stop_workers(self) -> None:
        """End all workers, each within the grace of a request."""
        self._retire(self.wrks, self._wonder)
        self.wrks.clear()

    def _wonder(self) -> None:
        """Tell whoever asked for the end what holds it up."""
        if self._on_wait is not None and self._signal is not None:
            self._on_wait(self._signal)

    def _retire(
        self, old: Sequence[WorkerProcess], on_wait: Callable[[], None] | None = None
    ) -> None:
        """End workers, each within the grace of a request."""
        for process in old:
            process.interrupt_by_parent = True
        now = time.monotonic()
        youngest = max((self._starts[process].ready_at for process in old), default=0.0)
        time.sleep(max(0.0, youngest + _SETTLE_SECONDS - now))
        for process in old:
            process.terminate()  # type: ignore[no-untyped-call]  # Granian's
        asked = time.monotonic()
        end = asked + (self.workers_kill_timeout or 0)
        if on_wait is not None and asked + _SILENT_SECONDS < end:
            _join(old, asked + _SILENT_SECONDS)
            if not all(map(_has_ended, old)):
                on_wait()
        _join(old, end)
        for process in old:
            if not _has_ended(process):
                process.kill()  # type: ignore[no-untyped-call]  # Granian's
                process.join()  # type: ignore[no-untyped-call]  # Granian's

    def _end(self, number: int, _frame: FrameType | None) -> None:
        """End as asked; asked again, at once."""
        for worker in self.wrks:
            # A Ctrl-C reaches it too, and it may end before we come to asking it.
            worker.interrupt_by_parent = True
            if self.interrupt_signal:
                worker.kill()  # type: ignore[no-untyped-call]  # Granian's
        self._signal = signal.Signals(number)
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # Granian's


def _join(processes: Sequence[WorkerProcess], end: float) -> None:
    """Wait for the end of processes, but not longer than until a time."""
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))  # type: ignore[no-untyped-call]  # Granian's


def _has_ended(process: WorkerProcess) -> bool:
    """Return whether a process has ended.

    Its exit code may come a moment later: Granian waits for it in a thread of its own, and of
    two who wait one gets it from the system.
    """
    inner = process.inner
    return inner.exitcode is not None or bool(wait([inner.sentinel], 0))


def share_socket(server: Any, listening: socket.socket) -> None:  # noqa: ANN401  a Granian server, whose attributes have no types
    """Have a server of Granian's listen on a socket of ours."""
    descriptor = listening.fileno()
    # Where Granian's own socket listens only in the worker, its holder has a backlog.
    late = sys.platform.startswith(("linux", "freebsd"))
    holder = (descriptor, False, BACKLOG) if late else (descriptor, False)
    server._ssp = None  # noqa: SLF001  what Granian's own does
    server._shd = SocketHolder(*holder)  # noqa: SLF001  as above
    server._sfd = descriptor  # noqa: SLF001  as above
    server._sso = listening  # noqa: SLF001  as above


def _ended(process: WorkerProcess) -> AppError:
    """Return what is told of a worker that ended its process before it was ready."""
    status = process.inner.exitcode
    how = f"with exit status {status}"
    if status is not None and status < 0:
        how = f"by {signal.Signals(-status).name}"
    return AppError(f"a worker ended {how} while it started")

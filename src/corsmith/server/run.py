"""Running a server: worker processes, signals, the policy file and the banner.

What lives here: ``Supervisor``, the process that a person starts and stops. What does not:
the workers' application (``worker``, ``front``), and the flags (``corsmith.cli.serve``).

Facts about Granian 2.8 that shape the code:

* its own socket has SO_REUSEPORT, which hides a second server on the port, and cannot tell
  the number that port 0 became: so it is given a socket of ours;
* in its mode for both HTTP versions a silent connection is never closed: so HTTP/1.1 alone
  is spoken, which is all that a browser speaks without TLS;
* it asks the workers to end once, and then waits ``workers_kill_timeout`` seconds;
* it takes a worker that a Ctrl-C reached first for one that failed, and then exits with 1.
"""

import contextlib
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from types import FrameType
from typing import Any, Final

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from corsmith.errors import CorsmithError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.banner import Started, banner, edited, failed, problems, warnings
from corsmith.server.hosts import Hosts, is_loopback
from corsmith.server.limits import HEAD_SECONDS, PARSER_BYTES
from corsmith.server.page import TryPage
from corsmith.server.ports import BACKLOG, address_of
from corsmith.server.prediction import InForce
from corsmith.server.serving import Serving
from corsmith.server.source import PolicySource
from corsmith.server.worker import Lifeline, Worker

__all__ = ["Plan", "Say", "Supervisor"]

_SHORTEST_GRACE: Final = 0.01
"""What ``--grace 0`` means to Granian, to which 0 means for ever."""

_MOST_FILES: Final = 65_536
_MOST_CONNECTIONS: Final = 8_192
"""The most connections of one worker: an idle one costs a file and little else, and if
there were only as many as are served at once, idle ones would keep the others out."""

_SPARE_FILES: Final = 128
"""The files that are left when all connections are open."""

_PROBE_SECONDS: Final = 0.02

Say = Callable[[Iterable[str]], None]
"""Writes lines for the person who started the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to serve, and how."""

    listening: socket.socket
    serving: Serving
    policy: Policy | Routes
    source: PolicySource
    hosts: Hosts | None
    limit_body: int | None
    workers: int
    grace: float
    quiet: bool
    try_page: bool


class Supervisor:
    """Serves a plan until a signal ends it."""

    def __init__(self, plan: Plan, say: Say) -> None:
        """Prepare; nothing is started yet."""
        self._plan = plan
        self._say = say
        self._address, self._port = address_of(plan.listening)
        self._in_force = InForce(
            policy=plan.policy, source=plan.source.file, flags=tuple(plan.source.fields)
        )
        self._page: TryPage | None = None
        self._page_url: str | None = None
        self._watcher = plan.source.watcher(self._take, self._complain)
        self._ready, self._tell_ready = Pipe(duplex=False)

    def run(self) -> bool:
        """Serve; return whether a signal ended it, as it should, and not a failure."""
        plan = self._plan
        files = _raise_file_limit()
        self._open_page()
        worker = Worker(
            serving=plan.serving,
            policy=plan.policy,
            source=plan.source,
            hosts=plan.hosts,
            limit_body=plan.limit_body,
            quiet=plan.quiet,
            page=None if self._page is None else self._page.address,
            lifeline=Lifeline(),
            ready=self._tell_ready,
        )
        server = _Server(
            plan.listening,
            self._started,
            websockets=plan.serving.streams,
            interface=Interfaces.ASGI if plan.serving.has_lifespan else Interfaces.ASGINL,
            workers=plan.workers,
            workers_kill_timeout=max(plan.grace, _SHORTEST_GRACE),
            backpressure=max(1, min(_MOST_CONNECTIONS, files - _SPARE_FILES)),
        )
        try:
            with contextlib.suppress(SystemExit):
                server.serve(target_loader=worker, wrap_loader=False)
        finally:
            if self._page is not None:
                self._page.stop()
        return bool(server.interrupt_signal)

    def _open_page(self) -> None:
        """Start the try page, unless it is not wanted or everybody could reach the server."""
        if not self._plan.try_page or not is_loopback(self._address):
            return
        page = TryPage(self._describe(None).url, lambda: self._in_force)
        try:
            self._page_url = page.start()
        except OSError as error:
            self._say([f"there is no try page: {error.strerror or error}"])
        else:
            self._page = page

    def _describe(self, page: str | None) -> Started:
        return Started(
            address=self._address,
            port=self._port,
            policy=self._in_force.policy,
            file=self._plan.source.file,
            page=page,
            serving=self._plan.serving,
        )

    def _started(self) -> None:
        """Have what follows the start done in a thread: the caller goes on to wait."""
        threading.Thread(target=self._announce, name="corsmith-announce", daemon=True).start()

    def _announce(self) -> None:
        """Print the banner once every worker is ready and one has answered."""
        for _ in range(self._plan.workers):
            self._ready.recv_bytes()
        _wait_for_answer(self._describe(None))
        self._say([*banner(self._describe(self._page_url)), *warnings(self._in_force.policy)])
        if self._watcher is not None:
            self._catch_up()
            self._watcher.start()

    def _catch_up(self) -> None:
        """Take an edit that was made between the first reading and now."""
        try:
            policy = self._plan.source.load()
        except CorsmithError as error:
            self._complain(error)
        else:
            self._take(policy)

    def _take(self, policy: Policy | Routes) -> None:
        before = self._in_force
        file = str(before.source)
        self._in_force = replace(before, policy=policy, problems=())
        if policy != before.policy or before.problems:
            self._say(_at_now([*edited(file, policy), *warnings(policy)]))

    def _complain(self, error: CorsmithError) -> None:
        before = self._in_force
        lines = problems(error)
        self._in_force = replace(before, problems=tuple(lines))
        self._say(_at_now(failed(str(before.source), error)))


class _Server(MPServer):
    """Granian's server on a socket of ours, with our answer to signals."""

    def __init__(
        self,
        listening: socket.socket,
        on_started: Callable[[], None],
        **settings: Any,  # noqa: ANN401  Granian's own settings
    ) -> None:
        address, port = address_of(listening)
        super().__init__(
            "corsmith",
            address,
            port,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=PARSER_BYTES
            ),
            backlog=BACKLOG,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
            respawn_failed_workers=True,
            **settings,
        )
        self._listening = listening
        self._on_started = on_started

    def _init_shared_socket(self) -> None:
        """Share our socket with the workers, as Granian shares its own where it must."""
        descriptor = self._listening.fileno()
        self._listening.set_inheritable(True)
        # Where Granian's own socket listens only in the worker, its holder has a backlog.
        late = sys.platform.startswith(("linux", "freebsd"))
        holder = (descriptor, False, BACKLOG) if late else (descriptor, False)
        self._ssp = None
        self._shd = SocketHolder(*holder)  # type: ignore[assignment]  # None until it is made
        self._sfd = descriptor  # type: ignore[assignment]  # as the line above
        self._sso = self._listening

    def startup(self, spawn_target: object, target_loader: object) -> None:
        """Start the workers, then answer signals ourselves."""
        hang_up = signal.getsignal(signal.SIGHUP)
        super().startup(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # Granian's
        signal.signal(signal.SIGINT, self._end)
        signal.signal(signal.SIGTERM, self._end)
        # Granian would start its workers anew. A closed terminal ends what runs in it, and
        # nohup, which has the signal ignored, is still obeyed.
        ignored = hang_up is signal.SIG_IGN
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else self._end)
        self._on_started()

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        """End as asked; asked again, at once."""
        if self.interrupt_signal:
            for worker in self.wrks:
                worker.kill()  # type: ignore[no-untyped-call]  # Granian's
        self.signal_handler_interrupt()  # type: ignore[no-untyped-call]  # Granian's


_LOGGING: Final = {
    "formatters": {
        "generic": {"format": "corsmith: %(message)s"},
        "access": {"format": "%(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "generic"},
        "access": {"class": "logging.NullHandler"},
    },
}
"""Granian's errors on standard error; its handlers are replaced as a whole."""


def _raise_file_limit() -> int:
    """Return how many files a process may have open, after asking for enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has another limit below it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if now == resource.RLIM_INFINITY else min(now, _MOST_FILES)


def _wait_for_answer(started: Started) -> None:
    """Return once the server answers.

    What is sent is no HTTP, so the server's parser answers it: no application sees it,
    and no request line is written.
    """
    host = started.url.removeprefix("http://").rpartition(":")[0].strip("[]")
    while True:
        with (
            contextlib.suppress(OSError),
            socket.create_connection((host, started.port), timeout=1) as asking,
        ):
            asking.sendall(b"ready?\r\n\r\n")
            if asking.recv(1):
                return
        time.sleep(_PROBE_SECONDS)


def _at_now(lines: list[str]) -> list[str]:
    """Return lines that begin with the time, as request lines do."""
    return [f"{time.strftime('%H:%M:%S')} {lines[0]}", *lines[1:]]

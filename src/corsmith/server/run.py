"""Running a server: worker processes, signals and the end.

What lives here: ``Supervisor``, the process that a person starts and stops. What does not:
the workers' application (``worker``, ``front``), what the person is told (``herald``), and the
flags (``corsmith.cli.serve``).

What is not needed before the first answer is loaded after it, or never: a start is mostly the
loading of modules.
"""

import contextlib
import resource
import signal
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from granian.constants import Interfaces

from corsmith.server.events import Receiver
from corsmith.server.hosts import is_loopback
from corsmith.server.plan import Plan, Say
from corsmith.server.ports import address_of
from corsmith.server.processes import Processes
from corsmith.server.serving import Told
from corsmith.server.worker import Lifeline, Worker

if TYPE_CHECKING:
    from corsmith.server.admitted import Admitted
    from corsmith.server.herald import Herald

__all__ = ["Plan", "Supervisor"]

_SHORTEST_GRACE: Final = 0.01
"""What ``--grace 0`` means to Granian, to which 0 means for ever."""

_MOST_FILES: Final = 65_536
_MOST_CONNECTIONS: Final = 8_192
"""The most connections of one worker: an idle one costs a file and little else, and if
there were only as many as are served at once, idle ones would keep the others out."""

_SPARE_FILES: Final = 128
"""The files that are left when all connections are open."""

_SLOW_SECONDS: Final = 10
"""How long a start may take before a person wonders whether it hangs."""


class Supervisor:
    """Serves a plan until a signal ends it."""

    def __init__(self, plan: Plan, say: Say) -> None:
        """Prepare; nothing is started yet."""
        self._plan = plan
        self._say = say
        self._address, self._port = address_of(plan.listening)
        self._events: Receiver | None = None
        self._waited = plan.workers
        self._begun = threading.Event()
        self._hearing = threading.Lock()
        self._made: Herald | None = None
        self._making = threading.Lock()
        self._is_over = False
        self._ends = contextlib.ExitStack()
        self._slow = threading.Timer(_SLOW_SECONDS, self._wonder)
        self._slow.daemon = True
        self._edited = ""

    def run(self) -> bool:
        """Serve; return whether a signal ended it, as it should, and not a failure."""
        plan = self._plan
        with self._ends:
            files = _raise_file_limit()
            self._open_channel()
            worker = self._worker()
            server = Processes(
                plan.listening,
                self._hear,
                stays=self._stays,
                on_wait=None if plan.is_followed else self._tell_wait,
                on_start=self._begin,
                certificate=plan.certificate,
                websockets=plan.serving.streams,
                interface=Interfaces.ASGI if plan.serving.has_lifespan else Interfaces.ASGINL,
                workers=plan.workers,
                workers_kill_timeout=max(plan.grace, _SHORTEST_GRACE),
                backpressure=max(1, min(_MOST_CONNECTIONS, files - _SPARE_FILES)),
            )
            self._follow_edits(server)
            try:
                with contextlib.suppress(SystemExit):
                    server.serve(target_loader=worker, wrap_loader=False)
            except BaseException:
                # Nobody else would end them, and this process waits for them.
                for process in server.wrks:
                    process.kill()  # type: ignore[no-untyped-call]  # Granian's
                raise
        if server.error is not None:
            raise server.error
        return bool(server.interrupt_signal)

    def _open_channel(self) -> None:
        """Have the workers' records received for the try page.

        There is none where it is not wanted, or where everybody could reach the server.
        """
        if not self._plan.try_page or not is_loopback(self._address):
            return
        events = Receiver()
        try:
            events.start()
        except OSError as error:
            self._say([f"there is no try page: {error.strerror or error}"])
        else:
            self._events = events
            self._ends.callback(events.stop)
            self._ends.callback(self._close_page)

    def _worker(self) -> Worker:
        """Return what a worker is; where a person is there, begin to ask about origins too."""
        plan = self._plan
        worker = Worker(
            serving=plan.serving,
            policy=plan.policy,
            source=plan.source,
            hosts=plan.hosts,
            limit_body=plan.limit_body,
            quiet=plan.quiet,
            page=None if self._events is None else self._events.address,
            lifeline=Lifeline(),
            tls_port=None if plan.certificate is None else self._port,
        )
        if plan.terminal is None:
            return worker
        from corsmith.server.admitted import Admitted
        from corsmith.server.asking import Asking, Keyboard, Refused

        refused, admitted = Refused(), Admitted()
        self._ends.callback(admitted.close)
        asking = Asking(
            refused,
            Keyboard(plan.terminal),
            ask=lambda origin: self._herald().question(origin),
            allow=lambda origin: self._admit(admitted, origin),
            say=self._say,
        )
        asking.start()
        self._ends.callback(asking.stop)
        return replace(worker, refused=refused, admitted=admitted)

    def _begin(self) -> None:
        """Prepare what the person will be told, while the workers start."""
        self._begun.set()
        self._slow.start()
        self._ends.callback(self._slow.cancel)
        threading.Thread(target=self._herald, name="corsmith-herald", daemon=True).start()

    def _herald(self) -> "Herald":
        """Return who tells the person; made once the workers have been started."""
        # A worker that is copied while a module is loaded could never load that one.
        self._begun.wait()
        with self._making:
            if self._made is None:
                from corsmith.server.herald import Herald  # a worker needs none of it

                made = Herald(self._plan, self._say, (self._address, self._port))
                if self._events is not None and not self._is_over:
                    made.open_page(self._events)
                self._made = made
            return self._made

    def _close_page(self) -> None:
        """End the try page, and have none opened from now on."""
        with self._making:
            self._is_over = True
            if self._made is not None:
                self._made.stop()

    def _admit(self, admitted: "Admitted", origin: str) -> None:
        """Allow an origin until the end, in every worker."""
        admitted.add(origin)
        self._herald().admit(origin)

    def _follow_edits(self, server: Processes) -> None:
        """Have the workers replaced whenever the code of the application changes."""
        if not self._plan.watched:
            return
        from corsmith.server.app.edits import Edits  # it needs an extra of its own

        def take(file: str) -> None:
            self._edited = file
            server.reload()

        def tell(problem: str) -> None:
            self._say([f"corsmith: edits are not followed: {problem}"])

        edits = Edits(self._plan.watched, take, tell)
        edits.start()
        self._ends.callback(edits.stop)

    def _hear(self, told: Told, *, is_reload: bool) -> None:
        """Take what one worker tells of its start; each has a thread of its own for it."""
        herald = self._herald()
        with self._hearing:
            is_first = self._waited > 0
            if told.error is not None:
                herald.fail(told.error, is_first=is_first)
                return
            is_news = herald.bring(told)
            self._waited = 0 if is_reload else self._waited - 1
            if is_first and self._waited == 0:
                self._slow.cancel()
                herald.announce()
            elif is_reload:
                herald.reload(self._edited, is_news=is_news)

    def _stays(self) -> bool:
        """Return whether a start that fails is waited out: the next edit may mend it.

        Not the first one where a program waits for it: nobody edits meanwhile.
        """
        plan = self._plan
        return bool(plan.watched) and not (plan.is_followed and self._waited > 0)

    def _tell_wait(self, number: signal.Signals) -> None:
        """Say why the end takes its time, and how to have it at once."""
        from corsmith.server.banner import at_now

        what = f"waiting up to {self._plan.grace:g} s for requests in flight"
        again = "; Ctrl-C again ends now" if number is signal.SIGINT else ""
        self._say(at_now([f"{what}{again}"]))

    def _wonder(self) -> None:
        """Say that a worker takes long to become ready."""
        title = self._plan.serving.title
        problem = f"{title} is not ready after {_SLOW_SECONDS} seconds: its start goes on"
        self._say([f"corsmith: {problem}", "  Ctrl-C ends it"])


def _raise_file_limit() -> int:
    """Return how many files a process may have open, after asking for enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has another limit below it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if now == resource.RLIM_INFINITY else min(now, _MOST_FILES)

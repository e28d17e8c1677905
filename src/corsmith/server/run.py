"""Running a server: worker processes, signals, the policy file and the banner.

What lives here: ``Supervisor``, the process that a person starts and stops. What does not:
the workers' application (``worker``, ``front``), and the flags (``corsmith.cli.serve``).
"""

import contextlib
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from granian.constants import Interfaces

from corsmith.errors import CorsmithError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.admitted import Admitted, allow_besides, may_be_admitted
from corsmith.server.asking import Asking, Keyboard, Refused, question
from corsmith.server.banner import (
    Started,
    banner,
    edited,
    failed,
    not_started,
    problems,
    reloaded,
    some_origin,
    warnings,
)
from corsmith.server.browsing import Shown, open_address
from corsmith.server.hosts import Hosts, is_loopback
from corsmith.server.omitted import omitted
from corsmith.server.page import TryPage
from corsmith.server.ports import address_of, reached_at, wait_for_answer
from corsmith.server.prediction import InForce
from corsmith.server.processes import Processes
from corsmith.server.serving import Looking, Serving, Told
from corsmith.server.source import PolicySource
from corsmith.server.tls import Certificate, address_in_network
from corsmith.server.tried import Tried
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

_SLOW_SECONDS: Final = 10
"""How long a start may take before a person wonders whether it hangs."""

Say = Callable[[Iterable[str]], None]
"""Writes lines for the person who started the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to serve, and how."""

    listening: socket.socket
    serving: Serving
    policy: Policy | Routes
    source: PolicySource
    hosts: Hosts
    limit_body: int | None
    workers: int
    grace: float
    quiet: bool
    try_page: bool
    watched: tuple[str, ...] = ()
    certificate: Certificate | None = None
    opens: bool = False
    tried: Tried = field(default_factory=Tried)
    terminal: int | None = None
    """The terminal of whoever may be asked; ``None`` where nobody is there."""
    is_followed: bool = False
    """Whether a program has started it, which waits until it serves or has failed."""


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
        self._waited = plan.workers
        self._hearing = threading.Lock()
        self._slow = threading.Timer(_SLOW_SECONDS, self._wonder)
        self._slow.daemon = True
        self._edited = ""
        self._notes: tuple[tuple[str, str], ...] = ()
        self._own = plan.policy
        self._admitted: Admitted | None = None

    def run(self) -> bool:
        """Serve; return whether a signal ended it, as it should, and not a failure."""
        plan = self._plan
        with contextlib.ExitStack() as ends:
            files = _raise_file_limit()
            self._open_page(ends)
            worker = self._worker(ends)
            server = Processes(
                plan.listening,
                self._hear,
                stays=self._stays,
                on_wait=None if plan.is_followed else self._tell_wait,
                certificate=plan.certificate,
                websockets=plan.serving.streams,
                interface=Interfaces.ASGI if plan.serving.has_lifespan else Interfaces.ASGINL,
                workers=plan.workers,
                workers_kill_timeout=max(plan.grace, _SHORTEST_GRACE),
                backpressure=max(1, min(_MOST_CONNECTIONS, files - _SPARE_FILES)),
            )
            self._follow_edits(server, ends)
            self._slow.start()
            ends.callback(self._slow.cancel)
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

    def _worker(self, ends: contextlib.ExitStack) -> Worker:
        """Return what a worker is; where a person is there, begin to ask about origins too."""
        plan = self._plan
        worker = Worker(
            serving=plan.serving,
            policy=plan.policy,
            source=plan.source,
            hosts=plan.hosts,
            limit_body=plan.limit_body,
            quiet=plan.quiet,
            page=None if self._page is None else self._page.address,
            lifeline=Lifeline(),
            tls_port=None if plan.certificate is None else self._port,
        )
        if plan.terminal is None:
            return worker
        refused, admitted = Refused(), Admitted()
        ends.callback(admitted.close)
        self._admitted = admitted
        asking = Asking(
            refused,
            Keyboard(plan.terminal),
            ask=self._question,
            allow=lambda origin: self._admit(admitted, origin),
            say=self._say,
        )
        asking.start()
        ends.callback(asking.stop)
        return replace(worker, refused=refused, admitted=admitted)

    def _open_page(self, ends: contextlib.ExitStack) -> None:
        """Start the try page, unless it is not wanted or everybody could reach the server."""
        if not self._plan.try_page or not is_loopback(self._address):
            return
        page = TryPage(self._describe(None).url, lambda: self._in_force, self._plan.tried)
        try:
            self._page_url = page.start()
        except OSError as error:
            self._say([f"there is no try page: {error.strerror or error}"])
        else:
            self._page = page
            ends.callback(page.stop)

    def _describe(self, page: str | None) -> Started:
        return Started(
            address=self._address,
            port=self._port,
            policy=self._in_force.policy,
            file=self._plan.source.file,
            page=page,
            serving=self._plan.serving,
            notes=self._notes,
            certificate=self._plan.certificate,
            others=None if reached_at(self._address) == self._address else address_in_network(),
        )

    def _follow_edits(self, server: Processes, ends: contextlib.ExitStack) -> None:
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
        ends.callback(edits.stop)

    def _hear(self, told: Told, *, is_reload: bool) -> None:
        """Take what one worker tells of its start; each has a thread of its own for it."""
        with self._hearing:
            is_new = self._waited > 0
            if told.error is not None:
                said = not_started(told.error)
                stays = [] if is_new else ["  until then the app from before this edit answers"]
                self._say([*said, *stays])
                return
            before, self._notes = self._notes, told.notes
            self._bring(told.policy)
            self._waited = 0 if is_reload else self._waited - 1
            if is_new and self._waited == 0:
                self._announce()
            elif is_reload:
                self._say(
                    _at_now(reloaded(self._edited, told.notes if told.notes != before else ()))
                )

    def _stays(self) -> bool:
        """Return whether a start that fails is waited out: the next edit may mend it.

        Not the first one where a program waits for it: nobody edits meanwhile.
        """
        plan = self._plan
        return bool(plan.watched) and not (plan.is_followed and self._waited > 0)

    def _tell_wait(self, number: signal.Signals) -> None:
        """Say why the end takes its time, and how to have it at once."""
        what = f"waiting up to {self._plan.grace:g} s for requests in flight"
        again = "; Ctrl-C again ends now" if number is signal.SIGINT else ""
        self._say(_at_now([f"{what}{again}"]))

    def _bring(self, policy: Policy | Routes | None) -> None:
        """Have the policy in force that an application brings, or again ours if it has none."""
        if self._plan.source.file is None:
            self._in_force = replace(self._in_force, is_brought=policy is not None)
            self._put(self._plan.policy if policy is None else policy)

    def _wonder(self) -> None:
        """Say that a worker takes long to become ready."""
        title = self._plan.serving.title
        problem = f"{title} is not ready after {_SLOW_SECONDS} seconds: its start goes on"
        self._say([f"corsmith: {problem}", "  Ctrl-C ends it"])

    def _announce(self) -> None:
        """Print the banner, now that every worker is ready, once one has answered."""
        self._slow.cancel()
        wait_for_answer(self._address, self._port)
        started = self._describe(self._page_url)
        self._say([*banner(started), *self._warnings()])
        if isinstance(self._plan.serving, Looking):
            # Not waited for: an upstream may take its time.
            looking = (self._plan.serving,)
            threading.Thread(target=self._look, args=looking, daemon=True).start()
        if self._plan.opens:
            address = self._address_to_open(started.url)
            is_secret = address == self._page_url  # it has the token
            open_address(address, lambda line: self._say([line]), is_secret=is_secret)
        if self._watcher is not None:
            self._catch_up()
            self._watcher.start()

    def _warnings(self) -> list[str]:
        """Return what is suspicious in the policy, and what its file leaves out."""
        plan = self._plan
        return [*warnings(self._in_force.policy), *omitted(plan.source, plan.tried.kind)]

    def _look(self, serving: Looking) -> None:
        """Tell what can be seen from here, if that is worth a line."""
        lines = list(serving.look(some_origin(self._in_force.policy)))
        if lines:
            self._say(_at_now(lines))

    def _address_to_open(self, url: str) -> str:
        """Return what is looked at: what is served, or the page to try it from."""
        serving = self._plan.serving
        if isinstance(serving, Shown):
            return serving.address(url)
        return f"{url}/" if self._page_url is None else self._page_url

    def _catch_up(self) -> None:
        """Take an edit that was made between the first reading and now."""
        try:
            policy = self._plan.source.load()
        except CorsmithError as error:
            self._complain(error)
        else:
            self._take(policy)

    def _put(self, own: Policy | Routes) -> None:
        """Have a policy in force, with the origins that a key has allowed besides."""
        self._own = own
        besides = () if self._admitted is None else self._admitted.origins
        self._in_force = replace(self._in_force, policy=allow_besides(own, besides))

    def _take(self, own: Policy | Routes) -> None:
        before = self._in_force
        file = str(before.source)
        self._put(own)
        self._in_force = replace(self._in_force, problems=())
        policy = self._in_force.policy
        if policy != before.policy or before.problems:
            self._say(_at_now([*edited(file, policy), *self._warnings()]))

    def _complain(self, error: CorsmithError) -> None:
        before = self._in_force
        lines = problems(error)
        self._in_force = replace(before, problems=tuple(lines))
        self._say(_at_now(failed(str(before.source), error)))

    # ── an origin that is refused ──────────────────────────────────────────────

    def _question(self, origin: str) -> str | None:
        """Return what is asked about an origin; ``None`` where no key may allow it."""
        policy = self._in_force.policy
        if isinstance(policy, Routes) or not may_be_admitted(policy, origin):
            return None
        return question(origin, credentials=policy.credentials)

    def _admit(self, admitted: Admitted, origin: str) -> None:
        """Allow an origin until the end, in every worker."""
        admitted.add(origin)
        self._put(self._own)
        self._say(_at_now([f"{origin} is allowed until the end"]))


def _raise_file_limit() -> int:
    """Return how many files a process may have open, after asking for enough of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # macOS has another limit below it
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if now == resource.RLIM_INFINITY else min(now, _MOST_FILES)


def _at_now(lines: list[str]) -> list[str]:
    """Return lines that begin with the time, as request lines do."""
    return [f"{time.strftime('%H:%M:%S')} {lines[0]}", *lines[1:]]

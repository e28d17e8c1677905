"""What a worker process does: make the application, follow the policy file, say it is ready.

What lives here: ``Worker``, which the server library calls in each new process. What does
not: the processes themselves (``run``).

A worker dies with the process that started it, however that ended: nothing is left behind
that holds the port.
"""

import contextlib
import gc
import logging
import os
import signal
import threading
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize
from typing import Final

from corsmith.adapters.asgi import App, CORSMiddleware
from corsmith.errors import CorsmithError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.admitted import Admitted
from corsmith.server.asking import Refused
from corsmith.server.events import Publisher
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from corsmith.server.log import Log
from corsmith.server.serving import Layered, Serving, Starting, Told
from corsmith.server.shortened import Shortened
from corsmith.server.silence import Silence
from corsmith.server.source import SEED, PolicySource
from corsmith.server.stalls import Stalls
from corsmith.server.unencrypted import Unencrypted

__all__ = ["Lifeline", "Worker"]

_YOUNG_OBJECTS: Final = 50_000
"""How many new containers make the collector look; Python's own number is 700."""


class Lifeline:
    """A pipe whose end tells every worker that the process which started it is gone."""

    def __init__(self) -> None:
        """Open it; the writing end stays with the process that makes this."""
        self._reading, self._writing = Pipe(duplex=False)
        self._owner = os.getpid()

    def __getstate__(self) -> Connection:
        """Pickle the reading end alone, for a worker that is started anew."""
        return self._reading

    def __setstate__(self, reading: Connection) -> None:
        self._reading = reading
        self._owner = 0

    def hold(self) -> None:
        """Have this process end with its parent; called in a worker."""
        if self._owner:
            # Forked: as long as a copy of the writing end is open here, no end is seen.
            self._writing.close()
        threading.Thread(target=self._wait, name="corsmith-lifeline", daemon=True).start()

    def _wait(self) -> None:
        try:
            self._reading.recv_bytes()
        except (EOFError, OSError):
            # Nobody is left to be told, and the port must not stay taken.
            os._exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Everything that a worker is started with; can be pickled."""

    serving: Serving
    policy: Policy | Routes
    source: PolicySource
    hosts: Hosts
    limit_body: int | None
    quiet: bool
    page: str | None
    lifeline: Lifeline
    ready: Connection | None = None
    tls_port: int | None = None
    refused: Refused | None = None
    admitted: Admitted | None = None

    def __call__(self) -> App:
        """Return the application; called once, in the worker's own process."""
        # Until the server library sets its own handlers, a signal must end this process:
        # the handlers that it was forked with belong to the one that started it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)  # the other process's, where this one replaces another
        # Refusals have their request line, and warnings are told by the other process.
        logging.getLogger("corsmith").disabled = True
        gc.enable()  # an application is loaded as everywhere else
        self.lifeline.hold()
        try:
            app = self.serving.open()
        except CorsmithError as error:
            self._tell(Told(error=error))
            raise  # where nobody was there to be told, and to end this process
        log, layer = self._log(), self._layer()
        front = self._front(app, log, layer)
        self._follow(front)
        if self.admitted is not None:
            self.admitted.follow(front.admit)

        def tell(told: Told) -> None:
            if told.policy is not None:
                front.bring(told.policy)
            self._tell(told)

        if isinstance(app, Starting):
            app.on_start(tell)  # how its garbage is collected is its own affair
        else:
            _tune_collector()
            tell(Told())
        outermost: App = front
        if isinstance(self.serving, Shortened):
            outermost = self.serving.shorten(front, app, layer, log)
        if self.tls_port is None:
            return outermost
        if not self.quiet:
            Unencrypted(self.tls_port).start()
        silence = Silence(self.tls_port)
        silence.start()
        return silence.listen(Stalls(silence.close).listen(outermost))

    def _tell(self, told: Told) -> None:
        """Tell the other process; after an error, wait for the end that it will make of this."""
        if told.error is not None:
            # Before it is told: an event loop that has not begun would keep the signal.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if self.ready is not None:
            with contextlib.suppress(OSError):  # it is ending
                self.ready.send(told)
            self.ready.close()
        while told.error is not None:
            signal.pause()

    def _front(self, app: App, log: Log | None, layer: type[CORSMiddleware]) -> Front:
        return Front(
            app,
            self.policy,
            hosts=self.hosts,
            limit_body=self.limit_body,
            log=log,
            publisher=Publisher(self.page),
            streams=self.serving.streams,
            enforces=self.serving.enforces,
            layer=layer,
        )

    def _log(self) -> Log | None:
        if self.quiet:
            return None
        policy = self.policy
        log = Log(
            beside=self._beside(),
            has_cookies=isinstance(policy, Policy)
            and policy.credentials
            and "insecure-origin" not in policy.accept_risks,
            file=None if "origins" in self.source.fields else self.source.file,
            tell=None if self.refused is None else self.refused.tell,
        )
        Finalize(None, log.flush, exitpriority=0)  # the loop may end before the last lines
        return log

    def _layer(self) -> type[CORSMiddleware]:
        """Return the kind of CORS layer that is served behind."""
        if isinstance(self.serving, Layered):
            return self.serving.layer(self.source.decided)
        return CORSMiddleware

    def _beside(self) -> tuple[str, ...] | None:
        """Return the origins that flags allow, where a flag can allow another."""
        # The tutorial's API has a policy of its own only where the person gave one.
        if self.source.file is None and self.serving.seed is SEED:
            return None
        return self.policy.origins if isinstance(self.policy, Policy) else None

    def _follow(self, front: Front) -> None:
        """Take every good edit of the policy file, from the moment it was first read."""

        def take(policy: Policy | Routes) -> None:
            front.policy = policy

        def leave(error: CorsmithError) -> None:
            """Keep the policy; the process that started this one tells."""

        watcher = self.source.watcher(take, leave)
        if watcher is None:
            return
        try:
            front.policy = self.source.load()
        except CorsmithError as error:
            leave(error)
        watcher.start()


def _tune_collector() -> None:
    """Have the garbage collector look seldom, and never at what was made before serving.

    A request leaves no cycles behind; looking for them took a twentieth of its time.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)

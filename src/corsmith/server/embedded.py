"""An application that is there as an object, served by a thread of this process.

What lives here: starting and ending it. What does not: whatever has a name, which is served by
a process of its own (``beside``).

Facts about the embedded server of Granian 2.8 that shape the code:

* it configures logging anew for the whole process and closes the handlers that are there,
  unless it is told to change levels only;
* threads of its own end a moment after it says that it has, and one of them not before the
  last request is collected as garbage: one that still does while Python shuts down aborts the
  process, so they are waited for;
* it closes the socket that it was given, so that is its own from then on;
* an application that fails at its start is waited for without end: so its thread is cancelled.
"""

import asyncio
import contextlib
import gc
import logging
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, Self

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from corsmith.errors import AppError, UsageError
from corsmith.gate import Watcher
from corsmith.installer import is_asgi
from corsmith.misnomers import FIELDS
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.app.bridge import Bridge
from corsmith.server.app.found import find
from corsmith.server.app.lifespan import Lifespan
from corsmith.server.app.program import APP_SEED, refuse_own_server
from corsmith.server.front import Front
from corsmith.server.limits import HEAD_SECONDS, PARSER_BYTES
from corsmith.server.log import Log
from corsmith.server.machine import hosts_for
from corsmith.server.ports import BACKLOG, address_of, listen, reached_at, wait_for_answer
from corsmith.server.processes import share_socket
from corsmith.server.serving import Told
from corsmith.server.source import PolicySource
from corsmith.server.traces import Plain

__all__ = ["Embedded"]

_FIELDS: Final = dict.fromkeys(FIELDS)
"""The fields of a policy."""

_KEYWORDS: Final = frozenset(
    {"port", "host", "allow_host", "limit_body", "enforce", "quiet", "no_try", "grace"}
)
"""The flags that mean something for a thread of this process."""

_USUAL_GRACE: Final = 5.0
_START_SECONDS: Final = 60.0
_THREAD_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.01

_TASKS: Final = "/proc/self/task"

_STARTING: Final = threading.Lock()

_LOGGER: Final = logging.getLogger("corsmith.server.embedded")

_LOGGING: Final = {
    "incremental": True,
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
"""Levels only: the rest of the process's logging stays as it is."""

_RAISED: Final = logging.getLogger("_granian.utils")
"""Where Granian writes what an application raises; a filter holds for no logger below its own."""

_PLAIN: Final = Plain()


class _Server(Server):
    """Granian's embedded server on a socket of ours."""

    def __init__(self, front: Front, listening: socket.socket, grace: float) -> None:
        address, port = address_of(listening)
        super().__init__(
            front,
            address,
            port,
            interface=Interfaces.ASGI,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=PARSER_BYTES
            ),
            backlog=BACKLOG,
            backpressure=BACKLOG,
            log_level=LogLevels.error,
            log_dictconfig=_LOGGING,
        )
        self.workers_kill_timeout = grace  # type: ignore[assignment]  # a number of seconds
        self._listening = listening

    def _init_shared_socket(self) -> None:
        share_socket(self, self._listening)
        self._listening.detach()


class Embedded:
    """A server of an application that is an object; raises where that does not start."""

    def __init__(
        self,
        app: Any,  # noqa: ANN401  any application
        policy: Policy | Routes,
        given: Mapping[str, Any],
        source: PolicySource | None,
    ) -> None:
        """Start it, and return once it has started.

        ``given`` are the keywords. ``source`` is where the policy comes from and is followed;
        ``None`` where nobody gave one, so that one that the application has with it may stay.
        """
        self._grace = float(given.get("grace", _USUAL_GRACE))
        host = str(given.get("host", "127.0.0.1"))
        self._listening = listen(host, given["port"])
        self._address = address_of(self._listening)
        self.url = _url(*self._address)
        self._told: Told | None = None
        self._ready = threading.Event()
        try:
            hosts = hosts_for(host, *self._address, given.get("allow_host", ()))
        except UsageError:
            self._listening.close()
            raise
        self._front = Front(
            self._open(app, keeps=source is None),
            policy,
            hosts=hosts,
            limit_body=given.get("limit_body"),
            log=None if given["quiet"] else Log(),
            streams=True,
            enforces=bool(given.get("enforce")),
        )
        _RAISED.addFilter(_PLAIN)  # the same one again is not added
        self._loop = asyncio.new_event_loop()
        self._server = _Server(self._front, self._listening, self._grace)
        self._thread = threading.Thread(target=self._run, name="corsmith-embedded", daemon=True)
        # One after the other: else the threads of one are taken for another's.
        with _STARTING:
            before = _native_threads()
            self._thread.start()
            self._wait()
            self._natives = _native_threads() - before
        self._watcher = None if source is None else self._follow(source)

    @classmethod
    def of(cls, app: object, policy: object, given: Mapping[str, object]) -> Self:
        """Return a running server of an application; ``UsageError`` for a wrong keyword."""
        refuse_own_server(app, type(app).__name__)
        said = {name: value for name, value in given.items() if value is not None}
        for name in said.keys() - _KEYWORDS - _FIELDS.keys():
            raise UsageError(
                f"{name}= is not for an application that is an object\n"
                f'  give it by its name: background("main:app", {name}={said[name]!r})'
            )
        fields = {name: said[name] for name in said.keys() & _FIELDS.keys()}
        if isinstance(policy, Policy):
            fields = {**policy.to_mapping(), **fields}
        elif isinstance(policy, Routes):
            if fields:
                raise UsageError(
                    f"Routes are given, and {', '.join(sorted(fields))} beside them\n"
                    "  write it into the policy that it is for"
                )
            return cls(app, policy, said, PolicySource())
        flags = tuple(f"{name}=" for name in fields)
        file = os.fspath(policy) if isinstance(policy, str | os.PathLike) else None
        source = PolicySource(file=file, fields=fields, flags=flags, seed=APP_SEED)
        return cls(app, source.load(), said, source if file or fields else None)

    def _open(self, app: Any, *, keeps: bool) -> Lifespan:  # noqa: ANN401  any application
        name = getattr(app, "__name__", type(app).__name__)
        found = find(app, name, keeps=keeps)
        opened = Lifespan(
            app if is_asgi(app) else Bridge(app),
            name=name,
            root=os.getcwd(),  # noqa: PTH109  text, as sys.path has it
            notes=found.notes,
            policy=found.policy,
        )
        opened.on_start(self._hear)
        return opened

    def _hear(self, told: Told) -> None:
        """Take what became of the application's start."""
        if told.policy is not None:
            self._front.bring(told.policy)
        self._told = told
        self._ready.set()

    def _run(self) -> None:
        """Serve, in a thread of its own with a loop of its own."""
        with (
            asyncio.Runner(loop_factory=lambda: self._loop) as runner,
            # What is in flight for too long is cancelled, and so is a start that failed.
            contextlib.suppress(asyncio.CancelledError, TimeoutError),
        ):
            runner.run(self._server.serve())
        self._ready.set()

    def _wait(self) -> None:
        """Return once the application has started; raise what went wrong with that."""
        try:
            self._ready.wait(_START_SECONDS)
        except BaseException:
            self._cancel()
            raise
        if self._told is None or self._told.error is not None:
            self._cancel()
            unready = AppError(f"the application was not ready after {_START_SECONDS:g} seconds")
            raise unready if self._told is None else self._told.error or unready
        wait_for_answer(*self._address)

    def _follow(self, source: PolicySource) -> Watcher | None:
        """Take every good edit of a policy file; a bad one leaves the policy as it is."""

        def take(policy: Policy | Routes) -> None:
            self._front.policy = policy

        watcher = source.watcher(take, lambda error: _LOGGER.warning("corsmith: %s", error))
        if watcher is not None:
            watcher.start()
        return watcher

    def stop(self) -> None:
        """End it, after the requests in flight."""
        if self._watcher is not None:
            self._watcher.stop()
        # Granian would complain of what it finds cancelled.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(self._grace + _THREAD_SECONDS)
        self._cancel()
        end = time.monotonic() + _THREAD_SECONDS
        while self._natives & _native_threads() and time.monotonic() < end:
            gc.collect()
            time.sleep(_LOOK_SECONDS)

    def _cancel(self) -> None:
        """End the thread if it has not ended, whatever it waits for."""

        def cancel() -> None:
            for worker in self._server.wrks:
                worker.interrupt_by_parent = True
            for task in asyncio.all_tasks(self._loop):
                task.cancel()

        with contextlib.suppress(RuntimeError):  # its loop is closed: it has ended
            self._loop.call_soon_threadsafe(cancel)
        self._thread.join(_THREAD_SECONDS)
        self._listening.close()


def _url(address: str, port: int) -> str:
    address = reached_at(address)
    return f"http://{f'[{address}]' if ':' in address else address}:{port}"


def _native_threads() -> set[str]:
    """Return the threads of this process, those of native code too, where the system tells."""
    try:
        return set(os.listdir(_TASKS))  # noqa: PTH208  names
    except OSError:
        return set()

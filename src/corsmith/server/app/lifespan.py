"""The start and the end of an application, and what is told of them.

What lives here: an ASGI application's lifespan as the server sees it. What does not: the
application's requests, which pass untouched, and what the person is told (``run``).

The server library takes whatever an application raises in its lifespan for "it has none", and
serves on; and what failed, it prints with all frames of a framework. So it is told of a
lifespan that went well or that is not there; a failure is told here, and no more is served.
"""

import logging
from collections.abc import Callable
from typing import Final

from corsmith.adapters.asgi import App, Message, Receive, Scope, Send
from corsmith.application.frames import trimmed
from corsmith.errors import AppError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.app.remedies import remedy
from corsmith.server.serving import Tell, Told

__all__ = ["Lifespan"]

_LOGGER: Final = logging.getLogger("corsmith.server.app")

_MESSAGES: Final = 2
"""What an application receives in its lifespan: that it is to start, that it is to end."""


class Lifespan:
    """An application that tells once when it has started, or why it has not."""

    def __init__(
        self,
        app: App,
        *,
        name: str,
        root: str,
        reloads: bool = False,
        notes: tuple[tuple[str, str], ...] = (),
        policy: Policy | Routes | None = None,
    ) -> None:
        """Take the application, its name, the folder of its code, and what is told with it.

        ``reloads`` says that an edit of that code will be tried by itself.
        """
        self.app = app
        self._name = name
        self._root = root
        self._reloads = reloads
        self._told = Told(notes=notes, policy=policy)
        self._tell: Tell | None = None

    def on_start(self, tell: Tell) -> None:
        """Take whom to tell."""
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        except (SystemExit, KeyboardInterrupt) as error:
            # No layer above takes it for an error, so the answer would be bare.
            told = RuntimeError(f"the application raised {type(error).__name__}")
            raise told.with_traceback(error.__traceback__) from None

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application's lifespan, or do without where it has none."""
        life = _Life(receive, send, self._start)
        cause: Exception | None = None
        try:
            await self.app(scope, life.receive, life.send)
        except Exception as error:  # noqa: BLE001  whatever an application raises
            if life.has_started:
                trace = trimmed(error, self._root)
                _LOGGER.error("corsmith: %s fails when it ends\n%s", self._name, trace)  # noqa: TRY400  theirs alone
            elif life.is_asked and not life.is_foreign:
                cause = error
                life.failure = trimmed(error, self._root)
        if life.failure is not None:
            self._fail(life.failure, cause)
        elif not life.has_started:
            # It has none: what the server library is told goes on without it.
            await life.send({"type": "lifespan.startup.complete"})
        if not life.has_ended:
            await life.end()

    def _start(self) -> None:
        self._say(self._told)

    def _fail(self, trace: str, error: Exception | None) -> None:
        step = remedy(error, root=self._root, reloads=self._reloads)
        problem = f"{self._name} fails when it starts\n  {step}"
        self._say(Told(error=AppError(problem, trace=trace or None)))

    def _say(self, told: Told) -> None:
        if self._tell is not None:
            self._tell(told)


class _Life:
    """The two channels of a lifespan, and how far it has come."""

    def __init__(self, receive: Receive, send: Send, start: Callable[[], None]) -> None:
        self._receive = receive
        self._send = send
        self._start = start
        self._received = 0
        self.has_started = False
        self.has_ended = False
        self.is_foreign = False
        self.failure: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the application knows that it is to start."""
        return self._received > 0

    async def receive(self) -> Message:
        """Return what the application is to do next."""
        message = await self._receive()
        self._received += 1
        return message

    async def send(self, message: Message) -> None:
        """Take what the application has done."""
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self.has_started = True
            self._start()
            await self._send(message)
        elif kind == "lifespan.startup.failed":
            # Not handed on: what is raised after it says more.
            self.failure = str(message.get("message", ""))
        elif kind in {"lifespan.shutdown.complete", "lifespan.shutdown.failed"}:
            if reason := message.get("message"):
                _LOGGER.error("corsmith: the application fails when it ends\n%s", reason)
            self.has_ended = True
            await self._send({"type": "lifespan.shutdown.complete"})
        else:
            self.is_foreign = True
            raise RuntimeError(f"{kind} is no message of a lifespan")

    async def end(self) -> None:
        """Say in the application's place that it has ended, when it is to."""
        while self._received < _MESSAGES:
            await self.receive()
        await self.send({"type": "lifespan.shutdown.complete"})

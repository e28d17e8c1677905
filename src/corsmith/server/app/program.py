"""``Program``: an application that is named on the command line, as something to serve.

What lives here: opening it in a worker, and what is told where that fails. What does not:
importing it (``corsmith.application.loading``), its start (``lifespan``) and how it is called
(``bridge``, for WSGI).
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from corsmith.adapters.asgi import App
from corsmith.application.frames import trimmed
from corsmith.application.loading import LoadedApp, load_app, load_app_file
from corsmith.errors import AppError, UsageError
from corsmith.importers.objects import class_names
from corsmith.installer import is_asgi
from corsmith.server.app.bridge import Bridge
from corsmith.server.app.found import find
from corsmith.server.app.lifespan import Lifespan
from corsmith.server.app.remedies import remedy
from corsmith.server.source import LOOPBACK

__all__ = ["APP_SEED", "Program", "refuse_own_server"]

APP_SEED: Final[Mapping[str, object]] = {
    "origins": [LOOPBACK],
    "methods": ["*"],
    "headers": ["*", "Authorization"],
}
"""The policy of an application: pages of this machine's own servers, and all that they ask."""

_OWN_SERVERS: Final[Mapping[str, str]] = {
    "aiohttp.web_app.Application": "aiohttp",
    "tornado.web.Application": "Tornado",
}
"""Applications that speak neither ASGI nor WSGI."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An application by its name or its file.

    ``keeps`` says that the command line has no policy, so that one of corsmith's own that
    the application brings stays in force; ``watched`` are the folders whose edits have it
    loaded anew.
    """

    target: str
    is_file: bool
    keeps: bool = True
    enforces: bool = False
    watched: tuple[str, ...] = ()
    streams: bool = True
    has_lifespan: bool = True

    @property
    def title(self) -> str:
        """What the banner says is served."""
        return self.target

    @property
    def seed(self) -> Mapping[str, object]:
        """The fields of the policy where none is given."""
        return APP_SEED

    def notes(self, url: str) -> list[tuple[str, str]]:  # noqa: ARG002  every kind is asked so
        """Return nothing: what it is, only a worker knows."""
        return []

    def open(self) -> App:
        """Return the application; called in the worker's own process, which imports it.

        Raises ``UsageError`` where there is none of that name, ``AppError`` with its own
        traceback where it cannot be imported.
        """
        # Else what it prints into a pipe comes much later than the lines about its requests.
        for stream in (sys.stdout, sys.stderr):
            getattr(stream, "reconfigure", _nothing)(line_buffering=True)
        loaded = self._load()
        app: Any = loaded.app  # of whichever framework
        found = find(app, self.target, keeps=self.keeps)
        return Lifespan(
            app if is_asgi(app) else Bridge(app),
            name=self.target,
            root=loaded.root,
            reloads=bool(self.watched),
            notes=found.notes,
            policy=found.policy,
        )

    def _load(self) -> LoadedApp:
        try:
            load = load_app_file if self.is_file else load_app
            loaded = load(self.target, "serve")
        except KeyboardInterrupt as error:
            root = os.getcwd()  # noqa: PTH109  text, as sys.path has it
            problem = f"{self.target} interrupts itself when it is imported"
            raise self._explained(problem, error, trimmed(error, root)) from error
        except AppError as error:
            raise self._explained(error.problem, error.__cause__, error.trace) from error
        refuse_own_server(loaded.app, self.target)
        return loaded

    def _explained(self, problem: str, error: BaseException | None, trace: str | None) -> AppError:
        """Return an error with what to do about it."""
        root = os.getcwd()  # noqa: PTH109  text, as sys.path has it
        step = remedy(error, root=root, reloads=bool(self.watched))
        return AppError(f"{problem}\n  {step}", trace=trace)


def refuse_own_server(app: object, name: str) -> None:
    """Raise ``UsageError`` for an application that only its framework's server can serve."""
    for kind in class_names(app) & _OWN_SERVERS.keys():
        raise UsageError(
            f"{name} is an application of {_OWN_SERVERS[kind]}, which has a server of its own\n"
            "  give it its policy there: install(app, origins=[…]), and start it as before"
        )


def _nothing(*, line_buffering: bool) -> None:
    """Do what a stream that cannot be reconfigured does."""

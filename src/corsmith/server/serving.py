"""What a server serves behind its policy: the kind of thing, and how a worker opens it.

What lives here: what every kind tells about itself. What does not: the kinds (``echo`` and
its neighbours) and how they are served (``front``, ``worker``, ``run``).
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, runtime_checkable

from corsmith.adapters.asgi import App, CORSMiddleware
from corsmith.errors import CorsmithError
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = [
    "CUT",
    "FOLLOWED",
    "NOTE",
    "Guiding",
    "Layered",
    "Lending",
    "Looking",
    "Serving",
    "Starting",
    "Tell",
    "Told",
]

CUT: Final = "corsmith.cut"
"""Where an application may say in a scope why it left an answer without an end.

It is a word for the request's line, such as ``file-changed``.
"""

FOLLOWED: Final = "corsmith.followed"
"""What a command line has for its object where a program has started it, and waits for it."""

NOTE: Final = "corsmith.note"
"""Where an application may say more in a scope about its answer, for the request's line."""


class Serving(Protocol):
    """A value that is made from the command line, pickled, and opened once in each worker."""

    @property
    def title(self) -> str:
        """What the banner says is served."""

    @property
    def seed(self) -> Mapping[str, object]:
        """The fields of the policy where none is given."""

    @property
    def streams(self) -> bool:
        """Whether the application reads bodies by itself, and talks over WebSockets."""

    @property
    def has_lifespan(self) -> bool:
        """Whether the application is told that it starts and ends (ASGI, lifespan)."""

    @property
    def enforces(self) -> bool:
        """Whether a request is answered 403 where the policy does not allow its Origin."""

    def notes(self, url: str) -> list[tuple[str, str]]:
        """Return the rows of the banner that are particular to it: a name and a text."""

    def open(self) -> App:
        """Return the application; called in the worker's own process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a worker tells once it is ready, or that it never will be.

    ``notes`` are rows of the banner that only who has opened it knows; ``policy`` is the one
    that the application brings with it, which then is in force.
    """

    error: CorsmithError | None = None
    notes: tuple[tuple[str, str], ...] = ()
    policy: Policy | Routes | None = None


Tell: TypeAlias = Callable[[Told], None]


@runtime_checkable
class Starting(Protocol):
    """An application that is not ready as soon as it is opened, and tells when it is."""

    def on_start(self, tell: Tell) -> None:
        """Take whom to tell, once; called before anything is served."""


@runtime_checkable
class Looking(Protocol):
    """Something to serve that looks around once it is served, without holding anybody up."""

    def look(self, origin: str) -> Iterable[str]:
        """Return lines for the person; ``origin`` is one that the policy allows."""


@runtime_checkable
class Guiding(Protocol):
    """Something to serve that says what an app has to change, where the policy allows an app."""

    def guide(self, url: str, policy: Policy | Routes) -> list[tuple[str, str]]:
        """Return rows of the banner under this policy: a name and a text."""


@runtime_checkable
class Lending(Protocol):
    """Something to serve that sends a secret of the person's for whoever asks."""

    def lent(self) -> list[str]:
        """Return the names of the headers that hold one."""


@runtime_checkable
class Layered(Protocol):
    """Something to serve that needs a CORS layer of its own kind."""

    def layer(self, given: Collection[str]) -> type[CORSMiddleware]:
        """Return the kind; ``given`` are the fields of the policy that the person decided."""

"""What goes over the wire, and what is concluded: the values of the browser half."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["Failure", "Outcome", "Received", "Sent", "Step", "Verdict"]

Pairs = tuple[tuple[str, str], ...]


class Outcome(StrEnum):
    """What a script sees in the end."""

    OK = "ok"
    NETWORK_ERROR = "network-error"
    INVALID_REQUEST = "invalid-request"
    QUEUED = "queued"


class Failure(StrEnum):
    """Why nothing came back: given to the model in place of an answer."""

    REFUSED = "refused"
    CLOSED = "closed"
    DNS = "dns"
    TLS = "tls"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request that the browser sends: answer it with ``Received`` or ``Failure``.

    ``credentials`` says whether cookies of the target may go with it, ``site`` how the target
    stands to the page, which decides whether a cookie's SameSite lets it.
    """

    kind: Literal["preflight", "actual"]
    method: str
    url: str
    headers: Pairs
    credentials: bool
    hop: int
    site: Literal["same-origin", "same-site", "cross-site"] = "cross-site"
    has_body: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer: status and header lines as they came; names in any case, values Latin-1."""

    status: int
    headers: Pairs = ()

    def get(self, name: str) -> str | None:
        """Return the combined value of a header (Fetch, #concept-header-list-get)."""
        values = self.values(name)
        return ", ".join(values) if values else None

    def values(self, name: str) -> tuple[str, ...]:
        """Return the value of each line of a header, white space around it removed."""
        lower = name.lower()
        return tuple(
            value.strip("\t\n\r ") for line, value in self.headers if line.lower() == lower
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the standard: what was looked at, and what came of it."""

    name: str
    passed: bool
    evidence: str
    spec: str
    hop: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a browser concludes, with every step it took.

    ``code`` is the stable name of what failed, ``None`` where nothing did. ``status`` is
    what a script reads: 0 for an opaque answer, ``None`` without one. ``visible`` are the
    header names that it can read, ``hidden`` those that were sent and cannot be read.
    ``values`` are what the failing step saw, by the names of ``sentences``: ``url``,
    ``value``, ``method``, ``header``, ``status``.
    """

    outcome: Outcome
    code: str | None = None
    steps: tuple[Step, ...] = ()
    sent: tuple[Sent, ...] = ()
    status: int | None = None
    response_type: str | None = None
    redirected: bool = False
    visible: Pairs = ()
    hidden: tuple[str, ...] = ()
    values: Pairs = ()

    @property
    def failing_step(self) -> Step | None:
        """The step that stopped the request."""
        return next((step for step in self.steps if not step.passed), None)

    @property
    def preflight_sent(self) -> bool:
        """Whether a preflight was sent, at any hop."""
        return any(request.kind == "preflight" for request in self.sent)

    @property
    def actual_sent(self) -> bool:
        """Whether the request itself was sent, at any hop."""
        return any(request.kind == "actual" for request in self.sent)

"""``Plan``: what a server of ``corsmith serve`` serves, and how.

What lives here: the values that the command line comes to, and who is told of them. What does
not: serving them (``run``), and what is said meanwhile (``herald``).
"""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.hosts import Hosts
from corsmith.server.serving import Serving
from corsmith.server.source import PolicySource
from corsmith.server.tried import Tried

if TYPE_CHECKING:
    from corsmith.server.tls import Certificate

__all__ = ["Plan", "Say"]

Say: TypeAlias = Callable[[Iterable[str]], None]
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
    certificate: "Certificate | None" = None
    opens: bool = False
    tried: Tried = field(default_factory=Tried)
    terminal: int | None = None
    """The terminal of whoever may be asked; ``None`` where nobody is there."""
    is_followed: bool = False
    """Whether a program has started it, which waits until it serves or has failed."""

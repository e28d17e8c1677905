"""A plan for a supervisor that is prepared, and not run."""

from __future__ import annotations

import socket
from typing import Any

from corsmith.policy import Policy
from corsmith.server.echo import Echo
from corsmith.server.hosts import Hosts
from corsmith.server.plan import Plan
from corsmith.server.source import PolicySource


def planned(**settings: Any) -> Plan:
    """Return a plan for the API, with one quiet worker and no try page, unless they say more."""
    fields: dict[str, Any] = {
        "listening": socket.socket.__new__(socket.socket),  # never asked
        "serving": Echo(),
        "policy": Policy(origins=["*"]),
        "source": PolicySource(),
        "hosts": Hosts(8000, ()),
        "limit_body": None,
        "workers": 1,
        "grace": 0,
        "quiet": True,
        "try_page": False,
    }
    return Plan(**{**fields, **settings})

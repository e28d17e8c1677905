"""The handshakes of WebSockets: whether a page of this server opens one, and its line.

What lives here: what a handshake says of itself. What does not: refusing one (``front``, with
the Host check of ``limits`` and the policy of ``adapters.asgi``).

A browser lets any page open a WebSocket to any server, with its cookies, and no CORS header
keeps it from reading: the Origin of the handshake is all that tells them apart.
"""

from typing import Final

from corsmith.adapters.asgi import Message, Scope

__all__ = ["as_request", "is_own", "status_of"]

_SCHEMES: Final = {"ws": "http", "wss": "https"}
"""What the page that a server gives has for a scheme, where its WebSockets have these."""

_STATUSES: Final = {"websocket.accept": 101, "websocket.close": 403}
"""What the first message of an application becomes (ASGI, WebSocket, "close")."""


def as_request(scope: Scope) -> Scope:
    """Return the request that a handshake is (RFC 6455, section 4.1)."""
    return {**scope, "method": "GET"}


def status_of(message: Message) -> int | None:
    """Return the status with which a message answers a handshake; ``None`` where it does not."""
    if message["type"] == "websocket.http.response.start":
        return int(message["status"])
    return _STATUSES.get(message["type"])


def is_own(scope: Scope) -> bool:
    """Return whether the page that opens a WebSocket has come from this server itself.

    Only of one whose Host is known to be ours (``limits``): a name may be a stranger's that
    was made to point here, and then Origin and Host agree (DNS rebinding).
    """
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(origins) != 1 or len(hosts) != 1:
        return False
    scheme = _SCHEMES.get(scope["scheme"], scope["scheme"])
    return bool(origins[0] == f"{scheme}://".encode() + hosts[0])

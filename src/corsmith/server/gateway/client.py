"""The client that a gateway asks its upstream with: its connections, and TLS.

What lives here: every setting of the client library, with its reason. What does not: one
request (``request``), and what becomes of the answer (``forward``).

Facts about aiohttp that shape the code:

* it writes header values in UTF-8 and leaves out what is none, so a value that is none is
  refused before (``forward``);
* it waits for the whole body where ``Expect: 100-continue`` is not answered, so that header
  ends at the gateway (``hops``).
"""

import socket
import ssl
from dataclasses import dataclass
from typing import Final

import aiohttp

from corsmith.net.authorities import load_authorities
from corsmith.server.gateway.request import LONGEST_LINE, READ_BYTES
from corsmith.server.gateway.sockets import Socket, only_upgrades

__all__ = ["Trust", "connect"]

_CONNECT_SECONDS: Final = 10.0
"""How long a connection and TLS may take: nginx 60, Envoy 5, curl 300."""

_MOST_CONNECTIONS: Final = 512
"""The most connections of one worker to the upstream: a stream of events holds one for as
long as a page is open."""

_IDLE_SECONDS: Final = 4.0
"""How long an idle connection is kept: less than a server does that closes after 5 seconds,
such as uvicorn and Node, for a request may cross its closing."""

_PROBE_IDLE: Final = 60
_PROBE_EVERY: Final = 15
"""After how many seconds of silence TCP asks whether the other side is still there, and how
often: an answer that has begun has no other limit, since events may be hours apart."""

_NOT_ADDED: Final = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""What the library would add; the upstream gets what the page sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which certificates of an upstream are good: the system's, one more, or any."""

    ca: str | None = None
    insecure: bool = False

    def context(self) -> ssl.SSLContext | bool:
        """Return what TLS is done with; ``UsageError`` if ``ca`` cannot be used.

        The client library has a context for the system's authorities, true, and one for any
        certificate, false. One of our own would read a hundred authorities once more.
        """
        if self.ca is None:
            return not self.insecure
        made = ssl.create_default_context()
        load_authorities(made, "--ca", self.ca)
        return False if self.insecure else made


def connect(trust: Trust) -> aiohttp.ClientSession:
    """Return a client; made and closed in the event loop that uses it.

    It keeps no cookies, follows no redirect, unpacks nothing and obeys no proxy variable: a
    page's cookies are the browser's, and nothing is sent to an address that was not named.
    """
    connector = aiohttp.TCPConnector(
        ssl=trust.context(),
        limit=_MOST_CONNECTIONS,
        keepalive_timeout=_IDLE_SECONDS,
        resolver=aiohttp.ThreadedResolver(),  # the system's, which knows /etc/hosts
        socket_factory=_open_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=_NOT_ADDED,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
        read_bufsize=READ_BYTES,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
        ws_response_class=Socket,
        middlewares=(only_upgrades,),  # of handshakes alone: a request brings its own
    )


def _open_socket(
    where: tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]],
) -> socket.socket:
    """Return a socket that notices when the other side is gone without a word."""
    family, kind, protocol, _, _ = where
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    idle = getattr(socket, "TCP_KEEPIDLE", None) or getattr(socket, "TCP_KEEPALIVE", None)
    if idle is not None:  # macOS has the second
        made.setsockopt(socket.IPPROTO_TCP, idle, _PROBE_IDLE)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _PROBE_EVERY)
    return made

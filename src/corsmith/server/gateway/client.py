"""The client that a gateway asks its upstream with: its connections, and TLS.

What lives here: every setting of the client library, with its reason. What does not: one
request (``request``), what becomes of the answer (``forward``), and which certificates are
good (``trust``).

Facts about aiohttp that shape the code:

* it writes header values in UTF-8 and leaves out what is none, so a value that is none is
  refused before (``forward``);
* it waits for the whole body where ``Expect: 100-continue`` is not answered, so that header
  ends at the gateway (``hops``).
"""

import socket
from typing import Final

import aiohttp

from corsmith.server.gateway.request import LONGEST_LINE, READ_BYTES
from corsmith.server.gateway.sockets import Socket, only_upgrades
from corsmith.server.gateway.trust import Trust

__all__ = ["connect"]

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


def connect(trust: Trust, *, is_tls: bool = True) -> aiohttp.ClientSession:
    """Return a client; made and closed in the event loop that uses it.

    It keeps no cookies, follows no redirect, unpacks nothing and obeys no proxy variable: a
    page's cookies are the browser's, and nothing is sent to an address that was not named.
    ``is_tls`` says whether the upstream has a certificate at all: without one, no authority is
    read.
    """
    connector = aiohttp.TCPConnector(
        ssl=trust.context() if is_tls else True,
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

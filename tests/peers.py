"""Servers of one script for the tests of the network client, and how they are asked."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

from corsmith.errors import NetworkError
from corsmith.net.client import Client, Limits, Request
from corsmith.net.dial import Dialer

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from corsmith.exchange import Answer

__all__ = ["OK", "QUICK", "client", "failure", "peer", "reset", "send"]

QUICK: Final = 0.3
"""Seconds that a test waits for a time-out."""

HELLO: Final = b"\x16"
"""How a TLS handshake begins: a peer without TLS does not wait for more."""

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Peer:
    """A server of one script: it reads a request's head and does what the script says."""

    def __init__(self, script: Callable[[Any, bytes], None], tls: ssl.SSLContext | None) -> None:
        self.script = script
        self.tls = tls
        self.heard: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                if self.tls is None:
                    self._talk(connection)
                else:
                    with self.tls.wrap_socket(connection, server_side=True) as secured:
                        self._talk(secured)

    def _talk(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head and head[:1] != HELLO and (data := connection.recv(65536)):
            head += data
        self.heard.append(head)
        self.script(connection, head)


@contextlib.contextmanager
def peer(
    script: Callable[[Any, bytes], None] | bytes, tls: ssl.SSLContext | None = None
) -> Iterator[Peer]:
    """Run a server; bytes are what it answers before it closes."""

    def answers(connection: socket.socket, _: bytes) -> None:
        assert isinstance(script, bytes)
        connection.sendall(script)

    server = Peer(answers if isinstance(script, bytes) else script, tls)
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def client(timeout: float = 5.0, **dialer: Any) -> Client:
    return Client(dialer=Dialer(timeout=timeout, **dialer), limits=Limits(timeout=timeout))


def send(url: str, asks: Client | None = None, **request: Any) -> Answer:
    return (asks or client()).send(Request(**{"method": "GET", "url": url} | request))


def failure(url: str, asks: Client | None = None, **request: Any) -> NetworkError:
    with pytest.raises(NetworkError) as caught:
        send(url, asks, **request)
    return caught.value

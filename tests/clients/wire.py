"""A relay on loopback that passes bytes on as they are, and notes each request and its status."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
_END = b"\r\n\r\n"


@dataclass(slots=True)
class Seen:
    """One request without a body, and the status that it was answered with."""

    method: str
    path: str
    headers: dict[str, str]
    status: int = 0

    @classmethod
    def of(cls, head: bytes) -> Self:
        """Return the request of a head."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        return cls(method, path, {name.lower(): value.strip() for name, _, value in pairs})


class Relay:
    """Where a browser connects to, and all that came through."""

    def __init__(self, port: int) -> None:
        self.seen: list[Seen] = []
        self._port = port
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def accept(self) -> None:
        """Take connections until ``close``."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                with self._lock:
                    self._open += [client, server]
                waiting: list[Seen] = []
                for work in (self._requests, self._answers):
                    threading.Thread(
                        target=work, args=(client, server, waiting), daemon=True
                    ).start()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            opened = [self._listening, *self._open]
        for each in opened:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _requests(self, client: socket.socket, server: socket.socket, waiting: list[Seen]) -> None:
        begun = b""
        with contextlib.suppress(OSError):
            while part := client.recv(65_536):
                begun += part
                while _END in begun:
                    head, _, begun = begun.partition(_END)
                    # Before it is passed on: its answer must find it here.
                    waiting.append(Seen.of(head))
                    self.seen.append(waiting[-1])
                server.sendall(part)
            server.shutdown(socket.SHUT_WR)

    def _answers(self, client: socket.socket, server: socket.socket, waiting: list[Seen]) -> None:
        with contextlib.suppress(OSError):
            while part := server.recv(65_536):
                # A browser sends its next request once it has read the answer to the last.
                if waiting and (found := _STATUS.match(part)):
                    waiting.pop(0).status = int(found[1])
                client.sendall(part)
            client.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay(port: int) -> Iterator[Relay]:
    """Return a relay to a port of this machine, which ends afterwards."""
    made = Relay(port)
    thread = threading.Thread(target=made.accept, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.close()
        thread.join()

"""From the workers to the try page: a channel that never holds up a request.

What lives here: ``Publisher``, which a worker process writes records to, and
``Receiver``, which the supervising process reads them from and keeps for the streams of
its pages. What does not: what a record holds (``exchange``) and HTTP (``page``).

Between them is a Unix datagram socket in a folder that only this user may enter; it is
removed when the receiver stops. Three rules hold:

* ``publish`` does no input or output: a thread of its own sends;
* nothing here raises on the request path, whatever becomes of the other side;
* everything that waits is bounded, and what does not fit is dropped: a missing line on
  a page is better than a slow answer.
"""

import json
import queue
import shutil
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from corsmith.server.exchange import PRESS_PARAMETER, Exchange

__all__ = ["Publisher", "Receiver"]

_MARK: Final = PRESS_PARAMETER.encode() + b"="

_MOST_WAITING: Final = 512
"""The most records of one worker that wait to be sent, and that one receiver keeps.

A press makes two. The kernel itself queues as few as ten (net.unix.max_dgram_qlen).
"""

_LARGEST_RECORD: Final = 65_536
"""The largest datagram that is read; an ``Exchange`` is bounded far below it."""

_SEND_SECONDS: Final = 1.0
"""How long the sending thread waits for a receiver that does not read."""


class Publisher:
    """Sends records to a receiver, or nowhere if there is none; one for each process."""

    def __init__(self, address: str | None) -> None:
        """Take the receiver's ``address``; ``None`` publishes nothing and costs nothing."""
        self._address = address
        self._waiting: queue.SimpleQueue[Mapping[str, object]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def wants(self, scope: Mapping[str, Any]) -> bool:  # Any: an ASGI scope
        """Return whether a request is one of the page's: its query string has the mark."""
        return self._address is not None and _MARK in scope["query_string"]

    def publish(self, record: Mapping[str, object]) -> None:
        """Hand a record to the sending thread; it is dropped if too many wait."""
        if self._address is None or self._waiting.qsize() >= _MOST_WAITING:
            return
        self._waiting.put(record)
        if self._thread is None:
            # Only now: most workers never meet a page. Two at once do no harm.
            self._thread = threading.Thread(
                target=self._send_all,
                args=(self._address,),
                name="corsmith-publish",
                daemon=True,  # a worker ends without waiting for what nobody reads
            )
            self._thread.start()

    def _send_all(self, address: str) -> None:
        while True:
            record = self._waiting.get()
            try:
                # As UTF-8, not escaped: so a record of the largest parts still fits.
                text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
                datagram = text.encode("utf-8", "replace")
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                    sender.settimeout(_SEND_SECONDS)
                    # macOS takes the largest datagram from here: 2 KiB unless asked.
                    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST_RECORD)
                    sender.sendto(datagram, address)
            except (OSError, TypeError, ValueError):
                # No receiver, one that does not read, or no JSON: dropped, as promised.
                continue


class Receiver:
    """The records of all workers, the newest few kept for whoever follows them."""

    def __init__(self) -> None:
        """Keep nothing yet; ``start`` makes the socket."""
        self._records: deque[tuple[int, str]] = deque(maxlen=_MOST_WAITING)
        self._last = 0
        self._changed = threading.Condition()
        self._socket: socket.socket | None = None
        self._folder: Path | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """What to make a ``Publisher`` with; only once started."""
        if self._folder is None:
            raise RuntimeError("a Receiver has an address once it is started")
        return str(self._folder / "events")

    def start(self) -> None:
        """Make the socket, and read from it in a thread until ``stop``; again does nothing."""
        if self._socket is not None:
            return
        self._socket, self._folder = _bind()
        self._thread = threading.Thread(
            target=self._read_all, args=(self._socket,), name="corsmith-receive", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the thread, close the socket and remove its folder; again does nothing."""
        if self._socket is None or self._folder is None or self._thread is None:
            return
        stopping, self._socket = self._socket, None
        # An empty datagram wakes the thread: closing the socket would not.
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waker:
            waker.settimeout(_SEND_SECONDS)
            waker.sendto(b"", self.address)
        self._thread.join()
        stopping.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    def _read_all(self, receiving: socket.socket) -> None:
        while self._socket is not None:
            datagram = receiving.recv(_LARGEST_RECORD)
            try:
                exchange = Exchange.from_mapping(json.loads(datagram))
            except (ValueError, RecursionError):
                continue  # an empty datagram, or somebody else's
            text = json.dumps(exchange.to_mapping(), separators=(",", ":"))
            with self._changed:
                self._last += 1
                self._records.append((self._last, text))
                self._changed.notify_all()

    def wake(self) -> None:
        """Have every ``wait`` return at once."""
        with self._changed:
            self._changed.notify_all()

    @property
    def last(self) -> int:
        """The number of the newest record; 0 before there is one."""
        return self._last

    def wait(self, seen: int, seconds: float) -> list[tuple[int, str]]:
        """Return the kept records after number ``seen``, as JSON text with their numbers.

        Waits up to ``seconds`` for one; the list is empty if none came. A follower that
        is slower than the workers misses the oldest, and holds nobody up.
        """
        with self._changed:
            if self._last == seen:
                self._changed.wait(seconds)
            return [record for record in self._records if record[0] > seen]


def _bind() -> tuple[socket.socket, Path]:
    """Return a bound socket and its folder, whose name fits into a socket address."""
    receiving = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        try:
            return receiving, _bind_below(receiving, None)
        except OSError:
            # A long TMPDIR: an address has 104 bytes on macOS, 108 on Linux.
            return receiving, _bind_below(receiving, "/tmp")  # noqa: S108  mkdtemp is private
    except OSError:
        receiving.close()
        raise


def _bind_below(receiving: socket.socket, parent: str | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="corsmith-", dir=parent))
    try:
        receiving.bind(str(folder / "events"))
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder

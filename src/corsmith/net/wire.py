"""What both versions of HTTP share on a connection: the request, deadlines and limits.

What lives here: ``Request``, ``Limits``, and ``Wire``, which reads and writes bytes within
the time of a step. What does not: either version (``net`` and ``multiplex``).
"""

import time
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corsmith.address import Address
from corsmith.errors import NetworkError
from corsmith.net.dial import Line

__all__ = ["MOST_HEADERS", "Ended", "Limits", "Request", "Wire", "complete_headers"]

MOST_HEADERS: Final = 256 * 1024
"""The largest head of an answer, in bytes. Chromium takes 256 KiB, Firefox 384, curl 300."""

MOST_BODY: Final = 64 * 1024
"""How much of a body is read: enough for an error page and for the clients' first ranges."""

BODY_SECONDS: Final = 1.0
"""How long a body is waited for: the page has its answer already, and streams never end."""

_CHUNK: Final = 64 * 1024

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Ended: TypeAlias = Literal["complete", "limit", "time", "cut"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, byte for byte; ``Host`` and ``Content-Length`` are added where missing."""

    method: str
    url: str
    headers: Pairs = ()
    body: bytes | None = None

    @property
    def asked(self) -> str:
        """The request in words."""
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds for each step, and how much of a body is read for how long."""

    timeout: float = 10.0
    body: int = MOST_BODY
    body_seconds: float = BODY_SECONDS


def complete_headers(request: Request, address: Address) -> list[tuple[bytes, bytes]]:
    """Return the header lines with ``Host`` first, and ``Content-Length`` if there is a body."""
    names = {name.lower() for name, _ in request.headers}
    lines = [] if "host" in names else [("Host", address.netloc)]
    lines += request.headers
    if request.body is not None and "content-length" not in names:
        lines.append(("Content-Length", str(len(request.body))))
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in lines]


class Wire:
    """Bytes on a connection: each step has one deadline, however slowly they trickle."""

    def __init__(self, line: Line, request: Request, timeout: float) -> None:
        self.line = line
        self.request = request
        self.timeout = timeout
        self.deadline = 0.0
        self.step = "send"

    def begin(self, step: str, seconds: float | None = None) -> None:
        """Name the step that begins, and give it its time."""
        self.step = step
        self.deadline = time.monotonic() + (self.timeout if seconds is None else seconds)

    def write(self, data: bytes) -> bool:
        """Send bytes; ``False``: the server has closed its ear, and may have answered."""
        self._wait()
        try:
            self.line.socket.sendall(data)
        except TimeoutError as error:
            raise self.timed_out("the server does not take the request") from error
        except OSError:
            return False
        return True

    def read(self) -> bytes:
        """Return some bytes, none at the end of the connection."""
        self._wait()
        try:
            return self.line.socket.recv(_CHUNK)
        except TimeoutError as error:
            waits = "no answer" if self.step == "first byte" else "the head of the answer stops"
            raise self.timed_out(waits) from error
        except OSError as error:
            raise self.failed("closed", "the server resets the connection") from error

    def _wait(self) -> None:
        self.line.socket.settimeout(max(self.deadline - time.monotonic(), 0.001))

    def timed_out(self, problem: str) -> NetworkError:
        """Return the error of a step that took too long."""
        hint = "give it longer with --timeout SECONDS"
        return self.failed("timeout", f"{problem} within {self.timeout:g} s", hint)

    def failed(self, failure: str, problem: str, hint: str | None = None) -> NetworkError:
        """Return the error of the step that is under way."""
        return NetworkError(
            asked=self.request.asked, step=self.step, failure=failure, problem=problem, hint=hint
        )

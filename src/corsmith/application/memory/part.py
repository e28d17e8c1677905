"""A request for an application in memory, and what one call comes to.

What lives here: the values that both protocols share. What does not: either protocol.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias
from urllib.parse import urlsplit

from corsmith.browser import Failure
from corsmith.exchange import Answer, NoAnswer

__all__ = ["MOST_BODY", "App", "Called", "Explain", "Pairs", "Raised", "Request", "crashed", "late"]

App: TypeAlias = Callable[..., Any]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

MOST_BODY: Final = 64 * 1024
"""How much of a body is kept, as ``exchange`` looks at no more."""

_FAILED: Final = b"Internal Server Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """An exception that left the application, and the user's own line that it came from."""

    error: BaseException
    file: str | None
    line: int | None

    def __str__(self) -> str:
        """Return type, message and place in one line."""
        text = str(self.error).partition("\n")[0]
        name = type(self.error).__name__
        place = "" if self.file is None else f" at {self.file}:{self.line}"
        return f"{name}: {text}{place}" if text else f"{name}{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What one call came to: what the browser gets, and what left the application."""

    result: Answer | NoAnswer
    raised: Raised | None = None


Explain: TypeAlias = Callable[[BaseException], Raised]
"""Says which line of theirs an exception came from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request, its URL in the parts that both protocols want."""

    method: str
    scheme: str
    host: str
    port: int
    raw_path: str
    query: str
    headers: Pairs
    body: bytes

    @classmethod
    def read(cls, method: str, url: str, headers: Pairs, body: bytes | None) -> Self:
        """Return the request with its URL taken apart."""
        parts = urlsplit(url)
        default = 443 if parts.scheme == "https" else 80
        length = () if not body else (("Content-Length", str(len(body))),)
        return cls(
            method=method,
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or default,
            raw_path=parts.path or "/",
            query=parts.query,
            headers=(("Host", parts.netloc), *headers, *length),
            body=body or b"",
        )


def late(seconds: float) -> Called:
    """Return what is told of a call that is given up after its time."""
    problem = f"no answer within {seconds:g} seconds"
    return Called(result=NoAnswer(failure=Failure.TIMEOUT, step="answer", problem=problem))


def crashed(raised: Raised) -> Called:
    """Return what a server answers in place of an application that raised."""
    headers = (("Content-Type", "text/plain"), ("Content-Length", str(len(_FAILED))))
    return Called(result=Answer(status=500, headers=headers, body=_FAILED), raised=raised)

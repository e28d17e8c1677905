"""An ASGI application asked in memory: what a client sends, and all that it gets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Lines = list[tuple[bytes, bytes]]

HERE = (b"host", b"127.0.0.1:8000")


@dataclass
class Answer:
    """Everything that an application sent."""

    messages: list[Any] = field(default_factory=list)
    received: int = 0

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode("latin-1") for name, value in self.lines}

    @property
    def lines(self) -> Lines:
        return list(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.messages[1:])


def scope(
    method: str = "GET",
    path: str = "/",
    *lines: tuple[bytes, bytes],
    host: bytes | None = HERE[1],
    **changes: Any,
) -> dict[str, Any]:
    """Return a scope as Granian writes it."""
    target, _, query = path.partition("?")
    hosts = [] if host is None else [(b"host", host)]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": target,
        "raw_path": target.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [*hosts, *lines],
        **changes,
    }


def parts(*bodies: bytes, broken: bool = False) -> list[Any]:
    """Return the messages of a body that comes in parts, and breaks off if it is broken."""
    messages: list[Any] = [
        {"type": "http.request", "body": body, "more_body": broken or number < len(bodies) - 1}
        for number, body in enumerate(bodies)
    ]
    return [*messages, {"type": "http.disconnect"}] if broken else messages


def run(app: Any, request: dict[str, Any], body: Iterable[Any] = ()) -> Answer:
    """Return what an application sends for a request; after its body nothing comes."""
    answer = Answer()
    waiting = list(body)

    async def receive() -> Any:
        if not waiting:
            await asyncio.sleep(3600)
        answer.received += 1
        return waiting.pop(0)

    async def send(message: Any) -> None:
        answer.messages.append(message)

    async def serve() -> None:
        await app(request, receive, send)

    asyncio.run(serve())
    return answer


def ask(app: Any, method: str, path: str, *lines: tuple[bytes, bytes], **changes: Any) -> Answer:
    """Return what an application sends for a request without a body."""
    return run(app, scope(method, path, *lines, **changes))


def post(app: Any, *bodies: bytes, path: str = "/", length: int | None = None) -> Answer:
    """Return what an application sends for a POST whose length is announced."""
    size = sum(map(len, bodies)) if length is None else length
    announced = (b"content-length", str(size).encode())
    return run(app, scope("POST", path, announced), parts(*bodies))


def names(lines: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
    """Return the names of header lines, in their order."""
    return [name for name, _ in lines]

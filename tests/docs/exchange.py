"""One exchange of an ``http`` block: a request's head in, the head of the answer out."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from corsmith.adapters.asgi import CORSMiddleware

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from corsmith.gate import Source

__all__ = ["exchange"]


async def _app(_scope: object, _receive: object, send: Callable[..., Awaitable[None]]) -> None:
    """Answer 200 with some JSON to everything."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b'{"status": "OK"}'})


def exchange(policy: Source, request: str) -> str:
    """Return the head of the answer that the ASGI adapter makes for a request's head."""
    line, *fields = request.splitlines()
    method, path, _ = line.split(" ")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [_pair(field) for field in fields],
    }
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    asyncio.run(CORSMiddleware(_app, policy)(scope, receive, send))
    start = sent[0]
    status = HTTPStatus(start["status"])
    lines = [f"HTTP/1.1 {status} {status.phrase}"]
    lines += [f"{name.decode().title()}: {value.decode()}" for name, value in start["headers"]]
    return "\n".join(lines)


def _pair(field: str) -> tuple[bytes, bytes]:
    name, value = field.split(": ", 1)
    return name.lower().encode(), value.encode()

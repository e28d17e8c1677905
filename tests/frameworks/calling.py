"""An application of either protocol called in memory, as a server calls it.

What lives here: one request in, one reply out. What does not: any framework.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.adapters.hosts import Reply, environ_of, scope_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.hosts import Request

    Ask = Callable[[Request], Reply]


class Script:
    """Whether an application ran: it notes that itself."""

    def __init__(self) -> None:
        self.ran = False


def over_asgi(app: Any, script: Script | None = None) -> Ask:
    """Return what asks an ASGI application, each request in an event loop of its own."""

    def ask(request: Request) -> Reply:
        note = script or Script()
        note.ran = False
        sent, raised = asyncio.run(_exchange(app, request))
        start, *rest = [message for message in sent if message["type"].startswith("http.response")]
        return Reply(
            status=start["status"],
            headers=tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in start["headers"]),
            body=b"".join(message.get("body", b"") for message in rest),
            app_ran=note.ran,
            raised=raised,
        )

    return ask


async def _exchange(app: Any, request: Request) -> tuple[list[Any], Exception | None]:
    sent: list[Any] = []
    received: list[Any] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not received:
            await asyncio.Event().wait()  # the client stays
        return received.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(scope_of(request, client=("127.0.0.1", 1)), receive, send)
    except Exception as error:  # noqa: BLE001  whatever the server would see
        return sent, error
    return sent, None


def over_wsgi(app: Any, script: Script | None = None) -> Ask:
    """Return what asks a WSGI application."""

    def ask(request: Request) -> Reply:
        note = script or Script()
        note.ran = False
        heads: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
            heads.append((status, headers))

        parts = app(environ_of(request), start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, lines = heads[-1]
        return Reply(status=int(status[:3]), headers=tuple(lines), body=body, app_ran=note.ran)

    return ask

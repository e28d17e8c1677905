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

_FIRST: dict[str, dict[str, Any]] = {
    "http": {"type": "http.request", "body": b"", "more_body": False},
    "websocket": {"type": "websocket.connect"},
}
_LAST = {"http.response.body", "websocket.close"}


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


async def converse(app: Any, scope: Any, note: Callable[[Any], object]) -> None:
    """Call an ASGI application as a server does, and note each message that it sends.

    The client leaves once it has the whole answer, and some applications wait for that.
    """
    over = asyncio.Event()
    received: list[Any] = [{**_FIRST[scope["type"]]}]

    async def receive() -> Any:
        if received:
            return received.pop()
        await over.wait()
        return {"type": f"{scope['type']}.disconnect"}

    async def send(message: Any) -> None:
        note(message)
        if message["type"] in _LAST and not message.get("more_body", False):
            over.set()

    await app(scope, receive, send)


async def _exchange(app: Any, request: Request) -> tuple[list[Any], Exception | None]:
    sent: list[Any] = []
    try:
        await converse(app, scope_of(request, client=("127.0.0.1", 1)), sent.append)
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

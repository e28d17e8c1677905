"""WebSockets through the gateway: one at the page, one at the upstream, messages between them.

What lives here: the handshake, the relay both ways, and how one side's end becomes the
other's. What does not: whether the page's origin is allowed, which was judged before
(``adapters.asgi``, enforcing), and the headers (``hops``).

What always holds:

* a message is read when the one before it was taken, so nothing heaps up here;
* pings end at the gateway, which answers those of both sides (RFC 6455, section 5.5.2);
* whichever side ends, the other is told, with the code and the words of the first where the
  protocol lets them be said, and nothing is left open;
* a handshake is never redirected: the upstream's answer to it is 101 or a refusal.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Literal

import aiohttp
from aiohttp import WSMsgType
from yarl import URL

from corsmith.adapters.asgi import Receive, Scope, Send
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.faults import (
    Fault,
    fault_of,
    looped,
    malformed,
    strange,
    too_late,
    unsendable,
)
from corsmith.server.gateway.guard import Entry, enter
from corsmith.server.gateway.hops import is_loop, request_headers, response_headers
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.upstream import stray, target_of

__all__ = ["Socket", "only_upgrades", "serve_socket"]

MOST_BYTES: Final = 64 * 1_048_576
"""The largest message from the upstream: what the server takes from a page; uvicorn 16 MiB."""

_HANDSHAKE_SECONDS: Final = 30.0
"""How long the upstream may take to answer the handshake: browsers wait for about a minute."""

_CLOSE_SECONDS: Final = 2.0
"""How long the upstream may take to answer that we close; then its connection is cut."""

_STALL_SECONDS: Final = 300.0
"""How long the upstream may leave a message untaken: behind it nobody sees the page go."""

_SWITCHED: Final = 101
_REFUSALS: Final = range(400, 600)
_RESPONSE: Final = "websocket.http.response"

_OURS: Final = frozenset(
    {
        b"sec-websocket-accept",
        b"sec-websocket-extensions",
        b"sec-websocket-key",
        b"sec-websocket-protocol",
        b"sec-websocket-version",
    }
)
"""What each of the two handshakes has for itself."""

# RFC 6455, section 7.4, and the registry of close codes: the others are never on the wire.
_SENDABLE: Final = frozenset({*range(1000, 1004), *range(1007, 1012), *range(3000, 5000)})
_DONE: Final = 1000
_GOING_AWAY: Final = 1001
_FAILED: Final = 1011
_LONGEST_REASON: Final = 123


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How a conversation ended, and which side must be told."""

    code: int
    reason: str
    tell_page: bool


class Socket(aiohttp.ClientWebSocketResponse[Literal[True]]):
    """The upstream's end, with what it said in its handshake."""

    @property
    def raw_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The headers of its 101."""
        return self._response.raw_headers

    def abort(self) -> None:
        """Cut the connection, if it is not closed."""
        self._set_closed()
        self._response.close()


async def only_upgrades(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Raise for whatever answers a handshake but 101; the client would follow a redirect."""
    answer = await handler(request)
    if answer.status != _SWITCHED:
        answer.close()
        raise aiohttp.WSServerHandshakeError(
            answer.request_info, answer.history, status=answer.status, headers=answer.headers
        )
    return answer


async def serve_socket(
    session: aiohttp.ClientSession,
    upstream: Upstream,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    via: bytes,
    added: Added,
) -> None:
    """Serve one WebSocket of a page; returns when both ends are closed.

    ``session`` has ``only_upgrades`` and makes a ``Socket``; ``via`` is this gateway's name.
    """
    if (await receive())["type"] != "websocket.connect":
        return
    opened = await _open(session, upstream, scope, via, added)
    if isinstance(opened, Fault):
        await _refuse(opened, scope, send)
        return
    try:
        here = _scheme(scope) + b"://" + _host(scope)
        lines = response_headers(opened.raw_headers, upstream, here=here, path=b"/")
        cookies = [line for line in lines if line[0] == b"set-cookie"]
        accept = {"type": "websocket.accept", "subprotocol": opened.protocol, "headers": cookies}
        await send(accept)
        end = await _first(_to_upstream(receive, opened), _to_page(opened, send))
        if end.tell_page:
            await send({"type": "websocket.close", "code": end.code, "reason": end.reason})
        else:
            await opened.close(code=end.code, message=end.reason.encode())
    finally:
        opened.abort()


async def _open(
    session: aiohttp.ClientSession, upstream: Upstream, scope: Scope, via: bytes, added: Added
) -> Socket | Fault:
    """Return the upstream's end, or why there is none."""
    if enter("GET", scope["headers"]) is not Entry.GOES_ON:
        return strange(upstream)
    if is_loop(scope["headers"], via):
        return looped(upstream)
    if (outside := stray(upstream, scope["raw_path"])) is not None:
        return unsendable(outside)
    target = target_of(upstream, scope["raw_path"], scope["query_string"])
    tls = _scheme(scope) == b"https"
    lines = request_headers(scope["headers"], upstream, via=via, added=added, tls=tls)
    try:
        url = URL((upstream.origin + target).decode("ascii"), encoded=True)
        headers = [
            (name.decode("ascii"), value.decode()) for name, value in lines if name not in _OURS
        ]
    except UnicodeDecodeError:
        return unsendable("its path or a header has bytes that are no text")
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            socket = await session.ws_connect(
                url,
                headers=headers,
                protocols=scope.get("subprotocols", ()),
                timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_SECONDS),
                max_msg_size=MOST_BYTES,
            )
    except aiohttp.WSServerHandshakeError as error:
        # 101 with a handshake that is none.
        wrong = error.status == _SWITCHED
        return malformed(upstream) if wrong else _refused(upstream, error.status)
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
            return too_late(upstream, _HANDSHAKE_SECONDS)
        return fault_of(error, upstream)
    assert isinstance(socket, Socket)  # noqa: S101  what `connect` makes
    return socket


def _refused(upstream: Upstream, status: int) -> Fault:
    """Return the fault of an upstream that does not open a WebSocket."""
    return Fault(
        status=status if status in _REFUSALS else 502,
        word="upstream-no-socket",
        sentence=f"{upstream.host.decode()} answers {status} to a WebSocket at this path.",
    )


async def _refuse(fault: Fault, scope: Scope, send: Send) -> None:
    """Answer a handshake with a status and a sentence, where the server can."""
    if _RESPONSE not in scope.get("extensions", ()):
        await send({"type": "websocket.close", "code": _FAILED})
        return
    body = f"{fault.sentence}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": f"{_RESPONSE}.start", "status": fault.status, "headers": headers})
    await send({"type": f"{_RESPONSE}.body", "body": body})


async def _first(*ways: Awaitable[_End]) -> _End:
    """Return how the first of the two directions ended, with the other one stopped."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _to_upstream(receive: Receive, socket: Socket) -> _End:
    """Hand on what the page says until it ends."""
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            code = message.get("code") or _DONE
            reason = message.get("reason") or ""
            return _end(code, reason, otherwise=_GOING_AWAY, tell_page=False)
        text = message.get("text")
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                if text is not None:
                    await socket.send_str(text)
                else:
                    await socket.send_bytes(message["bytes"])
        except TimeoutError:
            return _End(code=_FAILED, reason="the upstream takes no more", tell_page=True)
        except (aiohttp.ClientError, OSError):
            # It has ended, and what it said last is still to be read by the other direction.
            await asyncio.sleep(_CLOSE_SECONDS)
            return _End(code=_FAILED, reason="the upstream is gone", tell_page=True)


async def _to_page(socket: Socket, send: Send) -> _End:
    """Hand on what the upstream says until it ends."""
    while True:
        message = await socket.receive()
        if message.type is WSMsgType.TEXT:
            await send({"type": "websocket.send", "text": message.data})
        elif message.type is WSMsgType.BINARY:
            await send({"type": "websocket.send", "bytes": message.data})
        elif message.type is WSMsgType.CLOSE:
            code, reason = message.data or _DONE, message.extra or ""
            return _end(code, reason, otherwise=_FAILED, tell_page=True)
        else:
            # It is gone without a word, or said what is no message: too large, no UTF-8.
            code = socket.close_code or _FAILED
            return _end(code, "the upstream is gone", otherwise=_FAILED, tell_page=True)


def _end(code: int, reason: str, *, otherwise: int, tell_page: bool) -> _End:
    """Return an end that can be told; ``otherwise`` stands for a code that is never sent.

    1005 says that no code was given, so the usual one stands for it.
    """
    if code == 1005:  # noqa: PLR2004  RFC 6455, section 7.4.1
        code = _DONE
    return _End(
        code=code if code in _SENDABLE else otherwise,
        reason=reason.encode()[:_LONGEST_REASON].decode(errors="ignore"),
        tell_page=tell_page,
    )


def _scheme(scope: Scope) -> bytes:
    """Return the scheme that a page has whose WebSocket this is."""
    return b"https" if scope["scheme"] in {"wss", "https"} else b"http"


def _host(scope: Scope) -> bytes:
    return next((value for name, value in scope["headers"] if name == b"host"), b"")

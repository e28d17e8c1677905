"""CORS for any ASGI application (ASGI 3.0): put it outermost.

What lives here: the translation of ASGI messages. What does not: any judgement.

Facts that shape the code:

* only ``http.response.start`` is touched, on a copy; every other message, scope type and
  extension passes as it is, and nothing is buffered;
* no event loop is imported: the middleware runs under asyncio and trio alike;
* ``__call__`` is ``async def``, because servers look at it to tell ASGI 3 from ASGI 2;
* ``send`` is wrapped by a plain function that returns the inner awaitable: a coroutine of
  our own around each message would cost more than the whole decision.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias, cast

from corsmith.gate import NOBODY, AsyncChooser, Gate, Source, check_choice
from corsmith.headers import OWNED_RESPONSE_HEADERS, REQUEST_HEADERS_OF_PREFLIGHT, merge_vary
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_policy_failure, note_replaced_headers
from corsmith.routes import Routes

__all__ = ["CORSMiddleware"]

# ASGI leaves scopes and messages open, so their values cannot be typed more closely.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

_ACRM, _ACRH = (name.encode() for name in REQUEST_HEADERS_OF_PREFLIGHT)
_OWNED: Final = frozenset(name.encode() for name in OWNED_RESPONSE_HEADERS)
_TOUCHED: Final = _OWNED | {b"vary"}
_UNTOUCHED: Final = frozenset({
    b"content-type",
    b"content-length",
    b"content-encoding",
    b"cache-control",
    b"date",
    b"etag",
    b"last-modified",
    b"location",
    b"server",
    b"set-cookie",
    b"transfer-encoding",
})
"""Names that need no closer look: one set look-up instead of a lower-casing."""

_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_REFUSED: Final = b"This origin may not use this server: the CORS policy does not allow it.\n"
_FAILED: Final = b"Internal Server Error\n"
_VARY: Final = ((b"vary", b"Origin"),)

_NO_CONTENT: Final = 204

_POLICY_VIOLATION: Final = 1008
"""WebSocket close code (RFC 6455, section 7.4.1)."""


class CORSMiddleware:
    """An ASGI application that answers preflights and marks every response of another.

    >>> async def app(scope, receive, send): ...
    >>> app = CORSMiddleware(app, origins=["https://app.example"])

    ``policy`` is a ``Policy``, ``Routes``, or an ``async def`` of origin, scheme, host and
    path; or the fields of a policy are given directly. ``enforce`` answers 403 before the
    application runs where the Origin is not allowed. Raises ``PolicyError``.
    """

    def __init__(
        self,
        app: App,
        policy: Source | None = None,
        *,
        enforce: bool = False,
        **fields: object,
    ) -> None:
        """Wrap ``app``; everything that can be wrong with the policy is told here."""
        self.app = app
        self._enforce = enforce
        self._gate = Gate(policy, fields, asynchronous=True)
        self._refusals = Refusals()

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._gate.source

    @policy.setter
    def policy(self, new: Source) -> None:
        self._gate.source = new

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self._pass_connection(scope, receive, send)
            return
        source = self._gate.source
        varies = False
        if source.__class__ is not Policy:
            source, varies = await self._choose(source, scope)
            if source is None:
                await self._run(scope, receive, send, _VARY if varies else ())
                return
        policy: Policy = source  # type: ignore[assignment]  # what is no Policy was chosen from
        answers = policy.byte_answers
        origin: bytes | None = None
        several = False
        for name, value in scope["headers"]:
            if name == b"origin":
                several = origin is not None
                origin = value
        if origin is not None and scope["method"] == "OPTIONS":
            asked = [value for name, value in scope["headers"] if name == _ACRM]
            if asked:
                line = None if several else origin
                names = [value for name, value in scope["headers"] if name == _ACRH]
                pairs = self._preflight(policy, line, asked, names)
                if varies and answers.any_origin:
                    pairs += _VARY
                await _send_preflight(send, policy.preflight_status, pairs)
                return
        if origin is None or answers.any_origin:
            pairs = answers.unmatched
        elif not several and (pair := answers.known.get(origin) or answers.allow(origin)):
            pairs = (pair, *answers.vary_tail)
        else:
            pairs = answers.unmatched
            self._refusals.note_origin(policy, None if several else origin.decode("latin-1"))
            if self._enforce and not _is_same_origin(scope):
                await _send_text(send, 403, _REFUSED, pairs)
                return
        if varies and answers.any_origin:
            pairs += _VARY
        await self._run(scope, receive, send, pairs)

    async def _run(self, scope: Scope, receive: Receive, send: Send, pairs: Pairs) -> None:
        """Run the application, and put ``pairs`` on the start of its response."""
        started = False

        def send_marked(message: Message) -> Awaitable[None]:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = message.get("headers", ())
                if headers.__class__ is not list:
                    headers = list(headers)
                for name, _ in headers:
                    if name not in _UNTOUCHED and name.lower() in _TOUCHED:
                        return send({**message, "headers": _merge(headers, pairs)})
                return send({**message, "headers": [*headers, *pairs]})
            return send(message)

        try:
            await self.app(scope, receive, send_marked)
        except Exception:
            if not started:
                # What no layer inside turned into a response would be answered by the
                # server without a CORS header, and look like a CORS error in a browser.
                await _send_text(send, 500, _FAILED, pairs)
            raise

    def _preflight(
        self, policy: Policy, origin: bytes | None, asked: list[bytes], names: list[bytes]
    ) -> Pairs:
        """Return the pairs of a preflight's answer, and note what it refuses."""
        answers = policy.byte_answers
        # Two lines are one list to a proxy that joins them: no token, so refused.
        method = asked[0] if len(asked) == 1 else b", ".join(asked)
        self._refusals.note_preflight(policy, answers, origin, method, names)
        return answers.preflight(origin, method, names)

    async def _choose(self, source: object, scope: Scope) -> tuple[Policy | None, bool]:
        """Return the policy for this path and origin, and whether a function chose it."""
        path = _path(scope)
        varies = not isinstance(source, Routes)
        if varies:
            try:
                source = await cast("AsyncChooser", source)(*_shared(scope), path)
                check_choice(source)
            except Exception as error:  # noqa: BLE001  a refusal must not become a crash
                note_policy_failure(error)
                return NOBODY, True
        if isinstance(source, Routes):
            raw_path = scope.get("raw_path")
            raw = None if raw_path is None else raw_path.decode("latin-1")
            if source.is_ambiguous(path, raw):
                self._refusals.note_path(path)
            return source.policy_for(path, raw), varies
        return cast("Policy | None", source), varies

    async def _pass_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is not HTTP; with ``enforce``, guard WebSocket handshakes."""
        if scope["type"] == "websocket" and self._enforce:
            source: object = self._gate.source
            if not isinstance(source, Policy):
                source, _ = await self._choose(source, scope)
            lines = [value for name, value in scope["headers"] if name == b"origin"]
            if isinstance(source, Policy) and lines and not source.byte_answers.any_origin:
                origin = lines[0] if len(lines) == 1 else None
                if origin is None or source.byte_answers.allow(origin) is None:
                    self._refusals.note_origin(source, origin and origin.decode("latin-1"))
                    await receive()  # websocket.connect: only then may it be closed
                    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                    return
        await self.app(scope, receive, send)


def _merge(headers: Iterable[tuple[bytes, bytes]], pairs: Pairs) -> list[tuple[bytes, bytes]]:
    """Return the application's headers with ours: a set replaced, ``Vary`` merged."""
    kept: list[tuple[bytes, bytes]] = []
    vary: list[str] = []
    replaced: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower in _OWNED:
            replaced.append(lower.decode())
        elif lower == b"vary":
            vary.append(value.decode("latin-1"))
        else:
            kept.append((name, value))
    if replaced:
        note_replaced_headers(replaced)
    if pairs and pairs[-1][0] == b"vary":
        merged = merge_vary(vary, "Origin").encode("latin-1")
        return [*kept, *pairs[:-1], (b"vary", merged)]
    return [*kept, *((b"vary", value.encode("latin-1")) for value in vary), *pairs]


async def _send_preflight(send: Send, status: int, pairs: Pairs) -> None:
    # RFC 9110, section 8.6: a 204 has no Content-Length.
    length = () if status == _NO_CONTENT else ((b"content-length", b"0"),)
    await send({"type": "http.response.start", "status": status, "headers": [*pairs, *length]})
    await send({"type": "http.response.body", "body": b""})


async def _send_text(send: Send, status: int, body: bytes, pairs: Pairs) -> None:
    length = (b"content-length", str(len(body)).encode())
    headers = [_TEXT, length, *pairs]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_same_origin(scope: Scope) -> bool:
    """Return whether the browser says that page and server are one origin.

    Fetch Metadata, #sec-fetch-site-header: no page can set or remove it.
    """
    sites = [value for name, value in scope["headers"] if name == b"sec-fetch-site"]
    return sites == [b"same-origin"]


def _shared(scope: Scope) -> tuple[str | None, str, str | None]:
    """Return what a preflight and its request share, besides the path."""
    values = {b"origin": list[bytes](), b"host": list[bytes]()}
    for name, value in scope["headers"]:
        if name in values:
            values[name].append(value)
    origin, host = (
        lines[0].decode("latin-1") if len(lines) == 1 else None for lines in values.values()
    )
    return origin, scope.get("scheme", "http"), host


def _path(scope: Scope) -> str:
    """Return the path that the application routes on: below where it is mounted."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) :][:1] in {"", "/"}:
        return path[len(root) :] or "/"
    return path

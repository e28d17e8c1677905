"""CORS for any ASGI application (ASGI 3.0): put it outermost.

What lives here: the translation of ASGI messages. What does not: any judgement.

Facts that shape the code:

* only ``http.response.start`` is touched, on a copy; every other message, scope type and
  extension passes as it is, and nothing is buffered;
* no event loop is imported: the middleware runs under asyncio and trio alike;
* ``__call__`` is ``async def``, because servers look at it to tell ASGI 3 from ASGI 2;
* each coroutine around the application costs as much as the whole decision, so the usual
  request has one, and ``send`` is wrapped by a plain function that returns what it gets.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping, Sequence, Sized
from contextlib import suppress
from typing import Any, ClassVar, Final, TypeAlias, cast

from corsmith.gate import AsyncChooser, Choice, Source, admit, check_enforce, choose, failed
from corsmith.headers import OWNED_RESPONSE_HEADERS, REQUEST_HEADERS_OF_PREFLIGHT, merge_vary
from corsmith.marks import UNMARKED, Mark, Marks
from corsmith.policy import Policy
from corsmith.refusals import Refusals, note_replaced_headers
from corsmith.routes import Routes

__all__ = ["CORSMiddleware", "path_of", "wanted_method"]

# ASGI leaves scopes and messages open, so their values cannot be typed more closely.
Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Pairs: TypeAlias = tuple[tuple[bytes, bytes], ...]

_ACRM, _ACRH = (name.encode() for name in REQUEST_HEADERS_OF_PREFLIGHT)
_SHORTEST_ASKED: Final = len(_ACRM)
_OWNED: Final = frozenset(name.encode() for name in OWNED_RESPONSE_HEADERS)
_TOUCHED: Final = _OWNED | {b"vary"}
_UNTOUCHED: Final = frozenset(
    b"cache-control content-encoding content-length content-type date etag last-modified location"
    b" server set-cookie transfer-encoding".split()
)
"""Names that need no closer look: one set look-up instead of a lower-casing."""

_SEVERAL: Final = b","
"""Stands for several Origin lines: an empty list, which no policy allows."""

_TEXT: Final = (b"content-type", b"text/plain; charset=utf-8")
_REFUSED: Final = b"This origin may not use this server: the CORS policy does not allow it.\n"
_FAILURE: Final = b"Internal Server Error\n"
_VARY: Final = ((b"vary", b"Origin"),)
_EMPTY: Final = (b"content-length", b"0")
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

    refusing: ClassVar[Pairs] = ()
    """Headers of such a 403 besides its own."""
    _watched: Sequence[tuple[Sized, int]] = ()
    """What a framework's layer has read, and its length: if that grows, `_choose` is asked."""

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
        self._enforce = check_enforce(enforce)
        self._refusals = Refusals()
        self._marks: Marks | None = None
        self.policy = admit(policy, fields, asynchronous=True)

    @property
    def marks(self) -> Marks | None:
        """Finds the mark of the endpoint of a request, which comes before the policy."""
        return self._marks

    @marks.setter
    def marks(self, new: Marks | None) -> None:
        self._marks = new
        self._find_shortcut()

    @property
    def policy(self) -> Source:
        """The policy in force; assign another, and the next request meets that one."""
        return self._source

    @policy.setter
    def policy(self, new: Source) -> None:
        # In this order, a request that comes between the two lines meets the old or the
        # new, never neither.
        self._source = admit(new, {}, asynchronous=True)
        self._find_shortcut()

    def find_mark(self, scope: Scope, path: str) -> Mark:
        """Return the mark of the endpoint that a request, or its preflight, goes to.

        A framework whose router looks at more than method and path has its own. It is asked
        where the policy in force is not the same for every request.
        """
        return UNMARKED if self._marks is None else self._marks(wanted_method(scope), path)

    def _find_shortcut(self) -> None:
        """Keep the policy of the usual case, which needs no look at what the source is."""
        source = self._source
        self._policy = source if isinstance(source, Policy) and self._is_usual() else None

    def _is_usual(self) -> bool:
        """Return whether a policy that is the source holds for every request."""
        return self._marks is None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901, PLR0912  one coroutine is all that a request may cost
        """Answer one connection."""
        if scope["type"] != "http":
            await self._pass_connection(scope, receive, send)
            return
        policy = self._policy
        varies = False
        for listed, count in self._watched:
            if len(listed) != count:
                policy = None
        if policy is None:
            choice = await self._settle(scope, receive, send)
            if choice is None or choice.policy is None:
                return
            policy, varies = choice.policy, choice.varies
        answers = policy.byte_answers
        if scope["method"] == "OPTIONS" and (start := self._preflight(policy, scope, varies)):
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        origin = None
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value if origin is None else _SEVERAL
        pairs = answers.find(origin) or self.judge(policy, origin)
        if pairs is None:
            pairs = answers.unmatched
            if self._enforce and await _send_refusal(scope, send, pairs + self.refusing):
                return
        if varies and answers.any_origin:
            pairs += _VARY
        started = False

        def send_marked(message: Message) -> Awaitable[None]:
            nonlocal started
            if started or message["type"] != "http.response.start":
                return send(message)
            started = True
            return send(marked(message, pairs))

        try:
            await self.app(scope, receive, send_marked)
        except Exception:
            if not started:
                await self._answer_failure(send, pairs)
            raise

    async def _answer_failure(self, send: Send, pairs: Pairs) -> None:
        """Answer for an application that raised before its answer began.

        A server would answer without a CORS header, and that looks like a CORS error.
        """
        with suppress(Exception):  # the client may be gone: the application's exception counts
            await _send_text(send, 500, _FAILURE, pairs)

    def judge(self, policy: Policy, origin: bytes | None) -> Pairs | None:
        """Return what a response to an Origin gets; ``None``: it is refused, which is noted."""
        answers = policy.byte_answers
        pairs = answers.find(origin) or answers.meet(cast("bytes", origin))  # `None` is found
        if pairs is None:
            self._refusals.note_origin(policy, None if origin is _SEVERAL else origin)
        return pairs

    async def _settle(self, scope: Scope, receive: Receive, send: Send) -> Choice | None:
        """Return the policy of this request, or run the application where there is none."""
        choice = await self._choose(self._source, scope)
        if choice.policy is not None:
            return choice
        await self._run_exempt(choice, scope, receive, send)
        return None

    async def _run_exempt(self, choice: Choice, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application where no policy holds."""
        if not choice.varies and not choice.ambiguous:
            await self.app(scope, receive, send)
            return
        pairs = _VARY if choice.varies else ()
        owned = _OWNED if choice.ambiguous else frozenset[bytes]()
        if choice.ambiguous:
            self._refusals.note_path(path_of(scope)[0])
            # Whichever reading the application takes, no policy has allowed this Origin.
            has_origin = bool(_lines(scope, b"origin"))
            refused = self._enforce and has_origin
            if refused and await _send_refusal(scope, send, pairs + self.refusing):
                return
        started = False

        def send_marked(message: Message) -> Awaitable[None]:
            nonlocal started
            if started or message["type"] != "http.response.start":
                return send(message)
            started = True
            return send(marked(message, pairs, owned))

        try:
            await self.app(scope, receive, send_marked)
        except Exception:
            if not started:
                await self._answer_failure(send, pairs)
            raise

    def _preflight(self, policy: Policy, scope: Scope, varies: bool) -> Message | None:  # noqa: FBT001  as above
        """Return the start of a preflight's answer; ``None`` where the request is none.

        What a browser will refuse in the answer is noted.
        """
        origin = None
        asked: list[bytes] = []
        names: list[bytes] = []
        for name, value in scope["headers"]:
            if name == b"origin":
                origin = value if origin is None else _SEVERAL
            elif len(name) >= _SHORTEST_ASKED:  # one look instead of two for most headers
                if name == _ACRM:
                    asked.append(value)
                elif name == _ACRH:
                    names.append(value)
        if origin is None or not asked:
            return None
        # Two lines are one list to a proxy that joins them: no token, so refused.
        method = asked[0] if len(asked) == 1 else b", ".join(asked)
        line = None if origin is _SEVERAL else origin
        answers = policy.byte_answers
        pairs = answers.preflight(line, method, names)
        if pairs is answers.vary:
            self._refusals.note_origin(policy, line)
        elif (fault := answers.fault(method, names)) is not None:
            self._refusals.note_fault(line, fault)
        status = policy.preflight_status
        # RFC 9110, section 8.6: a 204 has no Content-Length.
        headers = [*pairs] if status == _NO_CONTENT else [*pairs, _EMPTY]
        if varies and answers.any_origin:
            headers += _VARY
        return {"type": "http.response.start", "status": status, "headers": headers}

    async def _choose(self, source: object, scope: Scope) -> Choice:
        """Return what is in force for this path and origin."""
        path, raw_path = path_of(scope)
        mark = self.find_mark(scope, path)
        if mark is not UNMARKED:
            return Choice(policy=mark)
        if isinstance(source, (Policy, Routes)):
            return choose(source, path, raw_path)
        origin = _single(scope, b"origin")
        scheme, host = scope.get("scheme", "http"), _single(scope, b"host")
        try:
            chosen = await cast("AsyncChooser", source)(origin, scheme, host, path)
            return choose(chosen, path, raw_path, varies=True)
        except Exception as error:  # noqa: BLE001  a refusal must not become a crash
            self._refusals.note_failure(origin, error)
            return failed()

    async def _pass_connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is not HTTP; with ``enforce``, guard WebSocket handshakes."""
        if self._enforce and scope["type"] == "websocket" and (lines := _lines(scope, b"origin")):
            choice = await self._choose(self._source, scope)
            if not self._admits(choice, lines):
                # Only after websocket.connect may it be closed.
                if (await receive())["type"] == "websocket.connect":
                    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return
        await self.app(scope, receive, send)

    def _admits(self, choice: Choice, lines: list[bytes]) -> bool:
        """Return whether a handshake with these Origin lines may go on."""
        policy = choice.policy
        if policy is None:
            return not choice.ambiguous
        origin = lines[0] if len(lines) == 1 else None
        answers = policy.byte_answers
        if answers.any_origin or (origin is not None and answers.allow(origin) is not None):
            return True
        self._refusals.note_origin(policy, origin)
        return False


def _merge(
    headers: Iterable[tuple[bytes, bytes]], pairs: Pairs, owned: frozenset[bytes]
) -> list[tuple[bytes, bytes]]:
    """Return the application's headers with ours: a set replaced, ``Vary`` merged."""
    kept: list[tuple[bytes, bytes]] = []
    vary: list[str] = []
    replaced: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower in owned:
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


async def _send_text(send: Send, status: int, body: bytes, pairs: Pairs) -> None:
    headers = [_TEXT, (b"content-length", str(len(body)).encode()), *pairs]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_refusal(scope: Scope, send: Send, pairs: Pairs) -> bool:
    """Answer 403 and return true, unless page and server are one origin.

    The browser says that: Fetch Metadata, #sec-fetch-site-header. No page can set it.
    """
    if _lines(scope, b"sec-fetch-site") == [b"same-origin"]:
        return False
    await _send_text(send, 403, _REFUSED, pairs)
    return True


def _lines(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _single(scope: Scope, wanted: bytes) -> str | None:
    """Return the value of a header that has exactly one line, without surrounding blanks."""
    lines = _lines(scope, wanted)
    return lines[0].strip(b" \t").decode("latin-1") if len(lines) == 1 else None


def wanted_method(scope: Scope) -> str:
    """Return the method of a request, or the one that a preflight asks for."""
    method: str = scope.get("method", "GET")  # a WebSocket handshake has none
    if method == "OPTIONS" and _lines(scope, b"origin") and (asked := _lines(scope, _ACRM)):
        return b", ".join(asked).decode("latin-1")
    return method


def path_of(scope: Scope) -> tuple[str, str | None]:
    """Return the path that the application routes on, decoded and as it was received.

    It is the part below where the application is mounted (ASGI, "root_path").
    """
    path: str = scope["path"]
    raw: str | None = None
    if (received := scope.get("raw_path")) is not None:
        raw = received.split(b"?", 1)[0].decode("latin-1")
    root: str = scope.get("root_path", "")
    if root and path.startswith(root) and path[len(root) :][:1] in {"", "/"}:
        path = path[len(root) :] or "/"
        if raw is not None and raw.startswith(root):
            raw = raw[len(root) :]
    return path, raw


def marked(message: Message, pairs: Pairs, owned: frozenset[bytes] = _OWNED) -> Message:
    """Return a copy of the start of a response, with ``pairs`` in its headers."""
    headers = message.get("headers") or ()
    if headers.__class__ is not list:
        headers = [*headers]  # an iterator can be read once only
    for name, _ in headers:
        if name not in _UNTOUCHED and name.lower() in _TOUCHED:
            return {**message, "headers": _merge(headers, pairs, owned)}
    return {**message, "headers": [*headers, *pairs]}

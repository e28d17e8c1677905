"""``Front``: the one ASGI application that the server runs.

What lives here: the order of things. From the outside in:

1. the head's limits and the Host check (``limits``);
2. the body of a POST, read within its limits (``body``);
3. the log and the try page's record (``log``, ``exchange``), where somebody wants them;
4. CORS (``adapters.asgi``), for the application and for what 1 and 2 refuse alike, so that
   a page can read the status;
5. the application.

What does not: any judgement of its own.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable
from typing import Final

from corsmith.adapters.asgi import (
    App,
    CORSMiddleware,
    Message,
    Receive,
    Scope,
    Send,
    path_of,
)
from corsmith.gate import choose
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.admitted import allow_besides
from corsmith.server.body import (
    BROKEN_OFF,
    EMPTY,
    TOO_SLOW,
    Body,
    Patience,
    drain,
    has_body,
    too_large,
)
from corsmith.server.echo import PROBLEM, answer_problem
from corsmith.server.events import Publisher
from corsmith.server.exchange import Exchange, press_of, without_press
from corsmith.server.handshakes import as_request, is_own, status_of
from corsmith.server.hosts import Hosts
from corsmith.server.limits import USUAL_BODY, Problem, read_head
from corsmith.server.lines import WRITE_BYTES
from corsmith.server.log import Log, Verdicts, unasked
from corsmith.server.serving import CUT, NOTE
from corsmith.server.shortened import Welcome
from corsmith.server.streaming import CLIENT_LEFT, NO_ANSWER, NO_TUNNEL, UNFINISHED, Streamed

__all__ = ["Front"]

_BEGUN: Final = "corsmith.begun"
"""Where a scope holds the policy and the start of an answer that has not ended yet."""

_LOOPBACK: Final = Hosts(0)

_PRESS: Final = "corsmith.press"
"""Where a scope holds the press of the try page whose request it is."""


class Front:
    """An application behind limits, log and CORS; ``policy`` may be replaced at any time."""

    def __init__(
        self,
        app: App,
        policy: Policy | Routes,
        *,
        hosts: Hosts = _LOOPBACK,
        limit_body: int | None = USUAL_BODY,
        log: Log | None = None,
        publisher: Publisher | None = None,
        streams: bool = False,
        enforces: bool = False,
        layer: type[CORSMiddleware] = CORSMiddleware,
    ) -> None:
        """Put ``app`` behind them; ``log`` and ``publisher`` may be left out.

        ``hosts`` are the names that it answers to: unless given, those of loopback.

        An application that ``streams`` reads bodies by itself, and gets its lifespan and
        WebSockets too: of its own pages, and of origins that are allowed. With ``enforces``
        it sees no request of an origin that is not allowed, whoever gave the page.
        ``layer`` is the kind of CORS layer before it.
        """
        self._app = layer(app, policy, enforce=enforces)
        self._streams = streams
        self._enforces = enforces
        # A page of any origin can open a WebSocket and read it: there the policy is a guard.
        self._guarded = self._app if enforces else layer(app, policy, enforce=True)
        self._refused = CORSMiddleware(answer_problem, policy)
        self._policy = self._own = policy
        self._besides: tuple[str, ...] = ()
        self._putting = threading.Lock()
        self._hosts = hosts
        self._limit = limit_body
        self._keep = 0 if log is None else WRITE_BYTES
        self._log = log
        self._patience = Patience()
        self._verdicts = Verdicts()
        self._publisher = Publisher(None) if publisher is None else publisher

    @property
    def policy(self) -> Policy | Routes:
        """The policy in force."""
        return self._policy

    @policy.setter
    def policy(self, new: Policy | Routes) -> None:
        with self._putting:
            self._own = new
            self._put()

    def admit(self, origins: tuple[str, ...]) -> None:
        """Allow some origins besides those of whichever policy is in force."""
        with self._putting:  # an edit and a key may come at once, from two threads
            self._besides = origins
            self._put()

    def _put(self) -> None:
        new = allow_besides(self._own, self._besides)
        self._app.policy = self._guarded.policy = self._refused.policy = self._policy = new

    def bring(self, policy: Policy | Routes) -> None:
        """Put in force a policy that the application has with it, to which no flag adds."""
        self.policy = policy
        if self._log is not None:
            self._log.tell_no_flag()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request.

        Not a coroutine of its own: where there is nothing to do before or after the CORS
        layer, the CORS layer's is enough.
        """
        if scope["type"] != "http":
            return self._connect(scope, receive, send)
        head = read_head(scope, self._hosts)
        watched = scope["query_string"] and self._publisher.wants(scope)
        if watched:
            query = scope["query_string"]
            # A strict API refuses a parameter that it does not know.
            scope = {**scope, "query_string": without_press(query), _PRESS: press_of(query)}
        if self._log is None and not watched:
            if head == 0 and not self._streams:
                return self._app(scope, receive, send)
        else:
            send = self._watch(scope, send, asked=not isinstance(head, Problem))
        if isinstance(head, Problem):
            return self._refuse(head, scope, receive, send)
        if self._streams:
            return self._stream(head, scope, receive, send)
        if scope["method"] == "POST":
            return self._post(head, scope, receive, send)
        return self._answer(head, scope, receive, send)

    def welcome(self, policy: Policy | Routes, scope: Scope) -> Welcome | None:
        """Return the CORS headers and the verdict of a request with which nothing is wrong.

        ``None`` where it is to be refused, read, or told in another way: it goes through all
        layers. What is returned follows from the head and the policy alone.
        """
        if scope["method"] == "OPTIONS" or read_head(scope, self._hosts) != 0:
            return None
        if self._publisher.wants(scope):
            return None
        verdict = self._verdicts.of(policy, scope)
        if verdict.decision is None or verdict.decision.reasons:
            return None
        chosen = policy if isinstance(policy, Policy) else choose(policy, *path_of(scope)).policy
        origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
        pairs = None if chosen is None else self._app.judge(chosen, origin)
        return None if pairs is None else Welcome(pairs, verdict)

    async def _answer(self, length: int | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose body nobody wants, then read that away."""
        word = UNFINISHED
        try:
            await self._app(scope, receive, send)
            word = CLIENT_LEFT
        finally:
            if _BEGUN in scope:
                self._note_cut(scope, word)
        if length != 0:
            await drain(receive)

    async def _stream(self, length: int | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the application answer, which reads the body by itself."""
        limit = self._limit
        if limit is not None and length is not None and length > limit:
            await self._refuse(too_large(limit), scope, receive, send)
            return
        if scope["method"] == "CONNECT":
            await self._refuse(NO_TUNNEL, scope, receive, send)
            return
        streamed = Streamed(receive, send, self._patience, limit, whole=length == 0)
        # What the application raises holds this frame, and an application may hold that.
        del receive, send
        try:
            try:
                await self._app(scope, streamed.receive, streamed.send)
            except Exception:
                # Of a limit that was broken it was told that the client had gone.
                if streamed.problem is None:
                    raise
            finally:
                if _BEGUN in scope:
                    self._note_cut(scope, streamed.ending)
            problem = streamed.problem
            if problem is None and not streamed.started and streamed.ending == UNFINISHED:
                problem = NO_ANSWER
            if problem is not None:
                if not streamed.started:
                    await self._refuse(problem, scope, *streamed.end())
            elif length != 0 and streamed.is_unread:
                await drain(streamed.end()[0])
        finally:
            streamed.end()

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is not a request: a WebSocket, or that the server starts and ends."""
        if scope["type"] != "websocket":
            if not self._streams:
                raise NotImplementedError(f"no {scope['type']} here")
            await self._app(scope, receive, send)
            return
        head = read_head(scope, self._hosts)
        problem = head if isinstance(head, Problem) else None
        own = not self._enforces and is_own(scope)
        if self._log is not None:
            send = self._watch_handshake(scope, send, problem, own=own)
        if problem is not None or not self._streams:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif own:
            await self._app(scope, receive, send)
        else:
            await self._guarded(scope, receive, send)

    def _watch_handshake(
        self, scope: Scope, send: Send, problem: Problem | None, *, own: bool
    ) -> Send:
        """Return a ``send`` that writes the line of a handshake once it is answered."""
        is_open = True

        def send_watched(message: Message) -> Awaitable[None]:
            nonlocal is_open
            status = status_of(message)
            if is_open and status is not None and self._log is not None:
                is_open = False
                request = as_request(scope)
                verdict = unasked(scope)
                if problem is None and own:
                    verdict = verdict._replace(words="same-origin")
                elif problem is None:
                    verdict = self._verdicts.of(self._policy, request)
                word = None if problem is None else problem.word
                self._log.request(request, status, verdict, word)
            return send(message)

        return send_watched

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not served, then read away its body."""
        scope[PROBLEM] = problem
        # Not OPTIONS: the CORS layer must take no refused request for a preflight.
        method = "POST" if scope["method"] == "OPTIONS" else scope["method"]
        await self._refused({**scope, "method": method}, receive, send)
        if has_body(scope):
            await drain(receive)

    async def _post(  # noqa: C901  one coroutine is all that a request may cost
        self, length: int | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Read a body within its limits, and answer.

        The layers below are entered only when the body is there: every coroutine that
        waits for it costs a request a fiftieth of its time.
        """
        limit = self._limit
        found: tuple[bytes, int] | Problem | None = EMPTY if length == 0 else None
        if limit is not None and length is not None and length > limit:
            found = too_large(limit)
        if found is None:
            beginning = b""
            size = 0
            task = self._patience.begin()
            try:
                while found is None:
                    message = await receive()
                    if message["type"] != "http.request":
                        found = BROKEN_OFF
                        break
                    part = message.get("body", b"")
                    size += len(part)
                    beginning += part[: self._keep - len(beginning)]
                    if limit is not None and size > limit:
                        found = too_large(limit)
                    elif not message.get("more_body"):
                        found = (beginning, size)
                    else:
                        self._patience.renew(task)
            except asyncio.CancelledError:
                if not self._patience.is_over(task):
                    raise
                found = TOO_SLOW
            finally:
                self._patience.end(task)
        if isinstance(found, Problem):
            await self._refuse(found, scope, receive, send)
            return
        if self._log is not None:
            self._log.body(scope, Body(*found))
        await self._app(scope, receive, send)

    def _watch(self, scope: Scope, send: Send, *, asked: bool) -> Send:
        """Return a ``send`` that writes down what is answered as soon as it is.

        ``asked`` says whether the policy is asked at all.
        """
        # One policy for the line and the answer, unless an edit falls between the two.
        policy = self._policy if asked else None

        def send_watched(message: Message) -> Awaitable[None]:
            sent = send(message)
            if message["type"] == "http.response.start":
                scope[_BEGUN] = policy, message
            elif not message.get("more_body") and _BEGUN in scope:
                self._note(scope)
            return sent

        return send_watched

    def _note_cut(self, scope: Scope, word: str) -> None:
        """Write the line of an answer that was begun and not ended: nothing looks like success."""
        scope.setdefault(CUT, word)
        self._note(scope)

    def _note(self, scope: Scope) -> None:
        """Write a request's line, and tell the try page if it is one of its own."""
        policy, start = scope.pop(_BEGUN)
        verdict = unasked(scope) if policy is None else self._verdicts.of(policy, scope)
        if self._log is not None:
            problem: Problem | None = scope.get(PROBLEM)
            word = scope.get(CUT) if problem is None else problem.word
            said = [text for text in (word, scope.get(NOTE)) if text]
            self._log.request(scope, start["status"], verdict, " ".join(said) or None)
        press: str | None = scope.get(_PRESS)
        if press is not None:
            exchange = Exchange.observed(
                time=time.time(),
                press=press,
                method=scope["method"],
                path=scope["path"],
                status=start["status"],
                request_headers=scope["headers"],
                response_headers=start["headers"],
                decision=verdict.decision,
            )
            self._publisher.publish(exchange.to_mapping())

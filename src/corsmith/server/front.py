"""``Front``: the one ASGI application that the server runs.

What lives here: the order of things. From the outside in:

1. the head's limits and the Host check (``limits``): what they refuse is answered through
   the same CORS layer, so that a page can read the status;
2. the log and the try page's record (``log``, ``exchange``), where somebody wants them;
3. CORS (``adapters.asgi``);
4. the application.

What does not: any judgement of its own.
"""

import time
from collections.abc import Awaitable

from corsmith.adapters.asgi import App, CORSMiddleware, Message, Receive, Scope, Send
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.echo import PROBLEM, answer_problem
from corsmith.server.events import Publisher
from corsmith.server.exchange import Exchange, press_of
from corsmith.server.hosts import Hosts
from corsmith.server.limits import Problem, head_problem
from corsmith.server.log import Log, decide_scope, is_ambiguous

__all__ = ["Front"]


async def _answer_refused(scope: Scope, receive: Receive, send: Send) -> None:
    await answer_problem(scope[PROBLEM], scope, receive, send)


class Front:
    """An application behind limits, log and CORS; ``policy`` may be replaced at any time."""

    def __init__(
        self,
        app: App,
        policy: Policy | Routes,
        *,
        hosts: Hosts | None = None,
        log: Log | None = None,
        publisher: Publisher | None = None,
    ) -> None:
        """Put ``app`` behind them; ``hosts``, ``log`` and ``publisher`` may be left out."""
        self._app = CORSMiddleware(app, policy)
        self._refused = CORSMiddleware(_answer_refused, policy)
        self._policy = policy
        self._hosts = hosts
        self._log = log
        self._publisher = Publisher(None) if publisher is None else publisher

    @property
    def policy(self) -> Policy | Routes:
        """The policy in force."""
        return self._policy

    @policy.setter
    def policy(self, new: Policy | Routes) -> None:
        self._app.policy = self._refused.policy = self._policy = new

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request.

        Not a coroutine of its own: where nobody watches, the CORS layer's is enough.
        """
        if scope["type"] != "http":
            return _close(scope, receive, send)
        problem = head_problem(scope, self._hosts)
        watched = scope["query_string"] and self._publisher.wants(scope)
        if problem is None and self._log is None and not watched:
            return self._app(scope, receive, send)
        return self._observe(scope, receive, send, problem)

    async def _observe(
        self, scope: Scope, receive: Receive, send: Send, problem: Problem | None
    ) -> None:
        """Answer a request, and write down what was answered as soon as it is."""
        # One policy for the line and the answer, unless an edit falls between the two.
        policy = self._policy if problem is None else None
        start: Message = {}

        def send_observed(message: Message) -> Awaitable[None]:
            nonlocal start
            sent = send(message)
            if message["type"] == "http.response.start":
                start = message
            elif not message.get("more_body"):
                self._note(policy, scope, start)
            return sent

        if problem is None:
            await self._app(scope, receive, send_observed)
            return
        scope[PROBLEM] = problem
        # Not OPTIONS: the CORS layer must take no refused request for a preflight.
        method = "POST" if scope["method"] == "OPTIONS" else scope["method"]
        await self._refused({**scope, "method": method}, receive, send_observed)

    def _note(self, policy: Policy | Routes | None, scope: Scope, start: Message) -> None:
        """Write a request's line, and tell the try page if it is one of its own."""
        decision = None if policy is None else decide_scope(policy, scope)
        if self._log is not None:
            word = None
            if PROBLEM in scope:
                word = scope[PROBLEM].word
            elif policy is not None and decision is None and is_ambiguous(policy, scope):
                word = "path-ambiguous"
            self._log.request(scope, start["status"], decision, word)
        press = press_of(scope["query_string"]) if self._publisher.wants(scope) else None
        if press is not None:
            exchange = Exchange.observed(
                time=time.time(),
                press=press,
                method=scope["method"],
                path=scope["path"],
                status=start["status"],
                request_headers=scope["headers"],
                response_headers=start["headers"],
                decision=decision,
            )
            self._publisher.publish(exchange.to_mapping())


async def _close(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket; anything else but HTTP is not spoken here."""
    if scope["type"] != "websocket":
        raise NotImplementedError(f"no {scope['type']} here")
    await receive()
    await send({"type": "websocket.close", "code": 1008})

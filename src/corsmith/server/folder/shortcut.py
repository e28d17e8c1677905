"""``Shortcut``: a short way through the server for answers that are there at once.

What lives here: which requests may take it. What does not: what is right for them, which the
server's front decides, and the answers (``files``).

A page asks for hundreds of parts of a file with one head. What follows from that head alone
(the Host check, the limits, the CORS headers, the words of the log) is decided once, and the
request goes past the layers that decided it. Whatever is to be refused, read, or told in
another way goes through all of them; so does the first that is not like the one before.
"""

from collections.abc import Awaitable, Sequence
from typing import Final, TypeAlias

from corsmith.adapters.asgi import Message, Receive, Scope, Send
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.folder.conditions import CONDITIONS
from corsmith.server.folder.files import FileServer
from corsmith.server.log import Log
from corsmith.server.shortened import Welcome, Welcoming

__all__ = ["Shortcut"]

_Line: TypeAlias = tuple[bytes, bytes]

_LONGEST: Final = 128
"""The longest value of theirs that is left out of the head, in bytes."""

_MOST: Final = 2
"""How many of them are left out at once."""

_LEFT_OUT: Final = ((max(CONDITIONS, key=len), b"x" * _LONGEST),) * _MOST
"""As much as is ever left out."""

_LONGEST_PATH: Final = 1_024
"""The longest path that takes the short way, in bytes: far from every limit."""

_REMEMBERED: Final = 256
"""The most heads that are remembered."""

_LONGEST_REMEMBERED: Final = 4_096
"""The longest head that is remembered, in bytes."""


class Shortcut:
    """Files behind their ``front``, past which some requests go."""

    def __init__(self, front: Welcoming, app: FileServer, log: Log | None) -> None:
        """Remember nothing yet; ``log`` is the front's."""
        self._front = front
        self._app = app
        self._log = log
        self._policy: Policy | Routes | None = None
        self._known: dict[tuple[object, ...], Welcome | None] = {}
        # The start of the last answer: the next is often the same.
        self._start: Message = {}
        self._lines: list[_Line] | None = None
        self._welcome: Welcome | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            lines = scope["headers"]
            asked = [line for line in lines if line[0] in CONDITIONS]
            if _is_short(scope["raw_path"], asked):
                head = [line for line in lines if line[0] not in CONDITIONS] if asked else lines
                welcome = self._find(head, scope)
                found = welcome and self._app.at_once(scope["raw_path"], asked)
                if welcome and found:
                    return self._answer(*found, welcome, scope, send)
        return self._front(scope, receive, send)

    def _find(self, head: list[_Line], scope: Scope) -> Welcome | None:
        """Return what every request with this head gets under the policy in force."""
        policy = self._front.policy
        if policy is not self._policy:
            self._policy, self._known = policy, {}
        key = (scope["http_version"], *head)
        try:
            return self._known[key]
        except KeyError:
            return self._decide(key, head, policy, scope)

    def _decide(
        self,
        key: tuple[object, ...],
        head: list[_Line],
        policy: Policy | Routes,
        scope: Scope,
    ) -> Welcome | None:
        """Have the front decide, and remember it."""
        welcome = None
        if isinstance(policy, Policy):  # the same for every path
            # With as much as may be left out of such a head, so that its limits hold for all.
            welcome = self._front.welcome(policy, {**scope, "headers": [*head, *_LEFT_OUT]})
        if sum(len(name) + len(value) for name, value in head) <= _LONGEST_REMEMBERED:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = welcome
        return welcome

    async def _answer(
        self,
        status: int,
        lines: list[_Line],
        body: bytes,
        welcome: Welcome,
        scope: Scope,
        send: Send,
    ) -> None:
        if lines is not self._lines or welcome is not self._welcome:
            headers = [*lines, *welcome.pairs]
            self._start = {"type": "http.response.start", "status": status, "headers": headers}
            self._lines, self._welcome = lines, welcome
        await send(self._start)
        sent = send({"type": "http.response.body", "body": body})
        if self._log is not None:
            self._log.request(scope, status, welcome.verdict, None)
        await sent


def _is_short(raw: bytes, asked: Sequence[_Line]) -> bool:
    """Return whether a path and what is left out of the head are far from every limit."""
    if len(raw) > _LONGEST_PATH:
        return False
    return not asked or (len(asked) <= _MOST and all(len(value) <= _LONGEST for _, value in asked))

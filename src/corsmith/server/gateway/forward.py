"""``Forwarder``: the application that sends requests on to the upstream, without CORS in it.

What lives here: which requests are sent on, and what becomes of the answer's head. What does
not: whether an Origin is allowed, which was judged before (``adapters.asgi``, enforcing), the
headers (``hops``), bodies (``relay``) and WebSockets (``sockets``).
"""

import logging
import re
import time
from typing import Final, TypeAlias

import aiohttp
from yarl import URL

from corsmith.adapters.asgi import Receive, Scope, Send
from corsmith.server.body import has_body
from corsmith.server.gateway import faults
from corsmith.server.gateway.added import Added
from corsmith.server.gateway.client import connect
from corsmith.server.gateway.faults import Fault, answer_fault
from corsmith.server.gateway.guard import VOUCHES, Entry, enter, neighbour
from corsmith.server.gateway.hops import has_cors, is_loop, request_headers, response_headers
from corsmith.server.gateway.landing import answer_landing
from corsmith.server.gateway.location import land
from corsmith.server.gateway.relay import Client, Watch, relay
from corsmith.server.gateway.request import ask
from corsmith.server.gateway.site import Upstream
from corsmith.server.gateway.sockets import serve_socket
from corsmith.server.gateway.trust import Trust
from corsmith.server.gateway.upstream import stray, target_of
from corsmith.server.log import escape
from corsmith.server.serving import CUT, NOTE

__all__ = ["Forwarder"]

_LOGGER: Final = logging.getLogger("corsmith.server.gateway")

_NOT_SENT_ON: Final = frozenset({"CONNECT", "TRACE"})
_FINAL: Final = range(200, 1000)
_NO_CONTENT: Final = 204
_CROSS_SITE: Final = (b"sec-fetch-site", b"cross-site")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONTROLS: Final = bytes({*range(0x20), 0x7F} - {0x09})
_DIGITS: Final = re.compile(rb"[0-9]{1,19}")

_MOST_HEAD: Final = 262_144
"""The largest head of an answer, in bytes: a browser takes as much, nginx 8 KiB, Node 16 KiB."""

_Lines: TypeAlias = list[tuple[bytes, bytes]]


class Forwarder:
    """One upstream as an ASGI application; its client lives as long as the application does."""

    def __init__(
        self, upstream: Upstream, *, via: bytes, added: Added, trust: Trust, seconds: float
    ) -> None:
        """Send requests on to ``upstream``, whose answer is to begin within ``seconds``.

        ``via`` is this gateway's own name, by which it knows a request of its own again.
        """
        self._upstream = upstream
        self._via = via
        self._added = added
        self._trust = trust
        self._watch = Watch(seconds)
        self._session: aiohttp.ClientSession | None = None
        self._has_told = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            await self._serve(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await serve_socket(
                self._client(),
                self._upstream,
                scope,
                receive,
                send,
                via=self._via,
                added=self._added,
            )

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the gateway has no client: its server sent no lifespan.startup")
        return self._session

    async def _live(self, receive: Receive, send: Send) -> None:
        """Have a client from the server's start to its end."""
        await receive()
        self._session = connect(self._trust, is_tls=self._upstream.is_tls)
        try:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        finally:
            await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, from the upstream or in its place."""
        session = self._client()
        entry = enter(scope["method"], scope["headers"])
        if entry is not Entry.GOES_ON and await _is_vouched(scope):
            entry = Entry.GOES_ON
        fault = self._refusal(entry, scope)
        if fault is not None:
            if entry is Entry.EXPLAINED:
                await answer_landing(fault, self._upstream, scope, send)
            else:
                await answer_fault(fault, scope, send)
            return
        asked = self._written(scope)
        if isinstance(asked, Fault):
            await answer_fault(asked, scope, send)
            return
        url, headers = asked
        with Client(receive, self._watch, has_body=has_body(scope)) as client:
            began = time.perf_counter()
            try:
                answer = await client.begun(
                    ask(session, scope["method"], url, headers, client.body())
                )
            except TimeoutError as error:
                late = not isinstance(error, aiohttp.ClientError)
                fault = (
                    faults.too_late(self._upstream, self._watch.seconds)
                    if late
                    else faults.fault_of(error, self._upstream)
                )
            except (aiohttp.ClientError, OSError) as error:
                fault = faults.fault_of(error, self._upstream)
            else:
                scope[NOTE] = _note(answer.status, time.perf_counter() - began)
                try:
                    fault = await self._answer(answer, url, scope, send)
                finally:
                    # Of no effect where the upstream has ended it: the connection is kept.
                    answer.close()
            if fault is not None:
                await answer_fault(fault, scope, send)

    async def _answer(
        self, answer: aiohttp.ClientResponse, url: URL, scope: Scope, send: Send
    ) -> Fault | None:
        """Send on an answer; return why it cannot be, before anything was sent."""
        raw = [(name.lower(), value) for name, value in answer.raw_headers]
        if sum([len(name) + len(value) for name, value in raw]) > _MOST_HEAD:
            return faults.long_head(self._upstream, _MOST_HEAD)
        if answer.status not in _FINAL or not _is_sound(raw):
            return faults.malformed(self._upstream)
        if not self._has_told and has_cors(raw):
            self._has_told = True
            _LOGGER.warning("corsmith: upstream also sets CORS headers: they are replaced")
        path = url.raw_path_qs.encode()
        here = _origin_here(scope)
        if answer.status in _REDIRECTS and (fault := self._astray(raw, path, here, scope)):
            return fault
        abroad = _CROSS_SITE in scope["headers"]
        headers = response_headers(raw, self._upstream, here=here, path=path, abroad=abroad)
        if answer.status == _NO_CONTENT:
            # RFC 9110, section 8.6: it has no length.
            headers = [line for line in headers if line[0] != b"content-length"]
        start = {"type": "http.response.start", "status": answer.status, "headers": headers}
        if not await relay(answer, start, send):
            scope[CUT] = faults.CUT_OFF
        return None

    def _refusal(self, entry: Entry, scope: Scope) -> Fault | None:
        """Return why a request is not sent on, whatever it holds."""
        method = scope["method"]
        if method in _NOT_SENT_ON:
            return faults.method_refused(method)
        if entry is not Entry.GOES_ON:
            return faults.strange(self._upstream)
        if is_loop(scope["headers"], self._via):
            return faults.looped(self._upstream)
        return None

    def _written(self, scope: Scope) -> tuple[URL, list[tuple[str, str]]] | Fault:
        """Return what the upstream is asked, or why that cannot be written."""
        if (outside := stray(self._upstream, scope["raw_path"])) is not None:
            return faults.unsendable(outside)
        target = target_of(self._upstream, scope["raw_path"], scope["query_string"])
        # The library writes what is not ASCII in UTF-8.
        url = URL((self._upstream.origin + target).decode("ascii", "replace"), encoded=True)
        if url.raw_path_qs.encode("ascii", "replace") != target:
            return faults.unsendable("its path holds characters that no URL has")
        lines = request_headers(
            scope["headers"],
            self._upstream,
            via=self._via,
            added=self._added,
            tls=scope["scheme"] == "https",
        )
        try:
            return url, [(name.decode("ascii"), value.decode()) for name, value in lines]
        except UnicodeDecodeError:
            return faults.unsendable("a header has bytes that are no UTF-8")

    def _astray(self, raw: _Lines, path: bytes, here: bytes, scope: Scope) -> Fault | None:
        """Return the fault of a redirect that leads a page's script to another server.

        A browser would follow it past the gateway. Whoever navigates sees where it leads, and
        whoever sends no Origin is no page of another origin.
        """
        locations = [value for name, value in raw if name == b"location"]
        if not locations or land(locations[0], self._upstream, here, path).inside:
            return None
        shown = escape(locations[0])
        scope[NOTE] += f", redirects to {shown}"
        lines = dict(scope["headers"])
        if b"origin" not in lines or lines.get(b"sec-fetch-mode") == b"navigate":
            return None
        return faults.elsewhere(self._upstream, shown)


async def _is_vouched(scope: Scope) -> bool:
    """Return whether who asks without an Origin is a page that the policy allows."""
    vouches = scope.get(VOUCHES)
    page = neighbour(scope["method"], scope["headers"])
    return vouches is not None and page is not None and await vouches(scope, page)


def _note(status: int, seconds: float) -> str:
    """Return what the upstream answered, and how long that took to begin."""
    return f"upstream {status} in {seconds * 1000:.0f} ms"


def _origin_here(scope: Scope) -> bytes:
    """Return our own origin as the page wrote it."""
    scheme: str = scope["scheme"]
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return scheme.encode("latin-1") + b"://" + b"".join(hosts[:1])


def _is_sound(raw: _Lines) -> bool:
    """Return whether the head of an answer can be sent on without a second meaning.

    RFC 9112, section 6.3: with both a length and a coding, or with two lengths, two readers
    may see two different bodies. A coding besides chunked would have to be undone here.
    """
    values = b"".join([value for _, value in raw])
    if len(values.translate(None, _CONTROLS)) != len(values):
        return False
    lengths: set[bytes] = set()
    codings: list[bytes] = []
    for name, value in raw:
        if name == b"content-length":
            lengths.add(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
    if codings:
        return not lengths and codings == [b"chunked"]
    return not lengths or (len(lengths) == 1 and _DIGITS.fullmatch(lengths.pop()) is not None)

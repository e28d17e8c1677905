"""One request to the upstream, written as it is and sent on a pooled connection.

What lives here: what the client library's session would do for a request, without what a
gateway has no use for: cookies, redirects, defaults, traces. What does not: the session that
holds the connections (``client``), and what is written (``written``).

The session takes as long to prepare a request as all else that a gateway does with it (see
``docs/decisions/0009-below-the-session.md``), and the library's own request and response half of
the rest (``0014-what-a-gateway-costs.md``): a head without a body is written as it is. What is
used here is what the session uses, so the tests of this module are to be run with every version
of the library.
"""

import asyncio
from collections.abc import AsyncIterable, Iterable
from functools import cached_property
from typing import Final, TypeAlias

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from multidict import CIMultiDict
from yarl import URL

from corsmith.server.gateway.written import Written

__all__ = ["LONGEST_LINE", "READ_BYTES", "Answer", "Asker", "Begun", "prepare"]

READ_BYTES: Final = 65_536
"""How much of an answer waits here at most, twice over, while the page is slow."""

LONGEST_LINE: Final = 65_536
"""The longest header line of an answer: content security policies reach 10 KB."""

_REPEATED: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "QUERY"})
"""What may be asked twice (RFC 9110, section 9.2.2), where it has no body that is gone."""

_INFORMATIONAL: Final = frozenset(range(100, 200)) - {101}
"""What comes before an answer (RFC 9110, section 15.2); 101 is one, of another protocol."""


class _Request(aiohttp.ClientRequest):
    """A request to which nothing is added but its length."""

    _skip_auto_headers = CIMultiDict({"Content-Type": None})

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add nothing: the upstream gets what the page sent."""

    @cached_property
    def connection_key(self) -> ConnectionKey:
        """What tells connections to one upstream from those to another."""
        return super().connection_key


class Answer:
    """An answer that has begun, to a request that was sent as a whole.

    ``connection`` is ``None`` once all of it is here: the next request may have it then.
    """

    __slots__ = ("connection", "content", "raw_headers", "status")

    def __init__(
        self,
        connection: Connection,
        status: int,
        raw_headers: tuple[tuple[bytes, bytes], ...],
        content: aiohttp.StreamReader,
    ) -> None:
        """Begin; ``content`` gives the connection back as soon as it has come to its end."""
        self.connection: Connection | None = connection
        self.status = status
        self.raw_headers = raw_headers
        self.content = content
        content.on_eof(self._release)

    def _release(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.release()

    def close(self) -> None:
        """Cut the connection, unless it was given back."""
        connection, self.connection = self.connection, None
        if connection is not None:
            # It lets go of this, which holds it: nothing is left for the garbage collector.
            self.content.set_exception(aiohttp.ClientConnectionError("the answer was left"))
            connection.close()


Begun: TypeAlias = Answer | aiohttp.ClientResponse
"""An answer that has begun."""


class Asker:
    """Asks one upstream over the connections of a session, as long as that is open."""

    def __init__(self, session: aiohttp.ClientSession, origin: bytes) -> None:
        """Ask ``origin``; called in the event loop that asks."""
        self.session = session
        self._way = _Request(
            "GET", URL(origin.decode()), loop=asyncio.get_running_loop(), session=session
        )

    async def ask(
        self, written: Written, body: AsyncIterable[bytes] | None, whole: bytes = b""
    ) -> Begun:
        """Send a request, and return its answer as soon as its head is there.

        A body is given part by part, or ``whole`` where the head tells its length.

        An upstream may close an idle connection in the moment in which it is used: what may be
        asked twice is then asked again.
        """
        if body is not None:
            return await self._send(written, body)
        try:
            return await self._exchange(written, whole)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
            if whole or written.kind.method not in _REPEATED:
                raise
        return await self._exchange(written, whole)

    async def _exchange(self, written: Written, whole: bytes) -> Answer:
        """Send a head and what is there of a body, and wait for the answer's head."""
        connection = await self._connect(self._way)
        try:
            protocol, transport = _ready(connection, written)
            transport.write(written.head + whole)
            message, content = await protocol.read()
            while message.code in _INFORMATIONAL:
                message, content = await protocol.read()
            return Answer(connection, message.code, message.raw_headers, content)
        except HttpProcessingError as error:
            connection.close()
            raise aiohttp.ClientResponseError(
                self._way.request_info, (), status=error.code, message=error.message
            ) from error
        except BaseException:
            connection.close()
            raise

    async def _send(self, written: Written, body: AsyncIterable[bytes]) -> aiohttp.ClientResponse:
        """Send a request with its body, and wait for the head of the answer."""
        request = _Request(
            written.kind.method,
            written.url,
            headers=list(written.kind.lines),
            data=body,
            loop=asyncio.get_running_loop(),
            session=self.session,
        )
        request.method = written.kind.method  # as the page wrote it: `patch` is not PATCH (9.1)
        connection = await self._connect(request)
        try:
            _ready(connection, written)
            answer = await request.send(connection)
            try:
                return await answer.start(connection)
            except BaseException:
                answer.close()
                raise
        except BaseException:
            connection.close()
            raise

    async def _connect(self, request: aiohttp.ClientRequest) -> Connection:
        connector = self.session.connector
        if connector is None:
            raise RuntimeError("the client is closed")
        try:
            while True:
                connection = await connector.connect(
                    request, traces=[], timeout=self.session.timeout
                )
                protocol = connection.protocol
                if protocol is None or not len(protocol):
                    return connection
                # An answer is there to what nobody has asked yet.
                connection.close()
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"{request.host} accepts no connection") from error


def _ready(connection: Connection, written: Written) -> tuple[ResponseHandler, asyncio.Transport]:
    """Return what a request is written to, set to read the answer to it."""
    protocol = connection.protocol
    transport = None if protocol is None else protocol.transport
    if protocol is None or transport is None:
        raise aiohttp.ServerDisconnectedError
    prepare(protocol, skips_body=written.kind.method == "HEAD")
    return protocol, transport


def prepare(protocol: ResponseHandler, *, skips_body: bool = False) -> None:
    """Have a connection read an answer from its first byte."""
    protocol.set_response_params(
        skip_payload=skips_body,
        read_until_eof=True,
        auto_decompress=False,
        read_bufsize=READ_BYTES,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_LINE,
    )

"""One request to the upstream, written as it is and sent on a pooled connection.

What lives here: what the client library's session would do for a request, without what a
gateway has no use for: cookies, redirects, defaults, traces. What does not: the session that
holds the connections (``client``), and what is written (``hops``).

The session takes as long to prepare a request as all else that a gateway does with it (see
``docs/decisions/0009-below-the-session.md``). What is used here is what the session uses, so
the tests of this module are to be run with every version of the library.
"""

import asyncio
from collections.abc import AsyncIterable, Iterable
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

__all__ = ["LONGEST_LINE", "READ_BYTES", "ask"]

READ_BYTES: Final = 65_536
"""How much of an answer waits here at most, twice over, while the page is slow."""

LONGEST_LINE: Final = 65_536
"""The longest header line of an answer: content security policies reach 10 KB."""

_REPEATED: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PUT", "QUERY"})
"""What may be asked twice (RFC 9110, section 9.2.2), where it has no body that is gone."""


class _Request(aiohttp.ClientRequest):
    """A request to which nothing is added but its length."""

    _skip_auto_headers = CIMultiDict({"Content-Type": None})

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """Add nothing: the upstream gets what the page sent."""


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Iterable[tuple[str, str]],
    body: AsyncIterable[bytes] | None,
) -> aiohttp.ClientResponse:
    """Send a request, and return its answer as soon as its head is there.

    An upstream may close an idle connection in the moment in which it is used: what may be
    asked twice is then asked again.
    """
    try:
        return await _ask(session, method, url, headers, body)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        if body is not None or method not in _REPEATED:
            raise
    return await _ask(session, method, url, headers, None)


async def _ask(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    headers: Iterable[tuple[str, str]],
    body: AsyncIterable[bytes] | None,
) -> aiohttp.ClientResponse:
    connector = session.connector
    if connector is None:
        raise RuntimeError("the client is closed")
    request = _Request(
        method,
        url,
        headers=list(headers),
        data=body,
        loop=asyncio.get_running_loop(),
        session=session,
    )
    request.method = method  # as the page wrote it: `patch` is not PATCH (RFC 9110, 9.1)
    try:
        connection = await connector.connect(request, traces=[], timeout=session.timeout)
    except TimeoutError as error:
        raise aiohttp.ConnectionTimeoutError(f"{url.host} accepts no connection") from error
    protocol = connection.protocol
    if protocol is None:
        raise aiohttp.ServerDisconnectedError
    try:
        protocol.set_response_params(
            skip_payload=method == "HEAD",
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=READ_BYTES,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        answer = await request.send(connection)
        try:
            return await answer.start(connection)
        except BaseException:
            answer.close()
            raise
    except BaseException:
        connection.close()
        raise

"""What the upstream looks like when the gateway starts: reachable, and perhaps open already.

What lives here: one request, and the lines that its answer is worth. What does not: when it
is sent (``run``). It has no cookie and none of the headers of ``--add-header``.
"""

from collections.abc import Iterable
from typing import Final

from corsmith.errors import NetworkError
from corsmith.headers import ALLOW_ORIGIN
from corsmith.net.client import Client, Limits, Request
from corsmith.net.dial import Dialer

__all__ = ["look_at"]

_SECONDS: Final = 5.0
_ALLOW_ORIGIN: Final = ALLOW_ORIGIN.lower()


def look_at(url: str, origin: str, *, verify: bool, ca: str | None = None) -> Iterable[str]:
    """Return what is worth telling of an upstream, asked as a page of ``origin`` would ask.

    ``ca`` is a file of authorities that are trusted too, and has been read before.
    """
    client = Client(
        dialer=Dialer(timeout=_SECONDS, verify=verify, ca=ca),
        limits=Limits(timeout=_SECONDS, body=0),
    )
    try:
        answer = client.send(Request(method="GET", url=url, headers=_headers(origin)))
    except NetworkError as error:
        return [f"unreachable now: {error.problem}{_next_step(error)}"]
    allowed = [value for name, value in answer.headers if name.lower() == _ALLOW_ORIGIN]
    if allowed not in ([origin], ["*"]):
        return []
    return [
        f"you may not need this: {url} lets pages of {origin} read its answers already",
        f"  what else it allows: corsmith check {url} --from {origin}",
    ]


def _next_step(error: NetworkError) -> str:
    if error.step != "tls":
        return "; it is asked again with each request"
    # The others are about a check of the certificate alone.
    is_address = error.hint is not None and error.hint.startswith("write ")
    return f"; {error.hint}" if is_address else ""


def _headers(origin: str) -> tuple[tuple[str, str], ...]:
    # Some answer 403 to whoever has no name.
    return ("Origin", origin), ("Accept", "*/*"), ("User-Agent", "corsmith")

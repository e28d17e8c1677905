"""``Answer``: what a server answered, as whoever asked has it.

What lives here: the value. What does not: why nothing came back (``exchange``), the wire
(``net``), and the judgement of a browser, which is loaded only where one is made.
"""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from corsmith.browser import Received

__all__ = ["Answer"]

Pairs: TypeAlias = tuple[tuple[str, str], ...]

_MOST_TEXT: Final = 64 * 1024
"""How much of a body is looked at: every error page that names its maker is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered: the head whole, and the beginning of the body.

    ``ended`` says why the body stops: it was ``complete``, over the ``limit``, slower than the
    ``time`` given to it (a stream), or ``cut`` by the server. ``surplus`` says that bytes came
    after the end of the answer.
    """

    status: int
    headers: Pairs = ()
    reason: str = ""
    version: str = "1.1"
    body: bytes = b""
    ended: Literal["complete", "limit", "time", "cut"] = "complete"
    surplus: bool = False
    peer: str = ""

    @property
    def received(self) -> "Received":
        """The answer as the browser half takes it."""
        from corsmith.browser import Received  # whoever only asks judges nothing

        return Received(status=self.status, headers=self.headers)

    def get(self, name: str) -> str | None:
        """Return the combined value of a header, or ``None``."""
        return self.received.get(name)

    @property
    def text(self) -> str:
        """The beginning of the body as text, unpacked where it is gzip; never raises."""
        body = self.body
        if (self.get("content-encoding") or "").strip().lower() in {"gzip", "x-gzip"}:
            try:
                body = zlib.decompressobj(wbits=31).decompress(body, _MOST_TEXT)
            except zlib.error:
                return ""
        return body.decode("utf-8", "replace")

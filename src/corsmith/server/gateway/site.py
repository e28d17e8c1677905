"""Where the upstream of a gateway lives, and which of its paths is which of ours.

What lives here: one value. What does not: how it is read from the command line (``serving``)
and how it is asked (``upstream``).
"""

from dataclasses import dataclass, field
from typing import Self

from corsmith.address import Address

__all__ = ["Upstream"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """An upstream: its serialized origin, and the path that our ``/`` stands for.

    ``base`` has no slash at its end, so that of a whole server is empty.

    >>> Upstream(origin=b"https://api.example", base=b"/v1").url(b"/items")
    b'https://api.example/v1/items'
    """

    origin: bytes
    base: bytes = b""
    host: bytes = field(init=False)
    """What its Host header holds: without the scheme's default port."""

    def __post_init__(self) -> None:
        """Take the host out of the origin."""
        object.__setattr__(self, "host", self.origin.partition(b"://")[2])

    @classmethod
    def of(cls, address: Address) -> Self:
        """Return the upstream that an address without a query means."""
        return cls(origin=address.origin.encode(), base=address.path.rstrip("/").encode())

    @property
    def is_tls(self) -> bool:
        """Whether it is asked over TLS."""
        return self.origin.startswith(b"https:")

    def url(self, path: bytes) -> bytes:
        """Return the address of one of our paths."""
        return self.origin + self.base + path

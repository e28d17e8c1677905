"""Which certificates of an upstream are good, and loading the client library without its own.

What lives here: ``Trust``, and ``load_library``. What does not: the settings of the client
(``client``). Nothing here needs the library.

Facts about aiohttp 3.14 that shape the code:

* it makes two TLS contexts when it is imported, and reads the system's authorities into both:
  35 ms and 3 MiB, which an upstream without TLS has no use for.
"""

import ssl
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from corsmith.net.authorities import load_authorities

__all__ = ["Trust", "load_library"]

_READS: Final = "set_default_verify_paths"
"""The method by which a context reads the system's authorities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which certificates of an upstream are good: the system's, one more, or any."""

    ca: str | None = None
    insecure: bool = False

    def check(self) -> None:
        """Raise ``UsageError`` if ``ca`` cannot be used."""
        if self.ca is not None:
            self.context()

    def context(self) -> ssl.SSLContext | bool:
        """Return what TLS is done with; ``UsageError`` if ``ca`` cannot be used.

        The client library has a context for any certificate: false.
        """
        if self.insecure and self.ca is None:
            return False
        made = ssl.create_default_context()
        made.set_alpn_protocols(["http/1.1"])  # as the library's own: it speaks nothing else
        if self.ca is None:
            return made
        load_authorities(made, "--ca", self.ca)
        return False if self.insecure else made


def load_library() -> None:
    """Load the client library without the system's authorities, which ``Trust`` reads itself.

    The library's own context then trusts nobody, so whoever forgot to give it one is told.
    """
    kept = ssl.SSLContext
    setattr(kept, _READS, lambda _context: None)
    try:
        import_module("aiohttp")
    finally:
        delattr(kept, _READS)  # it is its base's

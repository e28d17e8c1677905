"""Reading the URL of an upstream, and what a request asks it for.

What lives here: ``read_upstream`` and ``target_of``. What does not: the value that it makes
(``site``), connecting (``client``) and headers (``hops``).
"""

from typing import Final

from corsmith.address import read_address
from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.server.gateway.site import Upstream

__all__ = ["read_upstream", "target_of"]

_PARTS: Final = {"#": "a fragment, which is never sent", "?": "a query, which each request has"}


def read_upstream(text: str) -> Upstream:
    """Return the upstream of a URL; ``UsageError`` shows the word to write.

    >>> read_upstream("https://API.example:443/v1/").url(b"/x")
    b'https://api.example/v1/x'
    """
    _refuse_userinfo(text)
    for sign, what in _PARTS.items():
        if sign in text:
            plain = text.partition(sign)[0]
            raise UsageError(f"{quote(text)} has {what}; write {plain}")
    return Upstream.of(read_address(text))


def target_of(upstream: Upstream, raw_path: bytes, query: bytes) -> bytes:
    """Return what to ask for: path and query as they came, below the upstream's base.

    >>> target_of(read_upstream("http://a.example/v1/"), b"/x%2Fy", b"q=%20")
    b'/v1/x%2Fy?q=%20'
    """
    path = upstream.base + raw_path
    return path + b"?" + query if query else path


def _refuse_userinfo(text: str) -> None:
    """Raise if a URL holds a name or password; neither is repeated: a terminal is read by many."""
    scheme, _, rest = text.partition("://")
    authority, slash, path = rest.replace("\\", "/").partition("/")
    if "@" in authority:
        plain = f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"
        raise UsageError(
            "the URL has a user name or password, which all who see the command would see\n"
            f"  write corsmith serve {plain} --add-header 'Authorization: $TOKEN'"
        )

"""Reading the URL of an upstream, and what a request asks it for.

What lives here: ``read_upstream``, ``stray`` and ``target_of``. What does not: the value that
the first makes (``site``), connecting (``client``) and headers (``hops``).
"""

import re
from typing import Final

from corsmith.address import read_address
from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.server.gateway.site import Upstream

__all__ = ["read_upstream", "stray", "target_of"]

_PARTS: Final = {"#": "a fragment, which is never sent", "?": "a query, which each request has"}

# A dot segment that leads up, where a backslash is a slash and a parameter is cut off.
_STEP_UP: Final = re.compile(rb"[/\\]\.\.(?:[/\\;]|\Z)")
_ENCODED: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_CONTROLS: Final = bytes({*range(0x20), 0x7F})


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


def stray(upstream: Upstream, raw_path: bytes) -> str | None:
    """Return why a path is not asked for; ``None`` if it stays where the gateway leads.

    An upstream with a base, or the proxy before it, would go up from there. It may decode the
    path first, and a second time behind the proxy.

    >>> stray(read_upstream("http://a.example/v1"), b"/..%2fadmin")
    'a segment of its path is .., which could lead out of /v1'
    >>> stray(read_upstream("http://a.example"), b"/..%2fadmin")
    """
    if not raw_path.startswith(b"/"):
        return "its target is no path"
    if not upstream.base:
        return None
    once = _decoded(raw_path)
    for reading in (once, _decoded(once)):
        if _STEP_UP.search(reading.translate(None, _CONTROLS)):
            base = upstream.base.decode()
            return f"a segment of its path is .., which could lead out of {base}"
    return None


def _decoded(path: bytes) -> bytes:
    return _ENCODED.sub(lambda match: bytes((int(match[1], 16),)), path)


def target_of(upstream: Upstream, raw_path: bytes, query: bytes) -> bytes:
    """Return what to ask for: path and query as they came, below the upstream's base.

    The path is one that is no ``stray``.

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

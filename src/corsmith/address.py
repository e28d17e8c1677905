"""An http(s) URL, read as a browser reads it: where to connect and what to ask for.

What lives here: ``Address`` and ``read_address``. What does not: what a person typed that
is no URL at all (``target``), and connecting (``dial``).

URL Standard, #url-parsing, as far as http and https go: tabs and line feeds are removed, a
backslash is a slash, the host is lower case and Punycode, dot segments are resolved, what a
URL cannot hold is percent-encoded, and the fragment is never sent.
"""

import re
from dataclasses import dataclass
from typing import Final

from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.origin import (
    DEFAULT_PORTS,
    MAX_PORT,
    ends_in_number,
    is_loopback,
    read_ipv4,
    read_ipv6,
    split_origin,
)

__all__ = ["Address", "is_private", "join", "read_address"]

_DROPPED: Final = re.compile(r"[\t\r\n]")
_PARTS: Final = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<rest>#.*)?\Z",
    re.IGNORECASE | re.DOTALL,
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]{0,9}))?\Z")
# URL Standard, #path-percent-encode-set and #special-query-percent-encode-set
_NOT_IN_PATH: Final = re.compile(r"[^!$-;=@-\]_a-z|~]")
_NOT_IN_QUERY: Final = re.compile(r"[^!$-&(-;=?-~]")
_DOTS: Final = {".": ".", "%2e": ".", "..": "..", ".%2e": "..", "%2e.": "..", "%2e%2e": ".."}
_PRIVATE: Final = re.compile(
    r"10\.|192\.168\.|172\.(?:1[6-9]|2[0-9]|3[01])\.|169\.254\.|\[f[cd][0-9a-f]{2}:|\[fe[89ab][0-9a-f]:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a URL points: ``target`` is path and query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        """The serialized origin."""
        return f"{self.scheme}://{self.netloc}"

    @property
    def netloc(self) -> str:
        """Host and port, as in a Host header: without the scheme's default port."""
        default = DEFAULT_PORTS[self.scheme] == self.port
        return self.host if default else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, without a fragment."""
        return self.origin + self.target

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]


def read_address(text: str) -> Address:
    r"""Return where a URL points; raise ``UsageError`` that shows the word to write.

    >>> read_address("HTTPS://Example.COM:443/a/../b c?q#f").url
    'https://example.com/b%20c?q'
    """
    parts = _PARTS.match(_DROPPED.sub("", text).strip())
    if parts is None:
        raise UsageError(f"{quote(text)} is no URL; write http://… or https://…")
    scheme = parts["scheme"].lower()
    authority, path = parts["authority"], parts["path"]
    if "\\" in authority:
        authority, _, rest = authority.partition("\\")
        path = f"/{rest}{path}"
    if "@" in authority:
        plain = authority.rpartition("@")[2]
        raise UsageError(
            f"{quote(text)} has a user name or password, which no page may fetch; "
            f"write {scheme}://{plain}{path} and -H 'Authorization: …'"
        )
    host, port = _authority(scheme, authority, text)
    query = _NOT_IN_QUERY.sub(_encoded, parts["query"] or "")
    target = _NOT_IN_PATH.sub(_encoded, _resolved(path)) + query
    return Address(scheme=scheme, host=host, port=port, target=target)


def join(base: str, reference: str) -> str:
    """Return the URL that a reference means beside ``base``, not yet read.

    >>> join("http://a.example/b/c?d", "../e"), join("http://a.example/b", "//c.example")
    ('http://a.example/b/../e', 'http://c.example')
    """
    reference = _DROPPED.sub("", reference).strip()
    here = read_address(base)
    if _SCHEME.match(reference):
        return reference
    if reference.startswith(("//", "\\\\", "/\\", "\\/")):
        return f"{here.scheme}://{reference[2:]}"
    if reference.startswith(("/", "\\")):
        return here.origin + reference
    if not reference or reference.startswith("#"):
        return here.url
    if reference.startswith("?"):
        return here.origin + here.path + reference
    return here.origin + here.path.rpartition("/")[0] + "/" + reference


_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _authority(scheme: str, authority: str, text: str) -> tuple[str, int]:
    match = _AUTHORITY.match(authority)
    if match is None or not match["host"]:
        raise UsageError(f"{quote(text)} has no host; write {scheme}://127.0.0.1:8000/")
    port = int(match["port"]) if match["port"] else DEFAULT_PORTS[scheme]
    if not 0 < port <= MAX_PORT:
        raise UsageError(f"{quote(text)}: a port is 1 to {MAX_PORT}")
    host = _host(match["host"])
    if host is None:
        raise UsageError(f"{quote(text)}: {quote(match['host'])} is no host")
    return host, port


def _host(text: str) -> str | None:
    """Return a host as an origin has it; ``None``: it is none."""
    host: str | None = text.lower()
    if text.startswith("["):
        literal = read_ipv6(text[1:-1].lower())
        host = None if literal is None else f"[{literal}]"
    elif not text.isascii():
        from corsmith.suffixes import to_punycode

        host = to_punycode(text)
    if host is not None and ends_in_number(host):
        host = read_ipv4(host)
    if host is None or split_origin(f"http://{host}") is None:
        return None
    return host


def _resolved(path: str) -> str:
    """Return a path without dot segments (URL Standard, #path-state)."""
    segments: list[str] = []
    given = path.replace("\\", "/").split("/")[1:] or [""]
    for index, segment in enumerate(given):
        last = index == len(given) - 1
        dots = _DOTS.get(segment.lower())
        if dots == ".." and segments:
            segments.pop()
        if dots is None:
            segments.append(segment)
        elif last:
            segments.append("")
    return "/" + "/".join(segments)


def is_private(host: str) -> bool:
    """Return whether a host, as an origin has it, is loopback or an address of a private network.

    >>> is_private("localhost"), is_private("192.168.1.5"), is_private("api.example")
    (True, True, False)
    """
    return is_loopback(host) or host.endswith(".local") or _PRIVATE.match(host) is not None

"""URLs as a browser reads them, and how one stands to another.

What lives here: parsing as far as http and https go (URL Standard, #url-parsing), resolving a
Location, origins and sites. What does not: what a person typed (``address``), and whether a
URL may be fetched (``fetch``).
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from corsmith.origin import (
    MAX_PORT,
    ends_in_number,
    is_loopback,
    read_ipv4,
    read_ipv6,
    split_origin,
)
from corsmith.suffixes import find_registrable, to_punycode

__all__ = ["Site", "Url", "is_local_origin", "origin_of", "read_url", "site_of"]

Site: TypeAlias = Literal["same-origin", "same-site", "cross-site"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}
_STRIPPED: Final = "".join(map(chr, range(0x21)))  # C0 controls and space
_DROPPED: Final = re.compile(r"[\t\r\n]")
_SCHEME: Final = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):")
_PARTS: Final = re.compile(r"(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<fragment>#.*)?\Z", re.DOTALL)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[0-9]*))?\Z")
_DOTS: Final = {".": ".", "%2e": ".", "..": "..", ".%2e": "..", "%2e.": "..", "%2e%2e": ".."}
# URL Standard, #path-percent-encode-set and #special-query-percent-encode-set
_NOT_IN_PATH: Final = re.compile(r"[\x00-\x20\"#<>?`{}^\x7f-\U0010ffff]")
_NOT_IN_QUERY: Final = re.compile(r"[\x00-\x20\"#<>'\x7f-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A URL in its parts; ``host`` is ``None`` for a scheme that has none here.

    ``has_credentials``: a user name or a password that is not empty stood in it.
    """

    scheme: str
    host: str | None
    port: int | None = None
    path: str = ""
    query: str = ""
    fragment: str = ""
    has_credentials: bool = False

    @property
    def is_http(self) -> bool:
        """Whether the scheme is http or https."""
        return self.scheme in {"http", "https"}

    @property
    def origin(self) -> str:
        """The serialized origin."""
        if self.host is None:
            return "null"
        return f"{self.scheme}://{self.host}" + ("" if self.port is None else f":{self.port}")

    @property
    def sent(self) -> str:
        """What is asked for: no user name, no password, no fragment."""
        if self.host is None:
            return f"{self.scheme}:{self.path}{self.query}"
        return f"{self.origin}{self.path}{self.query}"


def read_url(text: str, base: Url | None = None) -> Url | None:
    r"""Return the URL that a text is, relative to a base; ``None``: it is none.

    >>> read_url(r"\\API.example:80\a/../b?q", read_url("http://app.example/")).sent
    'http://api.example/b?q'
    """
    text = _DROPPED.sub("", text.strip(_STRIPPED))
    match = _SCHEME.match(text)
    if match is None:
        return None if base is None or base.host is None else _relative(text, base)
    scheme, rest = match["scheme"].lower(), text[match.end() :]
    if scheme not in _DEFAULT_PORTS:
        parts = _split(rest)
        return Url(scheme=scheme, host=None, path=parts[0], query=parts[1], fragment=parts[2])
    if base is not None and base.scheme == scheme and not re.match(r"[/\\]{2}", rest):
        return _relative(rest, base)
    return _absolute(scheme, rest.lstrip("/\\"))


def _split(text: str) -> tuple[str, str, str]:
    match = _PARTS.match(text)
    assert match is not None  # noqa: S101  every text has these parts
    return match["path"], match["query"] or "", match["fragment"] or ""


def _relative(text: str, base: Url) -> Url | None:
    """URL Standard, #relative-state, for a base with a host."""
    path, query, fragment = _split(text)
    path = path.replace("\\", "/")
    if path.startswith("//"):
        return _absolute(base.scheme, text[2:])
    if not path:
        path, query = base.path, query or base.query
    elif not path.startswith("/"):
        path = base.path.rpartition("/")[0] + "/" + path
    return Url(
        scheme=base.scheme,
        host=base.host,
        port=base.port,
        path=_encoded(_NOT_IN_PATH, _resolved(path)),
        query=_encoded(_NOT_IN_QUERY, query),
        fragment=fragment,
    )


def _absolute(scheme: str, rest: str) -> Url | None:
    path, query, fragment = _split(rest)
    authority, slash, path = path.replace("\\", "/").partition("/")
    userinfo, _, place = authority.rpartition("@")
    match = _AUTHORITY.match(place)
    host = None if match is None else _host(match["host"])
    if match is None or host is None:
        return None
    digits = (match["port"] or "").lstrip("0")
    if match["port"] and not digits:
        digits = "0"
    if len(digits) > len(str(MAX_PORT)) or int(digits or "0") > MAX_PORT:
        return None
    port = int(digits) if digits else None
    return Url(
        scheme=scheme,
        host=host,
        port=None if port == _DEFAULT_PORTS[scheme] else port,
        path=_encoded(_NOT_IN_PATH, _resolved(slash + path or "/")),
        query=_encoded(_NOT_IN_QUERY, query),
        fragment=fragment,
        has_credentials=userinfo not in {"", ":"},
    )


def _host(text: str) -> str | None:
    """Return a host as an origin has it; ``None``: it is none (URL Standard, #host-parsing)."""
    host: str | None = text.lower()
    if text.startswith("["):
        literal = read_ipv6(text[1:-1].lower())
        host = None if literal is None else f"[{literal}]"
    elif not text.isascii():
        host = to_punycode(text)
    if host is not None and ends_in_number(host):
        host = read_ipv4(host)
    if not host or split_origin(f"http://{host}") is None:
        return None
    return host


def _encoded(unsafe: re.Pattern[str], text: str) -> str:
    return (
        unsafe.sub(_percent, text.removeprefix("?"))
        if not text.startswith("?")
        else ("?" + unsafe.sub(_percent, text[1:]))
    )


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


def _resolved(path: str) -> str:
    """Return a path without dot segments (URL Standard, #path-state)."""
    segments: list[str] = []
    given = path.split("/")[1:]
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


def origin_of(text: str) -> str:
    """Return the serialized origin of a URL; ``"null"`` where it has none."""
    url = read_url(text)
    return "null" if url is None else url.origin


def is_local_origin(origin: str) -> bool:
    """Return whether an origin is on loopback, which is trustworthy without TLS."""
    url = read_url(origin)
    return url is not None and url.host is not None and is_loopback(url.host)


def site_of(page: str, target: str, *, ports_of_an_address_are_sites: bool = False) -> Site:
    """Return how a target's origin stands to a page's (HTML, #same-site).

    >>> site_of("https://a.shop.example", "https://b.shop.example")
    'same-site'
    """
    if page == target and page != "null":
        return "same-origin"
    one, other = read_url(page), read_url(target)
    if one is None or other is None or one.scheme != other.scheme:
        return "cross-site"
    if one.host is None or other.host is None:
        return "cross-site"
    if one.host == other.host:
        address = one.host.startswith("[") or one.host.replace(".", "").isdigit()
        return "cross-site" if address and ports_of_an_address_are_sites else "same-site"
    domain = find_registrable(one.host)
    same = domain is not None and domain == find_registrable(other.host)
    return "same-site" if same else "cross-site"

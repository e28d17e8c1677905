r"""What an origin is: one serialized tuple origin, read strictly and written back.

What lives here: ``Origin``, the grammar of the Origin header as browsers write it, the
canonical form of IP addresses, and which hosts are loopback. What does not: patterns
with a ``*`` (``pattern``), ``null`` (it is looked up like any exact entry), and what a
person may have meant by a value that is no origin (``pattern`` repairs those).

Three rules hold:

* the value is one that a browser can have written, byte for byte; nothing is folded,
  trimmed or decoded first, so what is compared is what was received;
* no input raises, and the work is linear in at most ``MAX_ORIGIN_LENGTH`` characters;
* classes are spelled out: ``\d``, ``\w``, ``isdigit``, ``strip``, ``lower`` and
  ``urlsplit`` all accept or change characters that no browser sends in an origin.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = [
    "APP_SCHEMES",
    "DEFAULT_PORTS",
    "LABEL",
    "MAX_HOST_LENGTH",
    "MAX_LABEL_LENGTH",
    "MAX_ORIGIN_LENGTH",
    "MAX_PORT",
    "Origin",
    "ends_in_number",
    "is_loopback",
    "is_port",
    "parse_origin",
    "read_ipv4",
    "read_ipv6",
    "serialize_origin",
    "split_origin",
]

MAX_ORIGIN_LENGTH: Final = 350
"""The longest value that is looked at: a name of 253, scheme and port leave 88 for the scheme.

The longest registered scheme (IANA) is shorter than 40.
"""

MAX_HOST_LENGTH: Final = 253
"""The longest name that DNS can carry as text, without a trailing dot (RFC 1035)."""

MAX_LABEL_LENGTH: Final = 63
"""The longest label of a name (RFC 1035, section 2.3.4)."""

MAX_PORT: Final = 65535

DEFAULT_PORTS: Final = MappingProxyType({"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443})
"""The port that a serializer leaves out (URL Standard, #special-scheme)."""

APP_SCHEMES: Final = frozenset(
    {
        "app",
        "capacitor",
        "chrome-extension",
        "extension",
        "ionic",
        "moz-extension",
        "safari-web-extension",
        "tauri",
    }
)
"""The schemes of installed apps and browser extensions, which the network cannot forge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A tuple origin; ``port`` is ``None`` for the scheme's default, or for none.

    >>> parse_origin("https://app.example:8443")
    Origin(scheme='https', host='app.example', port=8443)
    """

    scheme: str
    host: str
    port: int | None


LABEL = rf"[a-z0-9_-]{{1,{MAX_LABEL_LENGTH}}}"
_SHAPE = re.compile(
    r"([a-z][a-z0-9+.-]*)://"
    rf"({LABEL}(?:\.{LABEL})*\.?|\[[0-9a-f:]{{2,39}}\])"
    r"(?::([1-9][0-9]{0,4}))?"
)
_NUMBER_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")


def split_origin(text: str) -> tuple[str, str, str] | None:
    """Return scheme, host and port of a serialized tuple origin, the port as text.

    The port is empty where none is written; ``None`` is returned for everything that no
    browser sends.
    """
    if len(text) > MAX_ORIGIN_LENGTH:
        return None
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    scheme, host, port = shape.groups("")
    # A file's origin is opaque (URL Standard, #concept-url-origin): it is sent as `null`.
    if scheme == "file" or not _is_host(host):
        return None
    return (scheme, host, port) if not port or is_port(scheme, port) else None


_PORT = re.compile(r"[1-9][0-9]{0,4}")


def is_port(scheme: str, text: str) -> bool:
    """Return whether a serializer writes this port: in decimal, and not the scheme's default."""
    # At most five digits, so `int` is cheap and cannot raise.
    if _PORT.fullmatch(text) is None:
        return False
    number = int(text)
    return number <= MAX_PORT and number != DEFAULT_PORTS.get(scheme)


def _is_host(host: str) -> bool:
    last = host[-1]
    if last == "]":
        return read_ipv6(host[1:-1]) == host[1:-1]
    if len(host) > MAX_HOST_LENGTH and len(host) - (last == ".") > MAX_HOST_LENGTH:
        return False
    return not ends_in_number(host) or _IPV4.fullmatch(host) is not None


def ends_in_number(host: str) -> bool:
    """Return whether a host is an IPv4 address or nothing, as its last label says.

    URL Standard, #ends-in-a-number-checker. A trailing dot belongs to the number:
    browsers rewrite ``127.0.0.1.`` to ``127.0.0.1``.
    """
    last = host[host.rfind(".", 0, -1) + 1 :]
    return "0" <= last[:1] <= "9" and _NUMBER_LABEL.fullmatch(last.removesuffix(".")) is not None


def parse_origin(text: str) -> Origin | None:
    """Return the origin that ``text`` is, or ``None`` if no browser writes it so.

    >>> parse_origin("https://app.example") == parse_origin("https://APP.example")
    False
    """
    parts = split_origin(text)
    if parts is None:
        return None
    scheme, host, port = parts
    return Origin(scheme=scheme, host=host, port=int(port) if port else None)


def serialize_origin(origin: Origin) -> str:
    """Return the origin as a browser writes it (HTML, #ascii-serialisation-of-an-origin).

    >>> serialize_origin(Origin(scheme="http", host="[::1]", port=8000))
    'http://[::1]:8000'
    """
    port = "" if origin.port is None else f":{origin.port}"
    return f"{origin.scheme}://{origin.host}{port}"


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine: a localhost name or a loopback address.

    Secure Contexts, #is-origin-trustworthy, steps 4 and 5; a trailing dot after a name
    does not matter.
    """
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost") or host == "[::1]":
        return True
    return host.startswith("127.") and _IPV4.fullmatch(host) is not None


def read_ipv4(text: str) -> str | None:
    """Return the address as browsers write it, from any form that they accept.

    URL Standard, #concept-ipv4-parser: one to four parts, decimal, octal or hexadecimal,
    the last of which fills the rest; ``None`` if the text is no address.

    >>> read_ipv4("0x7f.1"), read_ipv4("2130706433"), read_ipv4("127.0.0.256")
    ('127.0.0.1', '127.0.0.1', None)
    """
    parts = text.removesuffix(".").split(".", 4)
    numbers = [_read_number(part) for part in parts]
    if len(parts) > 4:  # noqa: PLR2004  the bytes of an address
        return None
    value = 0
    for index, number in enumerate(numbers):
        rest = 5 - len(parts) if index == len(parts) - 1 else 1
        if number is None or number >= 256**rest:
            return None
        value = value * 256**rest + number
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


_NUMBER = re.compile(r"0[xX](?P<hex>[0-9a-fA-F]*)|0(?P<octal>[0-7]+)|(?P<decimal>[0-9]+)")
_LONGEST_NUMBER = 32  # 11 octal digits are enough for 32 bits; leading zeros may come before


def _read_number(text: str) -> int | None:
    number = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if number is None:
        return None
    if number["hex"] is not None:
        return int(number["hex"] or "0", 16)
    if number["octal"] is not None:
        return int(number["octal"], 8)
    return None if len(text) > 1 and text[0] == "0" else int(text)


def read_ipv6(text: str) -> str | None:
    """Return the address between the brackets as browsers write it, or ``None``.

    URL Standard, #concept-ipv6-parser and #concept-ipv6-serializer: pieces in
    hexadecimal, also of a mapped IPv4 address, and the first longest run of zeros left
    out. (``ipaddress`` writes mapped addresses with dots since Python 3.13.)

    >>> read_ipv6("::FFFF:127.0.0.1"), read_ipv6("1:0:0:2:0:0:0:3")
    ('::ffff:7f00:1', '1:0:0:2::3')
    """
    pieces = _read_pieces(text)
    if pieces is None:
        return None
    words = "".join("0" if piece == 0 else "x" for piece in pieces)
    run = max(re.findall("0+", words), key=len, default="")
    if len(run) < 2:  # noqa: PLR2004  a single zero is written out
        return ":".join(f"{piece:x}" for piece in pieces)
    start = words.index(run)
    head = ":".join(f"{piece:x}" for piece in pieces[:start])
    tail = ":".join(f"{piece:x}" for piece in pieces[start + len(run) :])
    return f"{head}::{tail}"


_PIECE = re.compile(r"[0-9a-fA-F]{1,4}")
_PIECES = 8


def _read_pieces(text: str) -> list[int] | None:
    head, gap, tail = text.partition("::")
    left = _read_half(head, last=not gap)
    right = _read_half(tail, last=True)
    if left is None or right is None:
        return None
    zeros = _PIECES - len(left) - len(right)
    if zeros < bool(gap) or (zeros and not gap):
        return None
    return [*left, *[0] * zeros, *right]


def _read_half(text: str, *, last: bool) -> list[int] | None:
    if not text:
        return []
    parts = text.split(":", _PIECES)
    pieces: list[int] = []
    if last and _IPV4.fullmatch(parts[-1]):
        octets = [int(octet) for octet in parts.pop().split(".")]
        pieces = [octets[0] << 8 | octets[1], octets[2] << 8 | octets[3]]
    if not all(_PIECE.fullmatch(part) for part in parts):
        return None
    return [*(int(part, 16) for part in parts), *pieces]

"""Which names a server answers to.

What lives here: the check of the Host header. What does not: when it is made (``limits``)
what is answered (``front``), and what this machine is called (``machine``).

A page whose name is made to point at 127.0.0.1 (DNS rebinding) is of the same origin as
whatever listens there, so no CORS header keeps it out: only the Host header tells that
somebody else's name was used. The port is not looked at: a tunnel changes it, and a
rebound name is wrong with any port.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from corsmith.diagnostics import quote
from corsmith.errors import UsageError

__all__ = ["Hosts", "is_loopback", "name_of"]

_NAME: Final = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*|\[[0-9a-f:.]+\]")
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:\[\]@/?#\s]+)(?::[0-9]{0,5})?")
_IPV4_LOOPBACK: Final = re.compile(r"127(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}")
_IPV6_LOOPBACK: Final = frozenset({"[::1]", "[0:0:0:0:0:0:0:1]"})

_LONGEST_HOST: Final = 261
"""A name has at most 253 bytes, a trailing dot and a port six more, and one to spare."""


def is_loopback(address: str) -> bool:
    """Return whether an IP address can only be reached from this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    address = address.removeprefix("::ffff:")
    return address == "::1" or _IPV4_LOOPBACK.fullmatch(address) is not None


def name_of(host: bytes) -> str | None:
    """Return the name in a Host header, in lower case and without its port.

    >>> name_of(b"LocalHost:8000"), name_of(b"[::1]:8000"), name_of(b"a b")
    ('localhost', '[::1]', None)
    """
    if len(host) > _LONGEST_HOST:
        return None
    match = _HOST.fullmatch(host.decode("latin-1").lower())
    return None if match is None else match["name"].removesuffix(".")


class Hosts:
    """The names that a Host header may hold: loopback's own, and those that were given."""

    __slots__ = ("_addresses", "_exact", "_suffixes", "known")

    known: frozenset[bytes]
    """The values that nearly every request has: one look-up instead of a parse."""

    def __init__(
        self,
        port: int,
        names: Iterable[str] = (),
        *,
        own: Iterable[str] = (),
        addresses: bool = False,
    ) -> None:
        """Take the port that is listened on and the names of ``--allow-host``.

        A name that begins with ``*.`` stands for everything below it. Raises
        ``UsageError`` for what is no name. ``own`` are this machine's names, of which what is
        none is left out; with ``addresses`` any IP address will do.
        """
        lowered = (name.lower().removesuffix(".") for name in own)
        exact = {name for name in lowered if _NAME.fullmatch(name)}
        suffixes: list[str] = []
        for name in names:
            lower = name.lower().removesuffix(".")
            if lower.startswith("*.") and _NAME.fullmatch(lower[2:]):
                suffixes.append(lower[1:])
            elif _NAME.fullmatch(lower):
                exact.add(lower)
            else:
                raise UsageError(_no_name(name))
        self._addresses = addresses
        self._exact = frozenset(exact)
        self._suffixes = (".localhost", *suffixes)
        usual = ("127.0.0.1", "localhost", "[::1]", *exact)
        self.known = frozenset(f"{name}:{port}".encode() for name in usual)

    def allows(self, host: bytes) -> bool:
        """Return whether a Host header holds a name of this server.

        >>> hosts = Hosts(8000, ["dev.example"])
        >>> hosts.allows(b"dev.example:8000"), hosts.allows(b"evil.example:8000")
        (True, False)
        """
        if host in self.known:
            return True
        name = name_of(host)
        if name is None:
            return False
        return (
            name == "localhost"
            or name in self._exact
            or name.endswith(self._suffixes)
            or name in _IPV6_LOOPBACK
            or _IPV4_LOOPBACK.fullmatch(name) is not None
            or (self._addresses and _is_address(name))
        )


def _is_address(name: str) -> bool:
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _no_name(name: str) -> str:
    if name == "*":
        return "--allow-host * would let any rebound name in; give each name, or *.example.com"
    found = name_of(name.partition("://")[2].partition("/")[0].encode("latin-1", "replace"))
    found = found or name_of(name.encode("latin-1", "replace"))
    if found is not None and _NAME.fullmatch(found):
        return f"--allow-host {quote(name)} is more than a name; write --allow-host {found}"
    return f"--allow-host {quote(name)} is no host name"

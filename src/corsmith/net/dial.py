"""A connection to the host of an address: resolve, connect, and TLS, each step by name.

What lives here: sockets, names and TLS, with a deadline for each step and a reason for each
failure. What does not: HTTP (``net`` and ``multiplex``).
"""

import errno
import shlex
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from corsmith.address import Address
from corsmith.errors import NetworkError, UsageError
from corsmith.net.authorities import kept_authority, load_authorities
from corsmith.origin import is_loopback

if TYPE_CHECKING:
    import ssl

__all__ = ["Dialer", "Line"]

_HTTP1_AND_2: Final = ("h2", "http/1.1")

# X509_V_ERR_* of OpenSSL (openssl/x509_vfy.h): what they mean for the person.
_UNTRUSTED: Final = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in a self-signed certificate that nobody here trusts",
    20: "its certificate comes from an authority that nobody here trusts",
    21: "its certificate comes without the chain to an authority",
    62: "its certificate is for another name",
    64: "its certificate is for another name",
}
_REST: Final = "-k checks the rest"
_TRUST: Final = f"let the system trust it, or name its authority with --cacert FILE; {_REST}"
_HINTS: Final = {
    9: "check the clock of this machine",
    10: "renew the certificate; a page cannot skip this, -k can",
    18: f"let the system trust it, or name it with --cacert FILE; {_REST}",
    19: _TRUST,
    20: _TRUST,
    21: f"serve the full chain, or name what is missing with --cacert FILE; {_REST}",
    62: "use a name that it is for, or leave the name unchecked with -k",
    64: "use a name that it is for, or leave the name unchecked with -k",
}
_OTHER_NAME: Final = frozenset({62, 64})
_OF_NOBODY: Final = frozenset({18, 19, 20, 21})

_HANDSHAKE_SECONDS: Final = 2.0
"""How long it is waited for TLS where plain HTTP was asked: it is only to say so."""

_MOST_NAMES: Final = 5
"""The most names of a certificate that are told: of a host of many sites it may have 100."""

_UNREACHABLE: Final = {
    errno.ENETUNREACH: "there is no route to it",
    errno.EHOSTUNREACH: "there is no route to it",
    errno.EADDRNOTAVAIL: "there is no route to it",
}


@dataclass(slots=True)
class Line:
    """An open connection: its socket, the protocol that ALPN chose, and the peer's address."""

    socket: socket.socket
    protocol: str
    peer: str


@dataclass(slots=True, kw_only=True)
class Dialer:
    """How to connect: seconds for each step, which addresses, whether certificates count.

    ``ca`` is a file in PEM whose authorities are trusted besides the system's; with one that
    holds none the first connection over TLS raises ``UsageError``. ``resolve`` gives addresses
    for (host, port) in place of the system's resolver.
    """

    timeout: float = 10.0
    verify: bool = True
    ca: str | None = None
    resolve: Mapping[tuple[str, int], str] = field(default_factory=dict)
    _context: "ssl.SSLContext | None" = None

    def open(self, address: Address, asked: str) -> Line:
        """Return a connection to the host of ``address``, or raise ``NetworkError``."""
        connected, peer = self._connect(address, self._addresses(address, asked), asked)
        if address.scheme == "http":
            return Line(connected, "http/1.1", peer)
        try:
            return self._secure(connected, address, asked, peer)
        except BaseException:
            connected.close()
            raise

    def speaks_tls(self, address: Address, peer: str) -> bool:
        """Return whether a port does a handshake of TLS, with whichever certificate."""
        seconds = min(self.timeout, _HANDSHAKE_SECONDS)
        return _shake_hands(address, peer, seconds, verify=False) is not None

    # ── resolve ──────────────────────────────────────────────────────────────

    def _addresses(self, address: Address, asked: str) -> list[str]:
        host = address.host.strip("[]")
        given = self.resolve.get((address.host, address.port))
        if given is not None:
            return [given.strip("[]")]
        if is_loopback(address.host) and host[0] not in "0123456789:":
            # Let localhost be localhost (RFC 6761): browsers ask no resolver, IPv6 first.
            return ["::1", "127.0.0.1"]
        found: list[str] = []
        failed: list[OSError] = []

        def look_up() -> None:
            try:
                rows = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)
                found.extend(dict.fromkeys(str(row[4][0]) for row in rows))
            except OSError as error:
                failed.append(error)

        if host.replace(".", "").isdigit() or ":" in host:
            return [host]
        # The system's resolver cannot be told to give up, so it is left behind.
        worker = threading.Thread(target=look_up, daemon=True)
        worker.start()
        worker.join(self.timeout)
        if found:
            return found
        if not failed:
            raise _timed_out(asked, "resolve", f"no answer about the name {host}", self.timeout)
        # EAI_AGAIN: no name server has answered, so there may be no network.
        unasked = failed[0].errno == socket.EAI_AGAIN
        raise NetworkError(
            asked=asked,
            step="resolve",
            failure="dns",
            problem=f"the name {host} " + ("cannot be looked up" if unasked else "has no address"),
            hint=f"check the {'network' if unasked else 'spelling'}, "
            f"or --resolve {host}:{address.port}:ADDRESS",
        ) from failed[0]

    # ── connect ──────────────────────────────────────────────────────────────

    def _connect(self, address: Address, peers: list[str], asked: str) -> tuple[socket.socket, str]:
        deadline = time.monotonic() + self.timeout
        errors: list[tuple[str, OSError]] = []
        for index, peer in enumerate(peers):
            left = max(deadline - time.monotonic(), 0.001) / (len(peers) - index)
            try:
                return socket.create_connection((peer, address.port), left), peer
            except OSError as failed:
                errors.append((peer, failed))
        # The last one tells: of ::1 and 127.0.0.1, most servers listen on the second.
        peer, error = errors[-1]
        where = f"[{peer}]:{address.port}" if ":" in peer else f"{peer}:{address.port}"
        if isinstance(error, TimeoutError):
            raise _timed_out(asked, "connect", f"{where} does not answer", self.timeout) from error
        known = _UNREACHABLE.get(error.errno or 0)
        refused = isinstance(error, ConnectionRefusedError)
        says = "refuses the connection" if refused else f"cannot be reached: {known or error}"
        raise NetworkError(
            asked=asked,
            step="connect",
            failure="refused",
            problem=f"{where} {says}",
            hint="start the server, or check the port" if refused else None,
        ) from error

    # ── TLS ──────────────────────────────────────────────────────────────────

    def _secure(self, plain: socket.socket, address: Address, asked: str, peer: str) -> Line:
        import ssl

        if self._context is None:
            self._context = _context(verify=self.verify, ca=self.ca)
        # One deadline for the whole handshake: each read of it may take what is left.
        plain.settimeout(self.timeout)
        try:
            secured = self._context.wrap_socket(plain, server_hostname=address.host.strip("[]"))
        except TimeoutError as error:
            problem = "the server does not finish the TLS handshake"
            raise _timed_out(asked, "tls", problem, self.timeout) from error
        except ssl.SSLCertVerificationError as error:
            raise self._untrusted(address, asked, error, peer) from error
        except (ssl.SSLError, OSError) as error:
            raise _no_tls(address, asked, error) from error
        return Line(secured, secured.selected_alpn_protocol() or "http/1.1", peer)

    def _untrusted(
        self, address: Address, asked: str, error: "ssl.SSLCertVerificationError", peer: str
    ) -> NetworkError:
        code = error.verify_code
        what = _UNTRUSTED.get(code, f"its certificate is refused: {error.verify_message}")
        hint = _HINTS.get(code, f"browsers refuse it too; {_REST}")
        if code in _OTHER_NAME:
            what, hint = _named(address, self._names(address, peer), what, hint)
        elif code in _OF_NOBODY:
            own = kept_authority()
            if own is not None and _shake_hands(address, peer, self.timeout, ca=own) is not None:
                what = "its certificate comes from the authority of corsmith serve --tls"
                hint = f"add --cacert {shlex.quote(own)}, and let browsers trust it, too"
            elif self.ca is not None:
                hint = f"{self.ca} is not its authority: name that with --cacert; {_REST}"
        return NetworkError(
            asked=asked,
            step="tls",
            failure="tls",
            problem=f"{address.netloc} is not trusted: {what}",
            hint=hint,
        )

    def _names(self, address: Address, peer: str) -> list[str]:
        """Return the names in a certificate that is trusted, and for another name."""
        found = _shake_hands(address, peer, self.timeout, ca=self.ca) or {}
        return [_shorter(str(pair[1])) for pair in found.get("subjectAltName", ())]


def _shake_hands(
    address: Address, peer: str, seconds: float, *, verify: bool = True, ca: str | None = None
) -> Mapping[str, Any] | None:  # as ssl types it
    """Return the certificate of a port, for whichever name; ``None`` where there is no TLS.

    With ``verify`` it is one that whoever trusts ``ca`` trusts, and is told with its names.
    """
    try:
        context = _context(verify=verify, ca=ca)
        context.check_hostname = False
        with (
            socket.create_connection((peer, address.port), seconds) as plain,
            context.wrap_socket(plain, server_hostname=address.host.strip("[]")) as secured,
        ):
            return secured.getpeercert() or {}
    except (OSError, UsageError):  # every ssl.SSLError is an OSError
        return None


def _shorter(name: str) -> str:
    """Return a name as it is written: OpenSSL tells an IPv6 address with all its zeros."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name


def _context(*, verify: bool, ca: str | None) -> "ssl.SSLContext":
    import ssl

    context = ssl.create_default_context()
    if ca is not None:
        load_authorities(context, "--cacert", ca)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(_HTTP1_AND_2))
    return context


def _timed_out(asked: str, step: str, problem: str, seconds: float) -> NetworkError:
    return NetworkError(
        asked=asked,
        step=step,
        failure="timeout",
        problem=f"{problem} within {seconds:g} s",
        hint="give it longer with --timeout SECONDS",
    )


def _named(address: Address, names: list[str], what: str, hint: str) -> tuple[str, str]:
    """Return what is told of a certificate for other names, and what to do, by these names."""
    if not names:
        return what, hint
    more = ", …" if len(names) > _MOST_NAMES else ""
    what = f"its certificate is for {', '.join(names[:_MOST_NAMES])}{more}"
    plain = next((name for name in names if "*" not in name), None)
    if plain is not None:
        host = f"[{plain}]" if ":" in plain else plain
        url = f"https://{host}:{address.port}{address.target}"
        hint = f"write {url}, or leave the name unchecked with -k"
    return what, hint


def _no_tls(address: Address, asked: str, error: OSError) -> NetworkError:
    reason = str(getattr(error, "reason", None) or "")
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}:
        problem = f"{address.netloc} does not speak TLS"
        hint: str | None = f"write http://{address.host}:{address.port}{address.target}"
    elif not reason or "EOF" in reason:
        problem, hint = f"{address.netloc} ends the connection during the TLS handshake", None
    else:
        words = reason.replace("_", " ").lower()
        problem, hint = f"the TLS handshake with {address.netloc} fails: {words}", None
    return NetworkError(asked=asked, step="tls", failure="tls", problem=problem, hint=hint)

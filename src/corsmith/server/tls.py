"""The certificate of a server that speaks TLS: one that was given, or one of our own.

What lives here: reading the one, making and keeping the other, and the line that makes a
system trust it. What does not: TLS itself, which is the server library's (``processes``).

Our own are issued by an authority that is made once and kept, so that whoever has trusted it
need not do so again: its certificates are for a year, as browsers want them, and there is one
for each set of names. Everything is in a folder that nobody else may enter:

==================  ==================================================
``ca.pem``          the authority, to be trusted
``ca-key.pem``      its key
``NAMES.pem``       a certificate; NAMES is a digest of the names in it
``NAMES-key.pem``   its key
==================  ==================================================
"""

import contextlib
import fcntl
import os
import secrets
import shlex
import socket
import ssl
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NoReturn

from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.net.authorities import AUTHORITY, state_folder

__all__ = [
    "Certificate",
    "address_in_network",
    "make_certificate",
    "names_for",
    "read_certificate",
    "trust_line",
]

_LIFETIME: Final = timedelta(days=397)
"""How long a certificate of our own is for: browsers take none of more than 398 days
(CA/Browser Forum, Baseline Requirements, 6.3.2), Apple's not even from one's own authority."""

_RENEWED: Final = timedelta(days=30)
"""How long before its end it is made anew."""

_EARLIER: Final = timedelta(days=1)
"""How far a client's clock may be behind ours."""

_ORGANIZATION: Final = "corsmith serve"
"""Under this name a browser lists the authority."""

_ALWAYS: Final = ("localhost", "127.0.0.1", "::1")
"""Not ``*.localhost``: OpenSSL and Chromium take no star right below a top label."""

_KEYS: Final = (
    bytes.fromhex("06092a864886f70d010101"),  # RSA (RFC 3279)
    bytes.fromhex("06082a8648ce3d030107"),  # P-256, P-384 (RFC 5480)
    bytes.fromhex("06052b81040022"),
    bytes.fromhex("06032b6570"),  # Ed25519 (RFC 8410)
)
"""The object identifiers in DER of the keys that the server library speaks with.

With any other, and with certificates before version 3, Granian's worker panics.
"""

_VERSION: Final = 3

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"

_ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  compared, not bound

_ELSEWHERE: Final = "192.0.2.1"
"""An address of nobody (RFC 5737): which way leads there is asked, and nothing is sent."""

_EXPIRED: Final = 10
_NOT_YET: Final = 9
"""What is wrong with a certificate's dates (OpenSSL, ``x509_vfy.h``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with its chain, its key, and the names that it is for.

    ``authority`` is the file that a client is to trust, where it is one of our own. Pickled
    with what a worker is started with; only paths are kept, never a key.
    """

    cert: Path
    key: Path
    names: tuple[str, ...]
    authority: Path | None = None


# ── one that was given ─────────────────────────────────────────────────────────


def read_certificate(cert: str, key: str) -> Certificate:
    """Return the certificate of two files in PEM; ``UsageError`` where it cannot be used."""
    text, secret = _text("--cert", cert), _text("--key", key)
    if _BEGIN not in text:
        swapped = "PRIVATE KEY-----" in text and _BEGIN in secret
        _refuse(
            f"--cert {quote(cert)} holds no certificate in PEM",
            f"write --cert {shlex.quote(key)} --key {shlex.quote(cert)}"
            if swapped
            else "to turn DER into PEM: "
            f"openssl x509 -inform der -in {shlex.quote(cert)} -out cert.pem",
        )
    if "PRIVATE KEY-----" not in secret:
        _refuse(
            f"--key {quote(key)} holds no private key in PEM",
            f"give the file with the key that {cert} was made for",
        )
    if "ENCRYPTED" in secret:
        _refuse(
            f"--key {quote(key)} is encrypted, and a server has nobody to ask for the password",
            f"decrypt it: openssl pkey -in {shlex.quote(key)} -out key.pem, and give --key key.pem",
        )
    try:
        found = _examine(Path(cert), Path(key), text)
    except ssl.SSLCertVerificationError as error:
        _refuse(*_not_verified(cert, error))
    except (ssl.SSLError, ValueError) as error:
        _refuse(*_not_loaded(cert, key, error))
    der = ssl.PEM_cert_to_DER_cert(text[text.index(_BEGIN) : text.index(_END) + len(_END)])
    if found["version"] != _VERSION or not any(key_kind in der for key_kind in _KEYS):
        _refuse(
            f"--cert {quote(cert)} is not of a kind that the server speaks with: it takes "
            "X.509 version 3 with a key of RSA, P-256, P-384 or Ed25519",
            "have it issued for such a key, or write --tls in place of --cert and --key",
        )
    names = tuple(value for _, value in found.get("subjectAltName", ()))
    return Certificate(cert=Path(cert).absolute(), key=Path(key).absolute(), names=names)


def _text(flag: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="latin-1")
    except FileNotFoundError:
        raise UsageError(f"{flag} {quote(path)}: there is no such file") from None
    except OSError as error:
        _refuse(
            f"{flag} {quote(path)} cannot be read: {error.strerror}",
            "give a file in PEM that this user may read",
        )


def _not_verified(cert: str, error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    if error.verify_code == _EXPIRED:
        return (
            f"--cert {quote(cert)} has expired: browsers refuse it",
            "renew it, or write --tls in place of --cert and --key",
        )
    if error.verify_code == _NOT_YET:
        return (
            f"--cert {quote(cert)} is not valid yet: browsers refuse it",
            f"it may be this machine's clock: {time.strftime('%Y-%m-%d %H:%M')}",
        )
    return (
        f"--cert {quote(cert)} is not for a server: {error.verify_message}",
        "give one for a server, or write --tls in place of --cert and --key",
    )


def _not_loaded(cert: str, key: str, error: Exception) -> tuple[str, str]:
    reason = getattr(error, "reason", None) or str(error)
    if reason == "KEY_VALUES_MISMATCH":
        return (
            f"--key {quote(key)} is not the key of --cert {quote(cert)}",
            f"the certificate of the server must come first in {cert}, its chain after it",
        )
    why = reason.lower().replace("_", " ")
    return (
        f"--cert {quote(cert)} and --key {quote(key)} cannot be used: {why}",
        "give both in PEM, or write --tls in place of them",
    )


def _refuse(problem: str, step: str) -> NoReturn:
    raise UsageError(f"{problem}\n  {step}") from None


def _examine(cert: Path, key: Path, trusted: str) -> Mapping[str, Any]:  # as ssl types it
    """Return what a client that trusts ``trusted`` reads in a certificate.

    Client and server shake hands in memory: then it is OpenSSL that judges dates, key and
    purpose, as it will for clients. Raises ``ssl.SSLError``; never asks for a password.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key, password=_no_password)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(cadata=trusted)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(back, there)
    answering = server.wrap_bio(there, back, server_side=True)
    for side in (asking, answering, asking):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()
    found = asking.getpeercert()
    return found or {}


def _no_password() -> NoReturn:
    raise ValueError("the key is encrypted")


# ── one of our own ─────────────────────────────────────────────────────────────


def names_for(address: str, allowed: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the names that a certificate is for, in a fixed order.

    ``address`` is what is listened on, ``allowed`` the names of ``--allow-host``. Where it is
    every address of this machine, its name and its address in the network are among them.
    """
    names = {*_ALWAYS, *(name.lower().strip("[]") for name in allowed)}
    if address in _ANY_ADDRESS:
        names.add(socket.gethostname().lower())
        here = address_in_network()
        if here is not None:
            names.add(here)
    else:
        names.add(address)
    return tuple(sorted(names))


def address_in_network() -> str | None:
    """Return this machine's address in its network, if it is in one."""
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
    ):
        asking.connect((_ELSEWHERE, 9))
        return str(asking.getsockname()[0])
    return None


def make_certificate(names: Sequence[str], folder: Path | None = None) -> Certificate:
    """Return a certificate of our own for some names: the one that was kept, or a new one.

    ``folder`` is where they are kept: ``corsmith/tls`` in the user's folder for state (XDG
    Base Directory Specification). Raises ``UsageError`` where nothing can be kept there, and
    ``ModuleNotFoundError`` where trustme is missing.
    """
    kept = state_folder(os.environ) if folder is None else folder
    digest = sha256("\n".join(names).encode()).hexdigest()[:16]
    made = Certificate(
        cert=kept / f"{digest}.pem",
        key=kept / f"{digest}-key.pem",
        names=tuple(names),
        authority=kept / AUTHORITY,
    )
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.chmod(0o700)
        with _alone_in(kept):
            if not _is_good(made):
                _issue(made, kept)
    except UnicodeError as error:  # Punycode has no word for it
        _refuse(
            f"no certificate can be for one of {', '.join(names)}: {error}",
            "give --allow-host a name of letters, digits, hyphens and dots",
        )
    except OSError as error:
        _refuse(
            f"the certificate of --tls cannot be kept in {kept}: {error.strerror or error}",
            "set XDG_STATE_HOME to a folder of your own, or give --cert and --key",
        )
    return made


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other server makes a certificate in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_good(made: Certificate) -> bool:
    """Return whether a certificate is there, of the present authority, and not about to expire."""
    try:
        trusted = Path(str(made.authority)).read_text(encoding="ascii")
        found = _examine(made.cert, made.key, trusted)
    except (OSError, ValueError):  # every ssl.SSLError is an OSError
        return False
    return ssl.cert_time_to_seconds(found["notAfter"]) - time.time() > _RENEWED.total_seconds()


def _issue(made: Certificate, folder: Path) -> None:
    """Write a certificate and its key, and the authority if there is none that is whole."""
    begins = datetime.now(UTC) - _EARLIER
    leaf = _authority(folder).issue_cert(
        *made.names,
        organization_name=_ORGANIZATION,
        organization_unit_name=_person(),
        not_before=begins,
        not_after=begins + _LIFETIME,
    )
    _write(made.key, leaf.private_key_pem.bytes())
    _write(made.cert, b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


def _authority(folder: Path) -> Any:  # noqa: ANN401  trustme's, which is imported only here
    """Return the authority that is kept, or a new one."""
    from trustme import CA

    cert, key = folder / AUTHORITY, folder / "ca-key.pem"
    with contextlib.suppress(OSError, ValueError):
        _examine(cert, key, cert.read_text(encoding="ascii"))
        return CA.from_pem(cert.read_bytes(), key.read_bytes())
    made = CA(
        path_length=0,
        organization_name=_ORGANIZATION,
        organization_unit_name=f"authority of {_person()}",
    )
    _write(key, made.private_key_pem.bytes())
    _write(cert, made.cert_pem.bytes())
    return made


def _person() -> str:
    """Return who and where, as a list of authorities is to show it."""
    name = f"{os.environ.get('USER', 'user')}@{socket.gethostname()}"
    return name[:64]  # the longest that a certificate may hold (RFC 5280, appendix A.1)


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


# ── who trusts it ──────────────────────────────────────────────────────────────


def trust_line(authority: Path, platform: str | None = None) -> str:
    """Return the command that has this system's browsers trust an authority.

    On Linux that is the store of Chromium and its kin; Firefox has one of its own.
    """
    path = shlex.quote(str(authority))
    if (platform or sys.platform) == "darwin":
        return f"security add-trusted-cert -k ~/Library/Keychains/login.keychain-db {path}"
    store = "$HOME/.pki/nssdb"
    return f"mkdir -p {store} && certutil -d sql:{store} -A -t C,, -n corsmith -i {path}"

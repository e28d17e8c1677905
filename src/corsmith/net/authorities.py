"""Authorities besides the system's: the file that a person names, and the one that is kept here.

What lives here: reading the first, and where ``corsmith serve --tls`` keeps the second. What
does not: making that one (``corsmith.server.tls``), and which certificate is good (``dial``).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from corsmith.errors import UsageError

if TYPE_CHECKING:
    import ssl

__all__ = ["AUTHORITY", "kept_authority", "load_authorities", "state_folder"]

AUTHORITY: Final = "ca.pem"
"""The file of the authority of ``--tls``, in its folder."""


def load_authorities(context: "ssl.SSLContext", flag: str, file: str) -> None:
    """Have a context trust the certificates of a file in PEM too; ``UsageError`` without any.

    ``flag`` is what the person wrote the file behind. As for curl, one that is in the file is
    trusted even where no authority has issued it.
    """
    import ssl

    try:
        context.load_verify_locations(file)
    except ssl.SSLError:
        raise UsageError(
            f"{flag} {file} holds no certificate\n"
            "  it needs the authority's certificate as PEM: -----BEGIN CERTIFICATE-----"
        ) from None
    except OSError as error:
        raise UsageError(f"{flag} {file} cannot be read: {error.strerror}") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def state_folder(environ: Mapping[str, str]) -> Path:
    """Return where the certificates of ``--tls`` are kept (XDG Base Directory Specification)."""
    state = environ.get("XDG_STATE_HOME", "")
    # A relative path is to be ignored (XDG Base Directory Specification).
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "corsmith" / "tls"


def kept_authority() -> str | None:
    """Return the file of the authority of ``--tls``, where this person has one."""
    try:
        file = state_folder(os.environ) / AUTHORITY
        return str(file) if file.is_file() else None
    except (OSError, RuntimeError):  # nobody may look there, or nobody is at home
        return None

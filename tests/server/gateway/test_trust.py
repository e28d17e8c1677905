from __future__ import annotations

import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trustme

from corsmith.errors import UsageError
from corsmith.server.gateway.trust import Trust, load_library

if TYPE_CHECKING:
    from pathlib import Path

LOADS = """
import ssl, sys
from corsmith.server.gateway import serving
assert "aiohttp" not in sys.modules
serving.load_forwarder()
from aiohttp import connector
contexts = [one for one in vars(connector).values() if isinstance(one, ssl.SSLContext)]
assert len(contexts) == 2
print(*(one.cert_store_stats()["x509"] for one in contexts))
"""


def test_without_a_word_the_systems_authorities_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    context = Trust().context()
    assert isinstance(context, ssl.SSLContext)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_any_certificate_needs_no_authority() -> None:
    assert Trust(insecure=True).context() is False


def test_a_file_is_read_before_it_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read"):
        Trust(ca=str(tmp_path / "none.pem")).check()


def test_where_there_is_no_file_nothing_is_read_before_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_trust: Trust) -> None:
        raise AssertionError

    monkeypatch.setattr(Trust, "context", refuse)
    Trust().check()


def test_the_library_reads_no_authorities_of_its_own(tmp_path: Path) -> None:
    """It would into two contexts, before anybody has said that the upstream speaks TLS."""
    authority = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(authority))
    done = subprocess.run(
        [sys.executable, "-c", LOADS],
        capture_output=True,
        text=True,
        check=False,
        env={"SSL_CERT_FILE": str(authority)},
    )
    assert (done.stdout, done.stderr) == ("0 0\n", "")


def test_whoever_makes_a_context_afterwards_has_the_authorities() -> None:
    before = vars(ssl.SSLContext).copy()
    load_library()
    assert vars(ssl.SSLContext) == before

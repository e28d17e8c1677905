"""Authorities besides the system's: a file that a person names, and the one of ``--tls``."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme

from corsmith.errors import UsageError
from corsmith.net.authorities import kept_authority, load_authorities, state_folder


def bare() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def test_each_certificate_of_a_file_is_trusted(tmp_path: Path) -> None:
    file = tmp_path / "two.pem"
    for authority in (trustme.CA(), trustme.CA()):
        authority.cert_pem.write_to_path(file, append=True)
    context = bare()
    load_authorities(context, "--cacert", str(file))
    assert len(context.get_ca_certs()) == 2
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_a_file_without_a_certificate_is_told_with_what_it_needs(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_authorities(bare(), "--ca", str(file))
    assert str(caught.value) == (
        f"--ca {file} holds no certificate\n"
        "  it needs the authority's certificate as PEM: -----BEGIN CERTIFICATE-----"
    )


@pytest.mark.parametrize(
    ("file", "why"), [("none.pem", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, file: str, why: str) -> None:
    path = tmp_path / file
    with pytest.raises(UsageError) as caught:
        load_authorities(bare(), "--cacert", str(path))
    assert str(caught.value) == f"--cacert {path} cannot be read: {why}"


def test_certificates_are_kept_in_the_folder_for_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = state_folder({"XDG_STATE_HOME": str(tmp_path)})
    assert given == tmp_path / "corsmith" / "tls"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for ignored in ({}, {"XDG_STATE_HOME": "relative"}):
        folder = state_folder(ignored)
        assert folder == tmp_path / "home" / ".local" / "state" / "corsmith" / "tls"


def test_the_authority_that_is_kept_is_found_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert kept_authority() is None
    file = tmp_path / "corsmith" / "tls" / "ca.pem"
    file.parent.mkdir(parents=True)
    file.touch()
    assert kept_authority() == str(file)


def test_a_folder_that_cannot_be_looked_into_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bool:
        raise PermissionError

    monkeypatch.setattr(Path, "is_file", refuse)
    assert kept_authority() is None

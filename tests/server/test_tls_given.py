"""Certificates that are given: judged as clients will judge them, each slip in three lines."""

from __future__ import annotations

import datetime as dt
import pickle
import shlex
import ssl
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from corsmith.errors import UsageError
from corsmith.server import tls
from corsmith.server.tls import read_certificate

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Pair:
    """A certificate and its key in files."""

    def __init__(self, folder: Path, name: str = "a", **settings: Any) -> None:
        leaf = trustme.CA().issue_cert("dev.example", "127.0.0.1", **settings)
        self.cert, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.cert.write_bytes(leaf.cert_chain_pems[0].bytes())
        self.key.write_bytes(leaf.private_key_pem.bytes())


def test_a_given_certificate_is_taken_with_its_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pair(tmp_path)
    monkeypatch.chdir(tmp_path)
    found = read_certificate("a.pem", "a.key")
    assert (found.cert, found.key) == (tmp_path / "a.pem", tmp_path / "a.key")
    assert found.names == ("dev.example", "127.0.0.1")
    assert found.authority is None
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301  our own


def test_both_may_be_in_one_file(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    both = tmp_path / "both.pem"
    both.write_bytes(pair.cert.read_bytes() + pair.key.read_bytes())
    assert read_certificate(str(both), str(both)).names[0] == "dev.example"


def told(cert: Path, key: Path) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_certificate(str(cert), str(key))
    lines = str(caught.value).splitlines()
    assert len(lines) <= 3
    return lines


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    gone = tmp_path / "gone"
    assert told(gone, pair.key) == [f'--cert "{gone}": there is no such file']
    assert told(pair.cert, gone) == [f'--key "{gone}": there is no such file']


def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    first, second = told(tmp_path, tmp_path)
    assert first == f'--cert "{tmp_path}" cannot be read: Is a directory'
    assert second == "  give a file in PEM that this user may read"


def test_another_format_is_told_with_the_command_that_turns_it_into_pem(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    der = tmp_path / "a b.der"
    der.write_bytes(ssl.PEM_cert_to_DER_cert(pair.cert.read_text()))
    first, second = told(der, pair.key)
    assert first == f'--cert "{der}" holds no certificate in PEM'
    assert f"openssl x509 -inform der -in {shlex.quote(str(der))} -out cert.pem" in second
    assert told(pair.cert, der)[0] == f'--key "{der}" holds no private key in PEM'


def test_files_that_are_swapped_are_told_in_the_right_order(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    assert told(pair.key, pair.cert)[1] == f"  write --cert {pair.cert} --key {pair.key}"
    assert "to turn DER into PEM" in told(pair.key, pair.key)[1]


@pytest.mark.parametrize("head", ["BEGIN ENCRYPTED PRIVATE KEY-----", "BEGIN RSA PRIVATE KEY-----"])
def test_an_encrypted_key_is_told_with_the_command_that_decrypts_it(
    tmp_path: Path, head: str
) -> None:
    pair = Pair(tmp_path)
    pair.key.write_text(f"-----{head}\nProc-Type: 4,ENCRYPTED\n")
    first, second = told(pair.cert, pair.key)
    assert first.startswith(f'--key "{pair.key}" is encrypted')
    assert f"openssl pkey -in {pair.key} -out key.pem" in second


def test_nobody_is_ever_asked_for_a_password() -> None:
    with pytest.raises(ValueError, match="encrypted"):
        tls._no_password()


def test_the_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    first, second = told(Pair(tmp_path).cert, Pair(tmp_path, "b").key)
    assert first.endswith(f'is not the key of --cert "{tmp_path / "a.pem"}"')
    assert "must come first" in second


def test_what_is_no_certificate_inside_is_told(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.cert.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    first, second = told(pair.cert, pair.key)
    assert " cannot be used: " in first
    assert second == "  give both in PEM, or write --tls in place of them"


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (-20, -1, "has expired: browsers refuse it"),
        (1, 20, "is not valid yet: browsers refuse it"),
    ],
)
def test_dates_that_are_over_or_to_come_are_told(
    tmp_path: Path, begins: int, ends: int, words: str
) -> None:
    pair = Pair(tmp_path, not_before=NOW + begins * DAY, not_after=NOW + ends * DAY)
    first, second = told(pair.cert, pair.key)
    assert first == f'--cert "{pair.cert}" {words}'
    assert second.strip()


def test_a_certificate_that_is_not_for_a_server_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = Pair(tmp_path)

    def unsuitable(*_files: object) -> None:
        error = ssl.SSLCertVerificationError()
        error.verify_code, error.verify_message = 26, "unsuitable certificate purpose"
        raise error

    monkeypatch.setattr(tls, "_examine", unsuitable)
    first, _ = told(pair.cert, pair.key)
    assert first.endswith("is not for a server: unsuitable certificate purpose")


@pytest.mark.parametrize("kind", ["P-521", "Ed448", "version 1"])
def test_a_kind_that_the_server_cannot_speak_with_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pair = Pair(tmp_path)
    if kind == "version 1":
        monkeypatch.setattr(tls, "_examine", lambda *_files: {"version": 1})
    else:
        make_pair(pair, {"P-521": ec.generate_private_key(ec.SECP521R1()),
                         "Ed448": ed448.Ed448PrivateKey.generate()}[kind])  # fmt: skip
    first, second = told(pair.cert, pair.key)
    assert first.endswith("X.509 version 3 with a key of RSA, P-256, P-384 or Ed25519")
    assert second.startswith("  have it issued for such a key")


@pytest.mark.parametrize("kind", ["RSA", "P-384", "Ed25519"])
def test_the_usual_kinds_are_taken(tmp_path: Path, kind: str) -> None:
    pair = Pair(tmp_path)
    keys: dict[str, Any] = {
        "RSA": partial(rsa.generate_private_key, 65_537, 2048),
        "P-384": partial(ec.generate_private_key, ec.SECP384R1()),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
    }
    make_pair(pair, keys[kind]())
    assert read_certificate(str(pair.cert), str(pair.key)).names == ("dev.example",)


def make_pair(pair: Pair, key: Any) -> None:
    """Replace a pair by a self-signed one of another key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dev.example")])
    names = x509.SubjectAlternativeName([x509.DNSName("dev.example")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + DAY)
        .add_extension(names, critical=False)
        .sign(
            key,
            hashes.SHA512()
            if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
            else None,
        )
    )
    pair.cert.write_bytes(made.public_bytes(Encoding.PEM))
    pair.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

"""Certificates of our own: kept where nobody else may look, and made anew in time."""

from __future__ import annotations

import os
import socket
import ssl
import stat
import threading
import time
from typing import TYPE_CHECKING, Self

import pytest
import trustme

from corsmith.errors import UsageError
from corsmith.server import tls
from corsmith.server.tls import make_certificate, names_for, trust_line

if TYPE_CHECKING:
    from pathlib import Path

LOCAL = names_for("127.0.0.1")


def test_it_is_for_loopback_and_for_the_names_that_are_allowed() -> None:
    assert LOCAL == ("127.0.0.1", "::1", "localhost")
    assert set(names_for("127.0.0.2", ["Dev.example", "[::2]"])) == {
        *LOCAL,
        "127.0.0.2",
        "dev.example",
        "::2",
    }


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])  # noqa: S104  compared
def test_on_every_address_it_is_for_this_machine_as_the_network_knows_it(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk")
    monkeypatch.setattr(tls, "address_in_network", lambda: "192.0.2.7")
    assert set(names_for(address)) == {*LOCAL, "desk", "192.0.2.7"}
    monkeypatch.setattr(tls, "address_in_network", lambda: None)
    assert set(names_for(address)) == {*LOCAL, "desk"}


def test_the_address_in_the_network_is_asked_of_the_routes_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Routed:
        def __init__(self, *kind: object) -> None:
            assert kind == (socket.AF_INET, socket.SOCK_DGRAM)

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_error: object) -> None:
            """Nothing is open."""

        def connect(self, address: object) -> None:
            if lost:
                raise OSError
            assert address == ("192.0.2.1", 9)

        def getsockname(self) -> tuple[str, int]:
            return "192.0.2.7", 1

    monkeypatch.setattr(socket, "socket", Routed)
    lost: list[int] = []
    assert tls.address_in_network() == "192.0.2.7"
    lost.append(1)
    assert tls.address_in_network() is None


def handshake(certificate: tls.Certificate, name: str) -> None:
    """Have a client that trusts the authority alone verify a certificate for a name."""
    assert certificate.authority is not None
    client = ssl.create_default_context(cafile=str(certificate.authority))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.cert, certificate.key)
    here, there = socket.socketpair()

    def answer() -> None:
        with server.wrap_socket(there, server_side=True):
            """Only the handshake is wanted."""

    with here, there:
        thread = threading.Thread(target=answer)
        thread.start()
        with client.wrap_socket(here, server_hostname=name):
            thread.join()


def test_a_client_that_trusts_the_authority_takes_it_for_each_name(tmp_path: Path) -> None:
    made = make_certificate(names_for("127.0.0.1", ["dev.example"]), tmp_path)
    for name in ("localhost", "127.0.0.1", "::1", "dev.example"):
        handshake(made, name)


def test_it_is_kept_where_nobody_else_may_look(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_certificate(LOCAL, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert len(names) == 4
    assert {"ca-key.pem", "ca.pem"} < names
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    folder.chmod(0o755)
    make_certificate(LOCAL, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_trust_survives_a_restart(tmp_path: Path) -> None:
    first = make_certificate(LOCAL, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert make_certificate(LOCAL, tmp_path) == first
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_other_names_have_another_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = make_certificate(LOCAL, tmp_path)
    assert first.authority is not None
    authority = first.authority.read_bytes()
    second = make_certificate(names_for("127.0.0.1", ["dev.example"]), tmp_path)
    assert second.cert != first.cert
    assert second.authority == first.authority
    assert first.authority.read_bytes() == authority
    handshake(first, "localhost")
    handshake(second, "dev.example")


def test_one_that_is_about_to_expire_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_certificate(LOCAL, tmp_path)
    before = made.cert.read_bytes()
    now = time.time()
    for days, is_new in ((397 - 32, False), (397 - 30, True)):
        monkeypatch.setattr("corsmith.server.tls.time.time", lambda days=days: now + days * 86_400)
        make_certificate(LOCAL, tmp_path)
        assert (made.cert.read_bytes() != before) is is_new


def test_browsers_take_its_lifetime(tmp_path: Path) -> None:
    made = make_certificate(LOCAL, tmp_path)
    found = tls._examine(made.cert, made.key, made.cert.read_text())
    begins, ends = (ssl.cert_time_to_seconds(found[key]) for key in ("notBefore", "notAfter"))
    assert ends - begins <= 398 * 86_400
    assert begins < time.time()


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_an_authority_that_is_broken_is_made_anew(tmp_path: Path, name: str) -> None:
    make_certificate(LOCAL, tmp_path)
    (tmp_path / name).write_text("broken")
    (tmp_path / "ca.pem").unlink()
    handshake(make_certificate(LOCAL, tmp_path), "localhost")


def test_a_certificate_of_another_authority_is_made_anew(tmp_path: Path) -> None:
    made = make_certificate(LOCAL, tmp_path)
    other = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(other.cert_pem.bytes())
    (tmp_path / "ca-key.pem").write_bytes(other.private_key_pem.bytes())
    handshake(make_certificate(LOCAL, tmp_path), "localhost")
    assert made.authority is not None
    assert made.authority.read_bytes() == other.cert_pem.bytes()


def test_two_servers_at_once_make_one(tmp_path: Path) -> None:
    threads = [threading.Thread(target=make_certificate, args=(LOCAL, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.iterdir())) == 4
    handshake(make_certificate(LOCAL, tmp_path), "localhost")


def test_it_is_in_the_users_folder_for_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert make_certificate(LOCAL).cert.parent == tmp_path / "state" / "corsmith" / "tls"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        make_certificate(LOCAL, tmp_path / "file" / "tls")
    first, second = str(caught.value).splitlines()
    assert first.startswith("the certificate of --tls cannot be kept in ")
    assert first.endswith(": Not a directory")
    assert "XDG_STATE_HOME" in second


def test_a_file_is_there_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(UsageError, match="No space left on device"):
        make_certificate(LOCAL, tmp_path)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  names are wanted


def test_a_name_that_no_certificate_can_hold_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no certificate can be for one of") as caught:
        make_certificate(names_for("127.0.0.1", ["-a"]), tmp_path)
    assert "--allow-host" in str(caught.value)


def test_the_line_that_has_a_system_trust_it_is_one_that_a_shell_takes(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "ca.pem"
    assert trust_line(path, "linux") == (
        "mkdir -p $HOME/.pki/nssdb && "
        f"certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n corsmith -i '{path}'"
    )
    assert trust_line(path, "darwin").startswith("security add-trusted-cert -k ")
    assert trust_line(path, "darwin").endswith(f" '{path}'")

"""What this machine is called, and what a server on each address answers to."""

from __future__ import annotations

import socket
import subprocess
from typing import Any

import pytest

from corsmith.errors import UsageError
from corsmith.server import machine
from corsmith.server.machine import hosts_for, machine_names

EVERYWHERE = ("0.0.0.0", "0.0.0.0", 8000)  # noqa: S104  not bound


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Desk")

    def run(words: list[str], **settings: Any) -> Any:
        assert words == ["hostname", "-f"]
        assert settings["timeout"] > 0
        return subprocess.CompletedProcess(words, 0, b"desk.lan.example\n", b"")

    monkeypatch.setattr(subprocess, "run", run)


@pytest.mark.usefixtures("desk")
def test_a_machine_has_its_short_name_its_full_one_and_one_in_its_network() -> None:
    assert list(machine_names()) == ["Desk", "Desk.local", "desk.lan.example"]


@pytest.mark.usefixtures("desk")
def test_a_name_with_a_domain_is_short_in_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "desk.lan.example")
    assert list(machine_names())[1] == "desk.local"


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("hostname"),
        subprocess.TimeoutExpired("hostname", 2),
        subprocess.CalledProcessError(1, "hostname"),
    ],
    ids=["no-program", "no-answer", "no-name"],
)
def test_a_full_name_that_is_not_told_is_left_out(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def run(*_words: object, **_settings: object) -> None:
        raise error

    monkeypatch.setattr(socket, "gethostname", lambda: "desk")
    monkeypatch.setattr(subprocess, "run", run)
    assert list(machine_names()) == ["desk", "desk.local"]


def test_the_system_tells_it() -> None:
    name = socket.gethostname()
    assert list(machine_names())[:1] == [name]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.7", "fe80::1"])  # noqa: S104  as above
def test_off_loopback_it_is_the_machine_that_is_meant_and_no_rebound_name(address: str) -> None:
    hosts = hosts_for(address, address, 8000, ["dev.example"])
    for host in (b"desk:8000", b"desk.local", b"desk.lan.example:8000", b"dev.example"):
        assert hosts.allows(host)
    for host in (b"192.0.2.7:8000", b"198.51.100.1", b"[fe80::1]:8000", b"localhost", b"[::1]:1"):
        assert hosts.allows(host)
    for host in (b"evil.example:8000", b"desk.evil.example", b"lan.example"):
        assert not hosts.allows(host)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_on_loopback_it_has_no_other_names_and_nobody_is_asked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.delattr(machine, "machine_names")
    hosts = hosts_for(address, address, 8000, ["dev.example"])
    assert hosts.allows(b"localhost:8000")
    assert hosts.allows(b"dev.example")
    for host in (b"192.0.2.7:8000", b"evil.example", b"[fe80::1]"):
        assert not hosts.allows(host)


def test_a_name_that_was_typed_to_listen_on_is_one() -> None:
    assert hosts_for("dev.test", "127.0.0.1", 8000).allows(b"dev.test:8000")
    assert hosts_for("dev.test", "192.0.2.7", 8000).allows(b"dev.test:8000")
    assert not hosts_for("dev.test", "127.0.0.1", 8000).allows(b"a.dev.test:8000")


def test_what_was_given_and_is_no_name_is_told() -> None:
    with pytest.raises(UsageError, match="is no host name"):
        hosts_for(*EVERYWHERE, ["a b"])

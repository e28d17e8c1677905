from __future__ import annotations

import pickle

import pytest

from corsmith.errors import UsageError
from corsmith.server.hosts import Hosts, is_loopback, name_of


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"])
def test_a_loopback_address_is_reached_from_this_machine_only(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize(
    "address",
    ["::", "0.0.0.0", "10.0.0.1", "127.0.0.256", "127.0.0", "1127.0.0.1", "fe80::1"],  # noqa: S104  compared
)
def test_any_other_address_is_not(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"localhost", "localhost"),
        (b"LOCALHOST:8000", "localhost"),
        (b"localhost.:8000", "localhost"),
        (b"[::1]:8000", "[::1]"),
        (b"a.b.example:", "a.b.example"),
        (b"", None),
        (b":8000", None),
        (b"a b", None),
        (b"localhost:8000:1", None),
        (b"localhost:123456", None),
        (b"user@localhost", None),
        (b"localhost/x", None),
        (b"[::1", None),
        (b"a" * 300, None),
    ],
)
def test_the_name_of_a_host_header_is_without_port_and_case(host: bytes, name: str | None) -> None:
    assert name_of(host) == name


OURS = [
    b"127.0.0.1:8000",
    b"127.0.0.1",
    b"127.8.9.1:1",
    b"localhost:9000",
    b"LocalHost",
    b"app.localhost:8000",
    b"[::1]:8000",
    b"[0:0:0:0:0:0:0:1]",
]
FOREIGN = [
    b"evil.example",
    b"evil.example:8000",
    b"localhost.evil.example",
    b"notlocalhost",
    b"127.0.0.1.evil.example",
    b"0.0.0.0:8000",
    b"[::]:8000",
    b"192.168.0.2",
    b"",
    b":8000",
    b"\xff",
]


@pytest.mark.parametrize("host", OURS)
def test_names_and_addresses_of_loopback_are_ours_with_any_port(host: bytes) -> None:
    assert Hosts(8000).allows(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_any_other_host_is_foreign(host: bytes) -> None:
    """A name that was made to point here is exactly what the check is for."""
    assert not Hosts(8000).allows(host)


def test_a_name_that_was_given_is_ours_as_it_stands() -> None:
    hosts = Hosts(8000, ["Dev.Example.", "[fe80::1]", "192.168.0.2"])
    assert hosts.allows(b"dev.example:1")
    assert hosts.allows(b"[fe80::1]:8000")
    assert hosts.allows(b"192.168.0.2")
    assert not hosts.allows(b"a.dev.example")


def test_a_name_with_a_star_is_everything_below_and_not_itself() -> None:
    hosts = Hosts(8000, ["*.tunnel.example"])
    assert hosts.allows(b"a.b.tunnel.example")
    assert not hosts.allows(b"tunnel.example")
    assert not hosts.allows(b"atunnel.example")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("*", "--allow-host * would let any rebound name in; give each name, or *.example.com"),
        ("http://a.example:80/", '--allow-host "http://a.example:80/" is more than a name; WRITE'),
        ("a.example:80", '--allow-host "a.example:80" is more than a name; WRITE'),
        ("a b", '--allow-host "a b" is no host name'),
        ("a.*.example", '--allow-host "a.*.example" is no host name'),
        ("", '--allow-host "" is no host name'),
    ],
)
def test_what_is_no_name_is_told_with_the_name_in_it(name: str, message: str) -> None:
    with pytest.raises(UsageError) as told:
        Hosts(8000, [name])
    assert str(told.value) == message.replace("WRITE", "write --allow-host a.example")


@pytest.mark.parametrize(
    "host", [b"192.168.0.2:8000", b"8.8.8.8", b"[fe80::1]:8000", b"0.0.0.0:8000"]
)
def test_any_address_is_ours_where_it_may_be(host: bytes) -> None:
    """No page has an address for its host that did not come from there."""
    assert Hosts(8000, addresses=True).allows(host)
    assert not Hosts(8000).allows(host)


@pytest.mark.parametrize("host", [*OURS, b"desk", b"desk.local:8000", b"dev.example"])
def test_names_of_the_machine_are_ours_besides(host: bytes) -> None:
    own = ["Desk", "desk.local.", "", "no name", "[::"]
    assert Hosts(8000, ["dev.example"], own=own, addresses=True).allows(host)


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example:8000", b"desk.evil.example", b"adesk", b"192.168.0.2.evil.example",
        b"0x7f.1", b"127.1", b"1.2.3", b"1.2.3.04", b"[1.2", b"[::1", b"no name", b"", b":8000",
    ],
)  # fmt: skip
def test_a_rebound_name_is_foreign_wherever_the_server_listens(host: bytes) -> None:
    assert not Hosts(8000, ["dev.example"], own=["desk", "no name"], addresses=True).allows(host)


def test_hosts_travel_to_a_worker_that_is_started_anew() -> None:
    hosts = pickle.loads(pickle.dumps(Hosts(8000, ["dev.example", "*.a.example"])))  # noqa: S301  our own
    assert hosts.allows(b"dev.example")
    assert hosts.allows(b"b.a.example")
    assert not hosts.allows(b"evil.example")

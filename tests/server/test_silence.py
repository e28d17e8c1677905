"""Connections from which no request comes are closed; any other is left alone."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server import silence as module
from corsmith.server.silence import Silence
from tests.server.in_memory import scope

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers


class Port:
    """A port that is listened on, and both ends of each connection to it."""

    def __init__(self, address: str) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listening = socket.create_server((address, 0), family=family)
        self.address = self.listening.getsockname()
        self.now = 0.0
        self.silence = Silence(self.address[1], 10, lambda: self.now)
        self.open: list[socket.socket] = [self.listening]

    def connect(self) -> tuple[socket.socket, tuple[str, int]]:
        client = socket.create_connection(self.address[:2])
        server, peer = self.listening.accept()
        self.open += [client, server]
        return client, peer[:2]

    def hear(self, peer: Any) -> None:
        """Have a request come from there."""

        async def app(*_arguments: Any) -> None:
            """Answer nothing."""

        async def call(client: Any) -> None:
            await self.silence.listen(app)(scope(client=client), None, None)  # type: ignore[arg-type]  # not used

        asyncio.run(call(peer))


@pytest.fixture(params=["127.0.0.1", "::1"])
def port(request: pytest.FixtureRequest) -> Iterator[Port]:
    made = Port(request.param)
    yield made
    for one in made.open:
        one.close()


def is_closed(client: socket.socket) -> bool:
    client.settimeout(0.05)
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False


def test_one_that_says_nothing_is_closed_in_time_and_not_before(port: Port) -> None:
    client, _ = port.connect()
    for now, closed in ((0.0, 0), (9.9, 0), (10.0, 1)):
        port.now = now
        assert port.silence.look() == closed
        assert is_closed(client) is (closed == 1)


def test_one_that_has_asked_is_left_alone_for_ever(port: Port) -> None:
    client, peer = port.connect()
    silent, _ = port.connect()
    port.silence.look()
    port.hear(peer)
    for port.now in (100.0, 1000.0):
        port.silence.look()
    assert not is_closed(client)
    assert is_closed(silent)


def test_who_comes_later_from_the_same_place_has_to_ask_too(port: Port) -> None:
    client, peer = port.connect()
    port.hear(peer)
    port.silence.look()
    assert peer in port.silence._heard
    for one in (client, port.open[-1]):
        one.close()
    port.silence.look()
    assert port.silence._heard == set()
    assert port.silence._since == {}


def test_a_listening_socket_another_port_and_a_file_are_no_connections(port: Port) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        client = socket.create_connection(other.getsockname())
        server, _ = other.accept()
        here, there = socket.socketpair()
        reading, writing = os.pipe()
        for port.now in (0.0, 100.0):
            assert port.silence.look() == 0
        os.write(writing, b"1")
        here.send(b"2")
        server.send(b"3")
        assert (os.read(reading, 1), there.recv(1), client.recv(1)) == (b"1", b"2", b"3")
        for one in (client, server, here, there):
            one.close()
        os.close(reading)
        os.close(writing)


def test_one_that_has_just_ended_is_no_trouble(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    port.connect()
    port.silence.look()
    port.now = 100.0

    def gone(_self: object, _how: int) -> None:
        raise OSError

    monkeypatch.setattr(socket.socket, "shutdown", gone)
    assert port.silence.look() == 0


def test_those_that_are_named_are_closed_whatever_was_asked_on_them(port: Port) -> None:
    (first, here), (second, _) = port.connect(), port.connect()
    port.hear(here)
    port.silence.close({(str(here[0]), int(here[1])), ("127.0.0.1", 1)})
    assert is_closed(first)
    assert not is_closed(second)


def test_one_that_is_named_and_has_just_ended_is_no_trouble(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, here = port.connect()
    asked: list[int] = []

    def gone(_self: object, how: int) -> None:
        asked.append(how)
        raise OSError

    monkeypatch.setattr(socket.socket, "shutdown", gone)
    port.silence.close({here})
    assert asked == [socket.SHUT_RDWR]


def test_what_has_no_client_is_handed_on(port: Port) -> None:
    port.hear(None)
    assert port.silence._heard == set()


def test_it_looks_again_and_again(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.01)
    client, _ = port.connect()
    port.silence.look()
    port.now = 100.0
    port.silence.start()
    end = time.monotonic() + 5
    while not is_closed(client):
        assert time.monotonic() < end
    monkeypatch.setattr(port.silence, "look", lambda: time.sleep(3600))

from __future__ import annotations

from typing import Any

import pytest

from corsmith.server.handshakes import as_request, is_own, status_of
from tests.server.in_memory import scope


def handshake(origin: bytes | None, host: bytes | None, scheme: str = "ws", *more: Any) -> Any:
    lines = [] if origin is None else [(b"origin", origin)]
    return {**scope("GET", "/", *lines, *more, host=host), "type": "websocket", "scheme": scheme}


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "own"),
    [
        (b"http://localhost:8000", b"localhost:8000", "ws", True),
        (b"http://localhost:8000", b"localhost:8000", "http", True),
        (b"https://localhost:8000", b"localhost:8000", "wss", True),
        (b"http://[::1]:8000", b"[::1]:8000", "ws", True),
        (b"http://localhost", b"localhost", "ws", True),
        (b"http://localhost:5173", b"localhost:8000", "ws", False),
        (b"http://127.0.0.1:8000", b"localhost:8000", "ws", False),
        (b"https://localhost:8000", b"localhost:8000", "ws", False),
        (b"http://localhost:8000.evil.example", b"localhost:8000", "ws", False),
        (b"null", b"localhost:8000", "ws", False),
        (b"", b"localhost:8000", "ws", False),
        (None, b"localhost:8000", "ws", False),
        (b"http://localhost:8000", None, "ws", False),
    ],
)
def test_a_page_is_this_servers_own_where_its_origin_is_the_address_it_asks(
    origin: bytes | None, host: bytes | None, scheme: str, own: bool
) -> None:
    assert is_own(handshake(origin, host, scheme), is_checked=True) is own


def test_two_origins_or_two_hosts_are_nobodys() -> None:
    twice = (b"origin", b"http://localhost:8000")
    assert not is_own(handshake(twice[1], b"localhost:8000", "ws", twice), is_checked=True)
    again = (b"host", b"localhost:8000")
    assert not is_own(handshake(twice[1], b"localhost:8000", "ws", again), is_checked=True)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        (b"192.168.1.5:8000", True),
        (b"[fe80::1]:8000", True),
        (b"evil.example:8000", False),
        (b"localhost:8000", False),
        (b"1.2.3.4.evil.example", False),
        (b"0x7f.1", False),
        (b"a b", False),
    ],
)
def test_where_any_host_will_do_only_an_address_is_believed(host: bytes, own: bool) -> None:
    """A name may have been made to point here by whoever wrote the page."""
    assert is_own(handshake(b"http://" + host, host), is_checked=False) is own


def test_the_first_message_of_an_application_is_a_status() -> None:
    messages = {
        "websocket.accept": 101,
        "websocket.close": 403,
        "websocket.http.response.start": 401,
        "websocket.send": None,
    }
    for kind, status in messages.items():
        assert status_of({"type": kind, "status": 401}) == status


def test_a_handshake_is_a_get() -> None:
    request = as_request(handshake(b"http://a.example", b"localhost"))
    assert (request["method"], request["raw_path"]) == ("GET", b"/")

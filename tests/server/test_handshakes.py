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
    assert is_own(handshake(origin, host, scheme)) is own


def test_two_origins_or_two_hosts_are_nobodys() -> None:
    twice = (b"origin", b"http://localhost:8000")
    assert not is_own(handshake(twice[1], b"localhost:8000", "ws", twice))
    again = (b"host", b"localhost:8000")
    assert not is_own(handshake(twice[1], b"localhost:8000", "ws", again))


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

"""Plain HTTP on a port that speaks TLS: one line a minute, and nothing else for debugging."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from corsmith.server.silence import Silence
from corsmith.server.unencrypted import _SOURCE, Unencrypted
from tests.server.test_worker import Started, process

__all__ = ["process"]  # a fixture

HANDSHAKE = (
    "TCP handshake failed with error: TlsAcceptError { error: Custom { kind: InvalidData, "
    "error: %s }, peer_addr: 127.0.0.1:42036 }"
)
PLAIN = "InvalidMessage(InvalidContentType)"
LINE = (
    "a client spoke plain http to port 8000, which speaks TLS: write https:// in place of http://"
)


class Heard(logging.Handler):
    """What comes through."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    handler = Heard()
    monkeypatch.setattr(_SOURCE, "handlers", [handler])
    monkeypatch.setattr(_SOURCE, "filters", [])
    monkeypatch.setattr(_SOURCE, "level", _SOURCE.level)
    monkeypatch.setattr(_SOURCE, "propagate", False)
    return handler


def test_plain_http_is_told_once_a_minute(heard: Heard) -> None:
    now = [100.0]
    Unencrypted(8000, lambda: now[0]).start()
    for now[0] in (100.0, 101.0, 159.9):
        _SOURCE.debug(HANDSHAKE, PLAIN)
    assert heard.lines == [LINE]
    now[0] = 160.0
    _SOURCE.debug(HANDSHAKE, PLAIN)
    assert heard.lines == [LINE, LINE]


def test_nothing_else_for_debugging_is_told_and_errors_are(heard: Heard) -> None:
    Unencrypted(8000).start()
    _SOURCE.debug(HANDSHAKE, "AlertReceived(UnknownCA)")
    _SOURCE.error("Unexpected: %s", PLAIN)
    assert heard.lines == [f"Unexpected: {PLAIN}"]
    _SOURCE.debug(HANDSHAKE, PLAIN)
    assert heard.lines[1:] == [LINE]


@pytest.mark.parametrize(
    ("quiet", "port", "told"), [(False, 8000, [8000]), (True, 8000, []), (False, None, [])]
)
def test_a_worker_has_it_told_over_tls_where_there_is_a_log(
    monkeypatch: pytest.MonkeyPatch, port: int | None, told: list[int], *, quiet: bool
) -> None:
    made: list[int] = []
    monkeypatch.setattr(Silence, "start", lambda _silence: None)
    monkeypatch.setattr(Unencrypted, "start", lambda noticing: made.append(noticing._port))
    replace(Started(quiet=quiet).worker, tls_port=port)()
    assert made == told

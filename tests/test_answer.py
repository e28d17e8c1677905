from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from corsmith.answer import Answer


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        (None, b"caf\xc3\xa9 \xff", "café \ufffd"),
        ("gzip", gzip.compress(b"hello", mtime=0), "hello"),
        (" GZIP ", gzip.compress(b"x" * 100, mtime=0)[:30], None),
        ("gzip", b"no gzip", ""),
        ("br", b"hello", "hello"),
    ],
)
def test_a_body_is_text_whatever_it_holds(
    encoding: str | None, body: bytes, text: str | None
) -> None:
    headers = () if encoding is None else (("Content-Encoding", encoding),)
    found = Answer(status=200, headers=headers, body=body).text
    assert found == text if text is not None else set(found) <= {"x"}


def test_a_header_has_the_values_of_all_its_lines() -> None:
    answer = Answer(status=200, headers=(("Vary", "Origin"), ("vary", "Accept")))
    assert answer.get("VARY") == "Origin, Accept"
    assert answer.get("Server") is None
    assert answer.received.status == 200


def test_whoever_only_asks_loads_no_browser() -> None:
    """Each gateway asks its upstream once, and has the modules for it as long as it runs."""
    code = "import sys, corsmith.net.client; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    loaded = set(done.stdout.decode().split())
    assert "corsmith.answer" in loaded
    assert not {"corsmith.browser", "corsmith.exchange"} & loaded

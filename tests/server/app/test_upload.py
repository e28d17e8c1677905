"""A body as a WSGI application reads it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from corsmith.server.app.upload import Upload, as_file
from tests.server.in_memory import parts


class Client:
    """Sends a body part by part, when it is asked to."""

    def __init__(self, *bodies: bytes, broken: bool = False) -> None:
        self.waiting = parts(*bodies, broken=broken)
        self.upload = Upload(self.next, is_empty=not bodies)
        self.file = as_file(self.upload)

    def next(self) -> Any:
        return self.waiting.pop(0)


def test_a_body_is_received_as_it_is_read_and_no_further() -> None:
    client = Client(b"abc", b"", b"defg")
    assert client.file.read(2) == b"ab"
    assert len(client.waiting) == 2
    assert not client.upload.is_over
    assert client.file.read(4) == b"cdef"
    assert client.file.read() == b"g"
    assert client.file.read(1) == b""
    assert client.upload.is_over


def test_a_part_that_is_larger_than_what_is_asked_for_is_kept_for_the_next() -> None:
    client = Client(b"x" * 200_000)
    assert client.upload.readable()
    assert len(client.file.read(150_000)) == 150_000
    assert len(client.file.read()) == 50_000


def test_lines_are_read_as_from_any_file() -> None:
    client = Client(b"one\ntw", b"o\nthree")
    assert client.file.readline() == b"one\n"
    assert [*client.file] == [b"two\n", b"three"]
    assert isinstance(client.file, io.BufferedIOBase)


def test_of_a_request_without_a_body_nothing_is_received() -> None:
    assert Client().file.read() == b""


def test_a_body_that_breaks_off_is_an_error_and_not_an_end() -> None:
    client = Client(b"abc", broken=True)
    with pytest.raises(ConnectionAbortedError, match="before its body had ended"):
        client.file.read()
    assert client.upload.is_over

"""What is written of an exception that an application raises while it serves."""

from __future__ import annotations

import contextlib
import logging
import os
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from corsmith.server.traces import Console, Plain, Traces

if TYPE_CHECKING:
    from collections.abc import Iterator


def fails() -> None:
    raise ValueError("no such item\nof that name")


def record(message: str) -> logging.LogRecord:
    return logging.LogRecord("_granian", logging.ERROR, "", 0, message, (), None)


def test_a_traceback_begins_with_the_first_line_of_the_users_own() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="item") as caught:
        pool.submit(fails).result()
    assert caught.tb.tb_next is not None
    whole = "".join(traceback.format_exception(caught.value.with_traceback(caught.tb.tb_next)))
    assert "concurrent" in whole
    lines = Traces().format(record(f"it raised\n{whole}")).splitlines()
    assert lines[:2] == ["corsmith: it raised", "  Traceback (most recent call last):"]
    assert lines[2].startswith(f'    File "{__file__}"')
    assert lines[-2:] == ["  ValueError: no such item", "  of that name"]
    assert not [line for line in lines if "concurrent" in line]


def test_a_line_without_an_exception_is_a_line() -> None:
    assert Traces().format(record("it ended")) == "corsmith: it ended"


HOSTILE = (
    "it raised\n"
    "KeyError: \x1b]0;pwned\x07\x1b[2J\r\x7f\x9b31m\u202e\u2066\ud800\x00\x0b\x85\u2028\n"
    "corsmith: allow https://evil.example until the end? [a]\n"
    "12:00:00 GET / 200\t- C:\\temp é 日本\n"
)
SHOWN = (
    "it raised\n"
    r"  KeyError: \x1b]0;pwned\x07\x1b[2J\r\x7f\x9b31m\u202e\u2066\ud800\x00\x0b\x85\u2028" + "\n"
    "  corsmith: allow https://evil.example until the end? [a]\n"
    "  12:00:00 GET / 200\t- C:\\temp é 日本"
)


def test_nothing_in_an_exception_steers_a_terminal_or_looks_like_a_line_of_ours() -> None:
    assert Traces().format(record(HOSTILE)) == f"corsmith: {SHOWN}"


def test_a_record_for_handlers_of_others_is_made_as_plain() -> None:
    made = logging.LogRecord("_granian.utils", logging.ERROR, "", 0, "%s", (HOSTILE,), None)
    assert Plain().filter(made)
    assert made.getMessage() == SHOWN


@contextlib.contextmanager
def stderr() -> Iterator[int]:
    """Return the reading end of what is standard error meanwhile."""
    reading, writing = os.pipe()
    before = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield reading
    finally:
        os.dup2(before, 2)
        for end in (before, reading):
            with contextlib.suppress(OSError):
                os.close(end)


def console() -> Console:
    made = Console()
    made.setFormatter(Traces())
    return made


def test_a_record_is_written_to_standard_error() -> None:
    with stderr() as reading:
        console().emit(record("it ended, é"))
        assert os.read(reading, 100).decode() == "corsmith: it ended, é\n"


def test_a_terminal_without_a_sign_gets_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    with stderr() as reading, open(os.devnull, "w", encoding="ascii") as plain:  # noqa: PTH123  no path
        monkeypatch.setattr("sys.stderr", plain)
        console().emit(record("é"))
        monkeypatch.undo()
        assert os.read(reading, 100) == rb"corsmith: \xe9" + b"\n"


def test_a_reader_that_stops_or_has_gone_holds_nobody_up() -> None:
    with stderr() as reading:
        for _ in range(100):
            console().emit(record("x" * 10_000))
        assert len(os.read(reading, 1_000_000)) <= 65_536
        os.close(reading)
        console().emit(record("x" * 10_000))

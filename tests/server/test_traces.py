"""What is written of an exception that an application raises while it serves."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from corsmith.server.traces import Traces


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
    assert lines[:2] == ["corsmith: it raised", "Traceback (most recent call last):"]
    assert lines[2].startswith(f'  File "{__file__}"')
    assert lines[-2:] == ["ValueError: no such item", "of that name"]
    assert not [line for line in lines if "concurrent" in line]


def test_a_line_without_an_exception_is_a_line() -> None:
    assert Traces().format(record("it ended")) == "corsmith: it ended"

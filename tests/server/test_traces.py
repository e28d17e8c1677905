from __future__ import annotations

import logging
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from corsmith.server.traces import Traces


def fails() -> None:
    raise ValueError("no such item")


def record(error: BaseException | None) -> logging.LogRecord:
    info: Any = (None, None, None) if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord("_granian", logging.ERROR, "", 0, "it raised", (), info)


def test_a_traceback_begins_with_the_first_line_of_the_users_own() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ValueError, match="item") as caught:
        pool.submit(fails).result()
    caught.value.__traceback__ = caught.tb.tb_next  # as a server's own frames come first
    assert "concurrent" in "".join(traceback.format_exception(caught.value))
    lines = Traces().format(record(caught.value)).splitlines()
    assert lines[:2] == ["corsmith: it raised", "Traceback (most recent call last):"]
    assert lines[2].startswith(f'  File "{__file__}"')
    assert lines[-1] == "ValueError: no such item"
    assert not [line for line in lines if "concurrent" in line]


def test_a_line_without_an_exception_is_a_line() -> None:
    assert Traces().format(record(None)).strip() == "corsmith: it raised"
    assert sys.exc_info() == (None, None, None)

"""Headers that the upstream gets in place of the page's."""

from __future__ import annotations

import pickle

import pytest

from corsmith.errors import UsageError
from corsmith.server.gateway.added import read_added

ENVIRON = {"TOKEN": "hunter2", "EMPTY": "", "LINES": "a\r\nb", "UTF8": "é"}


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("Authorization: Bearer $TOKEN", b"authorization", b"Bearer hunter2"),
        ("X-Key:${TOKEN}x", b"x-key", b"hunter2x"),
        ("X-Price: 5$$", b"x-price", b"5$"),
        ("X-A:  b : c ", b"x-a", b"b : c"),
        ("Cookie: session=$TOKEN", b"cookie", b"session=hunter2"),
        ("X-Utf8: $UTF8", b"x-utf8", "é".encode()),
    ],
)
def test_a_line_is_a_name_and_a_value_with_variables(line: str, name: bytes, value: bytes) -> None:
    assert read_added([line], ENVIRON) == {name: value}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("hunter2", "needs a name and a value"),
        ("a b: hunter2", "needs a name and a value"),
        (": hunter2", "needs a name and a value"),
        ("X-A: hunter2 $GONE", 'the environment has no "GONE"'),
        ("X-A: hunter2 ${GONE}", "export GONE="),
        ("X-A: hunter2 $", "write $$ for the sign itself"),
        ("X-A: hunter2 ${", "write $$ for the sign itself"),
        ("X-A: hunter2 $1", "write $$ for the sign itself"),
        ("X-A: hunter2 $LINES", "a line break or a control"),
        ("X-A: hunter2\x00", "a line break or a control"),
        ("X-A:", "has no value"),
        ("X-A: $EMPTY", "has no value"),
        ("Host: hunter2", "writes this header by itself"),
        ("transfer-encoding: hunter2", "writes this header by itself"),
    ],
)
def test_what_is_wrong_is_told_without_the_value(line: str, told: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_added([line], ENVIRON)
    text = str(raised.value)
    assert told in text
    assert "hunter2" not in text
    assert len(text.splitlines()) <= 3


def test_a_header_has_one_value() -> None:
    with pytest.raises(UsageError, match="x-a is given twice"):
        read_added(["X-A: 1", "x-a: 2"], ENVIRON)


def test_a_value_is_never_shown() -> None:
    added = read_added(["Authorization: $TOKEN", "A: b"], ENVIRON)
    assert repr(added) == str(added) == "Added(a, authorization)"
    assert pickle.loads(pickle.dumps(added)) == added  # noqa: S301  what this test has made

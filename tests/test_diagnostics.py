"""One type says everything: a diagnostic, its line, and the table where codes are born."""

from __future__ import annotations

import doctest
import pickle
from dataclasses import FrozenInstanceError

import pytest

from corsmith import diagnostics
from corsmith.diagnostics import CODES, Severity, diagnose, quote


class Rude:
    """A value whose own repr does the worst."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __repr__(self) -> str:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # that is what it is for


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(diagnostics) == (0, 2)


@pytest.mark.parametrize(
    ("field", "fix", "line"),
    [
        ("origins", 'Write "x".', 'null-origin: origins: "x" is wrong. Write "x".'),
        ("origins", None, 'null-origin: origins: "x" is wrong.'),
        (None, 'Write "x".', 'null-origin: "x" is wrong. Write "x".'),
        (None, None, 'null-origin: "x" is wrong.'),
    ],
)
def test_a_diagnostic_is_one_line_of_code_field_message_and_fix(
    field: str | None, fix: str | None, line: str
) -> None:
    assert str(diagnose("null-origin", field, "x", '"x" is wrong.', fix)) == line


def test_a_diagnostic_has_the_severity_and_the_source_of_its_code() -> None:
    said = diagnose("null-origin", "origins", "null", "m", "f")
    assert (said.code, said.field, said.value) == ("null-origin", "origins", "null")
    assert (said.message, said.fix) == ("m", "f")
    assert said.severity is CODES["null-origin"].severity is Severity.ERROR
    assert said.spec == CODES["null-origin"].spec


def test_the_severity_can_be_another_where_the_same_finding_weighs_differently() -> None:
    said = diagnose("wide-regex", None, None, "m", severity=Severity.WARNING)
    assert said.severity is Severity.WARNING
    assert CODES["wide-regex"].severity is Severity.ERROR


def test_where_no_standard_decides_the_source_is_our_own_page() -> None:
    assert CODES["any-port"].spec == ""
    assert diagnose("any-port", None, None, "m").spec == "docs/codes/any-port.md"


def test_a_code_that_is_not_in_the_table_cannot_be_said() -> None:
    with pytest.raises(KeyError):
        diagnose("no-such-code", None, None, "m")


def test_a_diagnostic_does_not_change_and_is_compared_by_what_it_says() -> None:
    said = diagnose("null-origin", None, "x", "m")
    with pytest.raises(FrozenInstanceError):
        said.code = "any-port"  # type: ignore[misc]  # that it cannot is the test
    assert said == diagnose("null-origin", None, "x", "m")
    assert hash(said) == hash(diagnose("null-origin", None, "x", "m"))
    assert pickle.loads(pickle.dumps(said)) == said  # noqa: S301  our own bytes


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_title_and_the_address_of_a_standard_or_none(code: str) -> None:
    known = CODES[code]
    assert known.title
    assert not known.title.endswith(".")
    assert known.spec == "" or known.spec.startswith("https://")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://app.example", '"https://app.example"'),
        ("", '""'),
        ('a"b', r'"a\"b"'),
        ("a\\b", r'"a\\b"'),
        ("a\nb\r\tc\0", r'"a\nb\r\tc\x00"'),
        ("bücher", '"bücher"'),
        ("\x85\xa0\u2028", r'"\x85\xa0\u2028"'),
        ("\u202egro.elpmaxe", r'"\u202egro.elpmaxe"'),
        ("\udcff", r'"\udcff"'),
        ("a" * 120, f'"{"a" * 120}"'),
        ("a" * 121, f'"{"a" * 120}…"'),
        (7, "7"),
        (None, "None"),
        (b"\xff", r"b'\xff'"),
        (["ü"], "['ü']"),
        (list(range(60)), str(list(range(60)))[:120] + "…"),
        (Rude("a\nb"), r"a\nb"),
        (Rude(ValueError()), "<Rude>"),
        (Rude(7), "<Rude>"),
        pytest.param(10**5000, "<int>", id="more digits than int() writes"),
    ],
)
def test_a_quoted_value_is_one_printable_line_of_bounded_length(value: object, shown: str) -> None:
    assert quote(value) == shown
    assert quote(value).isprintable()

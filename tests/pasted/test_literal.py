"""A literal is read out of a program, and what would have to be computed is known as such."""

from __future__ import annotations

import pytest

from corsmith.pasted.literal import Computed, Value, read_arguments, read_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a\\n\\"b"', 'a\n"b'),
        ("'it\\'s \\x41\\u00e9\\u{1F600}\\u{FFFFFF}'", "it's Aé\U0001f600"),
        ("'a\\\nb'", "ab"),
        ("`plain`", "plain"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("False", False),
        ("null", None),
        ("undefined", None),
        ("[1, 'a', [2],]", [1, "a", [2]]),
        ('{a: 1, \'b\': "c", "d-e": [true], }', {"a": 1, "b": "c", "d-e": [True]}),
        ("{ // why\n a: /* one */ 1, # two\n b: 2 }", {"a": 1, "b": 2}),
        ("{'a': None}", {"a": None}),
        ("[", []),
        ("{", {}),
        ("'never closed", "never closed"),
        ("{...rest, a: 1}", {"a": 1}),
        ("{a: 1 ? 2}", {"a": Computed("1 ? 2")}),
        ("{a() { return 1 }, b: 2}", {"a": Computed("a"), "b": 2}),
        ("{;a: 1}", {"a": 1}),
        ("[;]", [Computed("")]),
    ],
)
def test_a_literal_is_read(text: str, value: Value) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("token", "token"),
        ("`Bearer ${token}`", "Bearer ${token}"),
        ("'a' + b", "'a' + b"),
        ("JSON.stringify({a: [1, ')']})", "JSON.stringify({a: [1, ')']})"),
        ("f(x), 2", "f(x)"),
    ],
)
def test_what_a_program_computes_is_known_as_such(text: str, computed: str) -> None:
    value = read_value(text)
    assert isinstance(value, Computed)
    assert value == computed


def test_a_variable_in_short_form_is_computed() -> None:
    value = read_value("{ headers, method }")
    assert isinstance(value, dict)
    assert all(isinstance(part, Computed) for part in value.values())


def test_nothing_is_nested_deeper_than_anybody_writes() -> None:
    """A hostile text costs no more than its length."""
    assert read_value("[" * 10_000)


def test_arguments_end_where_the_call_ends() -> None:
    text = "f('a', b=2, c == 1, {d: 3}) + g(4)"
    values, named, end = read_arguments(text, 2)
    assert (values, named) == (["a", "c == 1", {"d": 3}], {"b": 2})
    assert text[end:] == " + g(4)"


def test_arguments_that_never_end_are_read_as_far_as_they_go() -> None:
    assert read_arguments("f('a'; b", 2)[0] == ["a"]
    assert read_arguments("f(", 2)[:2] == ([], {})

"""Law: whatever is given, a policy is made or every problem is told; nothing else is raised."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.diagnostics import CODES, Diagnostic, Severity
from corsmith.document import read_document, read_environment
from corsmith.errors import PolicyError
from corsmith.misnomers import FIELDS
from corsmith.policy import Policy
from corsmith.routes import Routes
from tests.laws.strategies import EXACT, HEADERS, METHODS, PATTERNS, near_misses

words = st.sampled_from(
    (*EXACT, *PATTERNS, *METHODS, *HEADERS, "*", "@range", "@x", "null-origin", "(", ".*", "")
)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | words
    | near_misses() | st.binary(max_size=4) | st.timedeltas()
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=2),
    max_leaves=6,
) | st.frozensets(words | st.text(max_size=6), max_size=4)
mappings = st.dictionaries(
    st.sampled_from((*FIELDS, "self", "allow_origins", "x")) | st.text(max_size=8) | st.integers(),
    values,
    max_size=6,
)


def is_well_said(item: Diagnostic) -> bool:
    """Return whether a diagnostic is one line of a known code."""
    return item.code in CODES and str(item).isprintable()


def check(make: Any, *arguments: Any) -> None:
    """Make a policy or routes, and look at what is said."""
    made: Policy | Routes | None = None
    problems: tuple[Diagnostic, ...] = ()
    try:
        made = make(*arguments)
    except PolicyError as error:
        problems = error.problems
    assert bool(problems) is (made is None)
    assert all(is_well_said(item) for item in problems)
    assert {item.severity for item in problems} <= {Severity.ERROR}
    if made is not None:
        assert all(is_well_said(item) for item in made.warnings)
        assert Severity.ERROR not in {item.severity for item in made.warnings}
        assert type(made).from_mapping(made.to_mapping()) == made


@given(mappings)
def test_any_mapping_makes_a_policy_or_a_policy_error(mapping: Any) -> None:
    check(Policy.from_mapping, mapping)


@pytest.mark.slow
@given(st.lists(mappings | values, max_size=3) | values)
def test_any_rows_make_routes_or_a_policy_error(rows: Any) -> None:
    check(Routes.from_mapping, {"routes": rows})


@given(st.dictionaries(st.sampled_from(("/", "/a/", "//", "a")) | st.text(), values, max_size=3))
def test_any_table_makes_routes_or_a_policy_error(table: Any) -> None:
    check(Routes, table)


@given(st.text() | st.sampled_from(("[policy]\n", "[[routes]]\n")).flatmap(
    lambda head: st.text(alphabet="origns=[]'\"*/ahtps:.\n ", max_size=60).map(head.__add__)
))  # fmt: skip
def test_any_text_makes_a_policy_or_a_policy_error(text: str) -> None:
    check(read_document, text)


@given(
    st.dictionaries(
        st.sampled_from([f"CORS_{field.upper()}" for field in (*FIELDS, "x")]),
        st.text(max_size=12) | words | near_misses(),
        max_size=5,
    )
)
def test_any_environment_makes_a_policy_or_a_policy_error(environ: dict[str, str]) -> None:
    check(read_environment, environ, "CORS_")

"""An expression as a tree, and whether Python can match it in bounded time."""

import re

import pytest

from corsmith.expression import (
    MAX_DEPTH,
    Apart,
    Atom,
    Choice,
    Repeat,
    Sequence,
    is_unbounded,
    read_expression,
    walk,
)


def atoms(pattern: str, flags: int = 0) -> list[str]:
    """Return the characters of each atom of an expression, a class cut to its ends."""
    tree = read_expression(re.compile(pattern, flags | re.ASCII))
    assert tree is not None
    found = (sorted(node.characters) for node in walk(tree) if isinstance(node, Atom))
    return ["".join(c) if len(c) < 5 else f"{c[0]}..{c[-1]}" for c in found]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("ab", ["a", "b"]),
        (r"\.", ["."]),
        (r"\x41\u0042\101", ["A", "B", "A"]),
        (r"\d", ["0..9"]),
        ("[a-c]", ["abc"]),
        ("[]a]", ["]a"]),
        (r"[^\x00-z]", ["{|}~\x7f"[:0] or "{..\x7f"]),
        (r"\b^a$\Z", ["a"]),
        ("a#b", ["a", "#", "b"]),
        ("a(?#b|c)d", ["a", "d"]),
        ("(?P<name>a)", ["a"]),
        ("(?:a|b)", ["a", "b"]),
        ("(a)?(?(1)b|c)", ["a", "b", "c"]),
        ("(?i:a)b", ["Aa", "b"]),
        ("(?i)(?-i:a)b", ["a", "Bb"]),
        ("(?s:.)", ["\x00..\x7f"]),
    ],
)
def test_each_character_of_an_expression_is_an_atom(pattern: str, expected: list[str]) -> None:
    """What stands for nothing, such as an anchor or a comment, is none."""
    assert sorted(atoms(pattern)) == sorted(expected)


def test_white_space_is_skipped_in_verbose_mode_only() -> None:
    """Comments too."""
    assert atoms("a b # c\nd", re.VERBOSE) == ["a", "b", "d"]
    assert atoms("(?x: a b )c d") == ["a", "b", "c", " ", "d"]
    assert atoms("a b") == ["a", " ", "b"]


@pytest.mark.parametrize(
    ("quantifier", "least", "most"),
    [
        ("*", 0, None),
        ("+", 1, None),
        ("?", 0, 1),
        ("*?", 0, None),
        ("{2}", 2, 2),
        ("{2,}", 2, None),
        ("{,3}", 0, 3),
        ("{2,3}", 2, 3),
    ],
)
def test_a_quantifier_makes_a_repeat(quantifier: str, least: int, most: int | None) -> None:
    """Greedy or lazy: both give characters back."""
    tree = read_expression(re.compile(f"a{quantifier}"))
    assert isinstance(tree, Repeat)
    assert (tree.least, tree.most) == (least, most)


def test_what_gives_nothing_back_stands_apart() -> None:
    """Possessive repeats, atomic groups, looks, and back references."""
    for pattern, looks in (("a++", False), ("(?>a)", False), ("(?=a)", True), ("(?<!a)", True)):
        tree = read_expression(re.compile(pattern))
        assert isinstance(tree, Apart)
        assert tree.looks is looks
    for pattern in (r"(a)\1", "(?P<x>a)(?P=x)"):
        tree = read_expression(re.compile(pattern))
        assert isinstance(tree, Sequence)
        assert isinstance(tree.items[1], Apart)


def test_alternatives_are_a_choice() -> None:
    """Each option in its order; a condition may also match nothing."""
    tree = read_expression(re.compile("a|bc|"))
    assert isinstance(tree, Choice)
    assert len(tree.options) == 3
    condition = read_expression(re.compile("(a)?(?(1)b)"))
    assert isinstance(condition, Sequence)
    assert isinstance(condition.items[1], Choice)


def test_a_brace_that_is_no_quantifier_is_a_character() -> None:
    """As in ``re`` itself."""
    assert atoms("a{b}") == ["a", "{", "b", "}"]


def test_groups_nested_too_deeply_are_not_read() -> None:
    """The limit keeps the reader from the end of the stack."""
    deep = MAX_DEPTH + 1
    assert read_expression(re.compile("(" * deep + "a" + ")" * deep)) is None
    assert read_expression(re.compile("(" * 9 + "a" + ")" * 9)) is not None


@pytest.mark.parametrize(
    ("pattern", "unbounded"),
    [
        (r"([a-z0-9-]+)+", True),
        (r"(.+\.)*", True),
        (r"(a*)*", True),
        (r"(?:[a-z]+){2,}", True),
        (r"((a+)b?)+", True),
        (r"(?:a+|b)*", True),
        (r"(a|a)*", True),
        (r"(?:\d|[0-9a])+", True),
        (r"([a-z0-9-]+\.)*", False),
        (r"(.+\.)?", False),
        (r"(?::\d+)?", False),
        (r"(a|b)*", False),
        (r"(?:ab|ac)+", False),
        (r"(?>a+)+", False),
        (r"(?:a++)+", False),
        (r"(a+){2,3}", False),
        (r"a+b+c+", False),
        (r"(a)(?:\1)*", False),
    ],
)
def test_a_repeat_in_a_repeat_is_bounded_only_by_what_it_cannot_match(
    pattern: str, unbounded: bool
) -> None:
    """A fixed character between two turns leaves one way to divide a text."""
    tree = read_expression(re.compile(pattern))
    assert tree is not None
    assert is_unbounded(tree) is unbounded

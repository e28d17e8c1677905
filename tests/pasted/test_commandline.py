"""A copied command line is split as the shell that it was copied for splits it."""

from __future__ import annotations

import pytest

from corsmith.errors import UsageError
from corsmith.pasted.commandline import split_command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("curl  a\tb\n", ["curl", "a", "b"]),
        ("'a b' \"c d\" e'f'\"g\"", ["a b", "c d", "efg"]),
        ("'' \"\"", ["", ""]),
        (r"a\ b \'c", ["a b", "'c"]),
        ("a \\\n  b", ["a", "b"]),
        ("a \\\r\n  b", ["a", "b"]),
        ('"a\\"b\\\\c\\$d\\`e\\n"', ['a"b\\c$d`e\\n']),
        ('"a\\\nb"', ["ab"]),
        (r"$'it\'s \x41\u00e9\U0001F600\101\n\t\\\q'", ["it's Aé\U0001f600A\n\t\\q"]),
        (r"$'\UFFFFFFFF'", [""]),
        ("curl x | jq .", ["curl", "x"]),
        ("curl x; rm y", ["curl", "x"]),
        ("curl x && y", ["curl", "x"]),
        ("curl x&", ["curl", "x"]),
        ("curl x > out", ["curl", "x"]),
        ("curl http://a/?b=1&c=2 -s", ["curl", "http://a/?b=1&c=2", "-s"]),
        ("curl http://a/;b=1", ["curl", "http://a/;b=1"]),
        ("a$b", ["a$b"]),
        ("", []),
    ],
)
def test_a_shells_quotes_are_read(text: str, words: list[str]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('curl ^"http://a/?b^&c^" ^\r\n -H ^"x: y^"', ["curl", "http://a/?b&c", "-H", "x: y"]),
        ('a ^"^{^\\^"b^\\^":1^}^"', ["a", '{"b":1}']),
        ('a ^"50^%^20^"', ["a", "50%20"]),
        ('a ^"one^\n\ntwo^"', ["a", "one\ntwo"]),
        ('a "b^c" ^\n', ["a", "b^c"]),
        ('a ^"b\\\\^" c\\d', ["a", "b\\", "c\\d"]),
        ('a ^"^"', ["a", ""]),
        ('a ^\n "{""b"":""c d""}" "" e', ["a", '{"b":"c d"}', "", "e"]),
        ("a^", ["a"]),
    ],
)  # fmt: skip
def test_the_quotes_of_cmd_are_read(text: str, words: list[str]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize("text", ["'a", '"a', "$'a", 'a ^"b'])
def test_a_quote_that_is_never_closed_is_told(text: str) -> None:
    """Half a command is asked for again, never guessed at."""
    with pytest.raises(UsageError, match="never closed; copy it whole"):
        split_command(text)

"""What a command line says, said to who wrote keywords."""

from __future__ import annotations

import doctest

import pytest

from corsmith.cli.serve_flags import FLAGS
from corsmith.server import keywords
from corsmith.server.keywords import LISTS, SWITCHES, in_keywords


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(keywords) == (0, 3)


def keyword(words: list[str]) -> str:
    """Return the keyword of a flag by all its words."""
    known = {flag: name for name, flag in keywords.FLAGS.items()}
    named = [known[word] for word in words if word in known]
    return named[0] if named else max(words, key=len).lstrip("-").replace("-", "_")


def test_the_switches_and_the_lists_are_those_of_the_command() -> None:
    assert {keyword(flag.opts) for flag in FLAGS if flag.is_flag} == SWITCHES
    assert {keyword(flag.opts) for flag in FLAGS if flag.multiple} == LISTS


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        # values
        (
            "  give another with --port 8001, or any free one with --port 0",
            "  give another with port=8001, or any free one with port=0",
        ),
        (
            '--host "a.b" is no address of this machine\n  write --host 127.0.0.1 for this machine',
            'host="a.b" is no address of this machine\n  write host="127.0.0.1" for this machine',
        ),
        ("--viewer nope is not known", 'viewer="nope" is not known'),
        ("--ca ca.pem holds no certificate", 'ca="ca.pem" holds no certificate'),
        ('--cert "a \\"b.pem" has expired', 'cert="a \\"b.pem" has expired'),
        (
            "write --origin https://app.example and --allow-host a.example",
            'write origins=["https://app.example"] and allow_host=["a.example"]',
        ),
        (
            "--add-header needs a name and a value: 'Authorization: $TOKEN'",
            "add_header= needs a name and a value: 'Authorization: $TOKEN'",
        ),
        ("write --add-header 'A: b'", 'write add_header=["A: b"]'),
        # switches
        ("--isolated is about files", "isolated=True is about files"),
        ("then start again, or use --reload", "then start again, or use reload=True"),
        ("with -k or --credentials", "with insecure=True or credentials=True"),
        ("leave out --no-credentials", "leave out credentials=False"),
        ("--tls FILE", "tls=True FILE"),
        # slips
        (
            "there is no option --viwer; did you mean --viewer?",
            "there is no keyword viwer=; did you mean viewer=?",
        ),
        # commands
        (
            "write corsmith serve https://a.example --add-header 'Authorization: $TOKEN'",
            'write background("https://a.example", add_header=["Authorization: $TOKEN"])',
        ),
        (
            "write corsmith serve main:app --reload -k",
            'write background("main:app", reload=True, insecure=True)',
        ),
        (
            "write corsmith serve --policy cors.toml --port 8001",
            'write background(policy="cors.toml", port=8001)',
        ),
        ("serve the API: corsmith serve", "serve the API: background()"),
    ],
)
def test_flags_are_keywords(problem: str, told: str) -> None:
    assert in_keywords(problem) == told


@pytest.mark.parametrize(
    "problem",
    [
        "there is no file or folder ./gone",
        "  see corsmith serve --help",
        "  what else it allows: corsmith check https://a.example --from https://b.example",
        "decrypt it: openssl pkey -in a.pem -out key.pem",
        "  pip install 'corsmith[serve]'",
        "port 8000 is taken by corsmith serve ./data (process 5)",
        "port 8000 is taken by corsmith serve it's",
        "corsmith serves ./data; what corsmith serve, alone, does",
        "no flag: a--port, /--port, -key",
    ],
)
def test_everything_else_stays_as_it_is(problem: str) -> None:
    assert in_keywords(problem) == problem

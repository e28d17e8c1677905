"""What the try page says of each kind of target, and which buttons it has there."""

from __future__ import annotations

import pytest

from corsmith.server.prediction import BUTTONS
from corsmith.server.tried import Tried, TriedKind

READING = {"get", "header", "credentials", "null"}
WRITING = {"post", "put"}


@pytest.mark.parametrize(
    ("kind", "buttons"),
    [
        (TriedKind.ECHO, set(BUTTONS)),
        (TriedKind.FILES, READING),
        (TriedKind.APP, READING | WRITING),
        (TriedKind.GATEWAY, READING | WRITING),
    ],
)
def test_a_target_has_the_buttons_that_make_sense_of_it(kind: TriedKind, buttons: set[str]) -> None:
    tried = Tried(kind=kind)
    assert {name for name in BUTTONS if tried.offers(name)} == buttons


@pytest.mark.parametrize("kind", TriedKind)
def test_only_the_tutorials_statuses_are_known(kind: TriedKind) -> None:
    assert Tried(kind=kind).tells_status is (kind is TriedKind.ECHO)


@pytest.mark.parametrize("kind", TriedKind)
def test_nothing_is_written_to_somebody_elses_api_unasked(kind: TriedKind) -> None:
    assert Tried(kind=kind).writing == (["post", "put"] if kind is TriedKind.GATEWAY else [])


@pytest.mark.parametrize(
    ("tried", "sentence"),
    [
        (Tried(), ""),
        (
            Tried(kind=TriedKind.FILES),
            "Files cannot be written, so there is no button that writes.",
        ),
        (
            Tried(kind=TriedKind.APP, receiver="main:app"),
            "These reach main:app: a POST or a PUT is carried out.",
        ),
        (
            Tried(kind=TriedKind.GATEWAY, receiver="https://api.example"),
            "These are sent to https://api.example, where the policy allows this page.",
        ),
    ],
)
def test_it_says_where_the_buttons_go(tried: Tried, sentence: str) -> None:
    assert tried.sentence == sentence


@pytest.mark.parametrize(
    ("tried", "command"),
    [
        (Tried(), "corsmith serve --policy cors.toml"),
        (Tried(word="./my data"), "corsmith serve './my data' --policy cors.toml"),
        (
            Tried(word="@ollama", has_flags=True),
            "corsmith serve @ollama --policy cors.toml  (and your other flags)",
        ),
    ],
)
def test_the_command_names_the_target(tried: Tried, command: str) -> None:
    assert tried.command == command

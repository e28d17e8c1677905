"""What is printed answers as the original does, but for the differences that it lists."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING

import pytest

from corsmith.errors import PolicyError
from corsmith.importers.page import write_page
from tests.importers import originals
from tests.importers.configurations import configuration
from tests.importers.explained import read_page, unexplained
from tests.importers.questions import questions, send

if TYPE_CHECKING:
    from tests.importers.originals import Original

SEED = 20_260
COUNT = 60


def set_up(number: int) -> tuple[Original, Random]:
    """Return the configuration of a number, and what its requests are drawn from."""
    rng = Random(SEED + number)  # noqa: S311  an example, no secret
    return configuration(number, rng), rng


def differences(original: Original, rng: Random, page_text: str) -> list[str]:
    """Return what the printed page answers otherwise without saying so."""
    page = read_page(page_text)
    ask = originals.ours(page.source, original.options)
    return [
        f"{what}: {question}"
        for question in questions(rng, original.settings)
        for what in unexplained(question, send(question, original.ask), send(question, ask), page)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(COUNT))
def test_every_difference_from_the_original_is_listed(number: int) -> None:
    original, rng = set_up(number)
    found = original.found()
    assert found is not None
    text = write_page(found, "main.py")
    assert differences(original, rng, text) == [], f"{original.settings}\n\n{text}"


def without_comments(text: str, what: str) -> str:
    """Return a page without the differences that begin so."""
    return re.sub(rf"^# - {what}.*\n(?:#   .*\n)*", "", text, flags=re.MULTILINE)


def test_a_difference_that_is_not_listed_fails() -> None:
    original = originals.starlette(
        allow_origins=["*"],
        allow_credentials=True,
        allow_methods=["PUT"],
        allow_headers=["no token", "X-Key"],
        max_age=-1,
    )
    found = original.found()
    assert found is not None
    text = write_page(found, "main.py")
    for what in ("wildcard-with-credentials", "max-age", "answers-differently", ""):
        less = without_comments(text, what)
        assert less != text
        assert differences(original, Random(1), less) != [], what  # noqa: S311  as above
    assert differences(original, Random(1), text) == []  # noqa: S311  as above


def test_a_page_that_is_no_policy_fails() -> None:
    with pytest.raises(PolicyError):
        read_page("[policy]\norigins = []\n")

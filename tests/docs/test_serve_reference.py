"""The reference of `corsmith serve` says what its limits, refusals and lines are."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

import pytest

from corsmith.server import body, limits, run, streaming
from corsmith.server.folder import parts, ranges
from tests.docs.documents import DOCS
from tests.server.test_hostile import PARSED, READABLE

if TYPE_CHECKING:
    from types import ModuleType

PAGE = (DOCS / "reference" / "serve.md").read_text()


def below(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n", 1)[1].partition("\n## ")[0]


# The beginning of a row, and its number.
LIMITS = {
    "path and query": limits.MAX_TARGET,
    "header lines together": limits.MAX_HEAD,
    "header lines |": limits.MAX_FIELDS,
    "body of a request": limits.USUAL_BODY,
    "a head, or silence": limits.HEAD_SECONDS,
    "silence inside a body": int(limits.BODY_SECONDS),
    "a client that takes nothing": limits.TAKE_SECONDS,
    "connections of one worker": run._MOST_CONNECTIONS,
    "ranges in one request": ranges.MOST_RANGES,
}


@pytest.mark.parametrize("row", LIMITS)
def test_every_limit_is_in_its_table(row: str) -> None:
    assert re.search(rf"\| {re.escape(row)}.*\b{LIMITS[row]}\b", below("Limits"))


def test_the_table_has_no_other_limit() -> None:
    assert len(re.findall(r"^\| (?!what|---)", below("Limits"), re.MULTILINE)) == len(LIMITS)


@pytest.mark.parametrize("module", [limits, body, streaming], ids=lambda module: module.__name__)
def test_every_problem_is_in_its_table_with_its_status(module: ModuleType) -> None:
    problems = [value for value in vars(module).values() if isinstance(value, limits.Problem)]
    made = [body.too_large(1), limits._foreign(b"a.example")]
    assert problems
    for problem in [*problems, *made]:
        row = rf"^\| {problem.status} \| .*`{problem.word}`"
        assert re.search(row, below("What a page can read"), re.MULTILINE), problem.word


def test_every_word_for_an_answer_that_was_cut_is_explained() -> None:
    words = {streaming.CLIENT_LEFT, streaming.UNFINISHED}
    words |= set(re.findall(r'CutError\("([a-z-]+)"', inspect.getsource(parts)))
    assert len(words) == 4
    for word in words:
        assert f"\n| `{word}` | " in below("Lines of the log")


def test_what_is_refused_in_tests_has_no_status_that_is_not_told() -> None:
    for table, heading in ((READABLE, "What a page can read"), (PARSED, "What no page can read")):
        told = set(map(int, re.findall(r"\b[45]\d\d\b", below(heading))))
        assert {status for _, status in table.values()} <= told

"""The sentences are data: every blank has a name, every code a sentence in each engine."""

from __future__ import annotations

import re

import pytest

from corsmith.browser import sentences
from corsmith.browser.sentences import CHROMIUM, FIREFOX, LIKE, OLDER, WEBKIT

TABLES = {"chromium": CHROMIUM, "firefox": FIREFOX, "webkit": WEBKIT}
BLANKS = {"url", "origin", "value", "method", "header", "status", "first", "target", "subject"}
CHECKS = {
    "allow-origin-missing",
    "allow-origin-mismatch",
    "allow-origin-list",
    "allow-origin-twice",
    "allow-origin-invalid",
    "wildcard-with-credentials",
    "allow-credentials-missing",
    "allow-credentials-not-true",
    "method-not-allowed",
    "header-not-allowed",
    "authorization-not-covered",
    "allow-methods-unreadable",
    "allow-headers-unreadable",
    "preflight-status",
    "preflight-redirect",
}


@pytest.mark.parametrize("engine", TABLES)
def test_each_check_has_its_sentence_or_that_of_another(engine: str) -> None:
    said = set(TABLES[engine]) | {code for code, other in LIKE[engine].items() if other}
    assert said >= CHECKS


@pytest.mark.parametrize("engine", TABLES)
def test_what_stands_for_another_code_exists(engine: str) -> None:
    assert set(LIKE[engine].values()) <= set(TABLES[engine])
    assert set(LIKE[engine]).isdisjoint(TABLES[engine])


def test_every_blank_is_one_that_can_be_read_back() -> None:
    texts = [text for table in TABLES.values() for text in table.values()]
    texts += [text for _, _, text in OLDER]
    assert {name for text in texts for name in re.findall(r"\{(\w+)\}", text)} <= BLANKS


def test_everything_public_is_there() -> None:
    assert all(hasattr(sentences, name) for name in sentences.__all__)

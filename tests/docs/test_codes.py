"""One page for each code, and each page shows its code happen and go away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from corsmith.diagnostics import CODES, Severity
from corsmith.fields import RISKS
from tests.docs.blocks import Block, parse_blocks
from tests.docs.documents import DOCS
from tests.docs.index import CODES_INDEX, codes_index

if TYPE_CHECKING:
    from pathlib import Path

    from sybil import Example

HEADINGS = ["## Why", "## Before", "## After"]


def page_of(code: str) -> Path:
    return DOCS / "codes" / f"{code}.md"


def blocks_between(path: Path, begin: str, end: str | None) -> list[Block]:
    text = path.read_text()
    first = text.index(f"\n{begin}\n")
    last = text.find(f"\n{end}\n") if end else -1

    def inert(_: Example) -> None:
        """Run nothing: the blocks are only read here."""

    document = parse_blocks(path, inert)
    return [
        example.parsed
        for example in document.examples()
        if first < example.start < (last if last > 0 else len(text))
    ]


@pytest.mark.parametrize("code", CODES)
def test_a_page_opens_with_name_title_severity_source_and_version(code: str) -> None:
    known = CODES[code]
    head = page_of(code).read_text().split("\n\n")[:3]
    assert head[0] == f"# {code}"
    assert head[1] == f"{known.title}."
    severity, source, since = head[2].splitlines()
    assert severity.startswith(f"- severity: {known.severity}")
    assert source.endswith(f"<{known.spec}>" if known.spec else "corsmith itself; no standard does")
    assert since == "- since: 0.1.0"


@pytest.mark.parametrize("code", CODES)
def test_a_page_tells_why_before_and_after_in_this_order(code: str) -> None:
    headings = [line for line in page_of(code).read_text().splitlines() if line.startswith("## ")]
    assert headings[:3] == HEADINGS
    assert headings[3:] == (["## Accepting the risk"] if code in RISKS else [])


@pytest.mark.parametrize("code", CODES)
def test_the_code_happens_before_and_no_longer_after(code: str) -> None:
    before = blocks_between(page_of(code), "## Before", "## After")
    after = blocks_between(page_of(code), "## After", None)
    assert any(_names(code, block) for block in before)
    assert not any(_names(code, block) for block in after)


def _names(code: str, block: Block) -> bool:
    said = block.source if block.language == "console" else block.output or ""
    return f"{code}:" in said or f": {code}" in said


@pytest.mark.parametrize("risk", RISKS)
def test_the_page_of_a_risk_shows_the_line_that_accepts_it(risk: str) -> None:
    (block,) = blocks_between(page_of(risk), "## Accepting the risk", None)
    assert f'accept_risks=["{risk}"]' in block.source
    assert block.output is None


def test_the_index_is_the_table_of_codes() -> None:
    assert CODES_INDEX.read_text() == codes_index()


def test_every_severity_has_its_table() -> None:
    assert all(f"\n## {title}\n" in codes_index() for title in ("Problems", "Warnings", "Reasons"))
    assert {known.severity for known in CODES.values()} == set(Severity)

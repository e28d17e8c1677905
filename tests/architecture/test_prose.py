"""README and docs: only blocks of known languages, only files that exist, only our words."""

from __future__ import annotations

import re

import pytest

from tests.architecture.tree import ROOT, files, text
from tests.docs.blocks import DIRECTIVES, LANGUAGES

PAGES = files(".md")
WRITTEN = [path for path in files() if not path.endswith((".lock", ".png", ".jsonl", ".gif"))]

NOT_OUR_WORDS = re.compile(r"white-?list|simple request|pre-flight", re.IGNORECASE)
SETTING = re.compile(r"\w+_\w+")
MACHINE_PATH = re.compile(r"(?<![\w.:/-])/(?:home|mnt|private|root|tmp|Users|work)/\w")


def fences(page: str) -> list[str]:
    """Return the language of each fenced block of a page, in order."""
    opened: str | None = None
    languages = []
    for line in page.splitlines():
        mark = re.match(r" *(`{3,}|~{3,})(.*)", line)
        if mark and opened is None:
            opened = mark[1]
            languages.append(mark[2].strip())
        elif mark and mark[1].startswith(opened or "") and not mark[2].strip():
            opened = None
    return languages


def test_a_fence_is_read_with_its_language_even_if_it_holds_another() -> None:
    assert fences("````md\n```sh\nls\n```\n````\n~~~\nx\n~~~\n") == ["md", ""]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_only_blocks_of_known_languages(path: str) -> None:
    assert set(fences(text(path))) - LANGUAGES - DIRECTIVES == set()


@pytest.mark.parametrize("path", WRITTEN)
def test_a_file_names_no_place_of_one_machine(path: str) -> None:
    assert MACHINE_PATH.findall(text(path)) == []


@pytest.mark.parametrize("path", [path for path in WRITTEN if not path.endswith("test_prose.py")])
def test_a_file_speaks_in_the_words_of_the_fetch_standard(path: str) -> None:
    # A setting of another library keeps its name.
    assert NOT_OUR_WORDS.findall(SETTING.sub("", text(path))) == []


@pytest.mark.parametrize("path", WRITTEN)
def test_a_page_that_a_file_names_exists(path: str) -> None:
    named = set(re.findall(r"(?<![\w/.-])[A-Z]{4,}\.md\b", text(path)))
    assert {page for page in named if not (ROOT / page).is_file()} == set()


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(text("README.md").splitlines()) <= 200

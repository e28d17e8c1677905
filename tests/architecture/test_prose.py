"""README and docs: only blocks of known languages, only files that exist, only our words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.architecture.tree import ROOT, files, text
from tests.docs.blocks import DIRECTIVES, LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

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


def found(paths: Iterable[str], find: Callable[[str], Collection[str]]) -> dict[str, set[str]]:
    """Return what is found in each file, where anything is."""
    return {path: set(seen) for path in paths if (seen := find(text(path)))}


def test_a_page_holds_only_blocks_of_known_languages() -> None:
    assert found(PAGES, lambda page: set(fences(page)) - LANGUAGES - DIRECTIVES) == {}


def test_a_file_names_no_place_of_one_machine() -> None:
    assert found(WRITTEN, MACHINE_PATH.findall) == {}


def test_a_file_speaks_in_the_words_of_the_fetch_standard() -> None:
    others = [path for path in WRITTEN if not path.endswith("test_prose.py")]
    # A setting of another library keeps its name.
    assert found(others, lambda page: NOT_OUR_WORDS.findall(SETTING.sub("", page))) == {}


def test_a_page_that_a_file_names_exists() -> None:
    def missing(page: str) -> list[str]:
        named = re.findall(r"(?<![\w/.-])[A-Z]{4,}\.md\b", page)
        return [name for name in named if not (ROOT / name).is_file()]

    assert found(WRITTEN, missing) == {}


def test_the_readme_is_read_in_one_sitting() -> None:
    assert len(text("README.md").splitlines()) <= 200

"""The codes: permanent kebab-case names, each with a page and a test that makes it happen."""

from __future__ import annotations

import ast
import re

from corsmith.diagnostics import CODES
from tests.architecture.tree import ROOT, files, text

PAGES = ROOT / "docs" / "codes"


def strings_in_tests() -> set[str]:
    """Return every code that a test (not one of the architecture's) names in a string."""
    found: set[str] = set()
    for path in files(".py", ".jsonl", ".toml"):
        if not path.startswith("tests/") or path.startswith("tests/architecture/"):
            continue
        found.update(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", text(path)))
    return found


def test_there_are_codes() -> None:
    assert len(CODES) > 1


def test_every_code_is_a_kebab_case_name() -> None:
    assert [code for code in CODES if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", code)] == []


def test_no_code_stands_for_two_things() -> None:
    # A dict keeps the last of two equal keys without a word; the source shows both.
    tree = ast.parse(text("src/corsmith/diagnostics.py"))
    keys = [
        key.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and key.value in CODES
    ]
    assert sorted(keys) == sorted(CODES)


def test_every_code_has_a_page_that_begins_with_its_name() -> None:
    missing = [code for code in CODES if not (PAGES / f"{code}.md").is_file()]
    assert missing == [], "write docs/codes/<code>.md"
    pages = {code: (PAGES / f"{code}.md").read_text(encoding="utf-8") for code in CODES}
    assert [code for code, page in pages.items() if not page.startswith(f"# {code}\n")] == []


def test_no_page_is_about_a_code_that_does_not_exist() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"index"}
    assert pages - set(CODES) == set()


def test_every_code_is_produced_by_a_test() -> None:
    assert set(CODES) - strings_in_tests() == set()


def test_every_code_that_the_source_names_is_in_the_table() -> None:
    unknown: set[str] = set()
    for path in files(".py"):
        if path.startswith("src/"):
            calls = [node for node in ast.walk(ast.parse(text(path))) if isinstance(node, ast.Call)]
            unknown.update(first_argument(call) for call in calls if is_diagnose(call))
    assert unknown - set(CODES) - {""} == set()


def is_diagnose(call: ast.Call) -> bool:
    """Return whether a call makes a diagnostic."""
    return ast.unparse(call.func).rpartition(".")[2] == "diagnose"


def first_argument(call: ast.Call) -> str:
    """Return the code that a call names, or nothing if it is computed."""
    first = call.args[0] if call.args else None
    return str(first.value) if isinstance(first, ast.Constant) else ""

"""Sizes: needing more than this means that a noun is missing."""

from __future__ import annotations

import ast

from tests.architecture.tree import files, text

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50
WRITTEN = files(".py", ".sh", ".js", ".css", ".html", "Makefile", "bootstrap")
NAMES_THAT_SAY_NOTHING = {"utils", "utilities", "common", "helpers", "core", "models", "base"}


def functions(source: str) -> dict[str, int]:
    """Return the functions of a module and how many lines each takes."""
    nodes = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in nodes}


def test_a_file_is_read_in_one_sitting() -> None:
    lengths = {path: len(text(path).splitlines()) for path in WRITTEN}
    assert len(lengths) > len(NAMES_THAT_SAY_NOTHING)
    assert {path: n for path, n in lengths.items() if n > LINES_OF_A_FILE} == {}


def test_a_function_fits_on_a_screen() -> None:
    lengths = {
        f"{path}: {name}": n
        for path in WRITTEN
        if path.endswith(".py")
        for name, n in functions(text(path)).items()
    }
    assert {name: n for name, n in lengths.items() if n > LINES_OF_A_FUNCTION} == {}


def test_no_module_is_the_place_for_what_belongs_nowhere() -> None:
    parts = {part.removesuffix(".py") for path in files(".py") for part in path.split("/")}
    assert parts & NAMES_THAT_SAY_NOTHING == set()

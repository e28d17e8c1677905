"""Which modules are pure and which are the edge, read from the layers in pyproject.toml."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "corsmith"
# The lowest layer that may log, open, listen or ask the clock: it and all above it are the edge.
LOWEST_EDGE = "refusals"


@cache
def contracts() -> dict[str, dict[str, Any]]:
    """Return the import contracts by their id."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return {c["id"]: c for c in tomllib.loads(text)["tool"]["importlinter"]["contracts"]}


def layers() -> list[list[str]]:
    """Return the names in each layer, highest first."""
    return [re.findall(r"\w+", line) for line in contracts()["layers"]["layers"]]


def edge() -> set[str]:
    """Return the top-level modules that do I/O, log or keep time."""
    found: set[str] = set()
    for names in layers():
        found.update(names)
        if LOWEST_EDGE in names:
            return found
    message = f"{LOWEST_EDGE} is not among the layers"
    raise LookupError(message)


def pure_islands() -> set[str]:
    """Return the pure modules inside folders that belong to the edge, by their dotted names."""
    return {name for name in contracts()["pure"]["source_modules"] if name.count(".") > 1}


def pure_files() -> list[Path]:
    """Return the files of the pure part that hold code, in a fixed order."""
    outside, islands = edge(), pure_islands()
    return sorted(
        path
        for path in SOURCE.rglob("*.py")
        if (
            path.relative_to(SOURCE).parts[0].removesuffix(".py") not in outside
            or ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts) in islands
        )
        and has_code(path)
    )


def has_code(path: Path) -> bool:
    """Return whether a module is more than its docstring."""
    return len(ast.parse(path.read_text(encoding="utf-8")).body) > 1


def partner(path: Path) -> Path:
    """Return the one test file that must cover a module by itself."""
    inside = path.relative_to(SOURCE)
    # `__init__.py` has the name of what it opens.
    name = inside.stem if inside.stem != "__init__" else path.parent.name
    return ROOT / "tests" / inside.parent / f"test_{name}.py"

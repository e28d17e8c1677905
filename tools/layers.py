"""Which modules are pure and which are the edge, read from the layers in pyproject.toml."""

from __future__ import annotations

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


def pure_files() -> list[Path]:
    """Return the files of the pure part, in a fixed order."""
    outside = edge()
    return sorted(
        path
        for path in SOURCE.rglob("*.py")
        if path.relative_to(SOURCE).parts[0].removesuffix(".py") not in outside
    )


def partner(path: Path) -> Path:
    """Return the one test file that must cover a module by itself."""
    inside = path.relative_to(SOURCE)
    # `__init__.py` has the name of what it opens.
    name = inside.stem if inside.stem != "__init__" else path.parent.name
    return ROOT / "tests" / inside.parent / f"test_{name}.py"

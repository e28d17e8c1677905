"""Which documents there are: the README and every page below ``docs/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.docs.shell import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DOCS", "DOCUMENTS"]

DOCS: Final = ROOT / "docs"

DOCUMENTS: Final[list[Path]] = [
    ROOT / "README.md",
    *sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts),
]

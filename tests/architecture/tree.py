"""The files of the project, as the architecture tests look at them."""

from __future__ import annotations

import subprocess
from functools import cache

from tools.layers import ROOT, SOURCE

__all__ = ["ROOT", "SOURCE", "files", "name", "text"]


@cache
def files(*suffixes: str) -> list[str]:
    """Return the paths of the files that git tracks or would track, below the root."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607 - found on PATH on purpose
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = {path for path in done.stdout.split("\0") if path and (ROOT / path).is_file()}
    return sorted(path for path in found if not suffixes or path.endswith(suffixes))


@cache
def text(path: str) -> str:
    """Return the text of a file below the root."""
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def name(path: str) -> str:
    """Return a module's dotted name from its path below the root."""
    return path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")

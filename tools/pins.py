"""What pip must install, and the versions it is held to, where there is no uv.

`python tools/pins.py serve|dev FOLDER` writes FOLDER/requirements.txt (from pyproject.toml) and
FOLDER/constraints.txt (from uv.lock). Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def group(groups: dict[str, list[Any]], name: str) -> list[str]:
    """Return the requirements of one dependency group, with those of the groups it includes."""
    found: list[str] = []
    for entry in groups[name]:
        if isinstance(entry, str):
            found.append(entry)
        else:
            found.extend(group(groups, entry["include-group"]))
    return sorted(set(found))


def requirements(wanted: str) -> list[str]:
    """Return the lines of a requirements file for `serve` or `dev`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [f"--editable {ROOT}[serve]"]
    if wanted == "dev":
        lines += group(project["dependency-groups"], "dev")
    return lines


def constraints(lock: str) -> list[str]:
    """Return `name==version` for each package that the lock holds in one version only.

    A package that the lock holds in several versions has one for each of several Pythons: there
    the ranges of pyproject.toml decide.
    """
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for package in tomllib.loads(lock)["package"]:
        if "registry" in package["source"]:
            versions[package["name"]].add(package["version"])
    return [f"{name}=={found.pop()}" for name, found in versions.items() if len(found) == 1]


def main(wanted: str, folder: str) -> None:
    """Write both files."""
    for name, lines in {
        "requirements.txt": requirements(wanted),
        "constraints.txt": constraints((ROOT / "uv.lock").read_text(encoding="utf-8")),
    }.items():
        Path(folder, name).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

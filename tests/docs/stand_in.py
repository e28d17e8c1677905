"""What ``make``, ``pip``, ``uvx`` and ``corsmith`` are while a document is run.

The first three are checked against the repository instead of fetching anything; a test of the
whole way, on a fresh machine, has its own place. ``corsmith serve`` is the real one on a free
port, for a document says 8000.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]


def main(name: str, arguments: list[str]) -> None:
    """Do what the program of this name would, as far as it concerns the project."""
    actions = {"corsmith": corsmith, "make": make, "pip": pip, "uvx": uvx}
    actions[name](arguments)


def corsmith(arguments: list[str]) -> NoReturn:
    """Become the real command, serving on the port that stands for 8000."""
    if arguments[:1] == ["serve"] and not {"--port", "--help"} & set(arguments):
        arguments = [*arguments, "--port", os.environ["CORSMITH_DOCS_PORT"]]
    program = Path(sys.executable).with_name("corsmith")
    os.execv(program, [str(program), *arguments])  # noqa: S606  no shell is wanted


def make(arguments: list[str]) -> None:
    """Serve, if the Makefile has that recipe and it does what is done here."""
    makefile = (ROOT / "Makefile").read_text()
    for target in arguments:
        if re.fullmatch(r"[A-Z]+=.*", target) is None:
            expect(f"\n{target}:" in makefile, f"the Makefile has no recipe {target}")
    if arguments == ["serve"]:
        expect("exec .venv/bin/corsmith serve" in makefile, "make serve serves something else")
        corsmith(["serve"])


def pip(arguments: list[str]) -> None:
    """Install: nothing, if the extras exist."""
    expect(arguments[:1] == ["install"], "only pip install is known")
    for requirement in arguments[1:]:
        check_requirement(requirement)


def uvx(arguments: list[str]) -> None:
    """Run the command, if the extras exist."""
    expect(arguments[:1] == ["--from"], "only uvx --from is known")
    check_requirement(arguments[1])
    main(arguments[2], arguments[3:])


def check_requirement(requirement: str) -> None:
    """Refuse a requirement that this repository cannot fulfil."""
    match = re.fullmatch(r"\.(?:\[(?P<extras>[\w,]+)\])?", requirement)
    if match is None:
        known = tomllib.loads((ROOT / "pyproject.toml").read_text())
        groups = known["dependency-groups"]
        listed = " ".join(item for group in groups.values() for item in group if item == str(item))
        expect(re.search(rf"\b{re.escape(requirement)}\b", listed), f"{requirement} is not tested")
        return
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in (match["extras"] or "").split(","):
        expect(not extra or extra in extras["optional-dependencies"], f"there is no extra {extra}")


def expect(condition: object, message: str) -> None:
    """End with a message unless the condition holds."""
    if not condition:
        sys.exit(message)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

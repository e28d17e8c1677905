"""The clients' own packages: exactly those of `package-lock.json`, put where git does not look."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent.parent / "build" / "clients"
MANIFESTS = ("package.json", "package-lock.json")
# 240 MB are unpacked; a slow line needs some time.
PATIENCE = 170


class NotHereError(Exception):
    """They cannot be had on this machine; says why."""


def install() -> Path:
    """Return the folder that has `node_modules`, after installing what is not there yet."""
    PLACE.mkdir(parents=True, exist_ok=True)
    stamp = PLACE / "installed"
    wanted = (HERE / "package-lock.json").read_text(encoding="utf-8")
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return PLACE
    npm = shutil.which("npm")
    if npm is None:
        raise NotHereError("npm is not installed")
    for name in MANIFESTS:
        shutil.copy(HERE / name, PLACE)
    quiet = ("--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--prefer-offline")
    command = [npm, "ci", *quiet]
    try:
        done = subprocess.run(
            command, cwd=PLACE, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise NotHereError("npm did not end in time") from None
    if done.returncode:
        raise NotHereError(f"npm could not install: {_reason(done.stderr)}")
    stamp.write_text(wanted, encoding="utf-8")
    return PLACE


def _reason(text: str) -> str:
    """Return the first line of npm's that tells what went wrong."""
    lines = [line.removeprefix("npm error ") for line in text.splitlines() if "error" in line]
    return next(iter(lines), "no reason given")


def versions() -> dict[str, str]:
    """Return each client and its version."""
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))
    found: dict[str, str] = wanted["dependencies"]
    return found

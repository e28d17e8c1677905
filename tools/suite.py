"""What `make check`, `make test` and `make test-all` do, step by step.

Every step runs, also after one that failed, so that one run tells everything. The last line
names what could not be run on this machine, or what failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = str(BIN / "python")
PYTEST = ("-m", "pytest", "-q")
# A module's tests stay together, so that its server or browser is started once.
TWO_AT_ONCE = ("-n", "2", "--dist", "loadfile")
COVERAGE = (PYTHON, "-m", "coverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command; what a quiet one prints is shown only if it fails."""

    name: str
    command: tuple[str, ...]
    quiet: bool = True


STATIC = (
    Step(name="lint", command=(str(BIN / "ruff"), "check", "--quiet", ".")),
    Step(name="format", command=(str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    Step(name="types", command=(str(BIN / "mypy"), "--no-error-summary")),
    Step(name="layers", command=(str(BIN / "lint-imports"), "--no-logo")),
)
FAST = (
    Step(
        name="fast tests",
        command=(PYTHON, *PYTEST, *TWO_AT_ONCE, "-m", "not (slow or servers or browsers)"),
        quiet=False,
    ),
)
WHOLE = (
    Step(name="documentation", command=("make", "-s", "docs")),
    Step(name="each module by its partner", command=(PYTHON, "-m", "tools.partners")),
    Step(name="forget coverage", command=(*COVERAGE, "erase")),
    Step(name="tests", command=(*COVERAGE, "run", *PYTEST, *TWO_AT_ONCE), quiet=False),
    Step(name="add up coverage", command=(*COVERAGE, "combine", "--quiet")),
    Step(name="all of src is covered", command=(*COVERAGE, "report")),
)
DEEP = (
    Step(
        name="frameworks in other versions",
        command=(PYTHON, "-m", "tools.matrix"),
        quiet=False,
    ),
    Step(
        name="data clients in each browser",
        command=(PYTHON, "-m", "tools.clients"),
        quiet=False,
    ),
    Step(name="planted bugs", command=(PYTHON, "-m", "tools.mutants")),
    Step(
        name="laws, with new examples",
        command=(
            *(PYTHON, *PYTEST, "tests/laws", "-n", "2"),
            *("--hypothesis-profile", "deep", "--timeout", "1800"),
        ),
        quiet=False,
    ),
)
PLANS = {
    "check": STATIC + FAST,
    "test": STATIC + WHOLE,
    "test-all": STATIC + WHOLE + DEEP,
}


def get_browsers() -> None:
    """Install the browsers where that is ours to do: as root on Debian or Ubuntu."""
    script = ROOT / "tools" / "browsers.sh"
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        return
    done = subprocess.run(["sh", str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"browsers: not installed: {(done.stderr.strip() or 'no reason given')[-300:]}")


def run(step: Step) -> bool:
    """Run one step, say how it went, and return whether it passed."""
    start = time.monotonic()
    if not step.quiet:
        print(f"── {step.name}", flush=True)
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if step.quiet else None,
        stderr=subprocess.STDOUT if step.quiet else None,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    if not passed and done.stdout:
        print(done.stdout, end="")
    word = "ok" if passed else "FAILED"
    print(f"── {step.name}: {word} ({time.monotonic() - start:.0f} s)", flush=True)
    return passed


def main(plan: str) -> int:
    """Run a plan; the last line is about what did not run or what failed."""
    start = time.monotonic()
    # What one run compiled the next one reads: it is seconds in each process of pytest.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if plan != "check":
        get_browsers()
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "not-run")
        os.environ["CORSMITH_NOT_RUN_FILE"] = str(ledger)
        failed = [step.name for step in PLANS[plan] if not run(step)]
        missed = ledger.read_text(encoding="utf-8") if ledger.exists() else ""
    print(f"make {plan}: {time.monotonic() - start:.0f} s")
    if failed:
        print(f"failed: {', '.join(failed)}")
    elif not missed and plan != "check":
        print("nothing was left out")
    print(missed, end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

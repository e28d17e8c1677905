"""`make bench`: every figure that we claim, beside what it is compared with.

    python -m bench              all of them
    python -m bench asgi wsgi    some of them

Ends with 1 where a bar is missed. A busy machine widens the quartiles; the ratios stay.
"""

from __future__ import annotations

import logging
import platform
import sys
from importlib import import_module

SUBJECTS = (
    "decision",
    "asgi",
    "wsgi",
    "frameworks",
    "start",
    "serve",
    "files",
    "gateway",
    "burden",
)


def main(names: list[str]) -> int:
    """Run the named subjects, or all."""
    if unknown := set(names).difference(SUBJECTS):
        print(f"no such subject: {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
        return 2
    # Refusals are noted as always; where the lines go is not what is measured.
    logger = logging.getLogger("corsmith")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    missed = sum(import_module(f"bench.{name}").main() for name in names or SUBJECTS)
    print(f"\n{missed} bars missed" if missed else "\nevery bar holds")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

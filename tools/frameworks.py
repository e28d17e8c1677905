"""The table of docs/frameworks.md: the eight probes put to each framework, as they were answered.

    python -m tools.frameworks              writes the rows of all frameworks that are installed
    python -m tools.frameworks dash gradio  writes the rows of these

The row of a framework that is not installed here stays as it is: `make test-all` installs those.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from tests.frameworks import hosts
from tests.frameworks.pages import POLICY, PROBES, faults

PAGE = Path(__file__).resolve().parent.parent / "docs" / "frameworks.md"
START = "<!-- table: python -m tools.frameworks -->"
END = "<!-- end of the table -->"
HEAD = ("framework", "version", *(probe.name for probe in PROBES), "one route's own policy")


def row_of(key: str) -> str:
    """Return the row of a framework: what each probe was answered, and whether it can be read."""
    host = hosts.host(key)
    ask = host.probed(POLICY)
    cells = []
    for probe in PROBES:
        reply = ask(probe.request)
        sign = "-" if faults(probe, reply, host.statuses(probe)) else "+"
        cells.append(f"{reply.status} {sign}")
    name = f"[{host.name}](how-to/{host.page}.md)"
    return _line(name, host.version, *cells, host.per_route)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def table(rows: dict[str, str]) -> str:
    """Return the whole table."""
    ordered = sorted(rows.values(), key=lambda row: name_in(row).lower())
    return "\n".join([_line(*HEAD), _line(*("---" for _ in HEAD)), *ordered])


def rows_in(text: str) -> dict[str, str]:
    """Return the rows that a page has, by the name of the framework."""
    lines = text.partition(START)[2].partition(END)[0].splitlines()
    return {name_in(line): line for line in lines if line.startswith("| [")}


def name_in(row: str) -> str:
    """Return the framework that a row is about."""
    return row.partition("[")[2].partition("]")[0]


def renewed(text: str, keys: list[str]) -> str:
    """Return the page with the rows of these hosts as they answer now."""
    fresh = [row_of(key) for key in keys]
    rows = rows_in(text) | {name_in(row): row for row in fresh}
    before, _, rest = text.partition(START)
    return f"{before}{START}\n\n{table(rows)}\n\n{END}{rest.partition(END)[2]}"


def main(keys: list[str]) -> None:
    """Write the page."""
    logging.disable(logging.CRITICAL)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(renewed(text, keys or hosts.here()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

"""`make clients`: data clients from npm read from `corsmith serve DIR`, each in a page of its own.

    python -m tools.clients          all of them; writes the table of docs/reference/data-clients.md
    python -m tools.clients igv      some of them; writes nothing

Ends with 1 where a client did not find what is in the files. Where a browser, npm or its registry
is missing, nothing is run, and the line says so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.clients.clients import CLIENTS, Client
from tests.clients.packages import NotHereError
from tests.clients.visit import Visitor, visiting

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "data-clients.md"
START = "<!-- table: python -m tools.clients -->"
END = "<!-- end of the table -->"
HEAD = ("client", "reads", "methods", "`Range: bytes=`", "preflight for", "answered")


def try_client(client: Client, visitor: Visitor) -> str | None:
    """Say how a client fares, and return its row if all is well."""
    try:
        visit = visitor.visit(client.name)
    except AssertionError as error:
        print(f"── {client.name}: FAILED\n{error}")
        return None
    if visit.answer != client.answer:
        print(f"── {client.name}: FAILED\n  found    {visit.answer}\n  expected {client.answer}")
        return None
    print(
        f"── {client.name}: ok, {len(client.answer)} values, "
        f"{len(visit.seen)} requests ({visit.seconds:.1f} s)",
        flush=True,
    )
    return client.row(visit.seen)


def write(rows: list[str]) -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join('---' for _ in HEAD)} |", *rows]
    table = "\n".join([START, "", *lines, "", END])
    PAGE.write_text(before + table + rest.partition(END)[2], encoding="utf-8")


def main(wanted: list[str]) -> int:
    """Try these clients, or all."""
    known = {client.name.rpartition("/")[2]: client for client in CLIENTS}
    if unknown := set(wanted).difference(known):
        print(f"no such client: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    try:
        with visiting(keeps=False) as visitor:
            rows = [try_client(known[name], visitor) for name in wanted or known]
    except NotHereError as reason:
        print(f"not run: data clients: {reason}")
        return 0
    good = [row for row in rows if row is not None]
    if not wanted and len(good) == len(rows):
        write(good)
    print(f"{len(good)} of {len(rows)} clients read what is in the files")
    return 0 if len(good) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

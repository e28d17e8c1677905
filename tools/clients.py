"""`make clients`: data clients from npm read from `corsmith serve DIR`, each in a page of its own.

    python -m tools.clients           all of them, in each browser that is installed
    python -m tools.clients igv       some of them
    python -m tools.clients --write   writes what they ask for into docs/reference/data-clients.md

Ends with 1 where a client did not find what is in the files, or asked for something else than the
page says. What a machine lacks, a browser or npm or its registry, is said at the end.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.browsers.installed import ENGINES, Engine
from tests.clients.clients import CLIENTS, Client
from tests.clients.packages import NotHereError
from tests.clients.visit import Visitor, visiting
from tools.matrix import note_missed
from tools.suite import get_browsers

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "data-clients.md"
START = "<!-- table: python -m tools.clients -->"
END = "<!-- end of the table -->"
HEAD = ("client", "reads", "methods", "`Range: bytes=`", "preflight for", "answered")


KNOWN = {client.name.rpartition("/")[2]: client for client in CLIENTS}


def try_client(client: Client, visitor: Visitor) -> str | None:
    """Say how a client fares, and return its row if all is well."""
    try:
        visit = visitor.visit(client.name)
    except AssertionError as error:
        print(f"   {client.name}: FAILED\n{error}", flush=True)
        return None
    if visit.answer != client.answer:
        print(f"   {client.name}: FAILED\n  found    {visit.answer}\n  expected {client.answer}")
        return None
    print(
        f"   {client.name}: ok, {len(client.answer)} values, "
        f"{len(visit.seen)} requests ({visit.seconds:.1f} s)",
        flush=True,
    )
    return client.row(visit.seen)


def try_engine(engine: Engine, wanted: list[Client]) -> list[str | None]:
    """Try clients in one browser; each has a row, or ``None`` where it failed."""
    with visiting(engine, keeps=engine != "chromium") as visitor:
        print(f"── {engine}", flush=True)
        can_draw = visitor.has_webgl()
        able = [client for client in wanted if can_draw or not client.draws]
        rows = [try_client(client, visitor) for client in able]
    for client in wanted:
        if client not in able:
            note_missed(f"not run: {client.name} in {engine}: no WebGL 2 here")
    good = sum(row is not None for row in rows)
    print(f"── {engine}: {good} of {len(rows)} clients read what is in the files", flush=True)
    return rows


def check(rows: list[str | None]) -> bool:
    """Return whether the page has each row; say what to do where it has not."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    missing = [row for row in rows if row is not None and row not in lines]
    for row in missing:
        print(f"{PAGE.name} has not: {row}")
    if missing:
        print("write it with: python -m tools.clients --write")
    return not missing


def write(rows: list[str]) -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    lines = [f"| {' | '.join(HEAD)} |", f"| {' | '.join('---' for _ in HEAD)} |", *rows]
    table = "\n".join([START, "", *lines, "", END])
    PAGE.write_text(before + table + rest.partition(END)[2], encoding="utf-8")


def main(words: list[str]) -> int:
    """Try these clients, or all."""
    names = [word for word in words if word != "--write"]
    if unknown := set(names).difference(KNOWN):
        print(f"no such client: {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}")
        return 2
    wanted = [KNOWN[name] for name in names or KNOWN]
    get_browsers()
    is_well = True
    for engine in ENGINES:
        try:
            rows = try_engine(engine, wanted)
        except NotHereError as reason:
            note_missed(f"not run: data clients in {engine}: {reason}")
            is_well &= "registry" not in os.environ.get("CORSMITH_REQUIRE", "")
            continue
        is_well &= None not in rows
        # In the others a browser asks for what it has kept as well.
        if engine == "chromium" and "--write" in words and is_well and not names:
            write([row for row in rows if row is not None])
        elif engine == "chromium":
            is_well &= check(rows)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The tables of docs/explanation/peers-tests.md, out of tests/peers_suites/deviations.toml.

    python -m tools.peers

The tests hold that file to what the peers' own tests really give, and the page to that file.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "explanation" / "peers-tests.md"
DEVIATIONS = ROOT / "tests" / "peers_suites" / "deviations.toml"
START = "<!-- {} table: python -m tools.peers -->"
END = "<!-- end of the table -->"

Table = dict[str, Any]


def read() -> Table:
    """Return what is expected of the peers' tests."""
    return tomllib.loads(DEVIATIONS.read_text(encoding="utf-8"))


def _lines(rows: Iterable[Iterable[str]]) -> str:
    head, *rest = [list(row) for row in rows]
    lines = [head, ["---" for _ in head], *rest]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)"


def figures(told: Table) -> str:
    """Return what passes, by peer and in all."""
    columns = ("tests", "withdrawn", "passed", "as_sent", "expectations", "held")
    whole = {"name": "all", **{key: sum(one[key] for one in told["peer"]) for key in columns}}
    rows = [
        (
            peer["name"],
            _share(peer["passed"], peer["tests"]),
            _share(peer["passed"], peer["tests"] - peer["withdrawn"]),
            _share(peer["as_sent"], peer["tests"]),
            _share(peer["held"], peer["expectations"]),
        )
        for peer in [*told["peer"], whole]
    ]
    head = (
        *("tests of", "pass", "pass of those of features that exist"),
        *("pass to the letter", "expectations that hold"),
    )
    return _lines([head, *rows])


def missed(told: Table) -> str:
    """Return each expectation that is missed, and why."""
    rows = [
        (
            one["peer"],
            f"`{one['test'].rpartition('::')[2]}`",
            f"`{one['expects'].removeprefix('assert ').removeprefix('self.')}`",
            f"[{one['reason']}](#{one['reason']})",
        )
        for one in told["missed"]
    ]
    return _lines([("tests of", "test", "what it expects", "reason"), *rows])


def reasons(told: Table) -> str:
    """Return what each reason says."""
    return "\n\n".join(
        f"({name})=\n### {name}\n\n" + sentence.replace(". ", ".\n")
        for name, sentence in told["reasons"].items()
    )


def left_out(told: Table) -> str:
    """Return which tests are not run, and why."""
    rows = [
        (
            one["peer"],
            f"`{one['test']}`",
            str(one["count"]),
            told["left_out_reasons"][one["reason"]],
        )
        for one in told["left_out"]
    ]
    return _lines([("tests of", "not run", "tests", "because it"), *rows])


TABLES = {"figures": figures, "missed": missed, "reasons": reasons, "left out": left_out}


def renewed(text: str) -> str:
    """Return the page with its tables made anew."""
    told = read()
    for name, make in TABLES.items():
        start = START.format(name)
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n\n{make(told)}\n\n{END}{rest.partition(END)[2]}"
    return text


def main() -> None:
    """Write the page."""
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

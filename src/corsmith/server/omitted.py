"""What a policy file leaves out that a folder or a gateway has without a file.

What lives here: the warning and the lines to add. What does not: the policy, which has one
meaning wherever its file is used: a field that is left out has the default of any policy
(``document``), never that of the target.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from corsmith.advice import write_field
from corsmith.server.source import PolicySource
from corsmith.server.tried import TriedKind

__all__ = ["omitted"]

_RANGE: Final = "@range"

_RANGES: Final = {
    "headers": frozenset({_RANGE, "*", "range"}),
    "expose": frozenset({_RANGE, "*", "content-range"}),
}
"""By what a policy lets a page send a range, and read which one it got."""

_OF_GATEWAYS: Final = ("methods", "headers", "credentials")

Table = Mapping[str, object]


def omitted(source: PolicySource, kind: TriedKind) -> list[str]:
    """Return a warning for each policy of the file that lacks what its readers need.

    Flags beside the file count as if they stood in it. There is nothing to say of an
    application, which is served under its policy elsewhere too.
    """
    if source.file is None or kind not in {TriedKind.FILES, TriedKind.GATEWAY}:
        return []
    warnings = []
    for where, table in _tables(source.file):
        given = {**table, **source.fields}
        found = _of_files(given) if kind is TriedKind.FILES else _of_a_gateway(given, source.seed)
        if found is not None:
            warnings.append(f"warning: {source.file}{where} leaves out {found}")
    return warnings


def _tables(file: str) -> Iterator[tuple[str, Table]]:
    """Yield each policy of the file and where it stands; none of one that cannot be read now."""
    try:
        document = tomllib.loads(Path(file).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return  # it was edited since: of that another line tells
    routes = document.get("routes", [])
    for where, table in [
        ("", document.get("policy")),
        *((f", at {route.get('path')},", route) for route in routes if isinstance(route, dict)),
    ]:
        if isinstance(table, dict) and table.get("cors") is not False:
            yield where, table


def _of_files(given: Table) -> str | None:
    lines = []
    for name, words in _RANGES.items():
        values = given.get(name, ["Content-Type"] if name == "headers" else [])
        if isinstance(values, list) and not words & {str(value).lower() for value in values}:
            lines.append(write_field(name, [_RANGE, *values]))
    if not lines:
        return None
    return f"{_RANGE}: readers by ranges need {', '.join(lines)}"


def _of_a_gateway(given: Table, seed: Table) -> str | None:
    """Return the fields of ``seed`` that are not given, as far as they can be added."""
    origins = given.get("origins")
    is_open = isinstance(origins, list) and "*" in origins  # to which cookies are not to be added
    names = [
        name
        for name in _OF_GATEWAYS
        if name in seed and name not in given and not (is_open and name == "credentials")
    ]
    lines = ", ".join(write_field(name, seed[name]) for name in names)
    without = [f"has {lines}"] if names else []
    if "expose" not in given:
        names.append("expose")
        without.append("exposes every header")
    if not names:
        return None
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{listed}: without a file a gateway {' and '.join(without)}"

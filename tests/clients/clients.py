"""The clients: what the page of each must find, and in what words a request is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corsmith.server.folder.conditions import NOT_MODIFIED
from tests.clients import data
from tests.clients.packages import versions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.clients.wire import Seen

_ONE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client's name on npm, what it reads in words, and the answer of its page."""

    name: str
    reads: str
    answer: dict[str, Any]  # Any: JSON
    draws: bool = False
    """Whether it cannot do without WebGL 2."""

    def row(self, seen: Iterable[Seen]) -> str:
        """Return its row of the table in the documentation."""
        requests = list(seen)
        asked = [one for one in requests if one.method != "OPTIONS"]
        allowed = {
            one.headers.get("access-control-request-headers", "")
            for one in requests
            if one.method == "OPTIONS"
        }
        cells = [
            f"{self.name} {versions()[self.name]}",
            self.reads,
            _told(one.method for one in asked),
            _told(_range_of(one) for one in asked),
            f"`{_told(allowed)}`" if allowed else "no",
            # Whether a file is still the same is asked by the browser, not by the client.
            _told(str(one.status) for one in asked if one.status != NOT_MODIFIED),
        ]
        return f"| {' | '.join(cells)} |"


def _told(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words)))


def _range_of(one: Seen) -> str:
    """Return which kind of range a request asks for."""
    value = one.headers.get("range")
    if value is None:
        return "all"
    found = _ONE.fullmatch(value)
    if found is None:
        return "several"
    first, last = found.groups()
    kind = "-n" if not first else "a-b" if last else "a-"
    return kind if one.method == "GET" else f"{kind} ({one.method})"


def _sums() -> list[list[object]]:
    readings = [data.reading(number) for number in range(data.READINGS)]
    groups: list[list[object]] = []
    for name in sorted({name for name, _ in readings}):
        values = [value for found, value in readings if found == name]
        groups.append([name, len(values), sum(values)])
    return groups


CLIENTS = [
    Client(
        name="pmtiles",
        reads="a tile of an archive",
        answer={
            "zooms": [*data.ZOOMS], "name": "squares", "etag": True,
            "pixel": [*data.colour_of(4, 9, 5)],
        },
    ),
    Client(
        name="maplibre-gl",
        reads="a map of such tiles, drawn, and GeoJSON",
        answer={"pixel": [*data.colour_of(1, 0, 1)], "places": sorted(data.PLACES)},
        draws=True,
    ),
    Client(
        name="geotiff",
        reads="parts of a raster, and of a smaller view of it",
        answer={
            "size": [data.RASTER, data.RASTER],
            "origin": [-180, 90, 0],
            "part": [data.height_of(x, y) for y in (700, 701) for x in (600, 601)],
            "smaller": [data.height_of(0, 1022)],
        },
    ),
    Client(
        name="zarrita",
        reads="chunks of arrays, one file each and in one file",
        answer={
            "shape": [128, 128],
            "units": "metres",
            "row": [data.depth_of(x, 70) for x in range(60, 68)],
            "zeros": [0, 0, 0],
            "byHead": [data.depth_of(x, 10) for x in range(30, 34)],
            "bySuffix": [data.depth_of(x, 10) for x in range(30, 34)],
        },
    ),
    Client(
        name="hyparquet",
        reads="rows and one column of a Parquet file",
        answer={
            "length": len(data.table()),
            "rows": data.STATIONS,
            "found": [[*data.station(number)] for number in (15_000, 15_001)],
            "last": data.station(19_999)[2],
        },
    ),
    Client(
        name="@duckdb/duckdb-wasm",
        reads="SQL over a CSV file, by ranges of it",
        answer={"groups": _sums(), "first": data.reading(0)[1]},
    ),
    Client(
        name="igv",
        reads="BAM by its index, FASTA by its own, BED",
        answer={
            "letters": data.reference()[150_000:150_012],
            "genes": ["first", "second"],
            "reads": sorted(
                read.name for read in data.reads() if read.start < 150_100 and read.stop > 150_000
            ),
        },
    ),
    Client(
        name="openseadragon",
        reads="a deep zoom picture, into a canvas that stays readable",
        answer={"size": [data.PICTURE, data.PICTURE], "pixel": [*data.shade(300, 300)]},
    ),
    Client(
        name="pdfjs-dist",
        reads="one page of a long PDF",
        answer={"pages": data.PAGES, "text": "page 250"},
    ),
    Client(
        name="sql.js-httpvfs",
        reads="a row of a SQLite database, by its index",
        answer={"ids": [7777]},
    ),
]  # fmt: skip

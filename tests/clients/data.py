"""The files that the clients read: small ones, always the same, of values that a test knows."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from functools import cache
from hashlib import shake_128
from typing import TYPE_CHECKING

from tests.clients.writers.bam import Read, write_bam
from tests.clients.writers.parquet import write_parquet
from tests.clients.writers.pdf import write_pdf
from tests.clients.writers.pmtiles import write_pmtiles
from tests.clients.writers.png import fill_png, write_png
from tests.clients.writers.tiff import write_tiff
from tests.clients.writers.zarr import write_v2, write_v3

if TYPE_CHECKING:
    from pathlib import Path

ZOOMS = (0, 4)
RASTER = 1024
STATIONS = 20_000
READINGS = 60_000
REFERENCE = 200_000
READ_LENGTH = 80
PICTURE = 1024
PLACES = ("Ada", "Grace")
PAGES = 300
NAMES = 20_000


def colour_of(zoom: int, x: int, y: int) -> tuple[int, int, int]:
    """Return the colour of a map tile."""
    return (40 + 40 * zoom, 16 * x % 256, 16 * y % 256)


def height_of(x: int, y: int) -> int:
    """Return what the raster has at a place: no two tiles are alike, and none becomes small."""
    return (x * 7919 + y * 104_729 + x * y) % 65_521


def depth_of(x: int, y: int) -> int:
    """Return what the arrays have at a place: their first chunk has zeros alone."""
    return 0 if x < 32 and y < 32 else x * 1000 - y


def station(number: int) -> tuple[int, str, float]:
    """Return a row of the table."""
    return number, f"station {number:05}", number * 0.5


@cache
def table() -> bytes:
    """Return the table as a Parquet file, in four row groups."""
    numbers, names, heights = zip(*map(station, range(STATIONS)), strict=True)
    columns = {"id": numbers, "name": names, "height": heights}
    return write_parquet(columns, STATIONS, STATIONS // 4)


def reading(number: int) -> tuple[str, int]:
    """Return station and value of a line of the CSV file."""
    return "NESW"[number % 4], number * 37 % 1000


@cache
def reference() -> str:
    """Return the sequence that the reads are of; it compresses to little less."""
    drawn = shake_128(b"reference").digest(REFERENCE // 4)
    return "".join("ACGT"[byte >> shift & 3] for byte in drawn for shift in (0, 2, 4, 6))


def reads() -> list[Read]:
    """Return reads along the whole reference, one each 40 bases."""
    starts = range(0, REFERENCE - READ_LENGTH, 40)
    return [
        Read(name=f"read-{start:06}", start=start, letters=reference()[start : start + READ_LENGTH])
        for start in starts
    ]


def write(folder: Path) -> None:
    """Write all of them."""
    tiles = {
        (zoom, x, y): fill_png(256, 256, colour_of(zoom, x, y))
        for zoom in range(ZOOMS[0], ZOOMS[1] + 1)
        for x in range(2**zoom)
        for y in range(2**zoom)
    }
    (folder / "squares.pmtiles").write_bytes(write_pmtiles(tiles))
    (folder / "places.geojson").write_text(json.dumps(_places()))
    (folder / "heights.tif").write_bytes(write_tiff(RASTER, height_of))
    write_v2(folder / "depths.zarr", 128, 32, depth_of)
    write_v3(folder / "sharded.zarr", 128, 32, depth_of)
    (folder / "stations.parquet").write_bytes(table())
    lines = ["station,value", *(f"{name},{value}" for name, value in map(reading, range(READINGS)))]
    (folder / "readings.csv").write_text("\n".join(lines) + "\n")
    (folder / "document.pdf").write_bytes(write_pdf([f"page {n}" for n in range(1, PAGES + 1)]))
    _write_names(folder / "names.sqlite")
    _write_genome(folder)
    _write_picture(folder)


def _places() -> dict[str, object]:
    features = [
        {"type": "Feature", "properties": {"name": name},
         "geometry": {"type": "Point", "coordinates": [60 * number - 30, 20]}}
        for number, name in enumerate(PLACES)
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def _write_names(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("pragma page_size = 1024")
        database.execute("create table names (id integer primary key, name text)")
        rows = ((number, f"name {number:05}") for number in range(NAMES))
        database.executemany("insert into names values (?, ?)", rows)
        database.execute("create index by_name on names (name)")


def _write_genome(folder: Path) -> None:
    whole, width = reference(), 60
    rows = [whole[at : at + width] for at in range(0, REFERENCE, width)]
    (folder / "reference.fa").write_text(">chr1\n" + "\n".join(rows) + "\n")
    (folder / "reference.fa.fai").write_text(f"chr1\t{REFERENCE}\t6\t{width}\t{width + 1}\n")
    (folder / "genes.bed").write_text("chr1\t1000\t5000\tfirst\nchr1\t149000\t151000\tsecond\n")
    body, index = write_bam("chr1", REFERENCE, reads())
    (folder / "reads.bam").write_bytes(body)
    (folder / "reads.bam.bai").write_bytes(index)


def shade(x: int, y: int) -> tuple[int, int, int]:
    """Return a pixel of the picture: four squares."""
    return ((200, 30, 60), (30, 160, 60), (40, 60, 200), (220, 190, 40))[
        2 * (y >= PICTURE // 2) + (x >= PICTURE // 2)
    ]


def _write_picture(folder: Path) -> None:
    tile = 256
    (folder / "picture.dzi").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="{tile}" Overlap="0" '
        f'Format="png"><Size Width="{PICTURE}" Height="{PICTURE}"/></Image>\n'
    )
    level, side = PICTURE.bit_length() - 1, PICTURE
    while level >= 0:
        made = folder / "picture_files" / str(level)
        made.mkdir(parents=True)
        step, inside = PICTURE // side, min(tile, side)
        for column in range(max(1, side // tile)):
            for row in range(max(1, side // tile)):
                pixels = b"".join(
                    bytes(shade((column * tile + x) * step, (row * tile + y) * step))
                    for y in range(inside)
                    for x in range(inside)
                )
                (made / f"{column}_{row}.png").write_bytes(write_png(inside, inside, pixels))
        level, side = level - 1, side // 2

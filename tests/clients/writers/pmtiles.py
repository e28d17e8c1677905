"""PMTiles, version 3: an archive of map tiles, with a root directory and leaves."""

from __future__ import annotations

import gzip
import json
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Tile = tuple[int, int, int]
"""Zoom, column, row."""

_Entry = tuple[int, int, int, int]
"""Tile id, offset, length, run length; a run of none leads to a leaf."""

_HEADER = 127
_IN_A_LEAF = 8
_NONE, _GZIP = 1, 2
_PNG = 2


def write_pmtiles(tiles: Mapping[Tile, bytes]) -> bytes:
    """Return an archive of PNG tiles, whose directories are gzipped and whose tiles are not."""
    ordered = sorted((tile_id(*tile), body) for tile, body in tiles.items())
    entries, data = [], b""
    for number, body in ordered:
        entries.append((number, len(data), len(body), 1))
        data += body
    root, leaves = [], b""
    for start in range(0, len(entries), _IN_A_LEAF):
        leaf = _directory(entries[start : start + _IN_A_LEAF])
        root.append((entries[start][0], len(leaves), len(leaf), 0))
        leaves += leaf
    directory = _directory(root)
    metadata = gzip.compress(json.dumps({"name": "squares"}).encode(), mtime=0)
    zooms = [zoom for zoom, _, _ in tiles]
    places = _places([directory, metadata, leaves, data])
    header = struct.pack(
        "<7sB11Q6B4iB2i",
        *(b"PMTiles", 3, *places, len(entries), len(entries), len(entries)),
        *(1, _GZIP, _NONE, _PNG, min(zooms), max(zooms)),
        *(-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000, 0, 0, 0),
    )
    return header + directory + metadata + leaves + data


def tile_id(zoom: int, x: int, y: int) -> int:
    """Return where a tile is on the Hilbert curves of all zooms up to its own."""
    number = ((1 << 2 * zoom) - 1) // 3
    side = 1 << zoom
    step = side // 2
    while step:
        right, down = int(x & step > 0), int(y & step > 0)
        number += step * step * ((3 * right) ^ down)
        if not down:
            if right:
                x, y = side - 1 - x, side - 1 - y
            x, y = y, x
        step //= 2
    return number


def _places(sections: Iterable[bytes]) -> list[int]:
    """Return offset and length of each section, one after another."""
    found, at = [], _HEADER
    for section in sections:
        found += [at, len(section)]
        at += len(section)
    return found


def _directory(entries: Sequence[_Entry]) -> bytes:
    numbers = [number for number, *_ in entries]
    steps = [number - before for number, before in zip(numbers, [0, *numbers], strict=False)]
    offsets = [offset + 1 for _, offset, _, _ in entries]
    runs, lengths = [run for *_, run in entries], [length for _, _, length, _ in entries]
    plain = b"".join(map(_varint, [len(entries), *steps, *runs, *lengths, *offsets]))
    return gzip.compress(plain, mtime=0)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])

"""GeoTIFF: a raster of unsigned 16-bit values in tiles, with a smaller view of it.

The directories come before the tiles, as in a cloud optimised file.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TILE = 256
_SHORT, _LONG, _DOUBLE = 3, 4, 12
_FORMAT = {_SHORT: "H", _LONG: "I", _DOUBLE: "d"}
_DEFLATE = 8
# GTModelType is geographic, GTRasterType is area, GeographicType is WGS 84.
_GEO_KEYS = (1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326)

_Tag = tuple[int, int, "Sequence[float]"]


def write_tiff(size: int, value: Callable[[int, int], int]) -> bytes:
    """Return a square raster; ``value`` of a column and a row is what is there.

    The smaller view has every second value. ``size`` is a multiple of 512.
    """
    views = [
        (size, _tiles(size, value)),
        (size // 2, _tiles(size // 2, lambda x, y: value(2 * x, 2 * y))),
    ]
    start = 8 + sum(len(_directory(0, _tags(side, tiles, 0, 0), 0)) for side, tiles in views)
    found, body = b"II*\0\x08\0\0\0", b""
    for number, (side, tiles) in enumerate(views):
        tags = _tags(side, tiles, start + len(body), number)
        found += _directory(len(found), tags, number + 1 < len(views))
        body += b"".join(tiles)
    return found + body


def _tiles(side: int, value: Callable[[int, int], int]) -> list[bytes]:
    corners = range(0, side, TILE)
    return [
        zlib.compress(
            struct.pack(
                f"<{TILE * TILE}H",
                *(value(x + dx, y + dy) for dy in range(TILE) for dx in range(TILE)),
            )
        )
        for y in corners
        for x in corners
    ]


def _tags(side: int, tiles: Sequence[bytes], start: int, reduced: int) -> list[_Tag]:
    offsets = [start + sum(map(len, tiles[:number])) for number in range(len(tiles))]
    return [
        (254, _LONG, [reduced]),
        (256, _LONG, [side]),
        (257, _LONG, [side]),
        (258, _SHORT, [16]),
        (259, _SHORT, [_DEFLATE]),
        (262, _SHORT, [1]),
        (277, _SHORT, [1]),
        (322, _LONG, [TILE]),
        (323, _LONG, [TILE]),
        (324, _LONG, offsets),
        (325, _LONG, [len(tile) for tile in tiles]),
        (339, _SHORT, [1]),
        (33550, _DOUBLE, [360 / side, 180 / side, 0]),
        (33922, _DOUBLE, [0, 0, 0, -180, 90, 0]),
        (34735, _SHORT, _GEO_KEYS),
    ]


def _directory(at: int, tags: Sequence[_Tag], more: int) -> bytes:
    """Return an image file directory at a place, with the values that do not fit into it."""
    beyond = at + 2 + 12 * len(tags) + 4
    rows, values = b"", b""
    for number, kind, numbers in tags:
        packed = struct.pack(f"<{len(numbers)}{_FORMAT[kind]}", *numbers)
        rows += struct.pack("<HHI", number, kind, len(numbers))
        if len(packed) <= 4:
            rows += packed.ljust(4, b"\0")
        else:
            rows += struct.pack("<I", beyond + len(values))
            values += packed
    following = struct.pack("<I", beyond + len(values) if more else 0)
    return struct.pack("<H", len(tags)) + rows + following + values

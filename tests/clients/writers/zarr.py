"""Zarr: arrays of int32, in version 2 as a file a chunk, in version 3 as one file of chunks."""

from __future__ import annotations

import json
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NOWHERE = 2**64 - 1
"""Offset and length of a chunk that a shard does not have."""


def write_v2(folder: Path, side: int, chunk: int, value: Callable[[int, int], int]) -> None:
    """Write a square array; a chunk that is full of nothing but zeros is left out."""
    folder.mkdir()
    array = {
        "zarr_format": 2, "shape": [side, side], "chunks": [chunk, chunk], "dtype": "<i4",
        "compressor": {"id": "zlib", "level": 6}, "fill_value": 0, "filters": None, "order": "C",
    }  # fmt: skip
    (folder / ".zarray").write_text(json.dumps(array))
    (folder / ".zattrs").write_text(json.dumps({"units": "metres"}))
    for row in range(side // chunk):
        for column in range(side // chunk):
            plain = _chunk(column * chunk, row * chunk, chunk, value)
            if any(plain):
                (folder / f"{row}.{column}").write_bytes(zlib.compress(plain))


def write_v3(folder: Path, side: int, chunk: int, value: Callable[[int, int], int]) -> None:
    """Write a square array of one shard, whose index is its end."""
    (folder / "c" / "0").mkdir(parents=True)
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    sharding = {
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": [chunk, chunk], "codecs": [little], "index_codecs": [little],
            "index_location": "end",
        },
    }  # fmt: skip
    array = {
        "zarr_format": 3, "node_type": "array", "shape": [side, side], "data_type": "int32",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [side, side]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0, "codecs": [sharding], "attributes": {},
    }  # fmt: skip
    (folder / "zarr.json").write_text(json.dumps(array))
    shard, index = b"", b""
    for row in range(side // chunk):
        for column in range(side // chunk):
            plain = _chunk(column * chunk, row * chunk, chunk, value)
            there = any(plain)
            index += struct.pack("<QQ", *((len(shard), len(plain)) if there else [_NOWHERE] * 2))
            shard += plain if there else b""
    (folder / "c" / "0" / "0").write_bytes(shard + index)


def _chunk(left: int, top: int, side: int, value: Callable[[int, int], int]) -> bytes:
    numbers = (value(left + x, top + y) for y in range(side) for x in range(side))
    return struct.pack(f"<{side * side}i", *numbers)

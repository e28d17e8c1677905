"""Parquet: columns of int64, double and text in row groups, plain and not compressed.

The metadata is in Thrift's compact protocol, of which this is the part that is needed.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    Column: TypeAlias = Sequence[int] | Sequence[float] | Sequence[str]

# Thrift's types, and Parquet's.
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_INT64, _DOUBLE, _BYTES = 2, 5, 6
_REQUIRED, _UTF8, _PLAIN, _RLE, _UNCOMPRESSED, _DATA_PAGE = 0, 0, 0, 3, 0, 0


def write_parquet(columns: Mapping[str, Column], rows: int, in_a_group: int) -> bytes:
    """Return a file of ``rows`` rows."""
    found, groups = b"PAR1", []
    for start in range(0, rows, in_a_group):
        count = min(in_a_group, rows - start)
        chunks, before = [], len(found)
        for name, values in columns.items():
            at = len(found)
            found += _page(values[start : start + count])
            chunks.append(_chunk_of(name, values, count, at, len(found) - at))
        groups.append(
            _record((1, _LIST, _list(_STRUCT, chunks)), (2, _I64, _zigzag(len(found) - before)),
                    (3, _I64, _zigzag(count)))
        )  # fmt: skip
    root = _record((4, _BINARY, _text("schema")), (5, _I32, _zigzag(len(columns))))
    schema = [root, *(_element(name, values) for name, values in columns.items())]
    metadata = _record(
        (1, _I32, _zigzag(1)), (2, _LIST, _list(_STRUCT, schema)), (3, _I64, _zigzag(rows)),
        (4, _LIST, _list(_STRUCT, groups)), (6, _BINARY, _text("by hand")),
    )  # fmt: skip
    return found + metadata + struct.pack("<I", len(metadata)) + b"PAR1"


def _kind(values: Column) -> int:
    return {int: _INT64, float: _DOUBLE, str: _BYTES}[type(values[0])]


def _page(values: Column) -> bytes:
    body = b"".join(map(_plain, values))
    about = _record((1, _I32, _zigzag(len(values))), (2, _I32, _zigzag(_PLAIN)),
                    (3, _I32, _zigzag(_RLE)), (4, _I32, _zigzag(_RLE)))  # fmt: skip
    size = _zigzag(len(body))
    return _record((1, _I32, _zigzag(_DATA_PAGE)), (2, _I32, size), (3, _I32, size),
                   (5, _STRUCT, about)) + body  # fmt: skip


def _plain(value: float | str) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", len(value.encode())) + value.encode()
    return struct.pack("<q" if isinstance(value, int) else "<d", value)


def _element(name: str, values: Column) -> bytes:
    kind = _kind(values)
    text = [(6, _I32, _zigzag(_UTF8))] if kind == _BYTES else []
    return _record((1, _I32, _zigzag(kind)), (3, _I32, _zigzag(_REQUIRED)),
                   (4, _BINARY, _text(name)), *text)  # fmt: skip


def _chunk_of(name: str, values: Column, count: int, at: int, length: int) -> bytes:
    about = _record(
        (1, _I32, _zigzag(_kind(values))), (2, _LIST, _list(_I32, [_zigzag(_PLAIN)])),
        (3, _LIST, _list(_BINARY, [_text(name)])), (4, _I32, _zigzag(_UNCOMPRESSED)),
        (5, _I64, _zigzag(count)), (6, _I64, _zigzag(length)), (7, _I64, _zigzag(length)),
        (9, _I64, _zigzag(at)),
    )  # fmt: skip
    return _record((2, _I64, _zigzag(at)), (3, _STRUCT, about))


# ── Thrift ─────────────────────────────────────────────────────────────────────


def _record(*fields: tuple[int, int, bytes]) -> bytes:
    found, last = b"", 0
    for number, kind, body in fields:
        found += bytes([(number - last) << 4 | kind]) + body
        last = number
    return found + b"\0"


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else (
        bytes([0xF0 | kind]) + _varint(len(items))
    )  # fmt: skip
    return head + b"".join(items)


def _text(value: str) -> bytes:
    return _varint(len(value.encode())) + value.encode()


def _zigzag(number: int) -> bytes:
    return _varint(number << 1)


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])

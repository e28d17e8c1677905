"""PNG: pictures of eight bits a channel, without alpha."""

from __future__ import annotations

import struct
import zlib

Colour = tuple[int, int, int]


def write_png(width: int, height: int, pixels: bytes) -> bytes:
    """Return a picture of these RGB bytes, row by row (PNG, sections 5 and 11)."""
    row = width * 3
    lines = b"".join(b"\0" + pixels[at : at + row] for at in range(0, row * height, row))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def fill_png(width: int, height: int, colour: Colour) -> bytes:
    """Return a picture of one colour."""
    return write_png(width, height, bytes(colour) * (width * height))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

"""BAM and its index: reads aligned to one reference, in blocks of gzip (SAM, section 4)."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCK = 0xFF00
_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_LETTERS = "=ACMGRSVTWYHKDBN"
_WINDOW = 14
"""The linear index has an entry for each 16 KiB of the reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One read that matches the reference along its whole length."""

    name: str
    start: int
    letters: str

    @property
    def stop(self) -> int:
        """Where it ends, in bases from the beginning."""
        return self.start + len(self.letters)


@dataclass(slots=True)
class _Blocks:
    """What is written, and where in it the next byte will be."""

    done: bytes = b""
    open: bytes = field(default=b"")

    def put(self, record: bytes) -> tuple[int, int]:
        """Take a whole record; return its virtual offset and the one after it."""
        if len(self.open) + len(record) > _BLOCK:
            self.close()
        at = len(self.done) << 16 | len(self.open)
        self.open += record
        return at, len(self.done) << 16 | len(self.open)

    def close(self) -> None:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(self.open) + packer.flush()
        head = struct.pack("<4BI2BH2B2H", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(body) + 25)
        self.done += head + body + struct.pack("<II", zlib.crc32(self.open), len(self.open))
        self.open = b""


def write_bam(reference: str, length: int, reads: Sequence[Read]) -> tuple[bytes, bytes]:
    """Return a file of reads, which are in the order of their starts, and its index."""
    blocks = _Blocks()
    text = f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:{reference}\tLN:{length}\n".encode()
    name = reference.encode() + b"\0"
    blocks.put(
        b"BAM\1" + struct.pack("<i", len(text)) + text
        + struct.pack("<ii", 1, len(name)) + name + struct.pack("<i", length)
    )  # fmt: skip
    blocks.close()
    bins: dict[int, list[tuple[int, int]]] = {}
    windows = [0] * ((length >> _WINDOW) + 1)
    for read in reads:
        chunk = blocks.put(_record(read))
        bins.setdefault(_bin(read.start, read.stop), []).append(chunk)
        for window in range(read.start >> _WINDOW, (read.stop - 1 >> _WINDOW) + 1):
            windows[window] = windows[window] or chunk[0]
    blocks.close()
    index = b"BAI\1" + struct.pack("<ii", 1, len(bins))
    for number, chunks in bins.items():
        # One chunk from the first to the last read of a bin: others between are passed over.
        index += struct.pack("<IiQQ", number, 1, chunks[0][0], chunks[-1][1])
    index += struct.pack(f"<i{len(windows)}Q", len(windows), *windows)
    return blocks.done + _END, index


def _record(read: Read) -> bytes:
    name = read.name.encode() + b"\0"
    codes = [_LETTERS.index(letter) for letter in read.letters] + [0]
    count = len(read.letters)
    packed = bytes(codes[at] << 4 | codes[at + 1] for at in range(0, count, 2))
    body = (
        struct.pack("<iiBBHHHiiii", 0, read.start, len(name), 60,
                    _bin(read.start, read.stop), 1, 0, count, -1, -1, 0)
        + name + struct.pack("<I", count << 4) + packed + b"\x1e" * count
    )  # fmt: skip
    return struct.pack("<i", len(body)) + body


def _bin(start: int, stop: int) -> int:
    """Return the smallest bin that holds a stretch (SAM, section 5.3)."""
    for shift, first in ((14, 4681), (17, 585), (20, 73), (23, 9), (26, 1)):
        if start >> shift == stop - 1 >> shift:
            return first + (start >> shift)
    return 0

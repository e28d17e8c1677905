"""Law: of a file of any size, a range that exists is its bytes, and one that does not is 416.

What a header means is known before it is written: nothing here reads one.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from corsmith.policy import Policy
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from tests.server.in_memory import ask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from tests.server.in_memory import Answer

OPEN = Policy(origins="*")
# Around what is read at a time, and around nothing.
SIZES = (0, 1, 2, 3, 10, 100, 65_535, 65_536, 65_537, 131_073, 262_144, 262_145, 600_000)
CONTENT = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(20_000))
BAD = ("-", "a-b", "1", "1-2-3", "+1-2", "-1-", "1_0-20", "1.0-2", "0x1-2", "--1", "1 - 2")


class Item(NamedTuple):
    """One range as it is written, and the bytes it asks for: ``None`` where it is no range."""

    text: str
    start: int
    stop: int | None


def numbers(size: int) -> SearchStrategy[int]:
    near = [size + step for step in (-2, -1, 0, 1, 2) if size + step >= 0]
    far = [0, 1, size // 2, 65_535, 65_536, 2**63 - 1, 2**63, 2**64, 10**25, 10**300]
    return st.sampled_from([*near, *far]) | st.integers(0, size + 2)


@st.composite
def items(draw: st.DrawFn, size: int) -> Item:
    zeros = draw(st.sampled_from(["", "", "", "0", "000"]))
    kind = draw(st.sampled_from(["span"] * 8 + ["open", "suffix", "suffix", "bad"]))
    first = draw(numbers(size))
    if kind == "bad":
        return Item(draw(st.sampled_from(BAD)), 0, None)
    if kind == "suffix":
        return Item(f"-{zeros}{first}", max(0, size - first), size)
    if kind == "open":
        return Item(f"{zeros}{first}-", first, size)
    last = draw(st.integers(first, first + size // 4) | numbers(size))
    text = f"{zeros}{first}-{zeros}{last}"
    return Item(text, first, None if last < first else min(last + 1, size))


@st.composite
def questions(draw: st.DrawFn) -> tuple[int, list[Item], list[tuple[bytes, bytes]]]:
    """Return the size of a file, the ranges that are asked for, and the lines that ask."""
    size = draw(st.sampled_from(SIZES))
    asked = draw(st.lists(items(size), min_size=1, max_size=5))
    texts = [
        draw(st.sampled_from(["", " ", "\t "])) + item.text + draw(st.sampled_from(["", " "]))
        for item in asked
    ]
    # A list may have empty elements (RFC 9110, section 5.6.1.2).
    for at in draw(st.lists(st.integers(0, len(texts)), max_size=2)):
        texts.insert(at, draw(st.sampled_from(["", " "])))
    unit = draw(st.sampled_from(["bytes", "bytes", "Bytes", "BYTES"]))
    value = f"{unit}={','.join(texts)}".encode()
    return size, asked, [(b"range", value)]


def told(answer: Answer) -> list[tuple[str, bytes]]:
    """Return the ranges of an answer, each with its bytes."""
    kind = answer.headers["content-type"]
    if not kind.startswith("multipart/byteranges"):
        return [(answer.headers["content-range"], answer.body)]
    boundary = b"--" + kind.partition("boundary=")[2].encode()
    before, *pieces, after = answer.body.split(boundary)
    assert (before, after) == (b"", b"--\r\n")
    found = []
    for piece in pieces:
        # RFC 2046, section 5.1.1: the line break before a boundary belongs to it.
        assert (piece[:2], piece[-2:]) == (b"\r\n", b"\r\n")
        head, _, body = piece[2:-2].partition(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n"))
        assert lines[b"Content-Type"] == b"application/octet-stream"
        found.append((lines[b"Content-Range"].decode(), body))
    return found


def expected(size: int, asked: Sequence[Item]) -> tuple[int, list[tuple[str, bytes]]]:
    """Return the status and the ranges that a right answer has."""
    if any(item.stop is None for item in asked):
        return 200, []
    spans = [(item.start, item.stop) for item in asked if item.start < (item.stop or 0)]
    if not spans:
        # The last bytes of an empty file exist, and are all of it.
        is_empty = size == 0 and any(
            item.text.startswith("-") and int(item.text[1:]) for item in asked
        )
        return (200 if is_empty else 416), []
    if sum((stop or 0) - start for start, stop in spans) > size:
        return 200, []
    return 206, [
        (f"bytes {start}-{(stop or 0) - 1}/{size}", CONTENT[start:stop]) for start, stop in spans
    ]


@given(questions())
def test_a_range_that_exists_is_its_bytes_and_no_other_is_answered(
    question: tuple[int, list[Item], list[tuple[bytes, bytes]]],
) -> None:
    size, asked, lines = question
    with TemporaryDirectory() as root:
        (Path(root) / "file").write_bytes(CONTENT[:size])
        answer = ask(Front(Files.of(root).open(), OPEN), "GET", "/file", *lines)
    status, ranges = expected(size, asked)
    assert answer.status == status
    assert answer.headers["content-length"] == str(len(answer.body))
    if status == 206:
        assert told(answer) == ranges
    elif status == 416:
        assert answer.headers["content-range"] == f"bytes */{size}"
    else:
        assert answer.body == CONTENT[:size]
        assert "content-range" not in answer.headers

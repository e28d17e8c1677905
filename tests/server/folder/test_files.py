"""Files over HTTP, in memory: statuses, headers and bytes."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server.folder.files import FileServer, OneFile
from corsmith.server.folder.tree import Folder
from tests.server.folder.asked import BIG, CONTENT, front, get
from tests.server.in_memory import ask

if TYPE_CHECKING:
    from pathlib import Path

# ── whole files ────────────────────────────────────────────────────────────────


def test_a_file_has_every_header_that_its_readers_need(root: Path) -> None:
    answer = get(root)
    assert (answer.status, answer.body) == (200, CONTENT)
    found = answer.headers
    assert re.fullmatch(r'"[0-9a-f-]+"', found["etag"])
    assert found["last-modified"].endswith(" GMT")
    assert found["accept-ranges"] == "bytes"
    assert found["content-length"] == "100"
    assert found["content-type"] == "application/octet-stream"
    assert found["cache-control"] == "no-cache"
    assert found["cross-origin-resource-policy"] == "cross-origin"
    assert found["access-control-allow-origin"] == "http://localhost:5173"
    assert "Content-Range" in found["access-control-expose-headers"]
    assert "content-encoding" not in found


@pytest.mark.parametrize("path", ["/a.bin", "/big.pmtiles", "/empty", "/site/"])
def test_head_tells_what_get_would_and_has_no_body(root: Path, path: str) -> None:
    asked, told = get(root, path), get(root, path, "HEAD")
    assert told.lines == asked.lines
    assert told.body == b""
    assert int(told.headers["content-length"]) == len(asked.body)


def test_a_large_file_comes_in_parts_that_are_small(root: Path) -> None:
    answer = get(root, "/big.pmtiles")
    assert answer.body == BIG
    assert max(len(message["body"]) for message in answer.messages[1:]) <= 65_536
    assert [m.get("more_body", False) for m in answer.messages[1:]] == [True] * 4 + [False]


def test_a_compressed_file_is_left_as_it_is(root: Path) -> None:
    answer = get(root, "/a.csv.gz", accept_encoding="gzip")
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers


def test_a_time_to_come_is_now_and_one_before_the_epoch_is_the_epoch(root: Path) -> None:
    os.utime(root / "a.bin", (0, time.time() + 10_000))
    assert get(root, if_modified_since=get(root).headers["last-modified"]).status == 304
    os.utime(root / "a.bin", (0, -5))
    assert get(root).headers["last-modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"


# ── ranges and conditions ──────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "told", "expected"),
    [
        ("bytes=0-9", "bytes 0-9/100", CONTENT[:10]),
        ("bytes=90-", "bytes 90-99/100", CONTENT[90:]),
        ("bytes=-1", "bytes 99-99/100", CONTENT[99:]),
        ("bytes=0-0", "bytes 0-0/100", CONTENT[:1]),
    ],
)
def test_a_range_is_answered_with_it_alone(
    root: Path, asked: str, told: str, expected: bytes
) -> None:
    answer = get(root, range=asked)
    assert (answer.status, answer.body) == (206, expected)
    assert answer.headers["content-range"] == told
    assert answer.headers["content-length"] == str(len(expected))


def test_a_large_range_is_the_slice_too(root: Path) -> None:
    answer = get(root, "/big.pmtiles", range="bytes=7-290000")
    assert answer.body == BIG[7:290_001]


@pytest.mark.parametrize(
    ("path", "content", "spans"),
    [("/a.bin", CONTENT, [(5, 10), (0, 2)]), ("/big.pmtiles", BIG, [(5, 200_000), (0, 2)])],
)
def test_several_ranges_are_one_body_of_parts(
    root: Path, path: str, content: bytes, spans: list[tuple[int, int]]
) -> None:
    asked = ",".join(f"{start}-{stop - 1}" for start, stop in spans)
    answer = get(root, path, range=f"bytes={asked}")
    assert answer.status == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert answer.headers["content-length"] == str(len(answer.body))
    pieces = answer.body.split(f"--{boundary}".encode())[1:-1]
    bodies = [piece.partition(b"\r\n\r\n")[2][:-2] for piece in pieces]
    assert bodies == [content[start:stop] for start, stop in spans]


def test_a_range_of_nothing_is_416_with_the_size_and_readable(root: Path) -> None:
    answer = get(root, range="bytes=100-")
    assert answer.status == 416
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert get(root, "/empty", range="bytes=0-").headers["content-range"] == "bytes */0"


def test_two_range_lines_are_no_range(root: Path) -> None:
    lines = [(b"range", b"bytes=0-1"), (b"range", b"bytes=2-3")]
    assert ask(front(root), "GET", "/a.bin", *lines).status == 200


def test_a_range_is_gets_alone_unless_it_asks_for_everything(root: Path) -> None:
    part = get(root, method="HEAD", range="bytes=0-9")
    assert (part.status, part.headers["content-length"]) == (200, "100")
    whole = get(root, method="HEAD", range="bytes=0-")
    assert (whole.status, whole.headers["content-length"]) == (206, "100")
    assert get(root, method="HEAD", range="bytes=100-").status == 200


def test_conditions_are_about_the_tag_and_the_time_of_the_file(root: Path) -> None:
    os.utime(root / "a.bin", (0, 784111777))
    tag, when = (get(root).headers[name] for name in ("etag", "last-modified"))
    unchanged = get(root, if_none_match=tag)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == tag
    assert "content-type" not in unchanged.headers
    assert get(root, if_modified_since=when).status == 304
    failed = get(root, if_match='"other"', range="bytes=0-1")
    assert failed.status == 412
    assert failed.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert get(root, range="bytes=0-1", if_range=tag).status == 206
    assert get(root, range="bytes=0-1", if_range=when).status == 206
    assert get(root, range="bytes=0-1", if_range='"other"').body == CONTENT


# ── methods and paths ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "get"])
def test_no_other_method_is_served(root: Path, method: str) -> None:
    answer = get(root, method=method)
    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_options_tells_the_methods_and_a_preflight_what_a_page_may_send(root: Path) -> None:
    plain = ask(front(root), "OPTIONS", "/a.bin")
    assert (plain.status, plain.body, plain.headers["allow"]) == (200, b"", "GET, HEAD, OPTIONS")
    preflight = get(
        root, method="OPTIONS", access_control_request_method="GET",
        access_control_request_headers="range",
    )  # fmt: skip
    assert "Range" in preflight.headers["access-control-allow-headers"]
    assert preflight.headers["access-control-max-age"] == "7200"


@pytest.mark.parametrize(
    "path", ["/gone", "/a.bin/", "/a.bin/x", "/../x", "/.env", f"/{'x' * 3000}"]
)
def test_what_is_not_there_is_404_and_readable(root: Path, path: str) -> None:
    (root / ".env").touch()
    answer = get(root, path)
    assert (answer.status, answer.body) == (404, b"Not Found\n")
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"


def test_an_error_of_the_machine_is_500_and_readable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_anything: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Folder, "open", fail)
    assert get(root).status == 500


def test_a_folder_is_sent_to_its_own_address_with_one_slash_before_it(root: Path) -> None:
    (root / "a b").mkdir()
    answer = get(root, "/site?x=1")
    assert (answer.status, answer.headers["location"]) == (308, "/site/?x=1")
    spaced = ask(front(root), "GET", "/a b", raw_path=b"/a%20b")
    assert spaced.headers["location"] == "/a%20b/"
    assert get(root, "//site").status == 404


def test_a_folder_is_its_index_or_its_listing(root: Path) -> None:
    index = get(root, "/site/")
    assert index.body == b"<h1>hello</h1>"
    assert index.headers["content-type"].startswith("text/html")
    for path in ("/", "/odd/"):
        answer = get(root, path)
        assert b"<table>" in answer.body
        assert answer.headers["vary"] == "Accept, Origin"
    listing = get(root, "/", accept="application/json")
    assert listing.headers["content-type"] == "application/json"
    assert b'"a.bin"' in listing.body
    first = get(root, "/?sort=size&order=desc").body
    assert first.index(b"big.pmtiles") < first.index(b"a.bin")


def test_no_more_paths_are_remembered_than_is_allowed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corsmith.server.folder.files._REMEMBERED", 2)
    app = FileServer(str(root), [])
    for path in ("/a.bin", "/empty", "/site/", "/gone", f"/{'x' * 300}", "/a.bin"):
        assert ask(app, "GET", path).status == ask(app, "GET", path).status
        assert len(app._names) <= 2
        assert all(len(name) <= 256 for name in app._names)


# ── one file ───────────────────────────────────────────────────────────────────


def test_one_file_is_at_its_name_and_at_the_root_and_nothing_else_is(root: Path) -> None:
    for path in ("/a.bin", "/"):
        answer = get(root / "a.bin", path)
        assert (answer.status, answer.body) == (200, CONTENT)
    for path in ("/empty", "/a.bin/", "/site/", "/A.bin"):
        assert get(root / "a.bin", path).status == 404


def test_one_file_that_is_a_link_is_what_it_leads_to_by_its_own_name(root: Path) -> None:
    away = root / "away"
    away.mkdir()
    (away / "link.csv").symlink_to(root / "a.bin")
    answer = get(away / "link.csv", "/link.csv")
    assert answer.body == CONTENT
    assert answer.headers["content-type"].startswith("text/csv")


def test_one_file_that_becomes_a_folder_or_goes_is_404(root: Path) -> None:
    app = front(root / "a.bin")
    (root / "a.bin").unlink()
    assert ask(app, "GET", "/a.bin").status == 404
    (root / "a.bin").mkdir()
    assert ask(app, "GET", "/a.bin").status == 404


# ── at once ────────────────────────────────────────────────────────────────────


def at_once(app: FileServer, path: bytes, *asked: tuple[bytes, bytes]) -> Any:
    async def look() -> Any:
        return app.at_once(path, asked)

    return asyncio.run(look())


def test_a_small_file_or_part_is_there_at_once_and_nothing_else_is(root: Path) -> None:
    app = FileServer(str(root), [])
    status, lines, body = at_once(app, b"/a.bin")
    assert (status, dict(lines)[b"content-length"], body) == (200, b"100", CONTENT)
    assert at_once(app, b"/a.bin", (b"range", b"bytes=1-2"))[2] == CONTENT[1:3]
    assert at_once(app, b"/big.pmtiles", (b"range", b"bytes=1-2"))[2] == BIG[1:3]
    assert at_once(app, b"/empty")[2] == b""
    assert at_once(app, b"/a.bin", (b"if-none-match", b"*"))[0] == 304
    assert at_once(app, b"/a.bin", (b"if-match", b'"x"')) is None
    for path in (b"/big.pmtiles", b"/", b"/site", b"/a.bin/", b"/gone", b"/.hidden", b"*"):
        assert at_once(app, path) is None


def test_what_cannot_be_read_is_not_there_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = FileServer(str(root), [])
    assert at_once(app, b"/a.bin") is not None
    monkeypatch.setattr("corsmith.server.folder.parts.os.pread", lambda *_: b"")
    assert at_once(app, b"/a.bin") is None


def test_one_file_is_there_at_once_whichever_it_is_now(root: Path) -> None:
    link = root / "now"
    link.symlink_to(root / "a.bin")
    app = OneFile(str(link), "now", [])
    assert at_once(app, b"/now")[2] == CONTENT
    assert at_once(app, b"/a.bin") is None
    link.unlink()
    (root / "b").write_bytes(b"b")
    link.symlink_to(root / "b")
    assert at_once(app, b"/now")[2] == b"b"


def test_a_file_is_opened_once_for_many_parts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = FileServer(str(root), [])
    times = 0
    real = Folder.open

    def counted(self: Folder, names: Any) -> Any:
        nonlocal times
        times += 1
        return real(self, names)

    monkeypatch.setattr(Folder, "open", counted)

    async def look() -> None:
        for first in range(9):
            found = app.at_once(b"/a.bin", [(b"range", b"bytes=%d-%d" % (first, first))])
            assert found is not None
            assert found[2] == CONTENT[first : first + 1]

    asyncio.run(look())
    assert times == 1

"""A folder answers each request of `reader_cases` as it says, in memory and over the wire."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING

import pytest

from corsmith.policy import Policy
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from tests.server.in_memory import ask
from tests.server.reader_cases import (
    ANY,
    BEYOND,
    BYTES,
    CONDITIONS,
    CORS,
    MODIFIED,
    NAMES,
    PAGE,
    PATHS,
    RANGES,
    SIZE,
    TAG,
    Case,
)
from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("readers")
    (top / "secret").write_text("secret")
    root = top / "root"
    for folder in ("sub", "nothing", "z", ".git"):
        (root / folder).mkdir(parents=True)
    (root / "a.bin").write_bytes(BYTES)
    os.utime(root / "a.bin", (0, MODIFIED))
    (root / "empty").touch()
    with (root / "large").open("wb") as file:
        file.seek(BEYOND)
        file.write(b"last")
    (root / "sub" / "index.html").write_text("<h1>here</h1>")
    (root / "words.csv").write_text("a,b\n1\n")
    (root / "words.csv.gz").write_bytes(b"\x1f\x8b")
    for name in (".zarray", "z/.zmetadata", ".env", ".git/config"):
        (root / name).write_text("{}")
    for name in NAMES:
        (root / name).write_text(name)
    (root / "link.bin").symlink_to("a.bin")
    (root / "out").symlink_to("../secret")
    (root / "dangling").symlink_to("nowhere")
    return root


@pytest.fixture(scope="module")
def front(root: Path) -> Front:
    files = Files.of(str(root))
    return Front(files.open(), Policy.from_mapping(dict(files.seed)))


def target_of(case: Case) -> str:
    """Return the path as a client writes it."""
    if case.path[1:] not in NAMES:
        return case.path
    return "/" + "".join(f"%{byte:02x}" for byte in case.path[1:].encode())


def lines_of(case: Case, tag: str) -> list[tuple[str, str]]:
    origin = [] if case.origin is None else [("origin", case.origin)]
    return [*origin, *((name, value.replace(TAG, tag)) for name, value in case.headers.items())]


def check(case: Case, tag: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    assert status == case.status
    for name, value in case.expected.items():
        if value is None:
            assert name not in headers, name
        elif value == ANY:
            assert headers[name]
        else:
            assert headers[name] == value.replace(TAG, tag), name
    if case.body is not None:
        assert body == case.body


def check_in_memory(front: Front, case: Case) -> None:
    tag = ask(front, "HEAD", "/a.bin").headers["etag"]
    lines = [(name.encode(), value.encode()) for name, value in lines_of(case, tag)]
    answer = ask(front, case.method, target_of(case), *lines)
    check(case, tag, answer.status, answer.headers, answer.body)
    names = [name for name, _ in answer.lines]
    assert len(names) == len(set(names)), "a header twice"


def ids(cases: list[Case]) -> list[str]:
    return [case.says.encode("ascii", "backslashreplace").decode() for case in cases]


@pytest.mark.parametrize("case", RANGES, ids=ids(RANGES))
def test_a_range_is(front: Front, case: Case) -> None:
    check_in_memory(front, case)


@pytest.mark.parametrize("case", CONDITIONS, ids=ids(CONDITIONS))
def test_a_condition_is_kept(front: Front, case: Case) -> None:
    check_in_memory(front, case)


@pytest.mark.parametrize("case", CORS, ids=ids(CORS))
def test_a_page_may_read(front: Front, case: Case) -> None:
    check_in_memory(front, case)


@pytest.mark.parametrize("case", PATHS, ids=ids(PATHS))
def test_a_path_leads_to(front: Front, case: Case) -> None:
    check_in_memory(front, case)


@pytest.mark.servers
def test_a_running_server_answers_each_alike(root: Path) -> None:
    with Served(str(root), "--no-try") as served:
        tag = served.ask("HEAD", "/a.bin").headers["etag"]
        for case in [*RANGES, *CONDITIONS, *CORS, *PATHS]:
            lines = [f"{name}: {value}" for name, value in lines_of(case, tag)]
            reply = served.ask(case.method, target_of(case), *lines)
            try:
                check(case, tag, reply.status, reply.headers, reply.body)
            except AssertionError as error:
                raise AssertionError(f"{case.says}: {error}") from None


@pytest.mark.parametrize(
    ("asked", "spans"),
    [
        ("bytes=0-9,20-29", [(0, 10), (20, 30)]),
        ("bytes=20-29,0-9", [(20, 30), (0, 10)]),
        ("bytes=0-9,5-14", [(0, 10), (5, 15)]),
        ("bytes=0-0,-1", [(0, 1), (999, 1000)]),
        ("bytes=0-9 , 2000-, 990-", [(0, 10), (990, 1000)]),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(200)), [(n, n + 1) for n in range(200)]),
    ],
    ids=["apart", "backwards", "overlapping", "first and last", "one beyond", "many"],
)
def test_several_ranges_are_parts_in_the_order_in_which_they_are_asked(
    front: Front, asked: str, spans: list[tuple[int, int]]
) -> None:
    answer = ask(front, "GET", "/a.bin", (b"range", asked.encode()))
    assert answer.status == 206
    assert "content-range" not in answer.headers
    assert answer.headers["content-length"] == str(len(answer.body))
    kind = re.fullmatch(
        r"multipart/byteranges; boundary=([0-9a-f]+)", answer.headers["content-type"]
    )
    assert kind is not None
    mark = f"--{kind[1]}".encode()
    expected = b"".join(
        mark + b"\r\nContent-Type: application/octet-stream\r\n"
        + f"Content-Range: bytes {start}-{stop - 1}/{SIZE}\r\n\r\n".encode()
        + BYTES[start:stop] + b"\r\n"
        for start, stop in spans
    )  # fmt: skip
    assert answer.body == expected + mark + b"--\r\n"


def test_a_tag_is_strong_and_the_same_for_every_answer_and_after_a_restart(root: Path) -> None:
    found = set()
    for _ in range(2):
        files = Files.of(str(root))
        front = Front(files.open(), Policy.from_mapping(dict(files.seed)))
        for method, headers in (("GET", []), ("HEAD", []), ("GET", [(b"range", b"bytes=0-1")])):
            found.add(ask(front, method, "/a.bin", *headers).headers["etag"])
    (tag,) = found
    assert re.fullmatch(r'"[!#-~]+"', tag)


def test_an_edit_of_the_same_size_in_the_same_second_has_another_tag(
    front: Front, root: Path
) -> None:
    edited = root / "edited"
    edited.write_text("one")
    before = ask(front, "HEAD", "/edited").headers["etag"]
    time.sleep(0.01)
    edited.write_text("two")
    assert ask(front, "HEAD", "/edited").headers["etag"] != before


def test_a_preflight_allows_every_header_that_a_reader_sends(front: Front) -> None:
    answer = ask(front, "OPTIONS", "/a.bin", (b"origin", PAGE.encode()),
                 (b"access-control-request-method", b"GET"))  # fmt: skip
    allowed = answer.headers["access-control-allow-headers"].lower().split(",")
    for name in ("range", "if-range", "if-match", "if-none-match", "if-modified-since",
                 "cache-control", "content-type"):  # fmt: skip
        assert name in allowed

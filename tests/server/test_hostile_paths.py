"""Paths that would lead out of a folder, by every spelling and at every moment."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from tests.server.in_memory import Answer, ask, scope
from tests.server.in_memory import run as play
from tests.server.served import Reply, Served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OPEN = Policy(origins="*")
SECRET = b"nobody may read this"

# Each would be the secret to a server that decodes twice, normalises, or drops what it
# does not know. The secret lies beside the folder, as `secret`, and in `outside/secret`.
PROBES = [
    "/../secret", "/sub/../../secret", "/sub/../secret", "/./../secret", "/..", "/../",
    "/%2e%2e/secret", "/.%2e/secret", "/%2E./secret", "/%2e%2e%2fsecret", "/..%2fsecret",
    "/sub/%2e%2e/%2e%2e/secret", "/sub/%2e%2e%2f%2e%2e%2fsecret",
    "/%252e%252e/secret", "/%252e%252e%252fsecret", "/%25252e%25252e/secret",
    "/%c0%ae%c0%ae/secret", "/%c0%ae%c0%ae%c0%afsecret", "/..%c0%afsecret", "/..%c1%9csecret",
    "/%e0%80%ae%e0%80%ae/secret", "/%f0%80%80%ae%f0%80%80%ae/secret", "/..%ef%bc%8fsecret",
    "/%ef%bc%8e%ef%bc%8e/secret", "/%u002e%u002e/secret", "/%uff0e%uff0e%u2215secret",
    "/..\\secret", "/..%5csecret", "/%2e%2e%5csecret", "/..%255csecret", "/\\..\\secret",
    "/..;/secret", "/..;a=b/secret", "/;/../secret", "/%2e%2e;/secret", "/.;./secret",
    "/..%00/secret", "/%00/../secret", "/..%00", "/a.txt%00/../../secret", "/.%00./secret",
    "/..%0a/secret", "/..%0d%0a/secret", "/..%09/secret", "/..%20/secret", "/.. /secret",
    "/.../secret", "/..../secret", "/....//secret", "/..././secret", "/...%2fsecret",
    "/sub/..../..../secret", "/../root/../secret", "/%2e%2e/root2/secret", "/root2",
    "//secret", "//../secret", "///../secret", "/sub//../../secret", "/%2f../secret",
    "/%2fetc/passwd", "//etc/passwd", "/etc/passwd", "/proc/self/environ", "/dev/stdin",
    "/file:/etc/passwd", "/file%3a%2f%2f/etc/passwd", "/C:/secret", "/C%3a%5csecret",
    "/~/secret", "/~root/secret", "/$HOME", "/%24%7bHOME%7d", "/`pwd`", "/secret",
    "/out", "/out/", "/out/x", "/way", "/way/", "/way/secret", "/sub/up", "/sub/up/secret",
    "/absolute", "/chain", "/chain/secret", "/around", "/around/secret",
    "/.env", "/.git/config", "/.git", "/sub/.hidden", "/.%65nv", "/%2eenv", "/.env/", "/.ENV",
    "/.well-known/../../secret", "/.zarray/../../secret", "/a.txt/../../secret",
    "*", "", "secret", "../secret", "?/../secret",
]  # fmt: skip

# Nothing to read, and nothing that may stop the server either.
ODD = [
    "/pipe", "/plug", "/zero", "/loop", "/loop/a.txt", "/self/loop", "/device",
    "/a.txt/", "/a.txt/.", "/a.txt%20", "/a.txt.", "/a.txt::$DATA", "/a.txt%3a%3a$DATA", "/A.TXT",
    "/a.txt%00", "/a.txt%0a", "/%00", "/a.txt/b", "/sub/gone/..", "/nul", "/CON", "/aux.txt",
    "/" + "a" * 255, "/" + "a" * 256, "/" + "a" * 5_000, "/" + "%41" * 2_000,
    "/" + "a/" * 2_000, "/" + "self/" * 1_000 + "gone", "/%", "/%2", "/%zz", "/%ff%fe",
]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("paths")
    path = top / "root"
    (path / "sub").mkdir(parents=True)
    (path / ".git").mkdir()
    for name in ("../secret", "../root2", "../.env", ".env", ".git/config", "sub/.hidden"):
        (path / name).write_bytes(SECRET)
    (top / "outside").mkdir()
    (top / "outside" / "secret").write_bytes(SECRET)
    (top / "outside" / "index.html").write_bytes(SECRET)
    (path / "a.txt").write_bytes(b"inside")
    (path / "sub" / "b").write_bytes(b"below")
    for name, target in {
        "out": "../secret",
        "way": "../outside",
        "sub/up": "../..",
        "absolute": str(top / "secret"),
        "chain": "sub/next",
        "sub/next": "../way",
        "around": "../root/../outside",
        "loop": "loop",
        "self": ".",
        "zero": "/dev/zero",
    }.items():
        (path / name).symlink_to(target)
    os.mkfifo(path / "pipe")
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as plug:
        at = Path.cwd()
        os.chdir(path)  # an address of a socket has room for its name only
        plug.bind("plug")
        os.chdir(at)
    with contextlib.suppress(PermissionError):
        os.mknod(path / "device", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    return path


def front(root: Path) -> Front:
    return Front(Files.of(str(root)).open(), OPEN)


def probe(root: Path, target: str, *lines: tuple[bytes, bytes]) -> Answer:
    path, _, query = target.partition("?")
    raw = {"raw_path": path.encode(), "query_string": query.encode()}
    return play(front(root), scope("GET", "/", *lines, **raw))


def test_there_are_enough_probes_and_no_two_are_one() -> None:
    assert len(set(PROBES)) == len(PROBES) >= 24
    assert not {*PROBES} & {*ODD}


@pytest.mark.parametrize("target", [*PROBES, *ODD])
def test_no_path_leads_out_and_the_404_can_be_read(root: Path, target: str) -> None:
    for lines in ([], [(b"range", b"bytes=0-99")], [(b"accept", b"application/json")]):
        answer = probe(root, target, *lines)
        assert (answer.status, answer.body) == (404, b"Not Found\n")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "etag" not in answer.headers


def test_what_is_inside_is_served_beside_all_that(root: Path) -> None:
    for target, body in {
        "/a.txt": b"inside",
        "/sub/b": b"below",
        "/self/self/a.txt": b"inside",
    }.items():
        assert probe(root, target).body == body


def test_a_listing_names_nothing_that_leads_out(root: Path) -> None:
    answer = ask(front(root), "GET", "/", (b"accept", b"application/json"))
    names = {entry["name"] for entry in json.loads(answer.body)["entries"]}
    assert names == {"a.txt", "sub", "self"}
    assert SECRET not in ask(front(root), "GET", "/").body


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "MOVE", "COPY"])
def test_other_methods_neither_read_nor_write(root: Path, method: str) -> None:
    target = {"raw_path": b"/../secret"}
    line = (b"destination", b"http://127.0.0.1:8000/a.txt")
    answer = play(front(root), scope(method, "/", line, **target))
    assert answer.status == {"HEAD": 404, "OPTIONS": 200}.get(method, 405)
    assert SECRET not in answer.body
    assert (root.parent / "secret").read_bytes() == SECRET


@pytest.mark.parametrize(
    "target",
    ["/sub", "/self", "/sub?x=//evil.example", "/self/sub", "/%73ub", "/sub?\\\\evil.example"],
)
def test_a_folders_own_address_is_on_this_host(root: Path, target: str) -> None:
    """One slash first: two, or a backslash, would name another host (CVE-2021-28861)."""
    answer = probe(root, target)
    assert answer.status == 308
    assert re.match(r"/[^/\\]", answer.headers["location"])
    assert answer.headers["location"].partition("?")[0].endswith("/")


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "//evil.example/..", "/%2fevil.example", "/\\evil.example",
     "/%5cevil.example", "///evil.example/", "/.//evil.example", "/;//evil.example"],
)  # fmt: skip
def test_no_path_is_redirected_to_another_host(tmp_path: Path, target: str) -> None:
    for name in ("evil.example", "\\evil.example", ";/evil.example"):
        (tmp_path / name).mkdir(parents=True)
    answer = probe(tmp_path, target)
    assert answer.status == 404
    assert "location" not in answer.headers


def test_a_folder_with_a_hostile_name_is_redirected_to_itself(tmp_path: Path) -> None:
    names = ["a\r\nset-cookie: x", "a?b#c", "http:", "javascript:alert(1)", "@evil.example", "é"]
    for name in names:
        (tmp_path / name).mkdir()
        target = "/" + "".join(f"%{byte:02x}" for byte in name.encode())
        location = probe(tmp_path, target).headers["location"]
        assert re.fullmatch(r"/[!-~]+/", location)
        assert not {"\r", "\n", "?", "#"} & {*location}
        assert probe(tmp_path, location).status == 200


# ── what changes while it is asked for ─────────────────────────────────────────


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    path = tmp_path / "root"
    (path / "sub").mkdir(parents=True)
    (path / "sub" / "file").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_bytes(SECRET)
    return path


def swap(path: Path, target: str) -> None:
    """Put a link in the place of what is there."""
    path.rename(path.with_name(f"old {path.name}"))
    path.symlink_to(target)


# Each step at which the folder looks at a name, and what becomes of the name just then.
STEPS = {
    "a file becomes a link before it is opened": ("open", "file", "sub/file", "../../secret"),
    "a file becomes a link before it is looked at": ("stat", "file", "sub/file", "../../secret"),
    "a folder becomes a link before it is entered": ("open", "sub", "sub", "../outside"),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_link_that_takes_the_place_of_a_name_just_then_is_not_followed(
    changing: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, when, place, target = STEPS[name]
    real = getattr(os, call)
    done: list[str] = []

    def meanwhile(asked: Any, *arguments: Any, **more: Any) -> Any:
        if Path(asked).name == when and not done:
            done.append(asked)
            swap(changing / place, target)
        return real(asked, *arguments, **more)

    monkeypatch.setattr(f"corsmith.server.folder.tree.os.{call}", meanwhile)
    answer = probe(changing, "/sub/file")
    assert done
    assert answer.status == 404
    assert SECRET not in answer.body


@pytest.mark.parametrize(("name", "target"), [("sub", "../outside"), ("sub/file", "../../secret")])
def test_a_link_that_comes_and_goes_never_leads_out(changing: Path, name: str, target: str) -> None:
    """A race that is run, not only thought of: both outcomes are met, and no third."""
    place, aside = changing / name, changing / "aside"
    over = threading.Event()
    link = changing / "link"
    link.symlink_to(target)

    def flip() -> None:
        while not over.is_set():
            place.rename(aside)
            link.rename(place)
            place.rename(link)
            aside.rename(place)

    thread = threading.Thread(target=flip)
    thread.start()
    try:
        seen = {(a.status, a.body) for a in (probe(changing, "/sub/file") for _ in range(400))}
    finally:
        over.set()
        thread.join()
    assert seen <= {(200, b"inside"), (404, b"Not Found\n")}
    assert (200, b"inside") in seen


def test_a_folder_that_is_removed_and_put_back_is_served_again(changing: Path) -> None:
    app = front(changing)
    changing.rename(changing.with_name("away"))
    assert {ask(app, "GET", path).status for path in ("/", "/sub/file", "/sub/")} == {404}
    changing.mkdir()
    (changing / "new").write_bytes(b"new")
    assert ask(app, "GET", "/new").body == b"new"
    assert ask(app, "GET", "/sub/file").status == 404


def test_one_file_that_is_replaced_by_a_folder_or_a_pipe_is_gone(changing: Path) -> None:
    path = changing / "sub" / "file"
    app = Front(Files.of(str(path)).open(), OPEN)
    assert ask(app, "GET", "/file").body == b"inside"
    makes: list[Callable[[Path], None]] = [Path.mkdir, os.mkfifo]
    for make in makes:
        path.rename(path.with_name(f"old {len(list(path.parent.iterdir()))}"))
        make(path)
        assert {ask(app, "GET", at).status for at in ("/file", "/", "/file/")} == {404}


# ── what a server library makes of a target ────────────────────────────────────


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[Served]:
    with Served("--no-try", str(root)) as running:
        yield running


@pytest.mark.servers
@pytest.mark.parametrize("where", ["", "http://localhost", "http://evil.example", "http://u:p@h:1"])
def test_no_path_leads_out_of_a_real_server(served: Served, where: str) -> None:
    request = "GET {}{} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for target in [*PROBES, *ODD]:
        if not target.startswith("/") or len(target) > 8_000:
            continue
        reply = Reply(served.raw(request.format(where, target).encode()))
        # What is no HTTP the parser answers; either way somebody else is served at once.
        assert reply.status in {400, 404, 414}, target
        assert SECRET not in reply.raw
    assert served.ask("GET", "/a.txt").body == b"inside"


@pytest.mark.servers
def test_an_absolute_target_names_no_other_host_and_no_other_file(served: Served) -> None:
    """The Host line counts, and what the target says before its path is left unread."""
    request = "GET http://evil.example{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n"
    ours = Reply(served.raw(request.format("/a.txt", "localhost").encode()))
    assert (ours.status, ours.body) == (200, b"inside")
    theirs = Reply(served.raw(request.format("/a.txt", "evil.example").encode()))
    assert theirs.status == 421
    moved = Reply(served.raw(request.format("/sub", "localhost").encode()))
    assert (moved.status, moved.headers["location"]) == (308, "/sub/")

"""The short way: it answers as the long way does, and only where nothing else is to be done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.folder.serving import FOLDER_SEED, Files
from corsmith.server.folder.shortcut import Shortcut
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from corsmith.server.limits import MAX_FIELDS, MAX_HEAD
from tests.server.in_memory import ask, parts, run, scope
from tests.server.kept import Kept

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (b"origin", b"http://localhost:5173")
STRANGER = (b"origin", b"https://evil.example")
PART = (b"range", b"bytes=1-3")
FOLDER = Policy.from_mapping(dict(FOLDER_SEED))


class Long(Front):
    """A front that counts the requests that come to it."""

    asked = 0

    def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        self.asked += 1
        return super().__call__(scope, receive, send)


class Ways:
    """Both ways to the files of one folder."""

    def __init__(self, root: Path, policy: Policy | Routes = FOLDER) -> None:
        app: Any = Files.of(str(root)).open()
        self.log = Kept()
        self.long = Long(app, policy, hosts=Hosts(8000), log=self.log)
        self.short = Shortcut(self.long, app, self.log)

    def compare(self, method: str, path: str, *lines: Any, **changes: Any) -> int:
        """Return the status of an answer that both ways give alike, with the same line."""
        request = scope(method, path, *lines, **changes)
        long, short = self._give(self.long, request), self._give(self.short, request)
        assert long == short
        return int(long[0]["status"])

    def _give(self, way: Any, request: dict[str, Any]) -> list[Any]:
        answer = run(way, {**request}, parts(b""))
        return [*answer.messages, self.log.lines.pop()]

    def is_short(self, path: str, *lines: Any, **changes: Any) -> bool:
        """Return whether a GET goes past the front."""
        before = self.long.asked
        run(self.short, scope("GET", path, *lines, **changes), parts(b""))
        return bool(self.long.asked == before)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(b"0123456789")
    (tmp_path / "empty").touch()
    (tmp_path / "big.bin").write_bytes(bytes(100_000))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b.bin").write_bytes(b"below")
    (tmp_path / ("x" * 200)).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a.bin")
    return tmp_path


def tag_of(root: Path) -> bytes:
    return ask(Ways(root).long, "GET", "/a.bin").headers["etag"].encode()


HEADS: dict[str, list[tuple[bytes, bytes]]] = {
    "no-origin": [],
    "a-page": [PAGE],
    "a-stranger": [STRANGER],
    "null": [(b"origin", b"null")],
    "two-origins": [PAGE, PAGE],
    "part": [PAGE, PART],
    "end": [PAGE, (b"range", b"bytes=-3")],
    "nothing": [PAGE, (b"range", b"bytes=99-")],
    "no-range": [PAGE, (b"range", b"bytes=9-1")],
    "two-parts": [PAGE, (b"range", b"bytes=0-0,3-4")],
    "two-ranges": [PAGE, PART, PART],
    "three-conditions": [PAGE, PART, (b"if-match", b"*"), (b"if-range", b'"x"')],
    "other-version": [PAGE, (b"if-match", b'"x"')],
    "long-condition": [PAGE, (b"if-none-match", b'"x", ' * 40)],
    "body": [PAGE, (b"content-length", b"5")],
    "no-body": [PAGE, (b"content-length", b"0")],
    "coded": [PAGE, (b"transfer-encoding", b"gzip")],
    "two-hosts": [PAGE, (b"host", b"localhost:8000")],
    "many-lines": [PAGE, *[(b"x", b"y")] * MAX_FIELDS],
    "large": [PAGE, (b"x", b"y" * MAX_HEAD)],
    "cookie": [PAGE, (b"cookie", b"a=b")],
}


@pytest.mark.parametrize("head", HEADS)
def test_both_ways_give_the_same_answer_and_the_same_line(root: Path, head: str) -> None:
    ways = Ways(root)
    paths = ["/a.bin", "/in/b.bin", "/empty", "/big.bin", "/link", "/", "/in", "/in/", "/a.bin/"]
    for path in [*paths, "/gone", "/.git", "/%2e%2e/x", "/a%2Ebin", "*", "/a.bin?x=1"]:
        if head == "two-parts" and path != "/gone":
            continue  # the boundary of its parts is chosen by chance
        for method in ("GET", "GET", "HEAD"):
            ways.compare(method, path, *HEADS[head])
    for method in ("OPTIONS", "POST"):
        ways.compare(method, "/gone", *HEADS[head])


def test_what_a_browser_has_is_not_sent_again_by_either(root: Path) -> None:
    ways = Ways(root)
    condition = (b"if-none-match", tag_of(root))
    assert [ways.compare("GET", "/a.bin", PAGE, condition) for _ in range(2)] == [304, 304]
    assert ways.is_short("/a.bin", PAGE, condition)


@pytest.mark.parametrize("head", ["no-origin", "a-page", "part", "end", "no-body", "cookie"])
def test_a_small_answer_with_which_nothing_is_wrong_goes_past_the_front(
    root: Path, head: str
) -> None:
    ways = Ways(root)
    for path in ("/a.bin", "/in/b.bin", "/empty", "/link"):
        if path != "/empty" or head not in {"part", "end"}:
            assert ways.is_short(path, *HEADS[head])
    assert ways.is_short("/big.bin", PAGE, PART)
    for path in ("/big.bin", "/", "/in", "/a.bin/", "/gone", "/a.bin?x=1", "/.git"):
        assert not ways.is_short(path, *HEADS["a-page"])


@pytest.mark.parametrize(
    "head",
    [
        "a-stranger", "null", "two-origins", "two-ranges", "three-conditions", "long-condition",
        "body", "coded", "two-hosts", "many-lines", "large",
    ],
)  # fmt: skip
def test_whatever_is_to_be_refused_or_read_goes_through_the_front(root: Path, head: str) -> None:
    ways = Ways(root)
    if head == "two-ranges":
        assert ways.is_short("/a.bin", *HEADS[head])  # two are ignored, which costs nothing
        return
    assert not any(ways.is_short("/a.bin", *HEADS[head]) for _ in range(2))


def test_a_host_of_somebody_else_is_refused_beside_one_that_is_known(root: Path) -> None:
    ways = Ways(root)
    assert ways.is_short("/a.bin", PAGE)
    for host in (b"evil.example", b"", None):
        assert ways.compare("GET", "/a.bin", PAGE, host=host) == (421 if host else 400)
        assert not ways.is_short("/a.bin", PAGE, host=host)
    # HTTP/1.0 needs none, and its heads are not those of HTTP/1.1.
    assert ways.compare("GET", "/a.bin", PAGE, host=None, http_version="1") == 200
    assert ways.is_short("/a.bin", PAGE, host=None, http_version="1")
    assert ways.compare("GET", "/a.bin", PAGE, host=None) == 400


def test_a_head_near_a_limit_is_over_it_with_a_range_whichever_comes_first(root: Path) -> None:
    size = sum(len(name) + len(value) + 4 for name, value in [*scope("GET", "/", PAGE)["headers"]])
    near = (b"x", b"y" * (MAX_HEAD - size - 5))
    for heads in ([[near], [near, PART]], [[near, PART], [near]]):
        ways = Ways(root)
        found = [ways.compare("GET", "/a.bin", PAGE, *lines) for lines in heads]
        assert sorted(found) == [200, 431]
    many = [(b"x", b"y")] * (MAX_FIELDS - 2)
    ways = Ways(root)
    assert ways.compare("GET", "/a.bin", PAGE, *many) == 200
    assert ways.compare("GET", "/a.bin", PAGE, *many, PART) == 431


def test_a_long_path_goes_through_the_front(root: Path) -> None:
    ways = Ways(root)
    (root / ("x" * 200) / "c").touch()
    assert ways.is_short(f"/{'x' * 200}/c", PAGE)
    coded = f"/{'%78' * 200}/c"
    assert ways.is_short(coded, PAGE)
    deep = "/".join(["x" * 200] * 5)
    (root / deep).mkdir(parents=True)
    (root / deep / ("y" * 200)).touch()
    assert ways.compare("GET", f"/{deep}/{'y' * 200}", PAGE) == 200
    assert not ways.is_short(f"/{deep}/{'y' * 200}", PAGE)


# ── what is remembered ─────────────────────────────────────────────────────────


def test_the_next_request_meets_another_policy(root: Path) -> None:
    ways = Ways(root)
    assert ways.is_short("/a.bin", PAGE)
    ways.long.policy = Policy(origins=["https://evil.example"], expose=["x-y"])
    ways.compare("GET", "/a.bin", PAGE)
    assert not ways.is_short("/a.bin", PAGE)
    ways.compare("GET", "/a.bin", STRANGER)
    assert ways.is_short("/a.bin", STRANGER)
    answer = ask(ways.short, "GET", "/a.bin", STRANGER)
    assert answer.headers["access-control-expose-headers"] == "x-y"
    ways.long.admit(("http://localhost:5173",))
    assert ways.is_short("/a.bin", PAGE)


def test_where_paths_have_policies_of_their_own_all_go_through_the_front(root: Path) -> None:
    ways = Ways(root, Routes({"/": FOLDER, "/in/": Policy(origins="*")}))
    assert not ways.is_short("/a.bin", PAGE)
    assert ways.compare("GET", "/in/b.bin", STRANGER) == 200


def test_the_start_of_an_answer_is_that_of_this_file_and_this_page(root: Path) -> None:
    ways = Ways(root, Policy(origins=["http://localhost:5173", "https://evil.example"]))
    (root / "c.bin").write_bytes(b"0123456789")
    for path, page in [("a", PAGE), ("a", STRANGER), ("c", STRANGER), ("c", PAGE), ("a", PAGE)] * 2:
        assert ways.compare("GET", f"/{path}.bin", page) == 200
    (root / "a.bin").write_bytes(b"abcdefghij+")
    ways.compare("GET", "/a.bin", PAGE)
    assert ask(ways.short, "GET", "/a.bin", PAGE).body == b"abcdefghij+"


def test_no_more_heads_are_remembered_than_is_allowed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corsmith.server.folder.shortcut._REMEMBERED", 2)
    ways = Ways(root)
    for number in range(9):
        assert ways.is_short("/a.bin", PAGE, (b"x", str(number).encode()))
        assert 1 <= len(ways.short._known) <= 2
    assert ways.is_short("/a.bin", PAGE, (b"x", b"y" * 5_000))  # decided, and not remembered
    assert max(len(key) for key in ways.short._known) <= 4
    assert not any(b"y" * 5_000 in str(key).encode() for key in ways.short._known)


def test_what_is_no_request_goes_through_the_front(root: Path) -> None:
    ways = Ways(root)

    async def receive() -> Any: ...
    async def send(message: Any) -> None: ...
    async def connect() -> None:
        with pytest.raises(NotImplementedError):
            await ways.short({"type": "lifespan"}, receive, send)

    asyncio.run(connect())
    assert ways.long.asked == 1


def test_without_a_log_nothing_is_told(root: Path) -> None:
    app: Any = Files.of(str(root)).open()
    short = Shortcut(Front(app, FOLDER, hosts=Hosts(8000)), app, None)
    assert ask(short, "GET", "/a.bin", PAGE).body == b"0123456789"

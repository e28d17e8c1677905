"""Law: whatever a request is made of, the server gives one whole answer, and one line of log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.echo import echo
from corsmith.server.folder.serving import Files
from corsmith.server.front import Front
from corsmith.server.hosts import Hosts
from tests.server.in_memory import Answer
from tests.server.kept import Kept

if TYPE_CHECKING:
    from corsmith.server.log import Log

STRICT = Policy(origins=["https://app.example"], methods=["PUT"], credentials=True, max_age=5)
POLICIES = [
    Policy(origins="*"),
    STRICT,
    Policy(origins=["https://*.example", "@loopback"], headers="*", expose="*"),
    Routes({"/": STRICT, "/open/": Policy(origins="*"), "/none": None}),
]
LIMIT = 10

# What one part of the server or another looks at, and what is nobody's.
NAMES = [
    b"host", b"origin", b"content-length", b"transfer-encoding", b"connection", b"upgrade",
    b"range", b"if-range", b"if-match", b"if-none-match", b"if-modified-since", b"accept",
    b"access-control-request-method", b"access-control-request-headers", b"sec-fetch-site",
    b"sec-fetch-mode", b"cookie", b"expect", b"te", b"x-forwarded-host", b"x", b"",
]  # fmt: skip
VALUES = [
    b"", b" ", b"127.0.0.1:8000", b"localhost", b"[::1]:8000", b"evil.example", b"a b", b"\xff:1",
    b"https://app.example", b"https://app.example, https://app.example", b"null", b"*", b"\x00",
    b"http://localhost:5173", b"https://\xe9.example", b"0", b"5", b"-1", b"+7", b"1" * 5_000,
    b"chunked", b"gzip, chunked", b"identity", b"bytes=0-1", b"bytes=-1", b"bytes=9-", b"bytes=,",
    b'"x"', b"W/", b"*", b"Thu, 01 Jan 1970 00:00:00 GMT", b"Thu, 99 Foo 0000 99:99:99 GMT",
    b"application/json", b"PUT", b"put", b"same-origin", b"cross-site", b"x" * 20_000, b"\r\n",
]  # fmt: skip
METHODS = ["GET", "HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "get", "!#$", "X" * 300]
TARGETS = [
    b"/", b"/file", b"/folder", b"/folder/", b"/open/", b"/none", b"/status/404", b"/status/999",
    b"/open/..%2f", b"//", b"*", b"", b"/%00", b"/%ff", b"/\xff", b"/" + b"a" * 9_000, b"/\x1b[2J",
]  # fmt: skip

lines = st.tuples(
    st.sampled_from(NAMES) | st.binary(max_size=8).map(bytes.lower),
    st.sampled_from(VALUES) | st.binary(max_size=20),
)
heads = st.lists(lines, max_size=12) | st.just([(b"x", b"1")] * 200)
bodies = st.lists(st.binary(max_size=8), max_size=4)


async def reader(scope: Any, receive: Any, send: Any) -> None:
    """Read a body to its end, as an application does, and answer how long it was."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % size})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("files")
    (path / "folder").mkdir()
    (path / "file").write_bytes(b"0123456789")
    return str(path)


def front(root: str, kind: str, policy: Policy | Routes, hosts: Hosts, log: Log | None) -> Front:
    app = {"echo": echo, "files": Files.of(root).open(), "app": reader}[kind]
    return Front(
        app,
        policy,
        hosts=hosts,
        limit_body=LIMIT,
        log=log,
        streams=kind == "app",
        enforces=kind == "app",
    )


def ask(app: Front, scope: dict[str, Any], parts: list[bytes], *, broken: bool) -> Answer:
    """Return what is answered; a client whose body breaks off leaves, another with its answer."""
    answer = Answer()
    waiting: list[Any] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    if not broken:
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

    answered = asyncio.Event()

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        if not broken:
            await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answer.messages.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            answered.set()

    async def serve() -> None:
        await app(scope, receive, send)

    asyncio.run(serve())
    return answer


def is_told_once(log: Kept, status: int) -> bool:
    """Return whether one request has one plain line, with its status."""
    (line,) = log.lines
    return line.isprintable() and str(status) in line.split(" ")


@given(
    kind=st.sampled_from(["echo", "files", "app"]),
    policy=st.sampled_from(POLICIES),
    hosts=st.sampled_from([Hosts(8000), Hosts(8000, addresses=True)]),
    logs=st.booleans(),
    method=st.sampled_from(METHODS) | st.text(st.characters(max_codepoint=255), max_size=8),
    target=st.sampled_from(TARGETS) | st.binary(max_size=20).map(b"/".__add__),
    query=st.sampled_from([b"", b"corsmith-try=7f3a"]) | st.binary(max_size=20),
    headers=heads,
    has_host=st.booleans(),
    version=st.sampled_from(["1", "1.0", "1.1", "2"]),
    parts=bodies,
    broken=st.booleans(),
)
def test_whatever_is_asked_there_is_one_whole_answer(
    root: str,
    *,
    kind: str,
    policy: Policy | Routes,
    hosts: Hosts,
    logs: bool,
    method: str,
    target: bytes,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    has_host: bool,
    version: str,
    parts: list[bytes],
    broken: bool,
) -> None:
    log = Kept() if logs else None
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": unquote(target.decode("utf-8", "replace")),
        "raw_path": target,
        "query_string": query,
        "root_path": "",
        "headers": [*([(b"host", b"127.0.0.1:8000")] if has_host else []), *headers],
    }
    answer = ask(front(root, kind, policy, hosts, log), scope, parts, broken=broken)
    if broken and not answer.messages:
        assert kind == "files"  # a listing is not made for a client that has left
        return
    start, *rest = answer.messages
    assert start["type"] == "http.response.start"
    assert 200 <= answer.status <= 599
    assert [message["type"] for message in rest] == ["http.response.body"] * len(rest)
    assert [message.get("more_body", False) for message in rest] == [True] * (len(rest) - 1) + [
        False
    ]
    for name, value in answer.lines:
        assert not {*b"\r\n\0"} & {*name, *value}
        assert name == name.lower()
    length = answer.headers.get("content-length")
    if method == "HEAD":
        assert answer.body == b"" or kind == "app"
    elif length is not None:
        assert int(length) == len(answer.body)
    assert log is None or is_told_once(log, answer.status)

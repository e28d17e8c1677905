"""Real servers: Python applications, how they start, answer, are edited and end."""

from __future__ import annotations

import base64
import os
import re
import signal
from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served, read_all, read_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

MIB = 1_048_576

FASTAPI = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, StreamingResponse

print("imported")

@asynccontextmanager
async def lifespan(app):
    yield {"database": "connected"}
    print("ended")

app = FastAPI(lifespan=lifespan)
app.add_middleware(CORSMiddleware, allow_origins=["https://other.example"])

@app.get("/")
def state(request: Request): return request.state.database

@app.get("/crash")
def crash(): raise RuntimeError("crashed")

@app.get("/half")
async def half():
    async def parts():
        yield "begun"
        raise RuntimeError("half way")
    return StreamingResponse(parts())

@app.get("/events")
async def events():
    async def parts():
        try:
            while True:
                yield "data: tick\\n\\n"
                await asyncio.sleep(0.05)
        finally:
            print("nobody reads")
    return StreamingResponse(parts(), media_type="text/event-stream")

@app.get("/file")
def file(): return FileResponse(__file__)

@app.get("/exit")
def exits(): raise SystemExit(3)

@app.post("/later")
def later(tasks: BackgroundTasks):
    tasks.add_task(print, "done later")

@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text(await websocket.receive_text())
    await websocket.close()
"""
WSGI = """
import time

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/crash":
        raise RuntimeError("crashed")
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/count":
        size = 0
        while part := environ["wsgi.input"].read(65_536):
            size += len(part)
        return [str(size).encode()]
    if path == "/slow":
        print("begun")
        time.sleep(1)
    if path == "/events":
        return events()
    return [b"ok"]

def events():
    try:
        while True:
            yield b"data: tick\\n\\n"
            time.sleep(0.05)
    finally:
        print("nobody reads")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("apps")
    (path / "shop.py").write_text(FASTAPI)
    (path / "old.py").write_text(WSGI)
    return path


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[Served]:
    with Served("shop:app", "--no-try", folder=folder) as server:
        yield server


@pytest.fixture(scope="module")
def old(folder: Path) -> Iterator[Served]:
    with Served("old.py", "--no-try", folder=folder) as server:
        yield server


ORIGIN = "Origin: http://localhost:5173"


def test_the_first_lines_say_what_it_was_taken_for_and_what_was_found(shop: Served) -> None:
    shop.err.wait("stop")
    lines = shop.err.now()
    assert lines[0] == "corsmith: the Python app shop:app; its code is imported"
    assert lines[1] == f"corsmith serves shop:app on http://127.0.0.1:{shop.port}"
    assert lines[2].startswith("  allows     ")
    assert "  found      FastAPI app with its own CORSMiddleware: its headers are replaced" in lines
    assert shop.out.wait("imported")


def test_every_answer_carries_the_policy_and_not_the_applications(shop: Served) -> None:
    for path, status in (("/", 200), ("/nowhere", 404), ("/crash", 500)):
        reply = shop.ask("GET", path, ORIGIN)
        assert reply.status == status
        assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
        assert reply.headers["vary"] == "Origin"
        other = shop.ask("GET", path, "Origin: https://other.example")
        assert "access-control-allow-origin" not in other.headers
    preflight = shop.ask("OPTIONS", "/nowhere", ORIGIN, "Access-Control-Request-Method: PATCH")
    assert (preflight.status, preflight.headers["access-control-allow-methods"]) == (200, "*")


def test_what_its_lifespan_keeps_is_there_in_each_request(shop: Served) -> None:
    assert shop.ask().body == b'"connected"'


def test_an_exception_is_told_from_the_first_line_of_its_own(shop: Served) -> None:
    shop.ask("GET", "/crash")
    shop.err.wait("RuntimeError: crashed")
    lines = shop.err.now()
    heads = [number for number, line in enumerate(lines) if line.startswith("  Traceback ")]
    first = [lines[number + 1] for number in heads]
    assert [line for line in first if re.search(r'shop\.py", line \d+, in crash', line)]
    assert not [line for line in lines if "granian" in line or "front.py" in line]


def test_an_answer_that_breaks_off_is_no_whole_answer(shop: Served) -> None:
    raw = shop.raw(b"GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"begun" in raw
    assert not raw.endswith(b"0\r\n\r\n")
    assert shop.err.wait("GET /half 200").endswith(" unfinished")


@pytest.mark.parametrize("name", ["shop", "old"])
def test_events_come_one_by_one_and_end_when_nobody_reads(
    name: str, request: pytest.FixtureRequest
) -> None:
    server: Served = request.getfixturevalue(name)
    with server.connect() as reading:
        reading.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read_until(reading, b"data: tick")
    server.out.wait("nobody reads")
    assert server.err.wait("GET /events 200").endswith(" client-left")


def test_a_file_that_the_server_sends_for_it_carries_the_policy_too(shop: Served) -> None:
    """By an extension of ASGI: the application names the file, and reads none of it."""
    reply = shop.ask("GET", "/file", ORIGIN)
    assert reply.body == FASTAPI.encode()
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert shop.err.wait("GET /file 200").endswith(" allowed")


def test_a_handler_that_ends_the_program_ends_its_request_alone(shop: Served) -> None:
    reply = shop.ask("GET", "/exit", ORIGIN)
    assert reply.status == 500
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    shop.err.wait("RuntimeError: the application raised SystemExit")
    assert shop.ask().status == 200


def test_a_task_in_the_background_runs_after_the_answer(shop: Served) -> None:
    assert shop.ask("POST", "/later").status == 200
    shop.out.wait("done later")


def handshake(server: Served, origin: str) -> tuple[int, bytes]:
    """Return the status of a WebSocket handshake, and what is echoed."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        "GET /echo HTTP/1.1",
        "Host: localhost",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        f"Origin: {origin}",
    ]
    with server.connect() as speaking:
        speaking.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = speaking.recv(1)
            assert part, head
            head += part
        status = int(head.split(b" ")[1])
        if status != 101:
            return status, b""
        # RFC 6455, section 5.2: a final text frame, masked with zeros.
        speaking.sendall(b"\x81\x85\0\0\0\0hello")
        return status, speaking.recv(7)[2:]


def test_websockets_are_the_applications_for_pages_that_the_policy_allows(shop: Served) -> None:
    assert handshake(shop, "http://localhost:5173") == (101, b"hello")
    assert handshake(shop, "https://other.example") == (403, b"")


def test_a_websocket_of_a_wsgi_application_is_refused(old: Served) -> None:
    assert handshake(old, "http://localhost:5173") == (403, b"")


def test_enforced_a_stranger_reaches_no_handler_and_no_websocket(folder: Path) -> None:
    with Served("shop:app", "--no-try", "--enforce", folder=folder) as server:
        stranger = "https://other.example"
        assert server.ask("GET", "/", f"Origin: {stranger}").status == 403
        assert server.ask("GET", "/", ORIGIN).status == 200
        assert handshake(server, stranger) == (403, b"")
        assert handshake(server, "http://localhost:5173") == (101, b"hello")
        assert server.end()[0] == 0
        assert "ended" in server.out.to_the_end()


# ── WSGI ───────────────────────────────────────────────────────────────────────


def peak(process: int) -> int:
    """Return the most memory that a process has had, in bytes (on Linux)."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:  # noqa: PTH123  no file
        line = next(line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def test_a_large_upload_is_never_held_as_a_whole(old: Served) -> None:
    old.ask("POST", "/count", body=b"x" * MIB)
    (worker,) = old.workers()
    before = peak(worker)
    size = 100 * MIB
    with old.connect() as sending:
        head = f"POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n"
        sending.sendall(f"{head}Connection: close\r\n\r\n".encode())
        part = b"x" * MIB
        for _ in range(100):
            sending.sendall(part)
        assert str(size).encode() in read_all(sending)
    assert peak(worker) - before < 16 * MIB


def test_a_crash_of_a_wsgi_application_is_a_500_that_a_page_can_read(old: Served) -> None:
    reply = old.ask("GET", "/crash", ORIGIN)
    assert reply.status == 500
    assert reply.headers["access-control-allow-origin"] == "http://localhost:5173"
    old.err.wait("RuntimeError: crashed")


def test_a_request_in_a_thread_is_answered_before_the_end(folder: Path) -> None:
    with (
        Served("old.py", "--no-try", "--workers", "2", folder=folder) as server,
        server.connect() as waiting,
    ):
        waiting.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        server.out.wait("begun")
        status, seconds = server.end(signal.SIGTERM)
        assert read_all(waiting).startswith(b"HTTP/1.1 200 OK")
        assert status == 0
        assert seconds < 4


# ── applications that do not start ─────────────────────────────────────────────


NO_DATABASE = """
async def app(scope, receive, send):
    await receive()
    raise ConnectionError("no database")
"""
BROKEN = {
    "crash": ("import json\njson.loads('{')\n", "cannot be imported", 1),
    "exit": ("import os\nos._exit(7)\n", "a worker ended with exit status 7", 1),
    "lifespan": (NO_DATABASE, "fails when it starts", 1),
    "nothing": ("y = 1\n", "broken has no app", 2),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_application_that_does_not_start_is_told_once_and_ends_the_server(
    name: str, workers: str, tmp_path: Path
) -> None:
    source, told, status = BROKEN[name]
    (tmp_path / "broken.py").write_text(source)
    flags = ("broken:app", "--no-try", "--workers", workers)
    with Served(*flags, folder=tmp_path, wait=False) as server:
        assert server.process.wait(15) == status
        lines = server.err.to_the_end()
        assert len([line for line in lines if told in line]) == 1
        assert not [line for line in lines if "site-packages" in line or "granian" in line]


def test_one_that_hangs_is_wondered_at_and_ends_with_a_signal(tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("import time\nprint('begun', flush=True)\ntime.sleep(99)\n")
    code = (
        "import corsmith.server.run as run\n"
        "run._SLOW_SECONDS = 0.5\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    with Served(
        "hangs:app", "--no-try", folder=tmp_path, program=("-c", code), wait=False
    ) as server:
        server.err.wait("hangs:app is not ready after 0.5 seconds")
        status, seconds = server.end()
        assert (status, seconds < 2) == (0, True)

"""An application that is an object, in a thread of the process that tests it."""

from __future__ import annotations

import asyncio
import http.client
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from corsmith.adapters.asgi import CORSMiddleware
from corsmith.errors import AppError, PolicyError, UsageError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server import background, embedded
from tests.server.served import Reply, read_all, soon

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.servers

APP = "https://app.example"
LOCAL = "http://localhost:5173"


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the path; WebSockets with what they say."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": message["text"]})
        return
    assert scope["type"] == "http"
    if scope["path"] == "/hang":
        await asyncio.sleep(100)
    body = scope["path"].encode()
    lines = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


def ask(url: str, path: str = "/", **headers: str) -> Reply:
    host, _, port = url.removeprefix("http://").rpartition(":")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((host.strip("[]"), int(port)), 10) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}\r\n"
        connection.sendall(head.encode())
        return Reply(read_all(connection))


def allowed(url: str, origin: str) -> bool:
    return ask(url, Origin=origin).headers.get("access-control-allow-origin") == origin


@pytest.mark.parametrize("app", [asgi, wsgi])
def test_an_application_is_served_for_pages_of_this_machine(app: Any) -> None:
    with background(app) as url:
        assert b"/a" in ask(url, "/a").body  # of WSGI it may be chunked
        assert allowed(url, LOCAL)
        assert not allowed(url, APP)
    with pytest.raises(ConnectionRefusedError):
        ask(url)


def test_the_policy_may_be_fields_a_policy_routes_or_a_file_that_is_followed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "cors.toml"
    file.write_text(f'[policy]\norigins = ["{APP}"]\n')
    policy = Policy(origins=[LOCAL])
    given: list[dict[str, Any]] = [
        {"origins": [APP]},
        {"policy": Policy(origins=[APP])},
        {"policy": policy, "origins": [APP]},
        {"policy": Routes({"/": Policy(origins=[APP])})},
        {"policy": file},
    ]
    for keywords in given:
        with background(asgi, **keywords) as url:
            assert allowed(url, APP)
            assert not allowed(url, LOCAL)
    with background(asgi, policy=str(file)) as url:
        file.write_text(f'[policy]\norigins = ["{LOCAL}"]\n')
        soon(lambda: allowed(url, LOCAL))


def test_a_bad_edit_of_the_file_leaves_the_policy_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "cors.toml"
    file.write_text(f'[policy]\norigins = ["{APP}"]\n')
    with background(asgi, policy=file) as url:
        file.write_text("[policy]\norigins = ['https://app.example/']\n")
        soon(lambda: "origin-has-path" in caplog.text)
        assert allowed(url, APP)


def test_a_policy_that_the_application_brings_stays_unless_one_is_given() -> None:
    own = CORSMiddleware(asgi, origins=[APP])
    with background(own) as url:
        assert allowed(url, APP)
        assert not allowed(url, LOCAL)
    with background(own, origins=[LOCAL]) as url:
        assert allowed(url, LOCAL)
        assert not allowed(url, APP)


def test_flags_of_a_server_are_kept() -> None:
    with background(asgi, host="::1", enforce=True, allow_host=["dev.example"]) as url:
        assert url.startswith("http://[::1]:")
        assert ask(url, Origin=APP).status == 403
        assert ask(url, Host="evil.example").status in {400, 421}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):
            background(asgi, port=port).start()
    with background(asgi, host="0.0.0.0") as url:  # noqa: S104  the point
        assert url.startswith("http://127.0.0.1:")
        assert ask(url).status == 200
        assert ask(url, Host="evil.example").status in {400, 421}


def test_a_line_about_each_request_is_written_if_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[bytes] = []

    def write(_stream: int, data: bytes) -> int:
        lines.append(data)
        return len(data)

    monkeypatch.setattr("corsmith.server.lines.os.write", write)
    with background(asgi, quiet=False) as url:
        ask(url, "/seen")
        soon(lambda: any(b"GET /seen 200" in line for line in lines))


async def raising(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError(f"no page {scope['path']}")


def test_what_it_raises_is_logged_and_steers_no_terminal(caplog: pytest.LogCaptureFixture) -> None:
    with background(raising) as url:
        assert ask(url, "/%1b%5d0;pwned%07%0acorsmith:%20all%20is%20well").status == 500
        soon(lambda: "no page" in caplog.text)
    assert r"ValueError: no page /\x1b]0;pwned\x07" in caplog.text
    assert "\n  corsmith: all is well" in caplog.text
    assert "\x1b" not in caplog.text


def test_two_at_once_end_one_by_one() -> None:
    with background(asgi) as first:
        with background(wsgi) as second:
            assert first != second
            assert ask(second).status == 200
        assert ask(first).status == 200
        with pytest.raises(ConnectionRefusedError):
            ask(second)


def test_it_works_where_an_event_loop_runs() -> None:
    async def in_a_notebook() -> int:
        with background(asgi) as url:
            reply = await asyncio.to_thread(ask, url)
        return reply.status

    assert asyncio.run(in_a_notebook()) == 200


def test_a_websocket_is_the_applications() -> None:
    with background(asgi) as url:
        port = int(url.rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
        up = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": LOCAL}
        connection.request("GET", "/", headers={**key, **up})
        assert connection.getresponse().status == 101
        connection.close()


# ── its start and its end ──────────────────────────────────────────────────────


class Living:
    """An application with a lifespan."""

    def __init__(self, fail: Callable[[], None] = lambda: None) -> None:
        self.said: list[str] = []
        self._fail = fail

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await asgi(scope, receive, send)
            return
        while True:
            kind = (await receive())["type"]
            self.said.append(kind)
            if kind == "lifespan.startup":
                self._fail()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return


def test_an_application_is_told_that_it_starts_and_ends() -> None:
    app = Living()
    with background(app) as url:
        assert app.said == ["lifespan.startup"]
        assert ask(url).status == 200
    assert app.said == ["lifespan.startup", "lifespan.shutdown"]


def test_one_that_fails_when_it_starts_is_told_and_nothing_is_left() -> None:
    def fail() -> None:
        raise RuntimeError("no database")

    before = threading.active_count()
    with pytest.raises(AppError, match="Living fails when it starts") as caught:
        background(Living(fail)).start()
    assert "RuntimeError: no database" in str(caught.value)
    soon(lambda: threading.active_count() <= before)


async def never_ready(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await asyncio.sleep(100)


def test_one_that_is_never_ready_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_START_SECONDS", 0.2)
    with pytest.raises(AppError, match=r"was not ready after 0\.2 seconds"):
        background(never_ready).start()


def test_an_interruption_while_it_starts_ends_it() -> None:
    before = threading.active_count()
    main = threading.main_thread().ident or 0
    threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        background(never_ready).start()
    soon(lambda: threading.active_count() <= before)


def test_a_request_that_takes_for_ever_is_cancelled_when_its_time_is_over() -> None:
    with background(asgi, grace=0.2) as url:
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(ask(url, "/hang")))
        thread.start()
        time.sleep(0.2)
        start = time.monotonic()
    assert time.monotonic() - start < 5
    thread.join()
    assert replies[0].status in {0, 500}


def test_the_logging_of_the_process_is_left_alone() -> None:
    class Kept(logging.Handler):
        closed = False

        def emit(self, record: logging.LogRecord) -> None:
            """Keep nothing."""

        def close(self) -> None:
            self.closed = True
            super().close()

    handler = Kept()
    logging.getLogger("mine").addHandler(handler)
    with background(asgi):
        assert logging.getLogger("mine").handlers == [handler]
    assert not handler.closed
    logging.getLogger("mine").removeHandler(handler)


@pytest.mark.slow
def test_a_program_that_ends_right_after_it_ends_well(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("""
import urllib.request
from corsmith.server import background

def app(environ, start_response):
    start_response("200 OK", [])
    return [b"x"]

with background(app) as url:
    assert urllib.request.urlopen(url).read() == b"x"
""")
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, program], capture_output=True, check=False, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_without_a_list_of_threads_none_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_TASKS", "/nowhere")
    with background(asgi) as url:
        assert ask(url).status == 200


# ── what is told instead ───────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"tls": True}, UsageError, "tls= is not for an application that is an object"),
        ({"viewer": "pmtiles"}, UsageError, "viewer= is not for an application"),
        ({"origins": ["https://app.example/"]}, PolicyError, "origin-has-path"),
        ({"policy": "gone.toml"}, UsageError, "there is no file gone.toml"),
        ({"policy": Routes({"/": None}), "max_age": 5}, UsageError, "and max_age beside them"),
        ({"allow_host": ["*"]}, UsageError, r'allow_host=\["\*"\] would let'),
    ],
)
def test_what_is_wrong_is_told(
    keywords: dict[str, Any], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        background(asgi, **keywords).start()


def test_an_application_that_has_a_server_of_its_own_is_told() -> None:
    with pytest.raises(UsageError, match="is an application of aiohttp, which has a server of its"):
        background(web.Application()).start()

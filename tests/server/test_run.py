"""Real servers: how they start and follow their policy file."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from corsmith.server import run
from tests.server.served import PROGRAM, Served, connect, is_running, read_answer, read_until, soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

STRICT = '[policy]\norigins = ["https://{}.example"]\n'
HELD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na"
KEPT = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with Served("--no-try") as running:
        yield running


# ── what it answers ────────────────────────────────────────────────────────────


def test_the_api_is_the_tutorials(server: Served) -> None:
    got = server.ask("GET", "/items/3", "Origin: https://app.example")
    assert (got.status, got.body) == (200, b'{"status": "OK"}')
    assert got.headers["content-type"] == "application/json"
    assert got.headers["access-control-allow-origin"] == "*"
    posted = server.ask("POST", "/items", body=b"\xff not JSON\n")
    assert (posted.status, posted.body) == (200, b'{"status": "OK"}')
    head = server.ask("HEAD", "/")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "16")


def test_the_preflight_is_the_tutorials(server: Served) -> None:
    reply = server.ask(
        "OPTIONS",
        "/",
        "Origin: https://app.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: content-type,x-api-key",
    )
    assert (reply.status, reply.body) == (200, b"")
    cors = {name: value for name, value in reply.headers.items() if name.startswith("access-")}
    assert cors == {
        "access-control-allow-origin": "*",
        "access-control-allow-methods": "GET,POST,OPTIONS",
        "access-control-allow-headers": "x-api-key,Content-Type",
    }


def test_a_body_is_on_standard_output_and_a_request_on_standard_error(server: Served) -> None:
    server.ask("POST", "/here", "Origin: https://app.example", body=b'{"a": "\x1b[2J\n"}')
    line = server.out.wait("POST /here")
    assert line == r'POST /here 14 bytes: {"a": "\x1b[2J\n"}'
    line = server.err.wait("POST /here")
    assert re.fullmatch(r"\d\d:\d\d:\d\d POST /here 200 https://app.example allowed", line)


def test_two_clients_are_served_at_once(server: Served) -> None:
    with server.connect() as slow:
        slow.sendall(HELD)
        assert server.ask().status == 200
        slow.sendall(b"bc")
        assert read_answer(slow).status == 200


def test_quiet_stops_both_lines() -> None:
    with Served("--no-try", "--quiet") as server:
        server.ask("POST", "/", body=b"x")
        assert server.end()[0] == 0
        assert server.out.to_the_end() == []
        assert server.err.to_the_end()[-1] == "  stop       Ctrl-C"


def test_the_banner_is_there_once_the_server_answers_and_is_the_first_thing() -> None:
    with Served() as server:
        assert server.ask().status == 200
        lines = server.err.now()[:5]
        assert lines[0] == f'corsmith serves {{"status": "OK"}} on http://127.0.0.1:{server.port}'
        assert re.search(r"^  try it     http://127\.0\.0\.1:\d+/\?token=\S+   \(a page", lines[2])
        assert lines[4] == "  stop       Ctrl-C"
        assert server.out.now() == []


def test_the_try_page_sees_its_requests_through_the_worker() -> None:
    with Served("--quiet") as server:
        page = re.search(r"http://127\.0\.0\.1:(\d+)/(\S+)", server.err.wait("try it"))
        assert page is not None
        with contextlib.closing(connect(int(page[1]))) as stream:
            request = f"GET /events{page[2]} HTTP/1.1\r\nHost: 127.0.0.1:{page[1]}\r\n\r\n"
            stream.sendall(request.encode())
            read_until(stream, b"event: policy")
            server.ask("GET", "/status/404?corsmith-try=7f3a", "Origin: https://app.example")
            seen = read_until(stream, b'"press":"7f3a"')
        assert b'"status":404' in seen


def test_the_try_page_says_that_an_app_has_brought_its_policy(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "import fastapi\nfrom corsmith import Policy, install\n"
        "app = install(fastapi.FastAPI(), Policy(origins=['https://app.example']))\n"
    )
    with Served("main:app", folder=tmp_path) as server:
        page = re.search(r"http://127\.0\.0\.1:(\d+)/(\S+)", server.err.wait("try it"))
        assert page is not None
        with contextlib.closing(connect(int(page[1]))) as stream:
            request = f"GET /events{page[2]} HTTP/1.1\r\nHost: 127.0.0.1:{page[1]}\r\n\r\n"
            stream.sendall(request.encode())
            seen = read_until(stream, b'"predictions"')
        assert b"which it has brought: change it there" in seen
        assert b"https://app.example" in seen


def test_where_everyone_can_reach_it_there_is_no_try_page() -> None:
    with Served("--host", "0.0.0.0") as server:  # noqa: S104  that is the point
        assert server.err.now()[0].endswith(", for everyone who reaches this machine")
        # Asked for in a process of its own, where a socket may look beyond loopback.
        code = "from corsmith.server.tls import address_in_network as a; print(a() or '')"
        asked = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        here = asked.stdout.decode().strip()
        told = f"  others     reach it at http://{here}:{server.port}"
        assert (told in server.err.now()) is (here != "")
        assert not [line for line in server.err.now() if "token=" in line]


def test_where_everyone_can_reach_it_a_rebound_name_cannot() -> None:
    with Served("--host", "0.0.0.0") as server:  # noqa: S104  as above
        own = socket.gethostname().encode()
        for host, status in (
            (b"192.0.2.7:8000", 200), (own, 200), (own + b".local", 200), (b"evil.example", 421)
        ):  # fmt: skip
            request = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
            answer = server.raw(request)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"start it with --allow-host evil.example" in answer


def test_names_that_were_given_are_asked_for_there_too() -> None:
    with Served("--host", "0.0.0.0", "--allow-host", "a.example") as server:  # noqa: S104  as above
        for host, status in ((b"a.example", 200), (b"b.example", 421)):
            request = b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
            assert server.raw(request).startswith(b"HTTP/1.1 %d " % status)


def test_without_a_place_for_its_channel_there_is_no_try_page_and_the_server_serves(
    tmp_path: Path,
) -> None:
    code = (
        "import tempfile\n"
        "def refuse(*a, **k): raise PermissionError(13, 'Permission denied')\n"
        "tempfile.mkdtemp = refuse\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    with Served(program=("-c", code), folder=tmp_path) as server:
        assert "there is no try page: Permission denied" in server.err.now()
        assert server.ask().status == 200


# ── the policy file ────────────────────────────────────────────────────────────


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cors.toml"
    path.write_text(STRICT.format("a"))
    return path


def allowed(server: Served, origin: str) -> bool:
    reply = server.ask("GET", "/", f"Origin: {origin}")
    return reply.headers.get("access-control-allow-origin") == origin


def test_an_edit_is_in_force_in_every_worker(file: Path) -> None:
    with Served(
        "--no-try", "--workers", "3", "--policy", "cors.toml", folder=file.parent
    ) as server:
        assert allowed(server, "https://a.example")
        file.write_text(STRICT.format("b"))
        line = server.err.wait("is in force: ")
        assert re.fullmatch(
            r"\d\d:\d\d:\d\d cors.toml is in force: https://b.example · GET, HEAD, POST · "
            r"Content-Type · without credentials",
            line,
        )
        # Half a second is promised; a worker that is late would be met by one of these.
        time.sleep(0.5)
        assert all(allowed(server, "https://b.example") for _ in range(30))


def test_what_a_folders_file_leaves_out_is_told_at_the_start_and_after_an_edit(file: Path) -> None:
    folder = file.parent
    (folder / "data").mkdir()
    with Served("data", "--no-try", "--policy", "cors.toml", folder=folder) as server:
        line = server.err.wait("warning: ")
        assert line == (
            "warning: cors.toml leaves out @range: readers by ranges need "
            'headers = ["@range", "Content-Type"], expose = ["@range"]'
        )
        file.write_text(STRICT.format("a") + 'headers = ["@range"]\n')
        server.err.wait("need expose = ")


def edit(file: Path, text: str) -> None:
    """Change a file at once, as an editor does: no reader finds it empty in between."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.replace(file)


def test_a_bad_edit_keeps_the_policy_and_is_told_once(file: Path) -> None:
    flags = ("--no-try", "--quiet", "--workers", "2", "--policy", str(file))
    with Served(*flags) as server:
        edit(file, '[policy]\norigin = ["https://b.example"]\n')
        server.err.wait("unknown-field")
        assert allowed(server, "https://a.example")
        file.unlink()
        server.err.wait("there is no file")
        assert allowed(server, "https://a.example")
        edit(file, STRICT.format("a"))
        server.err.wait("is in force: ")
        assert server.end()[0] == 0
        told = [line for line in server.err.to_the_end() if "stays" in line]
        assert len(told) == 2


def test_flags_beside_the_file_hold_after_an_edit(file: Path) -> None:
    flags = ("--no-try", "--method", "PUT", "--credentials", "--policy", str(file))
    with Served(*flags) as server:
        file.write_text(STRICT.format("b"))
        server.err.wait("is in force: https://b.example · PUT · Content-Type · with credentials")
        soon(lambda: allowed(server, "https://b.example"))
        file.write_text('[policy]\norigins = ["*"]\n')
        server.err.wait("wildcard-with-credentials")
        assert allowed(server, "https://b.example")


def test_an_edit_while_the_server_starts_is_not_missed(file: Path) -> None:
    """Read once more when it is followed: the first reading may be older than the edit."""
    code = (
        "import corsmith.server.run as run, pathlib\n"
        "raised = run._raise_file_limit\n"
        "def edit():\n"
        f"    pathlib.Path({str(file)!r}).write_text({STRICT.format('b')!r})\n"
        "    return raised()\n"
        "run._raise_file_limit = edit\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    with Served("--no-try", "--policy", str(file), program=("-c", code)) as server:
        server.err.wait("is in force: https://b.example")
        assert allowed(server, "https://b.example")


def test_a_bad_edit_while_the_server_starts_is_told(file: Path) -> None:
    code = (
        "import corsmith.server.run as run, pathlib\n"
        "raised = run._raise_file_limit\n"
        "def edit():\n"
        f"    pathlib.Path({str(file)!r}).write_text('no policy')\n"
        "    return raised()\n"
        "run._raise_file_limit = edit\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    with Served("--no-try", "--policy", str(file), program=("-c", code)) as server:
        server.err.wait("document-not-toml")
        assert allowed(server, "https://a.example")


# ── where it runs ──────────────────────────────────────────────────────────────


def test_a_second_server_on_the_port_is_told_who_holds_it(server: Served) -> None:
    again = subprocess.run(
        [sys.executable, *PROGRAM, "serve", "--port", str(server.port)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 2
    first, second = again.stderr.splitlines()
    assert first.startswith(f"corsmith: port {server.port} is taken by ")
    assert first.endswith(f"(process {server.process.pid})")
    assert second == f"  give another with --port {server.port + 1}, or any free one with --port 0"


def test_workers_that_are_started_anew_serve_like_those_that_are_forked(file: Path) -> None:
    """As on macOS, where a process cannot be forked safely."""
    code = (
        "import multiprocessing\n"
        "multiprocessing.set_start_method('spawn')\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    flags = ("--workers", "2", "--policy", str(file))
    with Served(*flags, program=("-c", code)) as server:
        assert allowed(server, "https://a.example")
        workers = server.workers()
        server.process.kill()
        server.process.wait(5)
        soon(lambda: not any(map(is_running, workers)))


@pytest.mark.parametrize("streams", [(0, 1), (1,), (0,)])
def test_closed_standard_streams_are_no_danger(streams: tuple[int, ...]) -> None:
    """Else a connection gets the number of one of them, and lines are written into it."""

    def close() -> None:
        for stream in streams:
            os.close(stream)

    with Served("--no-try", before=close) as server:
        reply = server.ask("POST", "/", body=b"secret")
        assert reply.body == b'{"status": "OK"}'
        assert server.end()[0] == 0


def test_a_terminal_of_ascii_gets_ascii() -> None:
    with Served("--no-try", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0") as server:
        line = server.err.wait("allows")
        assert line.isascii()
        assert "any origin | GET, POST, OPTIONS | " in line


def test_a_reader_of_the_log_that_has_gone_stops_no_server() -> None:
    def close_the_other_end() -> None:
        reading, writing = os.pipe()
        os.dup2(writing, 1)
        os.close(reading)
        os.close(writing)

    with Served("--no-try", before=close_the_other_end) as server:
        for _ in range(3):
            assert server.ask("POST", "/", body=b"x").status == 200
        assert server.end()[0] == 0


@pytest.mark.parametrize(
    ("limits", "after"),
    [
        ((1024, 4096), 4096),
        ((1024, resource.RLIM_INFINITY), 65_536),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 65_536),
        ((4096, 4096), 4096),
        ((100_000, 200_000), 65_536),
    ],
)
def test_as_many_files_are_asked_for_as_connections_may_need(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], after: int
) -> None:
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: now[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, new: now.append(new))
    assert run._raise_file_limit() == after


def test_a_system_that_allows_no_more_files_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_kind: int, _new: tuple[int, int]) -> None:
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (256, 4096))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert run._raise_file_limit() == 256

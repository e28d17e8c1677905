"""Real servers: edits of an application's code, and what is served while they are made."""

from __future__ import annotations

import contextlib
import socket
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served, soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers

ANSWERS = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ANSWER"})
"""


def write(folder: Path, answer: str) -> None:
    (folder / "main.py").write_text(ANSWERS.replace("ANSWER", answer))


@contextlib.contextmanager
def reloading(folder: Path, *flags: str, wait: bool = True) -> Iterator[Served]:
    flags = ("main:app", "--reload", "--no-try", "--quiet", *flags)
    with Served(*flags, folder=folder, wait=wait) as server:
        yield server


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_edit_is_answered_by_new_workers_and_no_request_is_lost(
    workers: str, tmp_path: Path
) -> None:
    write(tmp_path, "one")
    with reloading(tmp_path, "--workers", workers) as server:
        assert server.ask().body == b"one"
        before = server.workers()
        write(tmp_path, "two")
        bodies: list[bytes] = []
        end = time.monotonic() + 15
        while bodies[-20:] != [b"two"] * 20:
            assert time.monotonic() < end, bodies[-20:]
            reply = server.ask()
            assert reply.status == 200
            bodies.append(reply.body)
        assert {*bodies} <= {b"one", b"two"}
        assert server.err.wait("loaded anew").endswith(
            "main.py has changed: the app is loaded anew"
        )
        soon(lambda: not {*server.workers()} & {*before}, 15)
        assert len(server.workers()) == int(workers)
        assert server.end()[0] == 0


def test_an_edit_that_breaks_it_leaves_the_application_before_it(tmp_path: Path) -> None:
    write(tmp_path, "one")
    with reloading(tmp_path) as server:
        (tmp_path / "main.py").write_text("def app(:\n")
        server.err.wait("until then the app from before this edit answers")
        lines = server.err.now()
        assert "SyntaxError: invalid syntax" in lines
        assert "  fix main.py, line 1; the next edit is tried" in lines
        assert server.ask().body == b"one"
        (tmp_path / "main.py").write_text("import os\nos._exit(5)\n")
        server.err.wait("a worker ended with exit status 5 while it started")
        assert server.ask().body == b"one"
        write(tmp_path, "two")
        server.err.wait("loaded anew")
        soon(lambda: server.ask().body == b"two")
        soon(lambda: len(server.workers()) == 1)


def test_where_the_first_start_fails_the_first_good_edit_is_served(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("def app(:\n")
    with reloading(tmp_path, "--workers", "2", wait=False) as server:
        server.err.wait("the next edit is tried")
        time.sleep(0.3)
        assert server.process.poll() is None
        write(tmp_path, "one")
        line = server.err.wait(" on http://")
        server.port = int(line.rpartition(":")[2])
        assert server.ask().body == b"one"
        told = [line for line in server.err.now() if line.startswith("SyntaxError")]
        assert len(told) == 1


def test_an_edit_of_its_own_policy_is_in_force(tmp_path: Path) -> None:
    source = ANSWERS + "from corsmith import install\napp = install(app, origins=['{}'])\n"
    main = tmp_path / "main.py"
    main.write_text(source.replace("{}", "https://a.example"))
    with reloading(tmp_path) as server:
        server.err.wait("ASGI app with a corsmith policy of its own: it stays")
        for origin in ("https://b.example", "https://c.example"):
            assert (
                "access-control-allow-origin"
                not in server.ask("GET", "/", f"Origin: {origin}").headers
            )
            main.write_text(source.replace("{}", origin))
            soon(partial(allows, server, origin), 15)


def allows(server: Served, origin: str) -> bool:
    headers = server.ask("GET", "/", f"Origin: {origin}").headers
    return headers.get("access-control-allow-origin") == origin


def test_a_port_that_is_held_stays_held_through_a_reload(tmp_path: Path) -> None:
    write(tmp_path, "one")
    with reloading(tmp_path) as server:
        write(tmp_path, "two")
        server.err.wait("loaded anew")
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", server.port))


def test_where_the_system_lets_nothing_be_watched_the_app_is_served_and_it_is_told(
    tmp_path: Path,
) -> None:
    write(tmp_path, "one")
    code = (
        "import watchfiles\n"
        "def refuse(*folders, **settings): raise OSError(28, 'No space left on device')\n"
        "watchfiles.watch = refuse\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    flags = ("main:app", "--reload", "--no-try")
    with Served(*flags, folder=tmp_path, program=("-c", code)) as server:
        server.err.wait("corsmith: edits are not followed: .*No space left on device")
        assert server.ask().body == b"one"


def test_workers_that_are_started_anew_are_replaced_as_those_that_are_forked(
    tmp_path: Path,
) -> None:
    """As on macOS, where a process cannot be forked safely."""
    write(tmp_path, "one")
    program = tmp_path / "start" / "start.py"
    program.parent.mkdir()
    program.write_text(
        "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    from corsmith.__main__ import main\n"
        "    main()\n"
    )
    flags = ("main:app", "--reload", "--no-try", "--quiet")
    with Served(*flags, folder=tmp_path, program=(str(program),)) as server:
        assert server.ask().body == b"one"
        write(tmp_path, "two")
        server.err.wait("loaded anew")
        soon(lambda: server.ask().body == b"two")

"""One key allows a refused origin: a real server in a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.terminals import Terminal, opened
from tests.server.served import Reply, is_running, read_all, soon

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers

APP = "https://app.example"
QUESTION = f"allow {APP} until the end? [a]"


class Person:
    """Whoever sits before a terminal with a server in it."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        shown = terminal.wait_for("stop       Ctrl-C")
        match = re.search(r" on http://127\.0\.0\.1:(\d+)", shown)
        assert match is not None
        self.port = int(match[1])

    def ask(self, origin: str) -> bool:
        """Have a page of an origin ask; return whether it may read the answer."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            head = f"GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nConnection: close"
            connection.sendall(f"{head}\r\n\r\n".encode())
            reply = Reply(read_all(connection))
        return reply.headers.get("access-control-allow-origin") == origin

    def may_ask(self, origin: str) -> bool:
        """Do the same where a worker may have ended just now."""
        try:
            return self.ask(origin)
        except (OSError, IndexError):
            return False

    def workers(self) -> set[int]:
        """Return the processes that the server has started (on Linux)."""
        found: set[int] = set()
        for task in Path(f"/proc/{self.terminal.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread that has just ended
                found |= set(map(int, (task / "children").read_text().split()))
        return {process for process in found if is_running(process)}

    def read(self, seconds: float) -> str:
        """Return all that was shown after some time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(AssertionError):
                self.terminal.wait_for("never shown", left)
        return self.terminal.shown

    @property
    def lines(self) -> int:
        """The modes of the terminal that a question changes."""
        modes: int = termios.tcgetattr(self.terminal.master)[3]
        return modes & (termios.ICANON | termios.ECHO)


@contextlib.contextmanager
def attended(*flags: str) -> Iterator[Person]:
    with opened(["serve", "--port", "0", "--no-try", *flags]) as terminal:
        yield Person(terminal)


def test_one_key_allows_the_origin_in_every_worker_until_the_end(tmp_path: Path) -> None:
    with attended(str(tmp_path), "--workers", "2") as person:
        usual = person.lines
        assert not person.ask(APP)
        person.terminal.wait_for(QUESTION)
        assert person.lines != usual
        time.sleep(0.6)
        person.terminal.send("a")
        person.terminal.wait_for(f"{APP} is allowed until the end")
        soon(lambda: all(person.ask(APP) for _ in range(8)))
        soon(lambda: person.lines == usual)
        assert not person.ask("https://other.example")
        # Workers that take the place of others know of it too.
        before = person.workers()
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        soon(lambda: len(person.workers() - before) == 2, 20)
        soon(lambda: all(person.may_ask(APP) for _ in range(8)))
        os.kill(person.terminal.process.pid, signal.SIGTERM)
        assert person.terminal.wait() == 0


def test_it_stays_with_the_edits_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cors.toml"
    file.write_text('[policy]\norigins = ["https://first.example"]\n')
    with attended(str(tmp_path), "--policy", str(file)) as person:
        person.ask(APP)
        person.terminal.wait_for(QUESTION)
        time.sleep(0.6)
        person.terminal.send("a")
        soon(lambda: person.ask(APP))
        file.write_text('[policy]\norigins = ["https://second.example"]\n')
        soon(lambda: person.ask("https://second.example"))
        assert person.ask(APP)
        assert not person.ask("https://first.example")


def test_a_key_that_comes_too_soon_allows_nobody(tmp_path: Path) -> None:
    with attended(str(tmp_path)) as person:
        person.terminal.send("a")
        person.ask(APP)
        person.terminal.wait_for(QUESTION)
        person.terminal.send("a")
        assert "is allowed" not in person.read(0.8)
        assert not person.ask(APP)
        person.terminal.send("aa")
        assert "is allowed" not in person.read(0.3)
        person.terminal.send("a")
        person.terminal.wait_for("is allowed")


@pytest.mark.slow
def test_a_flood_of_origins_is_one_question_in_five_seconds(tmp_path: Path) -> None:
    with attended(str(tmp_path)) as person:
        end = time.monotonic() + 6.5
        number = 0
        while time.monotonic() < end:
            number += 1
            person.ask(f"https://a{number}.example")
            person.read(0.01)
        asked = re.findall(r"\nallow https://a\d+\.example until", person.terminal.shown)
        assert number > 50
        assert len(asked) == 2


@pytest.mark.slow
def test_a_key_answers_the_question_that_took_the_place_of_another_only_in_time(
    tmp_path: Path,
) -> None:
    with attended(str(tmp_path)) as person:
        person.ask(APP)
        person.terminal.wait_for(QUESTION)
        person.ask("https://evil.example")
        person.terminal.wait_for("allow https://evil.example until")
        person.terminal.send("a")
        assert "is allowed" not in person.read(0.8)


@pytest.mark.parametrize(
    ("origin", "flags"),
    [
        ("null", []),
        ("http://app.example", ["--credentials"]),
        ("https://app.example/path", []),
        (APP, ["--quiet"]),
        (APP, ["--origin", APP]),
    ],
)
def test_nobody_is_asked_about_what_no_key_may_allow(
    tmp_path: Path, origin: str, flags: list[str]
) -> None:
    with attended(str(tmp_path), *flags) as person:
        person.ask(origin)
        assert "until the end?" not in person.read(0.4)


def test_the_tutorials_server_and_routes_ask_nothing(tmp_path: Path) -> None:
    file = tmp_path / "cors.toml"
    file.write_text('[[routes]]\npath = "/"\norigins = ["https://first.example"]\n')
    for words in (["--origin", "https://first.example"], [str(tmp_path), "--policy", str(file)]):
        with attended(*words) as person:
            person.ask(APP)
            assert "until the end?" not in person.read(0.4)


@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_the_terminal_is_left_as_it_was_however_it_ends(tmp_path: Path, end: str) -> None:
    with attended(str(tmp_path)) as person:
        usual = person.lines
        assert usual == termios.ICANON | termios.ECHO
        person.ask(APP)
        person.terminal.wait_for(QUESTION)
        assert person.lines == 0
        if end == "Ctrl-C":
            person.terminal.send("\x03")
        else:
            os.kill(person.terminal.process.pid, getattr(signal, end))
        assert person.terminal.wait() == 0
        assert person.lines == usual


def test_enter_parts_the_lines_and_other_keys_do_nothing(tmp_path: Path) -> None:
    with attended(str(tmp_path)) as person:
        person.ask(APP)
        person.terminal.wait_for(QUESTION)
        time.sleep(0.6)
        person.terminal.send("x")
        person.terminal.send("\r")
        person.terminal.wait_for(f"{QUESTION}\n\n")
        assert "is allowed" not in person.terminal.shown


CRASHING = """
import signal

def crash(*_arguments):
    raise RuntimeError("crash")

signal.signal(signal.SIGUSR1, crash)

from corsmith.cli import main
main(prog_name="corsmith")
"""


def test_the_terminal_is_left_as_it_was_by_a_crash(tmp_path: Path) -> None:
    words = ["serve", "--port", "0", "--no-try", str(tmp_path)]
    with opened(words, program=CRASHING) as terminal:
        person = Person(terminal)
        usual = person.lines
        person.ask(APP)
        terminal.wait_for(QUESTION)
        assert person.lines == 0
        os.kill(terminal.process.pid, signal.SIGUSR1)
        assert terminal.wait() != 0
        assert "RuntimeError: crash" in terminal.shown
        assert person.lines == usual

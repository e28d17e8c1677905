"""An unlucky start: each problem is told in three lines at most, and nobody gets a traceback."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from corsmith.cli import main
from corsmith.cli.status import Status
from tests.server.served import PROGRAM, Reply, Served, is_running, read_all, read_answer, soon

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_LINES = 3


def deny(name: str, number: int) -> Callable[[pytest.MonkeyPatch], None]:
    """Return what makes a function of the system fail."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return lambda patch: patch.setattr(name, fail)


def remove_the_current_folder(_patch: pytest.MonkeyPatch) -> None:
    Path("here").mkdir()
    os.chdir("here")
    Path("../here").rmdir()


def nothing(_patch: pytest.MonkeyPatch) -> None:
    """Nothing else is wrong."""


# What is wrong with the machine, the command line, and the first line that is told.
PROBLEMS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], list[str], str]] = {
    "a folder that is missing": (nothing, ["./gone"], "there is no file or folder ./gone"),
    "a name that is too long": (nothing, ["./" + "x" * 5_000], "there is no file or folder ./x"),
    "a path that is too long": (nothing, ["./" + "x/" * 5_000], "there is no file or folder ./x"),
    "a name with a NUL": (nothing, ["./a\0b"], '"./a\\x00b" is no target'),
    "a pipe": (nothing, ["pipe"], '"pipe" is neither a folder nor a regular file'),
    "a device": (nothing, ["/dev/null"], '"/dev/null" is neither a folder nor a regular file'),
    "a link to itself": (nothing, ["./loop"], "there is no file or folder ./loop"),
    "a folder that may not be listed": (
        deny("corsmith.server.folder.serving.os.scandir", errno.EACCES),
        ["data"],
        '"data" cannot be read: Permission denied',
    ),
    "a folder on a disk that fails": (
        deny("corsmith.server.folder.serving.os.scandir", errno.EIO),
        ["data"],
        '"data" cannot be read: Input/output error',
    ),
    "a file that may not be read": (
        deny("corsmith.server.folder.serving.os.open", errno.EACCES),
        ["data/a.txt"],
        '"data/a.txt" cannot be read: Permission denied',
    ),
    "no more files": (
        deny("corsmith.server.folder.serving.os.open", errno.EMFILE),
        ["data/a.txt"],
        '"data/a.txt" cannot be read: Too many open files',
    ),
    "a current folder that is gone": (
        remove_the_current_folder,
        ["."],
        "the current folder has been removed",
    ),
    "a current folder that is gone, and no target": (
        remove_the_current_folder,
        [],
        "the current folder has been removed",
    ),
    "a policy that is missing": (nothing, ["--policy", "gone.toml"], "there is no file gone.toml"),
    "a policy that is a folder": (
        nothing,
        ["--policy", "data"],
        "data is a folder; a policy is a TOML file",
    ),
    "a policy without end": (nothing, ["--policy", "/dev/zero"], "/dev/zero is over "),
    "a policy that is no text": (
        nothing,
        ["--policy", "data/no.toml"],
        "data/no.toml cannot be used: 1 problem",
    ),
    "an app that is missing": (nothing, ["./gone.py"], "there is no file or folder ./gone.py"),
    "a certificate that is missing": (
        nothing,
        ["data", "--cert", "gone.pem", "--key", "gone.key"],
        '--cert "gone.pem": there is no such file',
    ),
    "a certificate that is none": (
        nothing,
        ["data", "--cert", "data/a.txt", "--key", "data/a.txt"],
        '--cert "data/a.txt" holds no certificate in PEM',
    ),
    "a port that needs a right": (
        deny("corsmith.server.ports.socket.socket.bind", errno.EACCES),
        ["data", "--port", "80"],
        "port 80 may not be listened on by this user",
    ),
    "a port that is taken": (
        deny("corsmith.server.ports.socket.socket.bind", errno.EADDRINUSE),
        ["data", "--port", "8000"],
        "port 8000 is taken",
    ),
    "an address of another machine": (
        deny("corsmith.server.ports.socket.socket.bind", errno.EADDRNOTAVAIL),
        ["data", "--host", "192.0.2.1", "--port", "8000"],
        '--host "192.0.2.1" is no address of this machine',
    ),
    "a system that has no socket left": (
        deny("corsmith.server.ports.socket.socket.listen", errno.ENOBUFS),
        ["data", "--port", "0"],
        "cannot listen on 127.0.0.1 port 0: No buffer space available",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    (tmp_path / "data" / "no.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("corsmith.cli.serve.signal.signal", lambda *_: None)
    return tmp_path


@pytest.mark.servers
@pytest.mark.parametrize("name", PROBLEMS)
def test_what_keeps_a_server_from_starting_is_told_in_a_few_words(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange, words, told = PROBLEMS[name]
    with monkeypatch.context() as patch:
        arrange(patch)
        result = CliRunner().invoke(main, ["serve", *words], prog_name="corsmith")
    lines = result.stderr.splitlines()
    assert result.exit_code == Status.USAGE
    assert lines[0].startswith(f"corsmith: {told}")
    assert len(lines) <= MOST_LINES
    assert result.stdout == ""


@pytest.mark.servers
@pytest.mark.parametrize("target", [".", "../data", None])
def test_a_current_folder_that_is_gone_is_told_by_a_real_program(
    folder: Path, target: str | None
) -> None:
    code = "import os; os.mkdir('h'); os.chdir('h'); os.rmdir('../h')\n"
    code += "from corsmith.__main__ import main; main()"
    words = [sys.executable, "-c", code, "serve", "--port", "0", *([target] if target else [])]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, check=False)
    assert (done.returncode, done.stdout) == (Status.USAGE, "")
    assert done.stderr == (
        "corsmith: the current folder has been removed\n"
        "  change to one that is there, and start again\n"
    )


def is_led_by(leader: int) -> bool:
    """Return whether there is a process in the group of one."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    return True


# ── signals, at each stage ─────────────────────────────────────────────────────

# Where the signal comes: as the line is about to run, to the whole group, as a terminal does.
STAGES = {
    "while modules are loaded": "import sys\nsys.meta_path.insert(0, Hook())",
    "before it listens": "import corsmith.server.ports as at\nbefore(at, 'listen')",
    "once it listens": "import corsmith.server.run as at\nbefore(at, '_raise_file_limit')",
    "once the channel is open": "import corsmith.server.run as at\nbefore(at, 'Processes')",
    "as the try page is opened": "import corsmith.server.page as at\nbefore(at.TryPage, 'start')",
    "as workers are started": "import granian.server.mp as at\nbefore(at.WorkerProcess, 'start')",
    "once they are started": "import granian.server.mp as at\nbefore(at.MPServer, '_serve_loop')",
    "as it is announced": "import corsmith.server.herald as at\nbefore(at.Herald, 'announce')",
}

HIT = """
import os, signal
def hit(): os.killpg(0, signal.{})
class Hook:
    def find_spec(self, name, *_):
        if name == "granian._granian": hit()
def before(place, name):
    real = getattr(place, name)
    def hooked(*a, **k):
        hit()
        return real(*a, **k)
    setattr(place, name, hooked)
{}
from corsmith.__main__ import main
main()
"""


@pytest.mark.servers
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_ends_a_start_at_each_stage_and_leaves_nothing(
    folder: Path, stage: str, name: str
) -> None:
    program = ("-c", HIT.format(name, STAGES[stage]))
    flags = ("--grace", "0.5", "data")
    with Served(*flags, folder=folder, program=program, wait=False) as server:
        status = server.process.wait(20)
        said = "\n".join(server.err.to_the_end())
        # What nobody answers yet ends a process by itself.
        assert status == 0 or (name == "SIGHUP" and status == -signal.SIGHUP)
        assert "Traceback" not in said
        assert "ended by itself" not in said
        # Nor does a worker stay behind, which would hold the port.
        soon(lambda: not is_led_by(server.process.pid))


# ── a disk that is full, a reader that has gone ────────────────────────────────


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def reply(port: int, *lines: str) -> Reply | None:
    request = "\r\n".join(
        ["GET / HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""]
    )
    with (
        contextlib.suppress(ConnectionRefusedError),
        socket.create_connection(("127.0.0.1", port), 10) as connection,
    ):
        connection.sendall(request.encode())
        return Reply(read_all(connection))
    return None


@pytest.mark.servers
def test_a_full_disk_under_the_log_stops_neither_the_server_nor_its_policy(folder: Path) -> None:
    policy = '[policy]\norigins = ["https://{}.example"]\n'
    file = folder / "cors.toml"
    file.write_text(policy.format("a"))
    port = free_port()
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [sys.executable, *PROGRAM, "serve", "--port", str(port), "--policy", str(file)],
            stdin=subprocess.DEVNULL, stdout=full, stderr=full, cwd=folder,
        )  # fmt: skip
    try:

        def allows(letter: str) -> bool:
            origin = f"https://{letter}.example"
            got = reply(port, f"Origin: {origin}")
            return got is not None and got.headers.get("access-control-allow-origin") == origin

        soon(lambda: allows("a"), 20)
        file.write_text("no policy")
        file.write_text(policy.format("b"))
        soon(lambda: allows("b"), 10)
    finally:
        process.terminate()
        assert process.wait(10) == 0


@pytest.mark.servers
def test_whoever_reads_no_more_than_the_first_line_has_a_server_all_the_same(folder: Path) -> None:
    """As with `corsmith serve data 2>&1 | head -1`."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, *PROGRAM, "serve", "--port", "0", "data"],
        stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, cwd=folder,
    )  # fmt: skip
    os.close(writing)
    try:
        with open(reading, encoding="utf-8") as lines:  # noqa: PTH123  a number, and no path
            found = re.search(r":(\d+)$", lines.readline().strip())
        assert found is not None
        assert all(reply(int(found[1])) for _ in range(3))
    finally:
        process.terminate()
        assert process.wait(10) == 0
    assert not is_running(process.pid)


@pytest.mark.servers
@pytest.mark.parametrize("variable", ["HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME"])
def test_a_place_that_may_not_be_written_to_is_not_needed(
    folder: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "/proc")
    with Served("data", folder=folder) as server:
        assert server.ask("GET", "/a.txt").body == b"a"
        assert server.end()[0] == 0
        assert "Traceback" not in "\n".join(server.err.to_the_end())


@pytest.mark.servers
def test_a_log_that_nobody_reads_holds_no_request_up(folder: Path) -> None:
    """As where a test starts the server with a pipe, and never looks."""
    port = free_port()
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, *PROGRAM, "serve", "--port", str(port), "data"],
        stdin=subprocess.DEVNULL, stdout=writing, stderr=writing, cwd=folder,
    )  # fmt: skip
    os.close(writing)
    try:
        soon(lambda: reply(port) is not None, 20)
        path = "/" + "x" * 250
        with socket.create_connection(("127.0.0.1", port), 10) as connection:
            for _ in range(1_000):
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                assert read_answer(connection).status == 404
        process.terminate()
        assert process.wait(5) == 0
        written = os.read(reading, 1_048_576)
        assert b" GET /xxx" in written
        assert len(written) <= 65_536
    finally:
        process.kill()
        process.wait(10)
        os.close(reading)

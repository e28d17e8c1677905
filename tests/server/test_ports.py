from __future__ import annotations

import doctest
import errno
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from corsmith.errors import UsageError
from corsmith.server import ports
from corsmith.server.ports import address_of, holder_of, listen

pytestmark = pytest.mark.servers


def test_port_0_becomes_a_free_port_that_can_be_told() -> None:
    with listen("127.0.0.1", 0) as listening:
        address, port = address_of(listening)
        assert address == "127.0.0.1"
        with socket.create_connection((address, port), timeout=5):
            pass


def test_localhost_is_127_0_0_1() -> None:
    with listen("localhost", 0) as listening:
        assert address_of(listening)[0] == "127.0.0.1"


def test_ipv6_is_listened_on_where_there_is_any() -> None:
    with listen("::1", 0) as listening:
        assert address_of(listening)[0] == "::1"


def test_a_port_is_ours_alone_even_beside_servers_that_share_theirs() -> None:
    """SO_REUSEPORT hides a second server; ours neither shares nor joins."""
    with listen("127.0.0.1", 0) as listening:
        _, port = address_of(listening)
        for share in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, share, 1)
                with pytest.raises(OSError, match="in use"):
                    other.bind(("127.0.0.1", port))
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match=r"^port \d+ is taken"):
            listen("127.0.0.1", other.getsockname()[1])


def test_a_port_is_free_again_as_soon_as_its_server_has_ended() -> None:
    listening = listen("127.0.0.1", 0)
    address = address_of(listening)
    with socket.create_connection(address, timeout=5):
        accepted, _ = listening.accept()
        accepted.close()
    listening.close()
    listen(*address).close()


def test_who_holds_a_port_is_told_with_the_flag_to_change() -> None:
    code = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, "\n", "x" * 200],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        port = int(holder.stdout.readline())
        with pytest.raises(UsageError) as told:
            listen("127.0.0.1", port)
        holder.communicate("")
    first, second = str(told.value).split("\n")
    name = Path(sys.executable).name
    assert first.startswith(f"port {port} is taken by {name} -c import socket")
    assert first.endswith(f"… (process {holder.pid})")
    assert re.fullmatch(r"  give another with --port \d+, or any free one with --port 0", second)


def no_such_name(*_arguments: object, **_options: object) -> None:
    """Answer as the resolver does, without asking a name server."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("host", ["", "192.0.2.1", "é" * 100, "nosuch.invalid", "a b"])
def test_a_host_that_is_none_of_this_machine_is_told_with_those_that_are(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if host in {"nosuch.invalid", "a b"}:
        monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(UsageError) as told:
        listen(host, 0)
    first, second = str(told.value).split("\n")
    assert first.startswith("--host ")
    assert first.endswith(" is no address of this machine")
    assert "--host 127.0.0.1" in second


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, ["port 80 may not be listened on by this user", "--port 80"]),
        (errno.EPERM, ["port 80 may not be listened on by this user", "--port 80"]),
        (errno.EADDRINUSE, ["port 80 is taken", "--port 81"]),
        (
            errno.ENOBUFS,
            [f"cannot listen on 127.0.0.1 port 80: {os.strerror(errno.ENOBUFS)}", "--host 0.0.0.0"],
        ),
    ],
)
def test_what_the_system_refuses_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, number: int, words: list[str]
) -> None:
    class Refusing(socket.socket):
        def bind(self, address: Any) -> None:
            if address[1] == 80:
                raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", Refusing)
    monkeypatch.setattr(ports, "holder_of", lambda _port: None)
    with pytest.raises(UsageError) as told:
        listen("127.0.0.1", 80)
    assert all(word in str(told.value) for word in words)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(ports) == (0, 4)


def test_a_port_that_is_suggested_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with listen("127.0.0.1", 0) as first:
        _, port = address_of(first)
        found = ports.free_near("127.0.0.1", port)
        with listen("127.0.0.1", found):
            again = ports.free_near("127.0.0.1", port)
            assert again not in {port, found}
            assert again == ports.free_near("[127.0.0.1]", port)
            with pytest.raises(UsageError, match=rf"--port {again}, or any free one"):
                listen("127.0.0.1", port)
        monkeypatch.setattr(ports, "_TRIED", 0)
        with pytest.raises(UsageError, match=r"give any free one with --port 0$"):
            listen("127.0.0.1", port)


def test_above_the_last_port_there_is_none() -> None:
    assert 65_515 <= ports.free_near("127.0.0.1", 65_535) < 65_535


@pytest.mark.parametrize(
    ("words", "typed"),
    [
        ("/v/bin/python3.11 -m corsmith serve", "corsmith serve"),
        ("/v/bin/python -m corsmith.server.follower serve ./data", "corsmith serve ./data"),
        ("/v/bin/python3 /srv/mysite/manage.py runserver", "python3 manage.py runserver"),
        ("/v/bin/python3 manage.py runserver", "python3 manage.py runserver"),
        ("/usr/bin/python3", "python3"),
        ("/usr/bin/python3 -m", "python3 -m"),
        ("/usr/sbin/nginx -g daemon", "nginx -g daemon"),
        ("", ""),
    ],
)
def test_a_holder_is_told_as_it_was_typed(words: str, typed: str) -> None:
    assert " ".join(ports._as_typed(words.split(" "))) == typed


# ── /proc, in a folder ─────────────────────────────────────────────────────────

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
LINE = "   0: {}:{:04X} 00000000:0000 {} 00000000:00000000 00:00000000 00000000  1000  0 {} 1 0\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc in which process 7 listens on port 8000 and process 8 is connected from it."""
    (tmp_path / "net").mkdir()
    listening = LINE.format("0100007F", 8000, "0A", 111)
    connected = LINE.format("0100007F", 9000, "01", 222)
    (tmp_path / "net" / "tcp").write_text(HEAD + connected + listening)
    for process, inode, command in (
        ("8", 222, b"curl\0"),
        ("7", 111, b"python3\0-m\0http.\x1bserver\0"),
    ):
        folder = tmp_path / process
        (folder / "fd").mkdir(parents=True)
        (folder / "fd" / "0").symlink_to("/dev/null")
        (folder / "fd" / "3").symlink_to(f"socket:[{inode}]")
        (folder / "cmdline").write_bytes(command)
        (folder / "stat").write_text(f"{process} (a) b) S 1 1 1")
    (tmp_path / "9").mkdir()
    return tmp_path


def test_the_holder_is_the_process_with_the_listening_socket(proc: Path) -> None:
    assert holder_of(8000, proc) == "python3 -m http.?server (process 7)"


def test_the_workers_of_a_server_are_not_its_holder(proc: Path) -> None:
    worker = proc / "6"
    (worker / "fd").mkdir(parents=True)
    (worker / "fd" / "3").symlink_to("socket:[111]")
    (worker / "cmdline").write_bytes(b"python3\0-c\0from multiprocessing")
    (worker / "stat").write_text("6 (worker) S 7 7 7")
    assert holder_of(8000, proc) == "python3 -m http.?server (process 7)"


def test_a_connection_from_a_port_does_not_hold_it(proc: Path) -> None:
    assert holder_of(9000, proc) is None


def test_a_socket_of_ipv6_holds_the_port_too(proc: Path) -> None:
    line = LINE.format("0" * 32, 8001, "0A", 222)
    (proc / "net" / "tcp6").write_text(HEAD + line)
    assert holder_of(8001, proc) == "curl (process 8)"


def test_another_users_process_is_not_told(proc: Path) -> None:
    (proc / "7" / "fd" / "3").unlink()
    assert holder_of(8000, proc) is None


def test_a_system_without_proc_tells_nothing(tmp_path: Path) -> None:
    assert holder_of(8000, tmp_path) is None


def test_a_client_that_takes_nothing_is_ended_by_the_system_where_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    option = socket.TCP_USER_TIMEOUT
    with listen("127.0.0.1", 0) as listening:
        monkeypatch.setattr(ports, "_STALLED", None)
        ports.end_stalled(listening, 2)
        assert listening.getsockopt(socket.IPPROTO_TCP, option) == 0
        monkeypatch.undo()
        ports.end_stalled(listening, 2)
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, option) == 2_000


def test_an_answer_is_waited_for_until_there_is_one() -> None:
    asked: list[bytes] = []

    def answer_the_second(listening: socket.socket) -> None:
        for answer in (b"", b"HTTP/1.1 400 Bad Request\r\n"):
            connection, _ = listening.accept()
            with connection:
                asked.append(connection.recv(100))
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer_the_second, args=(listening,))
        thread.start()
        port = listening.getsockname()[1]
        ports.wait_for_answer("0.0.0.0", port)  # noqa: S104  not bound
        thread.join(10)
    assert len(asked) == 2


def test_an_address_of_ipv6_may_be_written_as_in_a_url() -> None:
    with listen("[::1]", 0) as listening:
        assert address_of(listening)[0] == "::1"


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("0.0.0.0:80", "write --host 0.0.0.0 --port 80"),
        (":8080", "write --host 127.0.0.1 --port 8080"),
        ("nosuch.invalid:http", "write --host 127.0.0.1 for this machine alone"),
    ],
)
def test_a_port_beside_the_host_is_told_its_flag(
    host: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(UsageError) as told:
        listen(host, 0)
    assert str(told.value).split("\n")[1].startswith(f"  {meant}")

"""The channel from the workers to the page: nothing waits for it, nothing grows in it."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.server import events
from corsmith.server.events import Publisher, Receiver
from corsmith.server.exchange import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.servers


def record(press: str = "7f3a") -> dict[str, object]:
    return Exchange(
        time=1.5,
        press=press,
        kind="actual",
        method="GET",
        path="/",
        status=200,
        allowed=True,
        request_headers=(("Origin", "https://app.example"),),
        response_headers=(),
        reasons=(),
    ).to_mapping()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    started.start()
    yield started
    started.stop()


def follow(receiver: Receiver, count: int, seconds: float = 10.0) -> list[str]:
    """Return the presses of the first records, waiting for so many."""
    found: list[str] = []
    seen = 0
    deadline = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < deadline:
        for number, text in receiver.wait(seen, 0.5):
            seen = number
            found.append(json.loads(text)["press"])
    return found


def send(address: str, datagram: bytes) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(10)
        sender.sendto(datagram, address)


def test_what_is_published_arrives_whole_and_in_order(receiver: Receiver) -> None:
    publisher = Publisher(receiver.address)
    for number in range(200):  # many more than the kernel queues
        publisher.publish(record(str(number)))
    assert follow(receiver, 200) == [str(number) for number in range(200)]
    assert json.loads(receiver.wait(199, 0)[0][1]) == json.loads(json.dumps(record("199")))


def test_a_record_that_is_not_unicode_arrives_too(receiver: Receiver) -> None:
    Publisher(receiver.address).publish(record("é\udcff"))
    assert follow(receiver, 1) == ["é?"]


def test_another_process_publishes_to_the_same_receiver(receiver: Receiver) -> None:
    program = (
        "import json, sys, time\n"
        "from corsmith.server.events import Publisher\n"
        "publisher = Publisher(sys.argv[1])\n"
        "publisher.publish(json.loads(sys.argv[2]))\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, receiver.address, json.dumps(record("elsewhere"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as worker:
        assert follow(receiver, 1) == ["elsewhere"]
        worker.communicate()
    assert worker.returncode == 0


@pytest.mark.parametrize(
    ("query", "wanted"), [(b"corsmith-try=7f3a", True), (b"page=2", False), (b"", False)]
)
def test_only_marked_requests_are_wanted(receiver: Receiver, query: bytes, wanted: bool) -> None:
    assert Publisher(receiver.address).wants({"query_string": query}) is wanted


def test_without_a_page_nothing_is_wanted_and_nothing_is_kept() -> None:
    publisher = Publisher(None)
    assert publisher.wants({"query_string": b"corsmith-try=7f3a"}) is False
    before = threading.active_count()
    publisher.publish(record())
    assert threading.active_count() == before
    assert publisher._waiting.qsize() == 0


def test_records_are_dropped_and_nobody_waits_when_the_receiver_does_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_SEND_SECONDS", 0.05)
    address = str(tmp_path / "deaf")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(address)
        publisher = Publisher(address)
        for _ in range(5 * events._MOST_WAITING):
            publisher.publish(record())
        assert publisher._waiting.qsize() <= events._MOST_WAITING
    wait_until_empty(publisher)  # its thread lives on, and drops


def test_a_receiver_that_is_gone_or_a_record_that_is_no_json_is_no_problem(
    receiver: Receiver,
) -> None:
    gone = Publisher(receiver.address + "-gone")
    gone.publish(record())
    wait_until_empty(gone)
    publisher = Publisher(receiver.address)
    publisher.publish({"press": object()})
    publisher.publish(record("after"))
    assert follow(receiver, 1) == ["after"]


def wait_until_empty(publisher: Publisher) -> None:
    deadline = time.monotonic() + 40
    while publisher._waiting.qsize() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert publisher._waiting.qsize() == 0


@pytest.mark.parametrize(
    "datagram", [b"", b"{", b"\xff", b"[]", b"7", b"{}", b"[" * 60_000, b'{"press": "x"}']
)
def test_what_is_no_record_is_ignored(receiver: Receiver, datagram: bytes) -> None:
    send(receiver.address, datagram)
    Publisher(receiver.address).publish(record("good"))
    assert follow(receiver, 1) == ["good"]


def test_only_the_newest_records_are_kept(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(events._MOST_WAITING + 100):
        send(receiver.address, json.dumps(record(str(number))).encode())
    deadline = time.monotonic() + 20
    while receiver.last < events._MOST_WAITING + 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    kept = receiver.wait(0, 0)
    assert len(kept) == events._MOST_WAITING
    assert kept[0][0] == 101
    assert kept[-1][0] == receiver.last


def test_a_follower_waits_no_longer_than_it_says(receiver: Receiver) -> None:
    assert receiver.wait(receiver.last, 0.01) == []


def test_a_waiting_follower_is_woken(receiver: Receiver) -> None:
    waking = threading.Timer(0.05, receiver.wake)
    waking.start()
    assert receiver.wait(receiver.last, 30) == []
    waking.join()


def test_only_this_user_may_enter_the_folder(receiver: Receiver) -> None:
    folder = Path(receiver.address).parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_left_behind() -> None:
    receiver = Receiver()
    receiver.start()
    folder = Path(receiver.address).parent
    receiver.stop()
    receiver.stop()
    assert not folder.exists()
    assert not any(thread.name == "corsmith-receive" for thread in threading.enumerate())
    with pytest.raises(RuntimeError, match="once it is started"):
        _ = receiver.address


def test_a_receiver_that_was_never_started_stops_too() -> None:
    Receiver().stop()


def test_a_long_temporary_folder_is_no_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    receiver = Receiver()
    receiver.start()
    Publisher(receiver.address).publish(record("short"))
    assert follow(receiver, 1) == ["short"]
    receiver.stop()
    assert list(long.iterdir()) == []


def test_a_temporary_folder_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(self: Any, address: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(PermissionError):
        Receiver().start()

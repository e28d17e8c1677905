"""The try page while it runs: what its stream tells, how much it holds, and how it ends."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from pathlib import Path

import pytest

from corsmith.policy import Policy
from corsmith.server import page as page_module
from corsmith.server import visit
from corsmith.server.events import Publisher
from corsmith.server.in_force import InForce
from corsmith.server.page import TryPage
from tests.server.opened import OPEN, PATIENCE, TARGET, Opened, Stream, exchange

pytestmark = pytest.mark.servers


def test_the_stream_begins_with_the_policy_in_force(stream: Stream, opened: Opened) -> None:
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    name, data, _ = stream.next()
    assert name == "policy"
    assert data["target"] == TARGET
    assert data["origin"] == f"http://{opened.host}"
    assert data["predictions"]["/"]["get"]["stops"] is None


def test_an_edit_is_told_at_once_and_so_is_what_is_wrong_with_one(
    stream: Stream, opened: Opened
) -> None:
    stream.next()
    closed = Policy(origins=["https://app.example"])
    opened.now = InForce(policy=closed, source="cors.toml")
    assert stream.next()[1]["predictions"]["/"]["get"]["stops"] == "request"
    opened.now = InForce(policy=closed, source="cors.toml", problems=("not-a-list: …",))
    assert stream.next()[1]["problems"] == ["not-a-list: …"]
    # Equal to the last, but spelled in another way: people look at the spelling.
    spelled = Policy(origins=["https://app.example", "https://app.example"])
    opened.now = InForce(policy=spelled, source="cors.toml")
    assert "app.example" in stream.next()[1]["text"]


def test_the_same_policy_is_told_once(stream: Stream, opened: Opened) -> None:
    stream.next()
    opened.now = InForce(policy=OPEN.policy)  # made anew, as a function may do each time
    time.sleep(3 * visit._TICK_SECONDS)
    Publisher(opened.page.address).publish(exchange())
    assert stream.next()[0] == "exchange"


def test_what_a_worker_saw_is_told_to_every_open_page(stream: Stream, opened: Opened) -> None:
    other = Stream(opened)
    for reading in (stream, other):
        assert reading.next()[0] == "policy"
    Publisher(opened.page.address).publish(exchange("7f3a"))
    for reading in (stream, other):
        name, data, number = reading.next()
        assert (name, data["press"], number) == ("exchange", "7f3a", "1")
    other.close()


@pytest.mark.parametrize(
    ("last", "presses"),
    [("1", ["b", "c"]), ("0", ["a", "b", "c"]), ("x", ["c"]), ("9" * 30, ["c"]), ("99", ["c"])],
)
def test_a_page_that_lost_its_stream_is_told_what_it_missed(
    opened: Opened, last: str, presses: list[str]
) -> None:
    publisher = Publisher(opened.page.address)
    for press in "ab":
        publisher.publish(exchange(press))
    while opened.page.events.last < 2:
        opened.page.events.wait(0, 0.1)
    again = Stream(opened, **{"Last-Event-ID": last})
    assert again.next()[0] == "policy"
    publisher.publish(exchange("c"))
    assert [again.next()[1]["press"] for _ in presses] == presses
    again.close()


def test_a_silent_stream_shows_that_it_lives(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "_BEAT_SECONDS", 0.01)
    stream = Stream(opened)
    stream.next()
    assert stream.response.readline() == b":\n"
    stream.close()


def test_so_many_pages_may_be_open_and_a_closed_one_makes_room(opened: Opened) -> None:
    streams = [Stream(opened) for _ in range(TryPage.most_streams)]
    response, text = opened.get("/events" + opened.query)
    assert (response.status, text) == (503, "8 try pages are open: close one and reload.\n")
    streams.pop().close()
    deadline = time.monotonic() + PATIENCE
    while (more := Stream(opened)).response.status == 503 and time.monotonic() < deadline:
        more.close()
        time.sleep(0.05)
    assert more.response.status == 200
    for stream in [more, *streams]:
        stream.close()


def test_so_many_connections_may_be_open_and_a_closed_one_makes_room(opened: Opened) -> None:
    address = ("127.0.0.1", opened.port)
    idle = [
        socket.create_connection(address, PATIENCE) for _ in range(page_module._MOST_CONNECTIONS)
    ]
    with pytest.raises((http.client.HTTPException, OSError)):
        opened.get("/" + opened.query)
    for connection in idle:
        connection.close()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            assert opened.get("/" + opened.query)[0].status == 200
        except (http.client.HTTPException, OSError):
            time.sleep(0.05)
        else:
            break
    else:
        pytest.fail("no room was made")


def test_a_client_that_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visit.Visit, "timeout", 0.05)
    opened = Opened()
    with socket.create_connection(("127.0.0.1", opened.port), PATIENCE) as silent:
        assert silent.recv(1) == b""
    opened.page.stop()


# ── its life ─────────────────────────────────────────────────────────────────


def test_it_ends_at_once_with_its_streams_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    opened = Opened()
    folder = Path(opened.page.address).parent
    stream = Stream(opened)
    stream.next()
    opened.page.stop()
    opened.page.stop()
    assert stream.response.read() == b""
    stream.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", opened.port), PATIENCE)
    assert not folder.exists()
    deadline = time.monotonic() + PATIENCE
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == set()


def test_it_is_on_loopback_alone(shared: Opened) -> None:
    assert shared.page._server is not None
    assert shared.page._server.server_address[0] == "127.0.0.1"


def test_a_page_without_its_channel_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    page = TryPage(TARGET, lambda: OPEN)

    def refuse() -> None:
        raise OSError("no socket")

    monkeypatch.setattr(page.events, "start", refuse)
    with pytest.raises(OSError, match="no socket"):
        page.start()
    page.stop()

"""Real servers: how they end."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.server.served import Served, is_running, read_all, read_answer, soon

pytestmark = pytest.mark.servers

STRICT = '[policy]\norigins = ["https://{}.example"]\n'
HELD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na"
KEPT = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_ends_an_idle_server_long_before_its_grace_is_over(
    number: int, workers: str
) -> None:
    with Served("--workers", workers) as server, server.connect() as kept:
        kept.sendall(KEPT)
        assert read_answer(kept).status == 200
        status, seconds = server.end(number)
        assert status == 0
        assert seconds < 2
        assert "Traceback" not in "".join(server.err.to_the_end())


def test_ctrl_c_reaches_the_workers_as_well_and_is_no_failure() -> None:
    with Served("--no-try", "--workers", "3") as server:
        status, seconds = server.end(signal.SIGINT, group=True)
        assert status == 0
        assert seconds < 2
        assert server.err.to_the_end()[-1] == "  stop       Ctrl-C"


def test_a_request_in_flight_is_answered_before_the_end() -> None:
    with Served("--no-try") as server, server.connect() as held:
        held.sendall(HELD)
        assert server.ask().status == 200
        server.process.terminate()
        time.sleep(0.3)
        held.sendall(b"bc")
        assert read_answer(held).status == 200
        assert server.process.wait(5) == 0
        # Its line was written before the worker ended.
        assert [line for line in server.out.to_the_end() if "abc" in line]


@pytest.mark.parametrize(("grace", "least", "most"), [("0", 0.0, 1.0), ("1", 0.9, 2.5)])
def test_a_request_that_stalls_is_given_its_grace_and_no_more(
    grace: str, least: float, most: float
) -> None:
    with Served("--no-try", "--grace", grace) as server, server.connect() as held:
        held.sendall(HELD)
        assert server.ask().status == 200
        status, seconds = server.end()
        assert status == 0
        assert least <= seconds < most
        assert read_all(held) == b""


def test_a_second_ctrl_c_ends_at_once() -> None:
    with Served("--no-try", "--grace", "30") as server, server.connect() as held:
        held.sendall(HELD)
        assert server.ask().status == 200
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert server.process.poll() is None
        status, seconds = server.end(signal.SIGINT)
        assert status == 0
        assert seconds < 1


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (signal.SIGINT, "waiting up to 2 s for requests in flight; Ctrl-C again ends now"),
        (signal.SIGTERM, "waiting up to 2 s for requests in flight"),
    ],
)
def test_an_end_that_takes_its_time_says_what_it_waits_for(number: int, told: str) -> None:
    with Served("--no-try", "--grace", "2") as server, server.connect() as held:
        held.sendall(HELD)
        assert server.ask().status == 200
        assert server.end(number, group=number == signal.SIGINT)[0] == 0
        lines = [line for line in server.err.to_the_end() if "waiting" in line]
        assert [line[9:] for line in lines] == [told]


def test_a_signal_before_the_server_is_there_ends_it_too() -> None:
    code = (
        "import corsmith.server.ports as ports, os, signal\n"
        "def interrupt(host, port): os.kill(os.getpid(), signal.{})\n"
        "ports.listen = interrupt\n"
        "from corsmith.__main__ import main\n"
        "main()\n"
    )
    for name in ("SIGINT", "SIGTERM"):
        with Served(program=("-c", code.format(name)), wait=False) as server:
            assert server.process.wait(10) == 0
            assert server.err.to_the_end() == []


def test_nohup_is_obeyed() -> None:
    def ignore() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with Served("--no-try", before=ignore) as server:
        server.process.send_signal(signal.SIGHUP)
        assert server.ask().status == 200
        assert server.end()[0] == 0


def test_workers_end_with_the_process_that_started_them() -> None:
    """Even one that could not say good-bye leaves nothing that holds the port."""
    with Served("--no-try", "--workers", "2") as server:
        workers = server.workers()
        assert len(workers) == 2
        server.process.kill()
        server.process.wait(5)
        soon(lambda: not any(map(is_running, workers)))


def test_a_worker_that_dies_is_replaced() -> None:
    with Served("--no-try") as server:
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        soon(lambda: server.workers() not in ([], [worker]))
        assert server.ask().status == 200
        assert server.err.wait("Unexpected exit") == "corsmith: Unexpected exit from worker-1"
        assert server.end()[0] == 0


DIES = (
    "import corsmith.server.worker as worker, os, signal\n"
    "call = worker.Worker.__call__\n"
    "def die(self):\n"
    "    {}\n"
    "worker.Worker.__call__ = die\n"
    "from corsmith.__main__ import main\n"
    "main()\n"
)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("os._exit(3)", "with exit status 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "by SIGKILL"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_that_die_before_they_are_ready_are_not_started_again(
    how: str, told: str, workers: str
) -> None:
    code = DIES.format(how)
    with Served("--workers", workers, program=("-c", code), wait=False) as server:
        assert server.process.wait(15) == 1
        *before, last = server.err.to_the_end()
        assert last == f"corsmith: a worker ended {told} while it started"
        assert {line[:-1] for line in before} == {"corsmith: Unexpected exit from worker-"}


def test_workers_that_die_as_soon_as_they_are_ready_end_the_server_with_a_failure() -> None:
    code = DIES.format("call(self), os._exit(3)")
    with Served("--no-try", program=("-c", code), wait=False) as server:
        assert server.process.wait(15) == 1
        assert server.err.to_the_end()[-1] == (
            "corsmith: the server ended by itself; what it said last is above"
        )

"""Which origin is asked about when, and which key answers: written against a hostile page."""

from __future__ import annotations

import os
import pty
import termios
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from corsmith.server import asking as module
from corsmith.server.asking import (
    BETWEEN_SECONDS,
    CHANGED_SECONDS,
    OPEN_SECONDS,
    YOUNG_SECONDS,
    Asking,
    Keyboard,
    Questions,
    Refused,
    question,
)
from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "https://app.example"
EVIL = "https://evil.example"


def test_the_question_shows_the_whole_origin_and_whether_cookies_come_with_it() -> None:
    assert question(APP, credentials=False) == f"allow {APP} until the end? [a]"
    assert question(APP, credentials=True) == f"allow {APP}, with its cookies, until the end? [a]"


# ── which question, and which answer ───────────────────────────────────────────


def test_a_refused_origin_is_asked_about_at_once_and_once_a_minute() -> None:
    questions = Questions()
    questions.refuse(APP, 0.0)
    assert questions.ask(0.0) == APP
    for now in (0.0, 5.0, 59.0):
        questions.refuse(APP, now)
        assert questions.ask(now) is None
    questions.refuse(APP, 60.0)
    assert questions.ask(60.0) == APP


def test_a_flood_is_one_question_in_five_seconds_and_a_table_of_bounded_size() -> None:
    questions = Questions()
    asked = []
    for tick in range(10_000):
        now = tick / 100
        questions.refuse(f"https://a{tick}.example", now)
        asked += [now] if questions.ask(now) else []
        assert len(questions._asked) <= 1 + OPEN_SECONDS / BETWEEN_SECONDS
    assert len(asked) == 20
    assert all(after - before >= BETWEEN_SECONDS for before, after in pairwise(asked))


def test_one_that_came_too_early_is_asked_about_when_it_is_time() -> None:
    questions = Questions()
    questions.refuse(EVIL, 0.0)
    assert questions.ask(0.0) == EVIL
    questions.refuse(APP, 1.0)
    assert questions.ask(1.0) is None
    assert questions.patience(1.0) == 4.0
    assert questions.patience(6.0) == 0.0
    assert questions.ask(5.0) == APP


def test_a_key_allows_the_origin_that_is_shown_once_it_could_be_read() -> None:
    questions = Questions()
    assert questions.answer(0.0) is None
    questions.refuse(APP, 0.0)
    questions.ask(0.0)
    assert questions.answer(YOUNG_SECONDS - 0.01) is None
    assert questions.answer(YOUNG_SECONDS) == APP
    assert questions.answer(YOUNG_SECONDS + 1) is None


def test_a_page_cannot_put_its_own_in_the_place_of_another_just_before_a_key() -> None:
    questions = Questions()
    questions.refuse(APP, 0.0)
    questions.ask(0.0)
    questions.refuse(EVIL, 4.0)
    assert questions.ask(5.0) == EVIL
    assert questions.answer(5.0) is None
    assert questions.answer(5.0 + CHANGED_SECONDS - 0.01) is None
    assert questions.answer(5.0 + CHANGED_SECONDS) == EVIL


def test_a_question_is_open_for_a_minute_and_not_after_it_was_dropped() -> None:
    questions = Questions()
    assert questions.patience(0.0) is None
    questions.refuse(APP, 0.0)
    questions.ask(0.0)
    assert questions.open(OPEN_SECONDS - 0.01) == APP
    assert questions.patience(1.0) == 1.0
    assert questions.answer(OPEN_SECONDS) is None
    assert questions.patience(OPEN_SECONDS) is None
    questions.refuse(EVIL, 100.0)
    questions.ask(100.0)
    questions.drop()
    assert questions.answer(102.0) is None


# ── the way out of a worker ────────────────────────────────────────────────────


def test_a_worker_tells_a_few_refusals_and_no_flood() -> None:
    refused = Refused()
    for number in range(1000):
        refused.tell(f"https://a{number}.example")
    told = 0
    while refused.reading.poll():
        assert refused.reading.recv_bytes() == f"https://a{told}.example".encode()
        told += 1
    assert told == 10
    time.sleep(0.25)
    refused.tell(APP)
    refused.tell(EVIL)
    assert refused.reading.recv_bytes() == APP.encode()
    assert not refused.reading.poll()


def test_a_worker_never_waits_for_whoever_should_read(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Refused()
    monkeypatch.setattr(module, "_TOLD_AT_ONCE", 10_000)
    refused._begin()
    for _ in range(10_000):
        refused.tell("https://" + "a" * 600)
    refused.reading.close()
    refused.tell(APP)


def test_it_goes_to_a_worker_that_is_started_anew() -> None:
    refused = Refused()
    again = Refused.__new__(Refused)
    # As pickle does it; a connection itself is pickled only for a process that is being started.
    again.__setstate__(refused.__getstate__())
    again.tell(APP)
    assert refused.reading.recv_bytes() == APP.encode()


# ── the terminal ───────────────────────────────────────────────────────────────


class Desk:
    """A terminal, and everything that is said and allowed there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.master, self.slave = pty.openpty()
        self.keyboard = Keyboard(self.slave)
        self.is_ours = True
        monkeypatch.setattr(Keyboard, "is_ours", property(lambda _keyboard: self.is_ours))
        self.refused = Refused()
        self.said: list[str] = []
        self.allowed: list[str] = []
        self.may = True
        self.now = 1000.0
        self.asking = Asking(
            self.refused,
            self.keyboard,
            ask=lambda origin: f"{origin}?" if self.may else None,
            allow=self.allowed.append,
            say=self.said.extend,
            clock=lambda: self.now,
        )

    @property
    def lines(self) -> int:
        modes: int = termios.tcgetattr(self.slave)[3]
        return modes & (termios.ICANON | termios.ECHO)

    def open(self) -> None:
        """Have a question be open, and old enough for a key."""
        self.asking._take(APP)
        self.asking._show()
        self.now += YOUNG_SECONDS

    def press(self, keys: bytes) -> bool:
        os.write(self.master, keys)
        return self.asking._turn()


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(monkeypatch)
    yield made
    for one in (made.master, made.slave):
        os.close(one)


USUAL = termios.ICANON | termios.ECHO


def test_a_key_allows_and_the_terminal_is_as_it_was(desk: Desk) -> None:
    assert desk.lines == USUAL
    desk.open()
    assert desk.said == [f"{APP}?"]
    assert desk.lines == 0
    assert desk.press(b"a")
    assert desk.allowed == [APP]
    desk.refused.tell(EVIL)
    desk.may = False
    assert desk.asking._turn()
    assert desk.lines == USUAL


@pytest.mark.parametrize("keys", [b"x", b"aa", b"\x1b[a", b"a\n"])
def test_other_keys_and_a_paste_allow_nobody(desk: Desk, keys: bytes) -> None:
    desk.open()
    assert desk.press(keys)
    assert desk.allowed == []
    assert desk.press(b"A")
    assert desk.allowed == [APP]


def test_a_key_that_was_pressed_too_soon_allows_nobody(desk: Desk) -> None:
    os.write(desk.master, b"a\n")  # before the question
    desk.open()
    desk.now -= YOUNG_SECONDS
    assert desk.press(b"a")
    assert desk.allowed == []


def test_enter_parts_the_lines(desk: Desk) -> None:
    desk.open()
    desk.press(b"\r")
    assert desk.said == [f"{APP}?", ""]


def test_an_origin_that_was_allowed_otherwise_meanwhile_is_not_asked_about(desk: Desk) -> None:
    desk.asking._take(APP)
    desk.may = False
    desk.asking._show()
    assert desk.said == []
    desk.may = True
    desk.now += 60
    desk.open()
    desk.may = False
    desk.press(b"a")
    assert desk.allowed == []


def test_in_the_background_nothing_is_asked_read_or_changed(desk: Desk) -> None:
    desk.is_ours = False
    desk.open()
    assert (desk.said, desk.lines) == ([], USUAL)
    desk.is_ours = True
    desk.asking._take(APP)
    desk.is_ours = False
    desk.asking._show()
    assert (desk.said, desk.lines) == ([], USUAL)
    desk.is_ours = True
    desk.now += 60
    desk.open()
    desk.is_ours = False
    assert desk.press(b"a")
    assert desk.allowed == []
    assert desk.asking._questions.open(desk.now) is None
    # The shell has put the terminal right: it is not ours to do.
    desk.keyboard.free()
    assert desk.lines == 0


def test_a_terminal_that_the_shell_has_put_right_is_taken_again(desk: Desk) -> None:
    desk.open()
    modes = termios.tcgetattr(desk.slave)
    modes[3] |= USUAL
    termios.tcsetattr(desk.slave, termios.TCSANOW, modes)
    desk.keyboard.hold()
    assert desk.lines == 0
    desk.keyboard.free()
    assert desk.lines == USUAL


def test_once_it_is_closed_the_terminal_is_left_alone(desk: Desk) -> None:
    desk.keyboard.hold()
    desk.keyboard.close()
    assert desk.lines == USUAL
    desk.keyboard.hold()
    assert desk.lines == USUAL


def test_a_terminal_that_is_gone_ends_the_asking(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open()

    def gone(_descriptor: int, _size: int) -> bytes:
        raise OSError

    monkeypatch.setattr(os, "read", gone)
    assert not desk.press(b"a")


def test_what_is_no_terminal_is_nobodys() -> None:
    reading, writing = os.pipe()
    assert not Keyboard(reading).is_ours
    os.close(reading)
    os.close(writing)


def test_it_goes_on_in_a_thread_until_it_is_stopped(desk: Desk) -> None:
    desk.asking.start()
    desk.refused.tell(APP)
    soon(lambda: desk.said == [f"{APP}?"])
    assert desk.lines == 0
    desk.asking.stop()
    assert desk.lines == USUAL

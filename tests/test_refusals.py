"""What is logged about refusals, in which words, and how rarely."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest

from corsmith import refusals
from corsmith.policy import Policy
from corsmith.refusals import Refusals, hushed, note_replaced_headers, note_warnings
from corsmith.tables import Fault

if TYPE_CHECKING:
    from corsmith.nearest import Nearest

APP = "https://app.example"
OTHER = "https://other.example"
POLICY = Policy(origins=[APP], methods=["PUT"])
FAULT = Fault(code="method-not-allowed", field="methods", value="DELETE")


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def noted(clock: Clock, caplog: pytest.LogCaptureFixture) -> Refusals:
    """Return the refusals of an adapter, at the mercy of the clock."""
    caplog.set_level(logging.WARNING, logger="corsmith")
    return Refusals(clock)


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "_said", set())


# ── words ──────────────────────────────────────────────────────────────────────


def test_a_refused_origin_is_one_warning_with_the_nearest_and_the_difference(
    noted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    noted.note_origin(POLICY, f"{APP}/")
    record = caplog.records[0]
    assert (record.name, record.levelname) == ("corsmith", "WARNING")
    start = f'refused "{APP}/": origin-malformed; nearest allowed {APP} ('
    assert record.message.startswith(start)
    assert record.message.endswith(")")


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (OTHER, f'refused "{OTHER}": origin-not-allowed'),
        (b"https://b.example", 'refused "https://b.example": origin-not-allowed'),
        ("null", 'refused "null": origin-not-allowed'),
        ("", 'refused "": origin-malformed'),
        (b"\xff\r\n\x1b[31m\x00", r'refused "ÿ\r\n\x1b[31m\x00": origin-malformed'),
        (None, "refused several Origin headers: origin-malformed"),
    ],
)
def test_the_line_says_the_origin_escaped_and_the_reason(
    noted: Refusals, caplog: pytest.LogCaptureFixture, origin: str | bytes | None, words: str
) -> None:
    noted.note_origin(POLICY, origin)
    assert caplog.records[0].message.partition(";")[0] == words


def test_a_long_origin_is_one_short_line(noted: Refusals, caplog: pytest.LogCaptureFixture) -> None:
    noted.note_origin(POLICY, b"https://" + b"\n" * 1_000_000)
    noted.note_origin(POLICY, b"https://" + b"\n" * 1_000_000 + b"x")
    assert len(caplog.records) == 1
    assert len(caplog.records[0].message) < 1000
    assert "\n" not in caplog.records[0].message


def test_what_a_preflight_lacks_is_one_warning(
    noted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    noted.note_fault(APP.encode(), FAULT)
    noted.note_fault(None, Fault(code="headers-malformed", field="headers", value="a\nb"))
    assert [record.message for record in caplog.records] == [
        f'refused "{APP}": method-not-allowed: "DELETE"',
        r'refused "": headers-malformed: "a\nb"',
    ]


def test_a_function_that_failed_is_an_error_with_its_traceback(
    noted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    noted.note_failure(APP, OSError("the database is away"))
    noted.note_failure(None, OSError("the database is away"))
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert caplog.records[0].message == f'refused "{APP}": policy-failed'
    assert "OSError: the database is away" in caplog.text


def test_a_path_without_headers_is_one_warning(
    noted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    noted.note_path("/a/../b\n")
    assert caplog.records[0].message == r'no CORS headers for "/a/../b\n": path-ambiguous'


# ── limits ─────────────────────────────────────────────────────────────────────


def test_an_origin_is_written_once_a_minute_for_each_reason(
    noted: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for step in (0.0, 1.0, 58.9, 0.1, 59.9):
        clock.now += step
        noted.note_origin(POLICY, OTHER)
        noted.note_fault(OTHER, FAULT)
        noted.note_fault(OTHER, Fault(code=FAULT.code, field="methods", value="PATCH"))
        noted.note_failure(OTHER, OSError())
    assert len(caplog.records) == 2 * 3


def test_at_most_ten_lines_a_second_are_written(
    noted: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for second in range(3):
        for number in range(100):
            noted.note_origin(POLICY, f"https://{second}-{number}.example")
            noted.note_path(f"/{second}/{number}")
        assert len(caplog.records) == 10 * (second + 1)
        clock.now += 0.9
        noted.note_fault(f"https://early-{second}.example", FAULT)
        assert len(caplog.records) == 10 * (second + 1)
        clock.now += 0.1


def test_at_most_256_are_remembered_and_beyond_that_nothing_is_written(
    noted: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(400):
        clock.now += 0.125
        noted.note_origin(POLICY, f"https://{number}.example")
    assert len(caplog.records) == len(noted._written) == 256
    clock.now += 60 - 50 + 0.5
    noted.note_origin(POLICY, "https://later.example")
    assert len(caplog.records) == 257
    assert len(noted._written) < 256


def test_what_is_not_written_is_not_computed_either(
    noted: Refusals, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def nearest(origin: str, *_: object) -> Nearest | None:
        asked.append(origin)
        return None

    monkeypatch.setattr("corsmith.nearest.nearest", nearest)
    for number in range(100):
        noted.note_origin(POLICY, OTHER)
        noted.note_origin(POLICY, f"https://{number}.example")
        noted.note_origin(POLICY, None)
    assert len(asked) == 9  # ten lines, one of them about several Origin headers


def test_two_threads_do_not_write_the_same_line(
    noted: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    ready = threading.Barrier(8, timeout=10)

    def note() -> None:
        ready.wait()
        for number in range(5):
            noted.note_origin(POLICY, f"https://{number}.example")

    threads = [threading.Thread(target=note) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(caplog.records) == 5


def test_each_adapter_has_a_log_of_its_own(
    noted: Refusals, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    Refusals(clock).note_origin(POLICY, OTHER)
    noted.note_origin(POLICY, OTHER)
    assert len(caplog.records) == 2


# ── once in the life of the process ────────────────────────────────────────────


def test_a_warning_of_a_policy_is_written_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        note_warnings(Policy(origins=["https://app.example:*"]).warnings)
    assert [record.message.partition(":")[0] for record in caplog.records] == ["any-port"]
    note_warnings(Policy(origins=["https://b.example:*"]).warnings)
    assert len(caplog.records) == 2


def test_headers_of_the_application_are_mentioned_once(caplog: pytest.LogCaptureFixture) -> None:
    note_replaced_headers(["access-control-max-age", "access-control-allow-origin"] * 2)
    note_replaced_headers(["access-control-allow-origin"])
    words = "the application's own access-control-allow-origin, access-control-max-age replaced"
    assert [record.message for record in caplog.records] == [f"{words}: the policy decides alone"]


def test_nobody_logs_while_it_is_hushed(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        logging.getLogger("anybody").critical("seen by nobody")
        raise OSError("whatever")

    for _ in range(2):
        with pytest.raises(OSError, match="whatever"), hushed():
            fail()
    logging.getLogger("anybody").critical("seen")
    assert [record.message for record in caplog.records] == ["seen"]

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.admitted import Admitted, allow_besides, may_be_admitted
from tests.server.served import soon

if TYPE_CHECKING:
    from collections.abc import Iterator

APP = "https://app.example"
OTHER = "https://other.example"
ONE = Policy(origins=["https://first.example"])
WITH_COOKIES = Policy(origins=["https://first.example"], credentials=True)


@pytest.mark.parametrize(
    ("policy", "origin", "may"),
    [
        (ONE, APP, True),
        (ONE, "http://app.example", True),
        (ONE, "http://192.0.2.1:8080", True),
        (WITH_COOKIES, APP, True),
        (WITH_COOKIES, "http://app.example", False),
        (WITH_COOKIES, "http://localhost.evil.example", False),
        (WITH_COOKIES, "http://app.localhost:3000", True),
        (WITH_COOKIES, "http://[::1]:3000", True),
        (Policy(origins=[APP], credentials=True, accept_risks=["insecure-origin"]),
         "http://app.example", False),
        (WITH_COOKIES, "ftp://app.example", False),
        (ONE, "null", False),
        (ONE, "", False),
        (ONE, "https://app.example/", False),
        (ONE, "https://*.example.com", False),
        (ONE, "https://APP.example", False),
        (ONE, "https://first.example", False),
        (Policy(origins=["*"]), APP, False),
        (Policy(origin_regex=r"https://[a-z]{1,9}\.a\.example"), APP, True),
        (Routes({"/": ONE}), APP, False),
    ],
)  # fmt: skip
def test_one_key_may_allow_a_page_but_no_other(
    policy: Policy | Routes, origin: str, *, may: bool
) -> None:
    assert may_be_admitted(policy, origin) is may


def test_origins_are_allowed_besides_those_of_the_policy() -> None:
    more = allow_besides(WITH_COOKIES, [APP, OTHER])
    assert isinstance(more, Policy)
    assert more.origins == ("https://first.example", APP, OTHER)
    assert more.credentials
    assert allow_besides(ONE, []) is ONE


def test_one_that_the_edited_policy_cannot_allow_is_left_out() -> None:
    more = allow_besides(WITH_COOKIES, ["http://app.example", APP])
    assert isinstance(more, Policy)
    assert more.origins == ("https://first.example", APP)


def test_of_several_policies_none_is_changed() -> None:
    routes = Routes({"/": ONE})
    assert allow_besides(routes, [APP]) is routes


@pytest.fixture
def record() -> Iterator[Admitted]:
    made = Admitted()
    yield made
    made.close()


def test_a_worker_has_each_origin_in_a_moment(record: Admitted) -> None:
    worker: Admitted = pickle.loads(pickle.dumps(record))  # noqa: S301  our own
    told: list[tuple[str, ...]] = []
    worker.follow(told.append)
    assert told == []
    record.add(APP)
    soon(lambda: told == [(APP,)])
    record.add(OTHER)
    soon(lambda: told == [(APP,), (APP, OTHER)])
    assert record.origins == (APP, OTHER)


def test_a_worker_that_starts_later_has_them_too(record: Admitted) -> None:
    worker: Admitted = pickle.loads(pickle.dumps(record))  # noqa: S301  our own
    record.add(APP)
    told: list[tuple[str, ...]] = []
    worker.follow(told.append)
    assert told == [(APP,)]
    assert not worker.look()


def test_a_worker_that_was_forked_with_them_has_them_too(record: Admitted) -> None:
    record.add(APP)
    told: list[tuple[str, ...]] = []
    record.follow(told.append)
    assert told == [(APP,)]


def test_a_file_that_only_looks_new_is_no_news(
    record: Admitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.add(APP)
    looked = threading.Event()
    worker: Admitted = pickle.loads(pickle.dumps(record))  # noqa: S301  our own
    told: list[tuple[str, ...]] = []
    worker.follow(told.append)
    look = worker.look

    def watch() -> bool:
        found = look()
        looked.set()
        return found

    monkeypatch.setattr(worker, "look", watch)
    record._file.write_text(record._file.read_text())
    assert looked.wait(5)
    assert told == [(APP,)]


def test_nothing_is_left_behind(record: Admitted) -> None:
    record.add(APP)
    folder = record._file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    record.close()
    assert not folder.exists()
    record.close()

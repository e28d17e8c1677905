"""What the person is told while a server runs, without a server. Real ones: `test_run.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.errors import AppError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server import herald as module
from corsmith.server.events import Receiver
from corsmith.server.herald import Herald
from corsmith.server.page import TryPage
from corsmith.server.serving import Told
from corsmith.server.source import PolicySource
from tests.server.planned import planned

if TYPE_CHECKING:
    from pathlib import Path

WHERE = ("127.0.0.1", 8000)
APP = "https://app.example"
NOW = r"\d\d:\d\d:\d\d "


class Person:
    """Whoever started it, and all that was said to them."""

    def __init__(self, **settings: Any) -> None:
        self.lines: list[str] = []
        plan = planned(**{"policy": Policy(origins=[APP]), **settings})
        self.herald = Herald(plan, self.lines.extend, WHERE)

    @property
    def told(self) -> list[str]:
        """The lines since the last look."""
        lines, self.lines[:] = [*self.lines], []
        return lines


@pytest.fixture(autouse=True)
def _answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "wait_for_answer", lambda *_where: None)


def test_a_start_that_fails_is_told_and_after_an_edit_also_who_answers_meanwhile() -> None:
    person = Person()
    error = AppError("main:app cannot be imported\n  fix main.py")
    person.herald.fail(error, is_first=True)
    first = person.told
    person.herald.fail(error, is_first=False)
    assert person.told == [*first, "  until then the app from before this edit answers"]
    assert first[0].splitlines()[0] == "corsmith: main:app cannot be imported"


def test_the_banner_has_the_notes_and_the_policy_that_a_worker_brought() -> None:
    person = Person()
    brought = Policy(origins=["https://own.example"])
    assert person.herald.bring(Told(notes=(("app", "of FastAPI"),), policy=brought))
    person.herald.announce()
    lines = person.told
    assert lines[0] == 'corsmith serves {"status": "OK"} on http://127.0.0.1:8000'
    assert "  app        of FastAPI" in lines
    assert any("https://own.example" in line for line in lines)


def test_notes_that_have_not_changed_are_no_news() -> None:
    person = Person()
    notes = (("app", "of FastAPI"),)
    assert person.herald.bring(Told(notes=notes))
    assert not person.herald.bring(Told(notes=notes))
    person.herald.reload("main.py", is_news=False)
    (line,) = person.told
    assert re.match(NOW + "main.py", line)
    person.herald.reload("main.py", is_news=True)
    assert any("of FastAPI" in line for line in person.told)


def test_a_policy_that_is_no_longer_brought_gives_way_to_ours() -> None:
    person = Person()
    person.herald.bring(Told(policy=Policy(origins=["https://own.example"])))
    person.herald.bring(Told())
    person.herald.announce()
    assert any(APP in line for line in person.told)


def test_an_edit_between_the_first_reading_and_the_banner_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cors.toml"
    file.write_text('[policy]\norigins = ["https://new.example"]\n')
    person = Person(source=PolicySource(file=str(file)))
    person.herald.announce()
    assert re.match(NOW + re.escape(f"{file} is in force: https://new.example"), person.told[-1])


def test_what_is_wrong_with_such_an_edit_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cors.toml"
    file.write_text("no policy")
    person = Person(source=PolicySource(file=str(file)))
    person.herald.announce()
    told = person.told
    assert any("so the policy before it stays" in line for line in told)
    assert any("document-not-toml" in line for line in told)


def test_an_origin_is_asked_about_once_it_is_refused_and_allowed_from_then_on() -> None:
    person = Person()
    asked = person.herald.question("https://other.example")
    assert asked is not None
    assert "https://other.example" in asked
    person.herald.admit("https://other.example")
    (line,) = person.told
    assert re.fullmatch(NOW + "https://other.example is allowed until the end", line)
    assert person.herald.question("https://other.example") is None
    # Also under the next policy.
    person.herald.bring(Told(policy=Policy(origins=["https://own.example"])))
    assert person.herald.question("https://other.example") is None


def test_where_there_are_several_policies_no_key_may_allow_an_origin() -> None:
    person = Person(policy=Routes({"/": Policy(origins=[APP])}))
    assert person.herald.question("https://other.example") is None


def test_without_a_page_there_is_none_to_end() -> None:
    person = Person()
    person.herald.stop()
    assert person.told == []


def test_a_page_that_does_not_start_is_told_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_page: TryPage) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(TryPage, "start", refuse)
    person = Person()
    person.herald.open_page(Receiver())
    assert person.told == ["there is no try page: Too many open files"]
    person.herald.stop()
    person.herald.announce()
    assert not any("token=" in line for line in person.told)

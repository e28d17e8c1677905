"""Starts that fail, of a server beside this program: each is told, and none is waited out."""

from __future__ import annotations

import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.errors import AppError
from corsmith.server import background, beside
from corsmith.server.ports import listen
from corsmith.server.run import Supervisor
from tests.server.planned import planned
from tests.server.served import soon

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.servers


def test_an_application_that_cannot_be_imported_is_told_with_its_own_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("app = nothing\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AppError) as caught:
        background("broken:app").start()
    assert caught.value.trace is not None
    assert "NameError: name 'nothing' is not defined" in caught.value.trace
    assert "broken:app" in caught.value.problem


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("code", "words_told"),
    [
        (
            "app = nothing\n",
            "main:app cannot be imported\n  fix main.py, line 1; then start again",
        ),
        ("import os\nos._exit(5)\n", "a worker ended with exit status 5 while it started"),
    ],
)
def test_a_first_start_that_fails_is_not_waited_out_for_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words_told: str
) -> None:
    """Whoever would make the edit waits for the server."""
    (tmp_path / "main.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AppError) as caught:
        background("main:app", reload=True).start()
    assert caught.value.problem == words_told
    assert "NameError" in (caught.value.trace or "") or "exit" in words_told


def test_an_edit_that_breaks_one_that_has_started_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = tmp_path / "main.py"
    main.write_text("def app(_environ, start):\n    start('200 OK', [])\n    return [b'one']\n")
    monkeypatch.chdir(tmp_path)
    err = ""

    def is_told() -> bool:
        nonlocal err
        err += capsys.readouterr().err
        return "; the next edit is tried\n" in err

    with background("main:app", reload=True) as url:
        main.write_text("app = nothing\n")
        soon(is_told, 20)
        with urllib.request.urlopen(url) as answer:  # noqa: S310  http to ourselves
            assert answer.read() == b"one"


@pytest.mark.parametrize(
    ("is_followed", "waited", "stays"), [(True, 1, False), (True, 0, True), (False, 1, True)]
)
def test_once_it_serves_an_edit_is_waited_for(
    is_followed: bool, waited: int, stays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that ended by itself is started anew, and finds the code broken."""
    with listen("127.0.0.1", 0) as listening:
        plan = planned(listening=listening, watched=("folder",), is_followed=is_followed)
        supervisor = Supervisor(plan, lambda _lines: None)
        monkeypatch.setattr(supervisor, "_waited", waited)
        assert supervisor._stays() is stays


def test_one_that_is_not_ready_in_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(100)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(beside, "_START_SECONDS", 0.5)
    monkeypatch.setattr(beside, "_END_SECONDS", 1.0)
    with pytest.raises(AppError, match=r"was not ready after 0\.5 seconds"):
        background("slow:app", grace=0).start()


def test_what_one_that_is_given_up_has_told_is_in_the_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process: Any = beside._Process.__new__(beside._Process)
    process.url, process._ready, process._told = "", threading.Event(), []
    monkeypatch.setattr(beside._Process, "stop", lambda _process: None)
    process._hear("the model is loaded")
    with pytest.raises(AppError, match="was not ready") as caught:
        process._fail()
    assert caught.value.trace == "the model is loaded"

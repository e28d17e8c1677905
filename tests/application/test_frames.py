"""Which lines of a traceback are the user's own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import corsmith
from corsmith.application.frames import from_theirs, is_theirs, shorten, their_frame, trimmed


@pytest.mark.parametrize(
    ("file", "theirs"),
    [
        (__file__, True),
        (json.__file__, False),
        (pytest.__file__, False),
        (corsmith.__file__, False),
        ("<string>", False),
    ],
)
def test_installed_files_and_ours_are_not_theirs(file: str, theirs: bool) -> None:
    assert is_theirs(file) is theirs


def test_what_is_below_their_folder_is_theirs_wherever_it_is() -> None:
    folder = Path(json.__file__).parent
    assert is_theirs(json.__file__, str(folder))
    assert not is_theirs(os.__file__, str(folder))


def test_a_file_is_written_from_the_current_folder(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert shorten(str(tmp_path / "a" / "main.py")) == str(Path("a") / "main.py")
        assert shorten(__file__) == __file__


def test_a_file_on_another_drive_is_written_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: str) -> str:
        raise ValueError

    monkeypatch.setattr("os.path.relpath", refuse)
    assert shorten("main.py") == "main.py"


def test_a_traceback_is_cut_to_their_lines() -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  whichever json raises
        json.loads("{")
    assert their_frame(caught.value) == (shorten(__file__), caught.traceback[0].lineno + 1)
    lines = trimmed(caught.value).splitlines()
    assert [line for line in lines if line.startswith("  File")] == [
        f'  File "{__file__}", line {caught.traceback[0].lineno + 1}, in {_name(caught)}'
    ]
    assert lines[-1].startswith("json.decoder.JSONDecodeError")


def _name(caught: pytest.ExceptionInfo[ValueError]) -> str:
    return caught.traceback[0].name


def test_a_traceback_without_a_line_of_theirs_is_only_the_error() -> None:
    assert trimmed(KeyError("x")) == "KeyError: 'x'"
    assert their_frame(KeyError("x")) is None


def test_a_traceback_from_theirs_keeps_what_their_line_called_and_what_led_to_it() -> None:
    try:
        try:
            json.loads("{")
        except ValueError as error:
            raise ExceptionGroup("two", [RuntimeError("one")]) from error
    except ExceptionGroup as error:
        shown = from_theirs(error)
    assert "json/decoder.py" in shown  # below their line
    assert "RuntimeError: one" in shown
    assert "ExceptionGroup: two" in shown


def test_a_traceback_without_a_line_of_theirs_is_whole() -> None:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads("{")
    error = caught.value
    assert error.__traceback__ is not None
    error.__traceback__ = error.__traceback__.tb_next
    assert from_theirs(error).startswith("Traceback (most recent call last):\n")
    assert "json/decoder.py" in from_theirs(error)

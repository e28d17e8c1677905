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


HEAD = "Traceback (most recent call last):"
GROUP = f"Exception Group {HEAD}"
MEANWHILE = "During handling of the above exception, another exception occurred:"
THEIRS = __file__
LAYER = pytest.__file__


def frame(file: str, margin: str = "") -> str:
    return f'{margin}  File "{file}", line 3, in call\n{margin}    call()'


@pytest.mark.parametrize(
    ("whole", "left"),
    [
        # from the first of theirs, with all that it calls
        (
            [HEAD, frame(LAYER), frame(THEIRS), frame(LAYER), "ValueError: x"],
            [HEAD, frame(THEIRS), frame(LAYER), "ValueError: x"],
        ),
        # each part of a chain by itself
        (
            [
                HEAD,
                frame(LAYER),
                "KeyError: 1",
                "",
                MEANWHILE,
                "",
                HEAD,
                frame(LAYER),
                frame(THEIRS),
                "  x",
                "E: y",
            ],
            [
                HEAD,
                frame(LAYER),
                "KeyError: 1",
                "",
                MEANWHILE,
                "",
                HEAD,
                frame(THEIRS),
                "  x",
                "E: y",
            ],
        ),
        # exceptions inside a group
        (
            [
                f"  + {GROUP}",
                frame(LAYER, "  | "),
                frame(THEIRS, "  | "),
                "  | E: two (1 part)",
                "  +-+---------------- 1 ----------------",
                f"    | {HEAD}",
                frame(LAYER, "    | "),
                frame(THEIRS, "    | "),
                "    | ValueError: x",
            ],
            [
                f"  + {GROUP}",
                frame(THEIRS, "  | "),
                "  | E: two (1 part)",
                "  +-+---------------- 1 ----------------",
                f"    | {HEAD}",
                frame(THEIRS, "    | "),
                "    | ValueError: x",
            ],
        ),
        # nothing of theirs, or no end
        ([HEAD, frame(LAYER), "ValueError: x"], [HEAD, frame(LAYER), "ValueError: x"]),
        ([HEAD, frame(LAYER)], [HEAD, frame(LAYER)]),
        (["no traceback"], ["no traceback"]),
        ([""], [""]),
    ],
    ids=["one", "a chain", "a group", "nothing of theirs", "no end", "no traceback", "nothing"],
)
def test_a_traceback_is_shown_from_the_first_line_of_theirs(
    whole: list[str], left: list[str]
) -> None:
    assert from_theirs("\n".join(whole)) == "\n".join(left)

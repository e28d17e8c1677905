from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from corsmith.cli.paths import what_is

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_is_a_folder_a_file_or_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("gone")
    found = [what_is(str(tmp_path / name)) for name in ("", "file", "pipe", "gone", "nowhere")]
    assert found == ["folder", "file", "file", None, None]


@pytest.mark.parametrize("word", ["x" * 5_000, "x/" * 5_000, "a\0b", "", "\udcff"])
def test_a_word_that_no_path_can_be_is_nothing(word: str) -> None:
    assert what_is(word) is None

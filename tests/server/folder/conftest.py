"""A folder with files of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.folder.asked import BIG, CONTENT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    (tmp_path / "big.pmtiles").write_bytes(BIG)
    (tmp_path / "empty").touch()
    (tmp_path / "a.csv.gz").write_bytes(b"\x1f\x8b")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text("<h1>hello</h1>")
    (tmp_path / "odd" / "index.html").mkdir(parents=True)
    return tmp_path

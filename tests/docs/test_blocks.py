"""Every block of the README and of the documentation does what the document says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.documents import DOCUMENTS
from tests.docs.runner import run_document
from tests.docs.shell import ROOT
from tests.frameworks import hosts

if TYPE_CHECKING:
    from pathlib import Path

    from _pytest.mark import ParameterSet


def parameter(path: Path) -> ParameterSet:
    """Return the parameter of a document, marked if its commands start processes."""
    starts = re.search(r"^```(?:console|sh)$", path.read_text(), re.MULTILINE)
    marks = [pytest.mark.servers] if starts else []
    if path.stem in hosts.ELSEWHERE and path.stem not in hosts.here():
        marks.append(pytest.mark.skip(reason=f"`make test-all` installs {path.stem}"))
    return pytest.param(path, id=str(path.relative_to(ROOT)), marks=marks)


@pytest.mark.parametrize("document", [parameter(path) for path in DOCUMENTS])
def test_every_block_of_the_document_does_what_the_document_says(
    document: Path, tmp_path: Path
) -> None:
    run = run_document(document, tmp_path)
    if run.not_run:
        pytest.skip(f"all but the commands that need {', '.join(sorted(run.not_run))}")

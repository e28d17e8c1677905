"""Writing what blocks really print into the documents: ``python -m tests.docs.refresh [FILE…]``.

For whoever changed a message on purpose. Only outputs are written, never code, and what is
written is to be read like any other change; the tests compare, and never write.
"""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.docs.blocks import parse_blocks
from tests.docs.documents import DOCUMENTS
from tests.docs.index import CODES_INDEX, codes_index
from tests.docs.runner import Run
from tests.docs.shell import ROOT, Shell

_VARIES: Final = re.compile(r"(?mi)(?<=^date: ).*|(?<=^server: basehttp/).*")
"""What is different each time, in the head of an answer."""


def refresh(path: Path) -> int:
    """Write the outputs of one document; return how many had changed."""
    text = path.read_text()
    with tempfile.TemporaryDirectory() as folder, Shell(Path(folder), text) as shell:
        run = Run(shell, rewrites=True)
        with contextlib.chdir(folder):
            for example in parse_blocks(path, run.evaluate):
                example.evaluate()
    for start, end, output in sorted(run.differences, reverse=True):
        text = text[:start] + _VARIES.sub("…", output) + text[end:]
    path.write_text(text)
    return len(run.differences)


def main(names: list[str]) -> None:
    """Refresh the named documents, or all of them and the table of codes."""
    for path in [Path(name).resolve() for name in names] or DOCUMENTS:
        if changed := refresh(path):
            sys.stdout.write(f"{path.relative_to(ROOT)}: {changed}\n")
    if not names:
        CODES_INDEX.write_text(codes_index())


if __name__ == "__main__":
    main(sys.argv[1:])

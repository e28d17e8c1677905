"""The code blocks of a document: how they are found, named and paired with their output.

The convention, for whoever writes a page (``tests/docs/runner.py`` carries it out):

``python``
    Runs; the blocks of one document share their names. What it prints is its output. An
    error of corsmith ends the block, and its message (what Python prints below the
    traceback) is the last of the output.
``console``
    Lines that begin with ``$`` are commands, the lines below each are its output, standard
    output and standard error together as a terminal shows them. A command that serves is
    left running until the document ends or another server takes its port.
``sh``
    A script, to be copied; runs as a whole.
``toml``
    Must be a policy file that corsmith loads.
``http``
    A request, an empty line, and the head of the response that the document's ``policy``
    gives it, sent through the ASGI adapter to an application that answers 200.
``html``
    A page; only as a file.
``text``
    The output of the block right above it. Alone, it would be a block that nothing runs.

A block whose first line is a comment that holds nothing but a file name (``# cors.toml``,
``<!-- page.html -->``) is that file: it is written into the folder where the document's
commands run, and a later block has to use it. A file that ``examples/`` also has is the same
text in both.

In an output, ``…`` stands for any text within its line, and a line of ``…`` alone for any
number of lines. The ports 8000, 8001, 5500 and 54321 stand for free ports of the machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sybil import Document, Region
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sybil.typing import Evaluator

__all__ = ["DIRECTIVES", "LANGUAGES", "Block", "parse_blocks"]

LANGUAGES: Final = frozenset({"console", "html", "http", "python", "sh", "text", "toml"})
"""The only fence languages there are; the runner runs or checks each of them."""

DIRECTIVES: Final = frozenset({"{toctree}"})
"""The MyST directives in use; the build of the documentation checks them."""

_FENCES = RawFencedCodeBlockLexer(info_pattern=re.compile(r"(?P<info>[^\n]*)\n"))
_FILE_NAME = re.compile(r"(?:#|<!--) (?P<name>[\w.-]+\.(?:py|toml|html))(?: -->)?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fence: its language, its text, the file that it is, and its stated output."""

    language: str
    source: str
    file: str | None
    output: str | None
    output_span: tuple[int, int] | None


def parse_blocks(path: Path, evaluator: Evaluator) -> Document:
    """Return the document with a region for each block; ``parsed`` is its ``Block``."""

    def parser(document: Document) -> Iterator[Region]:
        return _regions(document, evaluator)

    return Document.parse(str(path), parser)


def _regions(document: Document, evaluator: Evaluator) -> Iterator[Region]:
    fences = sorted(_FENCES(document), key=lambda fence: fence.start)
    position = 0
    while position < len(fences):
        fence = fences[position]
        language, source = _read(fence)
        position += 1
        if language in DIRECTIVES:
            continue
        end, output, span = fence.end, None, None
        # Only blank space may lie between a block and its output.
        if position < len(fences) and language not in {"text", "console", "http"}:
            below = fences[position]
            language_below, source_below = _read(below)
            gap = document.text[fence.end : below.start]
            if language_below == "text" and not gap.strip():
                position += 1
                end, output = below.end, source_below
                opening = document.text.index("\n", below.start) + 1
                span = (opening, opening + len(source_below))
        name = _FILE_NAME.match(source)
        block = Block(
            language=language,
            source=source,
            file=name["name"] if name else None,
            output=output,
            output_span=span,
        )
        yield Region(fence.start, end, block, evaluator)


def _read(fence: Region) -> tuple[str, str]:
    return str(fence.lexemes["info"]).strip(), str(fence.lexemes["source"])

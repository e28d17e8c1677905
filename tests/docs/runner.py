"""Running a document: each block in its order, in one namespace and one folder.

``blocks.py`` says what each kind of block means. ``run_document`` raises for the first block
that does something else than the document says.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from corsmith.document import read_document
from corsmith.errors import CorsmithError
from tests.docs.blocks import LANGUAGES, Block, parse_blocks
from tests.docs.exchange import exchange
from tests.docs.shell import EXAMPLES, Shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sybil import Example

__all__ = ["Run", "matches", "run_document"]


def run_document(path: Path, folder: Path) -> Run:
    """Run every block of a document in ``folder``; raise where one does not do as it says."""
    with Shell(folder, path.read_text()) as shell, contextlib.chdir(folder):
        run = Run(shell)
        for example in parse_blocks(path, run.evaluate):
            example.evaluate()
        if unused := run.unused_files():
            message = f"{path}: no block uses the file {', '.join(unused)}"
            raise AssertionError(message)
    return run


def matches(stated: str, actual: str) -> bool:
    """Return whether the document states what happened; ``…`` stands for anything."""
    pattern = ""
    for line in _lines(stated):
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(actual))) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


class _Output(NamedTuple):
    """What a document states as an output, and where in its text."""

    text: str
    span: tuple[int, int] | None


class Run:
    """One document being run."""

    def __init__(self, shell: Shell, *, rewrites: bool = False) -> None:
        """Begin with no names, no files, and nothing left out."""
        self.shell = shell
        self.names: dict[str, Any] = {"__name__": "__document__"}
        self.not_run: set[str] = set()
        self.differences: list[tuple[int, int, str]] = []
        self.rewrites = rewrites
        self._files: dict[str, bool] = {}
        self._evaluators: Final[dict[str, Callable[[Block, Example], str | None]]] = {
            "console": self._console,
            "http": self._http,
            "python": self._python,
            "sh": self._sh,
            "toml": self._toml,
        }

    def unused_files(self) -> list[str]:
        """Return the files that the document shows and never uses."""
        return [name for name, used in self._files.items() if not used]

    def evaluate(self, example: Example) -> str | None:
        """Run one block; return what is wrong with it, if anything."""
        block: Block = example.parsed
        if block.language not in LANGUAGES:
            known = ", ".join(sorted(LANGUAGES))
            return f"no test runs a block of {block.language!r}; known are {known}"
        if block.language == "text":
            return "a text block is the output of the block right above it; above this one is none"
        if block.file is not None and (problem := self._write(block, block.file)):
            return problem
        if block.file is not None and block.language != "toml":
            return None
        if block.language == "html":
            return "a page is a file: its first line has to be <!-- its-name.html -->"
        return self._evaluators[block.language](block, example)

    def _write(self, block: Block, name: str) -> str | None:
        """Write the file that the block is."""
        example = EXAMPLES / name
        text = block.source.split("\n", 1)[1].lstrip("\n")
        if example.exists() and example.read_text() != text:
            return _difference(example.read_text(), text)
        (self.shell.folder / name).write_text(self.shell.ports.to_real(text))
        self._use_files(text)
        self._files[name] = False
        return None

    def _use_files(self, text: str) -> None:
        """Note the files that a command or some code names, or serves with their folder."""
        for name in self._files:
            stem, _, suffix = name.rpartition(".")
            uses = {"py": rf"|\b{re.escape(stem)}\b", "html": r"|python -m http\.server"}
            if re.search(rf"\b{re.escape(name)}\b{uses.get(suffix, '')}", text):
                self._files[name] = True

    def _compare(self, stated: _Output, actual: str) -> str | None:
        if matches(stated.text, actual):
            return None
        if self.rewrites and stated.span is not None:
            text = "".join(f"{line}\n" for line in _lines(actual))
            self.differences.append((*stated.span, text))
            return None
        return _difference(stated.text, actual)

    def _python(self, block: Block, example: Example) -> str | None:
        self._use_files(block.source)
        printed = io.StringIO()
        # The line numbers of a traceback are then those of the document.
        source = "\n" * example.line + self.shell.ports.to_real(block.source)
        code = compile(source, example.path, "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            try:
                exec(code, self.names)  # noqa: S102  running the documents is the purpose
            except CorsmithError as error:
                printed.write(f"{error}\n")
        return self._compare(_output(block), self.shell.ports.to_named(printed.getvalue()))

    def _toml(self, block: Block, _: Example) -> str | None:
        try:
            read_document(block.source)
        except CorsmithError as error:
            return self._compare(_output(block), str(error))
        return self._compare(_output(block), "")

    def _sh(self, block: Block, _: Example) -> str | None:
        return self._command(block.source, _output(block))

    def _console(self, block: Block, example: Example) -> str | None:
        before, *parts = re.split(r"^\$ ", block.source, flags=re.MULTILINE)
        if before.strip():
            return "a console block begins with a command: a line that begins with $"
        position = example.document.text.index("\n", example.start) + 1
        for part in parts:
            position += len("$ ")
            command, _, stated = part.partition("\n")
            while command.endswith("\\"):
                more, _, stated = stated.partition("\n")
                command += "\n" + more
            begin = position + len(command) + 1
            output = _Output(stated, (begin, begin + len(stated)))
            if problem := self._command(command, output):
                return f"$ {command}\n{problem}"
            position += len(part)
        return None

    def _command(self, command: str, stated: _Output) -> str | None:
        self._use_files(command)
        if missing := self.shell.missing_program(command):
            self.not_run.add(missing)
            return None
        serves = self.shell.serves(command)
        # What a server says may be left out, what another command says may not; and a
        # server that ended has failed, whatever it said: only a traceback shows its end.
        expected = _Output("…", None) if serves and not stated.text.strip() else stated
        actual = self.shell.run(command, lambda actual: matches(expected.text, actual))
        if serves and "Traceback" not in stated.text and not self.shell.is_serving():
            return f"it ended at once:\n{actual}"
        return self._compare(expected, actual)

    def _http(self, block: Block, example: Example) -> str | None:
        request, _, stated = block.source.partition("\n\n")
        begin = example.document.text.index("\n", example.start) + len(request) + 3
        output = _Output(stated, (begin, begin + len(stated)))
        return self._compare(output, exchange(self.names["policy"], request))


def _output(block: Block) -> _Output:
    return _Output(block.output or "", block.output_span)


def _difference(stated: str, actual: str) -> str:
    lines = difflib.unified_diff(
        _lines(stated), _lines(actual), "the document says", "what happens", lineterm=""
    )
    return "\n".join(lines)

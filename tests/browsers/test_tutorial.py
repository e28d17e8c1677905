"""The tutorial's page fails and is repaired in real browsers, as the tutorial tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import Block, parse_blocks
from tests.docs.documents import DOCS
from tests.docs.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sybil import Example

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.browsers, pytest.mark.servers]

TUTORIAL = DOCS / "tutorial.md"


def files() -> dict[str, str]:
    """Return the files that the tutorial has its reader save."""

    def inert(_: Example) -> None:
        """Run nothing: the blocks are only read here."""

    blocks: list[Block] = [example.parsed for example in parse_blocks(TUTORIAL, inert).examples()]
    return {block.file: block.source for block in blocks if block.file is not None}


def console_line() -> str:
    """Return what the tutorial says that Chromium prints."""
    (quoted,) = re.findall(r"^> (.*)$", TUTORIAL.read_text(), re.MULTILINE)
    return str(quoted).replace("\\", "")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    with Shell(tmp_path, TUTORIAL.read_text()) as shell:
        for name, text in files().items():
            (tmp_path / name).write_text(shell.ports.to_real(text))
        shell.run("python -m http.server 5500 --bind 127.0.0.1", lambda _: True)
        yield shell


def test_the_page_fails_with_the_naive_server(browser: Browser, shell: Shell) -> None:
    shell.run("python naive.py", lambda _: True)
    browser.open(shell.ports.to_real("http://127.0.0.1:5500/page.html"))
    browser.wait_for("answer.textContent !== 'no answer yet'")
    assert browser.text("#answer").startswith("TypeError: ")
    if browser.engine == "chromium":
        assert browser.text("#answer") == "TypeError: Failed to fetch"
        lines = browser.wait_for_console("blocked by CORS policy")
        assert any(shell.ports.to_real(console_line()) in line for line in lines)


@pytest.mark.parametrize("command", ["python server.py", "uvicorn app:app --port 8000"])
def test_the_page_works_with_the_server(browser: Browser, shell: Shell, command: str) -> None:
    shell.run(command, lambda _: True)
    browser.open(shell.ports.to_real("http://127.0.0.1:5500/page.html"))
    browser.wait_for("answer.textContent !== 'no answer yet'")
    assert browser.text("#answer").replace(" ", "") == '{"status":"OK"}'

"""Make the pictures of the README: a blocked PUT at a terminal and on the try page.

``make picture`` writes ``docs/images/check.svg`` and, where Chromium is installed,
``docs/images/try-page.png``. What they show is what the commands print and do now.
"""

import io
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from tests.browsers.drivers import open_browser

__all__ = ["main"]

_IMAGES: Final = Path(__file__).parent.parent / "docs" / "images"
_CORSMITH: Final = (sys.executable, "-m", "corsmith")
_POLICY: Final = """\
[policy]
origins = ["https://app.example", "@loopback"]
methods = ["GET", "POST"]
headers = ["x-api-key", "Content-Type"]
"""
_QUESTION: Final = ("check", "cors.toml", "--from", "https://app.example", "-X", "PUT")
_ADDRESS: Final = re.compile(r"http://\S+\?token=\S+")
_SIZE: Final = (1000, 900)


def main() -> None:
    """Write both pictures."""
    _IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cors.toml").write_text(_POLICY)
        _draw_terminal(folder)
        _photograph_page(folder)


def _draw_terminal(folder: str) -> None:
    """Draw what ``corsmith check`` says of a PUT that is not allowed."""
    answer = subprocess.run(
        [*_CORSMITH, *_QUESTION], cwd=folder, capture_output=True, text=True, check=False
    )
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(Text(f"$ corsmith {' '.join(_QUESTION)}", style="bold"))
    for line in answer.stdout.rstrip().splitlines():
        console.print(Text(line, style=_style(line)))
    drawn = console.export_svg(title="corsmith check", unique_id="corsmith")
    # Without the fonts that it would fetch from elsewhere: a picture asks nobody.
    drawn = re.sub(r"@font-face \{.*?\}\n", "", drawn, flags=re.DOTALL)
    (_IMAGES / "check.svg").write_text(re.sub(r"[ \t]+\n", "\n", drawn))


def _style(line: str) -> str:
    if line.startswith("no:") or line.lstrip().startswith("✗"):
        return "bold red"
    return "green" if line.lstrip().startswith("write") else ""


def _photograph_page(folder: str) -> None:
    """Press PUT on the try page of a real server, in a real browser."""
    with subprocess.Popen(
        [*_CORSMITH, "serve", "--policy", "cors.toml", "--port", "0"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stderr is not None  # noqa: S101  asked for above
            found = next(filter(None, map(_ADDRESS.search, server.stderr)))
            with open_browser("chromium") as browser:
                browser.resize(*_SIZE)
                browser.open(found[0])
                browser.press('button[data-press="put"]')
                browser.wait_for("document.body.innerText.includes('never sent')")
                time.sleep(0.5)  # the card unfolds
                browser.screenshot(_IMAGES / "try-page.png")
        finally:
            server.terminate()


if __name__ == "__main__":
    main()

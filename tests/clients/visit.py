"""A client's page, opened in a browser: what it read from another origin, and what it asked for."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browsers import chromium
from tests.browsers.drivers import Engine, find, open_browser
from tests.clients import data, packages
from tests.clients.wire import Relay, Seen, relay
from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

PAGES = Path(__file__).resolve().parent / "pages"
# DuckDB compiles 35 MB of WebAssembly first.
PATIENCE = 60.0
# WebGL without a graphics card, which maplibre-gl needs.
SOFTWARE = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")


# So small that nothing fits: what a client asks for is then what comes through.
FORGETFUL = "--disk-cache-size=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of a page; ``answer`` is JSON."""

    answer: Any  # Any: whatever the page found
    seen: list[Seen]
    seconds: float


class Visitor:
    """A browser, a server of pages, and `corsmith serve DIR` behind a relay."""

    def __init__(self, browser: Browser, pages: str, wire: Relay) -> None:
        self._browser = browser
        self._pages = pages
        self._wire = wire

    def visit(self, name: str) -> Visit:
        """Open the page of a client, and wait until it has its answer."""
        start, before = time.monotonic(), len(self._wire.seen)
        page = name.rpartition("/")[2]
        self._browser.open(f"{self._pages}/{page}.html?data={self._wire.origin}")
        try:
            answer = self._browser.wait_for("window.answer", PATIENCE)
        except TimeoutError as error:
            told = [f"{one.status} {one.method} {one.path}" for one in self._wire.seen[before:]]
            raise AssertionError("\n".join([str(error), "asked for:", *told])) from None
        seconds = time.monotonic() - start
        # What the page would still ask for belongs to no other one.
        self._browser.open("about:blank")
        return Visit(answer=answer, seen=self._wire.seen[before:], seconds=seconds)

    def has_webgl(self) -> bool:
        """Return whether a page can draw with WebGL 2 here."""
        script = "!!document.createElement('canvas').getContext('webgl2')"
        return bool(self._browser.evaluate(script))


@contextlib.contextmanager
def visiting(engine: Engine = "chromium", *, keeps: bool = True) -> Iterator[Visitor]:
    """Return a visitor, whose browser keeps what it has read or, in Chromium, does not.

    Raises ``NotHereError`` where something that it needs cannot be had.
    """
    programs = find(engine)
    if programs is None:
        raise packages.NotHereError(f"browser not installed: {engine}")
    place = packages.install()
    for page in PAGES.glob("*.html"):
        shutil.copy(page, place)
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        data.write(folder)
        served = opened.enter_context(Served(str(folder)))
        wire = opened.enter_context(relay(served.port))
        pages = opened.enter_context(Served(str(place), "--no-try"))
        browser: Browser
        if engine == "chromium":
            more = SOFTWARE if keeps else (*SOFTWARE, FORGETFUL)
            browser = opened.enter_context(chromium.opened(programs, *more))
        else:
            browser = opened.enter_context(open_browser(engine))
        yield Visitor(browser, f"http://localhost:{pages.port}", wire)

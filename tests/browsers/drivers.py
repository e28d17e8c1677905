"""Real browsers for tests: one interface, three engines.

    with open_browser("firefox") as browser:
        browser.open("http://127.0.0.1:8000/")
        browser.press("#send")
        browser.wait_for("window.done")
        assert browser.console() == []

A test takes the fixture `browser` instead (see `conftest.py`), which starts each engine once.
What the three do alike is in `browser.py`; each engine's own file tells what its console holds.
Nothing is downloaded: the programs are the system's, but for geckodriver, which a wheel brings.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tests.browsers import chromium, firefox, webkit
from tests.browsers.installed import ENGINES, Engine, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browsers.browser import Browser
    from tests.browsers.installed import Programs

    _Opens = Callable[[Programs], contextlib.AbstractContextManager[Browser]]

__all__ = ["ENGINES", "Engine", "NotInstalledError", "find", "open_browser"]

_OPENED: dict[Engine, _Opens] = {
    "chromium": chromium.opened,
    "firefox": firefox.opened,
    "webkit": webkit.opened,
}


class NotInstalledError(Exception):
    """A program of this engine is missing on this machine."""


@contextlib.contextmanager
def open_browser(engine: Engine) -> Iterator[Browser]:
    """Return a browser with a fresh profile, which ends with all its processes afterwards."""
    programs = find(engine)
    if programs is None:
        raise NotInstalledError(f"browser not installed: {engine}")
    with _OPENED[engine](programs) as browser:
        yield browser

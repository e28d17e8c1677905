"""The fixture `browser`: a test that takes it runs once in each engine, marked `browsers`.

One browser per engine is started per session, and reset after each test. Where an engine is not
installed, the tests in it are skipped, for a reason that begins with "browser not installed".
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.browsers.drivers import ENGINES, Engine, find, open_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser


class Shelf:
    """The browser of one engine, started again if a test broke it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._opened = ExitStack()
        self._browser: Browser | None = None

    def take(self) -> Browser:
        """Return a browser that remembers nothing."""
        if self._browser is None:
            self._browser = self._opened.enter_context(open_browser(self._engine))
        return self._browser

    def put_back(self) -> None:
        """Make the browser forget, at once: its page must not outlive the test's servers."""
        if self._browser is None:
            return
        try:
            self._browser.reset()
        except Exception:  # noqa: BLE001 - what a dead browser causes has no common class
            self.close()

    def close(self) -> None:
        """End the browser."""
        self._browser = None
        self._opened.close()


@pytest.hookimpl(tryfirst=True)  # before `-m` looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test that needs a real browser, so that none can forget it."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browsers)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine that is installed here."""
    name: Engine = request.param
    if find(name) is None:
        pytest.skip(f"browser not installed: {name}")
    return name


@pytest.fixture(scope="session")
def shelf(engine: Engine) -> Iterator[Shelf]:
    """Where the engine's browser waits between the tests."""
    shelf = Shelf(engine)
    yield shelf
    shelf.close()


@pytest.fixture
def browser(shelf: Shelf) -> Iterator[Browser]:
    """A browser that remembers nothing: the test runs in Chromium, Firefox and WebKit."""
    yield shelf.take()
    shelf.put_back()

"""What a test can do with a browser, whichever it is.

Everything that WebDriver says the same way in all three engines is here; what differs is in
`chromium.py`, `firefox.py` and `webkit.py`.
"""

from __future__ import annotations

import abc
import time
from typing import TYPE_CHECKING, Any

from selenium.common.exceptions import JavascriptException, WebDriverException
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.remote_connection import RemoteConnection

if TYPE_CHECKING:
    from pathlib import Path

    from selenium.webdriver import Remote
    from selenium.webdriver.remote.webelement import WebElement

    from tests.browsers.installed import Engine

# The inside of the window, unless a test resizes it.
WIDTH, HEIGHT = 1280, 800
# How long a test waits for something that should come at once; generous for a loaded machine.
PATIENCE = 10.0
_PAUSE = 0.02

_EVALUATE = """
const done = arguments[arguments.length - 1];
(async () => (%s))().then(
  value => done({value: value === undefined ? null : value}),
  error => done({error: String(error)}),
);
"""


class ScriptError(Exception):
    """The evaluated script threw, or its promise was rejected; says what with."""


class Browser(abc.ABC):
    """One window of one browser, with nothing remembered from an earlier test."""

    engine: Engine

    def __init__(self, driver: Remote) -> None:
        self.driver = driver
        self._lines: list[str] = []
        self.driver.set_script_timeout(PATIENCE)
        self.driver.set_page_load_timeout(3 * PATIENCE)
        self.open("about:blank")

    @property
    def version(self) -> str:
        """The version that the browser gives itself."""
        return str(self.driver.capabilities["browserVersion"])

    def open(self, url: str) -> None:
        """Load a page and wait for its load event."""
        self.driver.get(url)

    def evaluate(self, js: str) -> Any:  # Any: whatever JSON the script returns
        """Return the value of a JavaScript expression in the page; a promise is awaited."""
        try:
            result = self.driver.execute_async_script(_EVALUATE % js)
        except JavascriptException as error:
            raise ScriptError(error.msg) from None
        if result is None:
            raise ScriptError("the page was replaced by another")
        if "error" in result:
            raise ScriptError(result["error"])
        return result["value"]

    def wait_for(self, condition: str, timeout: float = PATIENCE) -> Any:  # Any: as evaluate
        """Return the first truthy value of an expression; it may throw until then."""
        deadline = time.monotonic() + timeout
        problem = ""
        while True:
            try:
                value = self.evaluate(condition)
            # WebDriverException: the page is being replaced by another at this moment.
            except (ScriptError, WebDriverException) as error:
                problem = f" ({error})"
            else:
                if value:
                    return value
                problem = f" (it is {value!r})"
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self.engine}: not within {timeout:g} s: {condition}{problem}\n"
                    f"console: {self.console()}\npage: {self.text('body')}"
                )
            time.sleep(_PAUSE)

    def press(self, css: str) -> None:
        """Click an element as a person would: scrolled into view, and not if it is covered."""
        self._element(css).click()

    def press_key(self, *keys: str) -> None:
        """Type keys into whatever has the focus: `a`, `Tab`, `Enter`, `Shift+Tab`."""
        chain = ActionChains(self.driver)
        for key in keys:
            *held, last = key.split("+") if len(key) > 1 else [key]
            for name in held:
                chain.key_down(_key(name))
            chain.send_keys(_key(last))
            for name in reversed(held):
                chain.key_up(_key(name))
        chain.perform()

    def text(self, css: str) -> str:
        """Return the text that a person sees in the first such element."""
        return str(self._element(css).text)

    def console(self) -> list[str]:
        """Return the lines the console gained since the last call, as a person reads them.

        What one action caused may arrive a moment later: see `wait_for_console`.
        """
        self._collect()
        lines, self._lines = self._lines, []
        return lines

    def wait_for_console(self, part: str, timeout: float = PATIENCE) -> list[str]:
        """Return what `console` would, once one of its lines contains `part`."""
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            if any(part in line for line in self._lines):
                return self.console()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.engine}: no {part!r} in the console: {self.console()}")
            time.sleep(_PAUSE)

    def _collect(self) -> None:
        self._lines += self._new_lines()

    def screenshot(self, path: Path) -> None:
        """Save what the window shows as a PNG of exactly its size."""
        path.write_bytes(self.driver.get_screenshot_as_png())

    def reset(self) -> None:
        """Forget everything: page, history, cookies, storage, caches, size, dark mode, console."""
        self._forget()
        self._lines = []
        self.prepare()

    def prepare(self) -> None:
        """Set what a test finds: a page of WIDTH by HEIGHT, and a person who prefers light."""
        self.resize(WIDTH, HEIGHT)
        self.set_dark(dark=False)

    def close(self) -> None:
        """Close the connections; the programs end with the household that they live in."""
        if isinstance(self.driver.command_executor, RemoteConnection):
            self.driver.command_executor.close()  # type: ignore[no-untyped-call] # Selenium's lack

    @abc.abstractmethod
    def resize(self, width: int, height: int) -> None:
        """Make the inside of the window exactly so large, until the next reset."""

    @abc.abstractmethod
    def set_dark(self, dark: bool) -> None:
        """Let pages see that the person prefers dark or light, until the next reset."""

    @abc.abstractmethod
    def _new_lines(self) -> list[str]:
        """Take the console lines that were not taken yet."""

    @abc.abstractmethod
    def _forget(self) -> None:
        """Have an empty page in a window that is not the old one; drop all that was stored."""

    def _element(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def _await_media(self, *, dark: bool) -> None:
        """Wait until pages see it: in two engines the news travels between processes."""
        self.wait_for(f"matchMedia('(prefers-color-scheme: dark)').matches === {str(dark).lower()}")

    def _new_tab(self) -> None:
        """Replace the tab by a new one: history and session storage belong to the old one."""
        old = self.driver.window_handles
        self.driver.switch_to.new_window("tab")
        new = self.driver.current_window_handle
        for handle in old:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(new)


def _key(name: str) -> str:
    """Return the character that WebDriver sends for a key of this name."""
    if len(name) == 1:
        return name
    return str(
        getattr(Keys, {"ArrowDown": "ARROW_DOWN", "ArrowUp": "ARROW_UP"}.get(name, name.upper()))
    )

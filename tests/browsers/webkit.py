"""WebKitGTK, through WebKitWebDriver and MiniBrowser on an X server of its own.

Console: complete, with the CORS lines (reason, then what could not be loaded, then `Failed to load
resource: ...`). It comes from the remote inspector: MiniBrowser's own flag for writing the console
has no effect under WebDriver, whose pages are private ones.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from selenium.webdriver import Remote, WebKitGTKOptions
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.remote_connection import RemoteConnection

from tests.browsers.browser import PATIENCE, Browser
from tests.browsers.driving import start_driver
from tests.browsers.inspector import Inspector
from tests.browsers.processes import household, start_screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browsers.installed import Programs

SCREEN = (1920, 1200)
# The toolbar is wider than a phone, and without this the window cannot be narrower than it.
STYLE = "window * { font-size: 1px; padding: 0; margin: 0; border: 0; min-width: 0; min-height: 0 }"
# What the window has around the page: its toolbar.
FRAME = "[outerWidth - innerWidth, outerHeight - innerHeight]"


class WebKit(Browser):
    """One window of MiniBrowser."""

    engine = "webkit"

    def __init__(self, driver: Remote, options: WebKitGTKOptions, address_file: Path) -> None:
        super().__init__(driver)
        self._options = options
        self._address_file = address_file
        self._inspector = self._inspect()
        self._dark = False
        self._frame: list[int] = self.evaluate(FRAME)

    def resize(self, width: int, height: int) -> None:
        for patience in (2.0, 2.0, PATIENCE):
            # Without a window manager, the window becomes exactly what is asked.
            self.driver.set_window_rect(0, 0, width + self._frame[0], height + self._frame[1])
            try:
                self.wait_for(f"innerWidth === {width} && innerHeight === {height}", patience)
            except TimeoutError:
                if patience == PATIENCE:
                    raise
                # Measured while the window was still growing.
                self._frame = self.evaluate(FRAME)
            else:
                return

    def set_dark(self, dark: bool) -> None:
        if dark == self._dark:
            return
        self._dark = dark
        value = "Dark" if dark else "Light"
        self._inspector.keep("Page.overrideUserPreference", name="PrefersColorScheme", value=value)
        self._await_media(dark=dark)

    def _new_lines(self) -> list[str]:
        self._inspector.settle()
        lines, self._inspector.lines = self._inspector.lines, []
        return lines

    def _forget(self) -> None:
        # WebDriver cannot clear caches; a new browser is there in 0.2 s.
        self._inspector.close()
        self._address_file.unlink()
        self.driver.execute(Command.QUIT)
        self.driver.start_session(self._options.to_capabilities())
        self._inspector = self._inspect()
        self._dark = False

    def close(self) -> None:
        self._inspector.close()
        super().close()

    def _inspect(self) -> Inspector:
        host, _, port = self._address_file.read_text(encoding="utf-8").strip().rpartition(":")
        return Inspector(host, int(port))


@contextlib.contextmanager
def opened(programs: Programs) -> Iterator[WebKit]:
    """Return a MiniBrowser that is gone afterwards."""
    with household("webkit") as house:
        for version in ("3.0", "4.0"):
            style = house.home / ".config" / f"gtk-{version}" / "gtk.css"
            style.parent.mkdir(parents=True)
            style.write_text(STYLE, encoding="utf-8")
        house.environment |= {
            "DISPLAY": start_screen(house, *SCREEN),
            "GDK_BACKEND": "x11",
            "GSETTINGS_BACKEND": "memory",
            "NO_AT_BRIDGE": "1",
        }
        address = house.home / "inspector"
        tell = f'echo "$WEBKIT_INSPECTOR_SERVER" >{address}'
        options = WebKitGTKOptions()
        options.binary_location = house.wrap(programs.browser, tell)
        options.add_argument("--automation")
        config = start_driver(house, house.wrap(programs.driver), "--port={port}")
        connection = RemoteConnection(client_config=config)
        driver = Remote(command_executor=connection, options=options)
        with contextlib.closing(WebKit(driver, options, address)) as browser:
            browser.prepare()
            yield browser

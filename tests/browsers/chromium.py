"""Chromium, through chromedriver and the DevTools commands that chromedriver passes on.

Console: complete, with the CORS lines and, after each of them, `Failed to load resource: ...`.
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING, Any

from selenium.webdriver import ChromeOptions, Remote
from selenium.webdriver.chrome.remote_connection import ChromeRemoteConnection

from tests.browsers.browser import Browser
from tests.browsers.driving import start_driver
from tests.browsers.processes import household

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.installed import Programs

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # root has no sandbox; the pages are the tests' own
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",  # containers have little of it
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-breakpad",
    "--remote-debugging-pipe",  # not a port: the browser ends when the driver is gone
)
# chromedriver writes "SOURCE POSITION TEXT"; the text of console.log is a row of JSON values.
_ENTRY = re.compile(r"\S* (?:-|\d+(?::\d+)?) (?P<text>.*)", re.DOTALL)


class Chromium(Browser):
    """One window of Chromium."""

    engine = "chromium"

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", size)

    def set_dark(self, dark: bool) -> None:
        feature = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._devtools("Emulation.setEmulatedMedia", {"features": [feature]})

    def _new_lines(self) -> list[str]:
        entries = self.driver.execute("getLog", {"type": "browser"})["value"]
        return [_text(entry) for entry in entries]

    def _forget(self) -> None:
        self._new_tab()
        # The HTTP cache and the CORS-preflight cache.
        self._devtools("Network.clearBrowserCache", {})
        self._devtools("Network.clearBrowserCookies", {})
        everything = {"origin": "*", "storageTypes": "all"}
        self._devtools("Storage.clearDataForOrigin", everything)
        self._new_lines()

    def _devtools(self, command: str, params: dict[str, Any]) -> None:
        self.driver.execute("executeCdpCommand", {"cmd": command, "params": params})


def _text(entry: dict[str, str]) -> str:
    """Return a log entry without its source and position, console.log arguments as shown."""
    match = _ENTRY.fullmatch(entry["message"])
    text = match["text"] if match else entry["message"]
    if entry["source"] != "console-api":
        return text
    decoder, values, rest = json.JSONDecoder(), [], text
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:  # an object, written as the console would abbreviate it
            return text
        values.append(value if isinstance(value, str) else rest[:end])
        rest = rest[end:].lstrip()
    return " ".join(values)


@contextlib.contextmanager
def opened(programs: Programs, *more: str) -> Iterator[Chromium]:
    """Return a Chromium, started with ``more`` arguments, that is gone afterwards."""
    with household("chromium") as house:
        options = ChromeOptions()
        options.binary_location = programs.browser
        for argument in (*ARGUMENTS, *more, f"--user-data-dir={house.home}/profile"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        config = start_driver(house, house.wrap(programs.driver), "--port={port}")
        connection = ChromeRemoteConnection(config.remote_server_addr, client_config=config)
        driver = Remote(command_executor=connection, options=options)
        with contextlib.closing(Chromium(driver)) as browser:
            browser.prepare()
            yield browser

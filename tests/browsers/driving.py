"""The WebDriver program of an engine, started and connected to."""

from __future__ import annotations

import http.client
import socket
import time
from typing import TYPE_CHECKING

from selenium.webdriver.common.proxy import Proxy, ProxyType
from selenium.webdriver.remote.client_config import ClientConfig

if TYPE_CHECKING:
    from subprocess import Popen

    from tests.browsers.processes import Household

# A driver listens within 0.1 s; a machine that compiles something meanwhile needs more.
PATIENCE = 20.0
# A free port may be taken by another program before the driver takes it.
ATTEMPTS = 3
OK = 200


def start_driver(house: Household, program: str, *arguments: str, log: str = "") -> ClientConfig:
    """Return how to reach a driver that was started here and says that it is ready.

    Selenium's own services are not used: they end nothing but their direct child, and they look
    for a driver to download when theirs is missing.
    """
    for _ in range(ATTEMPTS):
        port = _free_port()
        with (house.home / (log or "driver.log")).open("ab") as output:
            command = (program, *(argument.format(port=port) for argument in arguments))
            driver = house.start(*command, output=output)
        if _is_ready(driver, port):
            return ClientConfig(
                remote_server_addr=f"http://127.0.0.1:{port}",
                proxy=Proxy({"proxyType": ProxyType.DIRECT}),
            )
    raise RuntimeError(f"{program} did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _is_ready(driver: Popen[bytes], port: int) -> bool:
    """Wait for the driver's word; False when it ended instead, as it does for a taken port."""
    deadline = time.monotonic() + PATIENCE
    while driver.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", "/status")
            if connection.getresponse().status == OK:
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
        finally:
            connection.close()
    return False

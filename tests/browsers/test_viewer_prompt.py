"""What the banner says of a viewer: the browser may ask for the local network, and then it works.

Chromium can be told that an address is one of the internet, as a viewer's is. Nobody can be asked
in a browser without a window, so what a person would allow is allowed by the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browsers import chromium
from tests.browsers.installed import find
from tests.clients.wire import relay
from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browsers.chromium import Chromium

pytestmark = [pytest.mark.browsers, pytest.mark.servers, pytest.mark.slow]

READS = (
    "fetch('{}/a.bin', {{headers: {{Range: 'bytes=-8'}}}}).then((r) => r.status, () => 'refused')"
)
ASKS = "navigator.permissions.query({name: 'local-network-access'}).then((found) => found.state)"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "index.html").write_text("<!doctype html><title>viewer</title>")
    (tmp_path / "a.bin").write_bytes(bytes(100))
    with Served(str(tmp_path), "--no-try") as served:
        yield served


def opened(pages: Served, *more: str) -> Iterator[Chromium]:
    programs = find("chromium")
    if programs is None:
        pytest.skip("browser not installed: chromium")
    with chromium.opened(programs, *more) as browser:
        browser.open(f"http://localhost:{pages.port}/")
        yield browser


@pytest.fixture
def viewer(pages: Served) -> Iterator[Chromium]:
    """A browser that shows a page of the internet."""
    yield from opened(pages, f"--ip-address-space-overrides=127.0.0.1:{pages.port}=public")


@pytest.fixture
def neighbour(pages: Served) -> Iterator[Chromium]:
    """A browser that shows a page of this machine."""
    yield from opened(pages)


def test_a_viewer_reads_files_of_this_machine_once_the_user_has_allowed_it(
    viewer: Chromium, pages: Served, tmp_path: Path
) -> None:
    with Served(str(tmp_path), "--no-try") as files, relay(files.port) as wire:
        reads = READS.format(wire.origin)
        assert viewer.evaluate(ASKS) == "prompt"
        assert viewer.evaluate(reads) == "refused"
        assert wire.seen == []
        viewer.wait_for_console("`loopback` address space")
        allowed = {"origin": f"http://localhost:{pages.port}", "permissions": ["loopbackNetwork"]}
        viewer._devtools("Browser.grantPermissions", allowed)
        assert viewer.evaluate(reads) == 206
        assert [(one.method, one.status) for one in wire.seen] == [("OPTIONS", 200), ("GET", 206)]


def test_a_page_of_this_machine_is_not_asked_about(neighbour: Chromium, tmp_path: Path) -> None:
    with Served(str(tmp_path), "--no-try") as files:
        assert neighbour.evaluate(READS.format(f"http://127.0.0.1:{files.port}")) == 206

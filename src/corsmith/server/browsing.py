"""Opening an address in the browser of whoever started the server.

What lives here: finding a browser with a window. What does not: which address (``run``).
"""

import os
import threading
import webbrowser
from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

__all__ = ["Shown", "open_address"]


@runtime_checkable
class Shown(Protocol):
    """Something to serve that has an address of its own to be looked at."""

    def address(self, url: str) -> str:
        """Return it; ``url`` is the server's."""


def open_address(
    address: str, say: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> threading.Thread:
    """Open an address in a thread of its own; ``say`` is told where there is no browser.

    A browser may take as long as it likes: nobody waits for the thread.
    """

    def go() -> None:
        if not _open(address, environ):
            say(f"there is no browser here that --open could use; the address is {address}")

    thread = threading.Thread(target=go, name="corsmith-open", daemon=True)
    thread.start()
    return thread


def _open(address: str, environ: Mapping[str, str]) -> bool:
    try:
        browser = webbrowser.get()
        # What is found on a machine without a desktop would draw over the server's own lines;
        # one that the person has named is theirs to choose.
        if _takes_the_terminal(browser) and not environ.get("BROWSER"):
            return False
        return browser.open(address)
    except (webbrowser.Error, OSError):
        return False


def _takes_the_terminal(browser: webbrowser.BaseBrowser) -> bool:
    kind = webbrowser.GenericBrowser
    return isinstance(browser, kind) and not isinstance(browser, webbrowser.BackgroundBrowser)

"""Opening an address in the browser of whoever started the server.

What lives here: finding a browser with a window, and telling it a secret address so that
nobody else hears it. What does not: which address (``run``).
"""

import atexit
import os
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

__all__ = ["Shown", "open_address"]

_KEPT_SECONDS: Final = 60.0
"""How long a browser may take to read the file that leads to a secret address."""

_LEADING: Final = """<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0;url={0}">
<title>corsmith</title>
<a href="{0}">corsmith</a>
"""


@runtime_checkable
class Shown(Protocol):
    """Something to serve that has an address of its own to be looked at."""

    def address(self, url: str) -> str:
        """Return it; ``url`` is the server's."""


def open_address(
    address: str,
    say: Callable[[str], None],
    environ: Mapping[str, str] = os.environ,
    *,
    is_secret: bool = False,
) -> threading.Thread:
    """Open an address in a thread of its own; ``say`` is told where there is no browser.

    A browser may take as long as it likes: nobody waits for the thread. One that
    ``is_secret`` stands in no command line, which every user of the machine could read.
    """

    def go() -> None:
        if not _open(address, environ, is_secret=is_secret):
            say(f"there is no browser here that --open could use; the address is {address}")

    thread = threading.Thread(target=go, name="corsmith-open", daemon=True)
    thread.start()
    return thread


def _open(address: str, environ: Mapping[str, str], *, is_secret: bool) -> bool:
    try:
        browser = webbrowser.get()
        # What is found on a machine without a desktop would draw over the server's own lines;
        # one that the person has named is theirs to choose.
        if _takes_the_terminal(browser) and not environ.get("BROWSER"):
            return False
        return browser.open(_lead_to(address).as_uri() if is_secret else address)
    except (webbrowser.Error, OSError):
        return False


def _lead_to(address: str) -> Path:
    """Return a file that leads a browser to an address, and that nobody else may read.

    It is there for a minute, or until the server ends, if that is earlier.
    """
    path = _new_file()
    atexit.register(path.unlink, missing_ok=True)
    timer = threading.Timer(_KEPT_SECONDS, path.unlink, kwargs={"missing_ok": True})
    timer.daemon = True
    path.write_text(_LEADING.format(escape(address)), encoding="utf-8")
    timer.start()
    return path


def _new_file() -> Path:
    """Return a new file of mode 0600.

    A browser in a sandbox (snap) sees no hidden folder, and another /tmp.
    """
    try:
        descriptor, name = tempfile.mkstemp(".html", "corsmith-", Path("~").expanduser())
    except (OSError, RuntimeError):  # there is no such folder, or nothing may be written there
        descriptor, name = tempfile.mkstemp(".html", "corsmith-")
    os.close(descriptor)
    return Path(name)


def _takes_the_terminal(browser: webbrowser.BaseBrowser) -> bool:
    kind = webbrowser.GenericBrowser
    return isinstance(browser, kind) and not isinstance(browser, webbrowser.BackgroundBrowser)

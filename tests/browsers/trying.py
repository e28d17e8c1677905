"""Pressing the buttons of the try page as a person does, and reading what it shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.browsers.browser import Browser
    from tests.browsers.serving import Served

READY = "!document.querySelector('[data-press=get]').disabled"
NEWEST = "document.querySelector('.card')"
SETTLED = "document.querySelector('.card .agreed').textContent.startsWith('✓ as') || \
document.querySelector('.card .agreed').textContent.startsWith('✗ not')"


def open_page(browser: Browser, served: Served) -> None:
    browser.open(served.page)
    browser.wait_for(READY)


def press(browser: Browser, name: str) -> str:
    """Press a button as a person does, and return what the page shows of it at the end."""
    before = browser.evaluate("document.querySelectorAll('.card').length")
    browser.press(f"[data-press={name}]")
    browser.wait_for(f"document.querySelectorAll('.card').length === {before + 1}")
    browser.wait_for(SETTLED)
    return shown(browser)


def shown(browser: Browser) -> str:
    return re.sub(r"\s+", " ", browser.evaluate(f"{NEWEST}.textContent"))


def steps(browser: Browser) -> list[str]:
    """Return the signs of the ladder: preflight, request, script."""
    signs: list[str] = browser.evaluate(
        f"Array.from({NEWEST}.querySelectorAll('.dot'), dot => dot.textContent)"
    )
    return signs


def offered(browser: Browser) -> list[str]:
    """Return the buttons that are there to be seen."""
    found: list[str] = browser.evaluate(
        "Array.from(document.querySelectorAll('[data-press]'))"
        ".filter(button => button.offsetParent).map(button => button.dataset.press)"
    )
    return found


def type_path(browser: Browser, path: str) -> None:
    browser.evaluate(
        f"(document.querySelector('#path').value = {path!r}, "
        "document.querySelector('#path').dispatchEvent(new Event('input')))"
    )
    browser.wait_for(READY)

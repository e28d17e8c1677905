"""A folder's listing as a person meets it: narrow and wide, dark and light, without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.servers, pytest.mark.slow]

LONG = f"sentinel-2_{'L2A_T32TQM_' * 14}B04.tif"
MARKUP = "<script>document.title='run'<"
MANY = 5000
NAMES = "[...document.querySelectorAll('tbody a')].map((link) => link.textContent)"
FITS = "document.documentElement.scrollWidth <= innerWidth"
SEEN = "[...document.querySelectorAll('time')].every((time) => time.offsetHeight > 0)"
PAPER = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("listed")
    (folder / "sub").mkdir()
    (folder / LONG).write_bytes(bytes(10))
    (folder / MARKUP).write_bytes(bytes(30))
    (folder / "10").write_bytes(bytes(20))
    (folder / "9").write_bytes(bytes(5))
    many = folder / "many"
    many.mkdir()
    for number in range(MANY):
        (many / str(number)).touch()
    with Served(str(folder), "--no-try") as running:
        yield running


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window_and_shows_every_date(
    browser: Browser, served: Served, width: int
) -> None:
    browser.resize(width, 800)
    browser.open(f"http://localhost:{served.port}/")
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate(FITS)
    assert browser.evaluate(SEEN)


def test_it_is_dark_for_who_prefers_that(browser: Browser, served: Served) -> None:
    browser.open(f"http://localhost:{served.port}/")
    light = browser.evaluate(PAPER)
    browser.set_dark(dark=True)
    assert browser.evaluate(PAPER) != light


def test_it_is_sorted_and_walked_through_by_links_alone(browser: Browser, served: Served) -> None:
    browser.open(f"http://localhost:{served.port}/")
    assert browser.evaluate(NAMES) == ["many/", "sub/", "9", "10", MARKUP, LONG]
    assert browser.evaluate("document.title") == "/"
    browser.press("th.size a")
    assert browser.wait_for(f"location.search && {NAMES}") == [
        "many/", "sub/", "9", LONG, "10", MARKUP
    ]  # fmt: skip
    browser.press("th.size a")
    assert browser.wait_for(f"location.search.endsWith('desc') && {NAMES}")[2] == MARKUP
    browser.open(f"http://localhost:{served.port}/many/")
    rows = browser.evaluate(NAMES)
    assert rows == ["../", *map(str, range(MANY))]
    browser.press("nav a")
    browser.wait_for("location.pathname === '/'")
    # What the page's own policy would have kept from running or loading is told here.
    assert [line for line in browser.console() if "favicon" not in line] == []

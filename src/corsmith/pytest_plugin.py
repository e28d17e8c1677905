"""The pytest plugin: a fixture, and what the browser did beside each failure.

What lives here: the hooks, which pytest loads by itself where corsmith is installed. What does
not: the browser (``testing``), which is loaded only by the tests that ask for it.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from corsmith.testing import Browser

__all__ = ["cors_browser", "pytest_runtest_makereport"]

_opened: Final = pytest.StashKey["list[Browser]"]()
_MOST_SHOWN: Final = 5


@pytest.fixture
def cors_browser(request: pytest.FixtureRequest) -> Iterator[Callable[..., "Browser"]]:
    """Open a browser: ``cors_browser(app, page="https://app.example")``; it is closed for you."""
    from corsmith.testing import Browser

    opened: list[Browser] = []
    request.node.stash[_opened] = opened

    def open_browser(*arguments: Any, **settings: Any) -> Browser:  # noqa: ANN401  Browser's own
        browser = Browser(*arguments, **settings)
        opened.append(browser)
        return browser

    yield open_browser
    for browser in opened:
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show below a failure what each browser of the test did, if the failure does not."""
    report = yield
    if call.when == "call" and report.failed:
        shown = report.longreprtext
        for browser in item.stash.get(_opened, []):
            for result in browser.results[-_MOST_SHOWN:]:
                ladder = str(result)
                # The first line alone is also in the result's repr.
                if ladder.split("\n")[1].strip() not in shown:
                    report.sections.append(("What the browser did", ladder))
    return report

"""The public names of the browser half."""

from __future__ import annotations

from corsmith import browser
from corsmith.browser import ENGINES, FetchRequest, Profile, fetch


def test_its_names_are_all_there_and_each_once() -> None:
    assert len(browser.__all__) == len(set(browser.__all__))
    assert all(hasattr(browser, name) for name in browser.__all__)


def test_a_fetch_yields_what_is_sent() -> None:
    request = FetchRequest(page="https://app.example", url="https://api.example/")
    for engine in ENGINES.values():
        assert next(fetch(request, Profile(engine=engine))).url == "https://api.example/"

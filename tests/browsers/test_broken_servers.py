"""The change that ``check`` names makes a real page readable, for each broken server.

What ``check`` says of them is in tests/cli/test_check_url_broken.py. Servers that are broken in
their TLS are asked without it here: no browser trusts a certificate that was made just now.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.broken import servers, serving
from tests.broken.serving import Broken, Reply, serve
from tests.browsers.browser import ScriptError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

pytestmark = pytest.mark.servers

NAMES = sorted(path.stem for path in Path(servers.__path__[0]).glob("*.py"))
CASES: dict[str, Broken] = {
    name: import_module(f"tests.broken.servers.{name}").BROKEN for name in NAMES
}
# A page is blocked in these, or its script gets a 0 for a header that it does not see; the rest
# is readable, and a finding.
BLOCKED = [
    name
    for name, case in CASES.items()
    if case.tls is None and (case.status or "headers.get" in case.page)
]


@pytest.fixture
def page(browser: Browser) -> Iterator[Browser]:
    """Open a page of another origin than the servers'."""
    html = (("Content-Type", "text/html"),)
    with serve(lambda _: Reply(headers=html, body=b"<!doctype html><title>a</title>")) as home:
        browser.open(home.origin.replace("127.0.0.1", "localhost"))
        yield browser


def run(page: Browser, case: Broken, answer: serving.Answer, path: str) -> object:
    """Return what the script of a case gets; 0 where it is blocked."""
    with serve(answer) as server:
        script = case.page.replace("URL", json.dumps(server.origin + path))
        try:
            return page.evaluate(script)
        except ScriptError:
            return 0


# One page for all of them: to make a browser forget takes longer than all of this.


def test_a_page_cannot_use_a_broken_server(page: Browser) -> None:
    results = {
        name: run(page, CASES[name], CASES[name].answer, CASES[name].path) for name in BLOCKED
    }
    assert {name: result for name, result in results.items() if result not in {0, 416}} == {}


def test_a_page_can_use_every_repaired_server(page: Browser) -> None:
    results = {
        name: run(page, case, case.repair, case.repair_path or case.path)
        for name, case in CASES.items()
    }
    usable = {200, 206, 500}
    assert {name: result for name, result in results.items() if result not in usable} == {}

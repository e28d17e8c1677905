"""Real data clients read real values from `corsmith serve DIR` without a flag, in Chromium.

Each page is of another origin. It runs in a browser that keeps nothing, where the server gets what
the client asks for; some also run twice in one that keeps files and asks whether they have
changed. All browsers: `make clients`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.clients.clients import CLIENTS, Client
from tests.clients.packages import NotHereError, versions
from tests.clients.visit import PAGES, Visitor, visiting
from tests.docs.documents import DOCS

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.servers]


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Visitor]:
    yield from _visitor(keeps=False)


@pytest.fixture(scope="module")
def keeping() -> Iterator[Visitor]:
    yield from _visitor(keeps=True)


def _visitor(*, keeps: bool) -> Iterator[Visitor]:
    try:
        with visiting(keeps=keeps) as visitor:
            yield visitor
    except NotHereError as reason:
        pytest.skip(str(reason))


each = pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])


@pytest.mark.browsers
@pytest.mark.registry
@each
def test_a_client_reads_from_another_origin_what_is_in_the_files(
    client: Client, forgetful: Visitor
) -> None:
    visit = forgetful.visit(client.name)
    assert visit.answer == client.answer
    page = (DOCS / "reference" / "data-clients.md").read_text(encoding="utf-8")
    assert client.row(visit.seen) in page.splitlines(), "python -m tools.clients --write"


@pytest.mark.browsers
@pytest.mark.registry
@pytest.mark.parametrize("name", ["pmtiles", "geotiff", "zarrita"])
def test_a_client_reads_the_same_again_of_what_the_browser_has_kept(
    name: str, keeping: Visitor
) -> None:
    client = next(client for client in CLIENTS if client.name == name)
    first, second = keeping.visit(client.name), keeping.visit(client.name)
    assert first.answer == second.answer == client.answer
    # The files have not changed, and the server says so instead of sending them once more.
    assert 304 in {one.status for one in second.seen}


def test_each_client_has_a_page_a_version_and_a_row() -> None:
    names = {client.name for client in CLIENTS}
    assert names == set(versions())
    assert {name.rpartition("/")[2] for name in names} == {page.stem for page in PAGES.iterdir()}

"""The table of viewers: whom it allows, and which link it makes."""

import pytest

from corsmith.errors import UsageError
from corsmith.policy import Policy
from corsmith.server.folder.viewers import VIEWERS, find_viewer, is_near, suggest
from tests.docs.documents import DOCS


@pytest.mark.parametrize("name", VIEWERS)
def test_each_viewer_is_an_origin_that_a_policy_takes_and_has_a_link_to_it(name: str) -> None:
    viewer = find_viewer(name.upper())
    assert Policy(origins=[viewer.origin]).origins == (viewer.origin,)
    link = viewer.link("http://127.0.0.1:8000/a b")
    assert link.startswith(f"{viewer.origin}/")
    assert "http%3A%2F%2F127.0.0.1%3A8000%2Fa%20b" in link
    assert viewer.reads(f"X{viewer.endings[0]}".upper())
    assert not viewer.reads("x.exe")
    assert viewer.source


def test_the_first_file_that_a_viewer_reads_is_by_name() -> None:
    viewer = find_viewer("pmtiles")
    assert viewer.first(["b.pmtiles", "a.txt", "a.PMTiles"]) == "a.PMTiles"
    assert viewer.first(["a.txt"]) is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["z.zarr", "b.PARQUET", "a.json"], ("b.PARQUET", "parquet")),
        (["a.csv", "a.tif", "a.zip", "README", "pmtiles", ""], None),
        ([], None),
    ],
)
def test_a_viewer_is_suggested_for_what_hardly_anything_else_opens(
    names: list[str], expected: tuple[str, str] | None
) -> None:
    found = suggest(names)
    assert (found and (found[0], found[1].name)) == expected
    if found is not None:
        assert found[1].reads(found[0])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/", True),
        ("http://[::1]:8000/", True),
        ("http://192.168.1.2/", True),
        ("http://localhost:8000/", True),
        ("http://dev.example/", True),
        ("https://8.8.8.8/", False),
        ("https://[2001:4860:4860::8888]/", False),
    ],
)
def test_only_an_address_of_the_internet_is_reached_without_leave(url: str, expected: bool) -> None:
    assert is_near(url) is expected


def test_the_documentation_has_each_viewer_and_no_other() -> None:
    lines = (DOCS / "how-to" / "serve-a-folder.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert rows == [
        f"| `{viewer.name}` | <{viewer.origin}> | "
        f"{', '.join(f'`{ending}`' for ending in viewer.endings)} |"
        for viewer in VIEWERS.values()
    ]


def test_the_makers_of_no_viewer_are_told_the_address_where_that_can_be_turned_off() -> None:
    link = find_viewer("sqlite").link("http://127.0.0.1:8000/x.db")
    assert link.startswith("https://lite.datasette.io/?analytics=off&url=http%3A%2F%2F")


def test_a_viewer_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(UsageError) as caught:
        find_viewer("pmtile")
    first, second, third = str(caught.value).splitlines()
    assert first == "--viewer pmtile is not known; did you mean pmtiles?"
    assert "netron" in second
    assert "--origin" in third
    with pytest.raises(UsageError, match="is not known\n"):
        find_viewer("zzz")

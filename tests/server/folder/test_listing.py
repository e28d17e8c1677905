"""What a folder looks like, to a person and to a program."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from corsmith.server.folder import listing as module
from corsmith.server.folder.listing import Selection, answer, as_json, as_page, prefers_json, take
from corsmith.server.folder.tree import Entry, Listed, Unshown

if TYPE_CHECKING:
    from collections.abc import Callable

AT = 1_700_000_000.5
FOLDER = Entry(name="sub", size=None, modified=AT)
SMALL = Entry(name="a.txt", size=1, modified=AT + 60)
LARGE = Entry(name="B.bin", size=3 * 1024**3, modified=AT - 60)
ALL = [LARGE, SMALL, FOLDER]


class Page(HTMLParser):
    """The links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.fields: dict[str | None, str | None] = {}
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "input":
            self.fields[dict(attrs)["name"]] = dict(attrs)["value"]
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        self.words += data


def page(*names: str, entries: list[Entry] = ALL, chosen: Selection | None = None) -> Page:
    body, _ = as_page(names, entries, chosen or Selection(), is_complete=True)
    return Page(body.decode())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"", ["sub", "a.txt", "B.bin"]),
        (b"sort=name&order=desc", ["sub", "B.bin", "a.txt"]),
        (b"sort=size", ["sub", "a.txt", "B.bin"]),
        (b"sort=size&order=desc", ["sub", "B.bin", "a.txt"]),
        (b"order=asc&sort=date", ["sub", "B.bin", "a.txt"]),
        (b"sort=owner&\xff", ["sub", "a.txt", "B.bin"]),
    ],
)
def test_a_listing_is_in_the_order_of_its_links_folders_first(
    query: bytes, expected: list[str]
) -> None:
    assert [entry.name for entry in Selection.of(query).sort(ALL)] == expected


def test_equals_are_in_the_order_of_their_names() -> None:
    same = [Entry(name=name, size=1, modified=AT) for name in ("b", "A", "a")]
    assert [entry.name for entry in Selection(by="size").sort(same)] == ["A", "a", "b"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"filter=B.", ["B.bin"]),
        (b"filter=+a.TXT+", ["a.txt"]),
        (b"filter=b", ["sub", "B.bin"]),
        (b"filter=", ["sub", "a.txt", "B.bin"]),
        (b"filter=%ff", []),
        (b"filter=" + b"b" * 300, []),
    ],
)
def test_only_names_with_the_part_in_them_are_listed(query: bytes, expected: list[str]) -> None:
    chosen = Selection.of(query)
    assert [entry.name for entry in chosen.sort(found_in_all(chosen.wants))] == expected


def test_a_page_says_what_it_looked_for_and_keeps_looking_when_it_is_sorted() -> None:
    part = '<b>&"'
    entries = [Entry(name=f"x{part}", size=1, modified=AT)]
    made = page(entries=entries, chosen=Selection(by="size", part=part))
    assert f"0 folders, 1 file, 1 byte with “{part}” in the name; show all" in made.words
    assert made.links[2] == "?sort=name&order=asc&filter=%3Cb%3E%26%22"
    assert made.fields == {"filter": part, "sort": "size", "order": "asc"}
    assert (
        "Nothing with “zz” in the name; show all"
        in page(entries=[], chosen=Selection(part="zz", backwards=True)).words
    )


def test_a_bar_is_as_long_as_a_size_beside_the_largest() -> None:
    sizes = [0, 1, 500, 1000]
    entries = [Entry(name=f"{size}", size=size, modified=AT) for size in sizes]
    body, _ = as_page((), entries, Selection(), is_complete=True)
    found = re.findall(rb'<td class="(size[^"]*)"', body)
    assert found == [b"size", b"size", b"size b10", b"size b20"]
    assert all(f"td.b{number} {{".encode() in body for number in range(1, 21))


@pytest.mark.parametrize(
    ("name", "drawing"),
    [
        ("a.tif", "image"), ("a.mp4", "film"), ("a.mp3", "film"), ("a.csv.gz", "packed"),
        ("a.tar", "packed"), ("a.csv", "text"), ("a.geojson", "text"), ("a.yaml", "text"),
        ("a.parquet", "file"), ("README", "file"),
    ],
)  # fmt: skip
def test_a_row_has_the_drawing_of_its_kind(name: str, drawing: str) -> None:
    body, _ = as_page((), [Entry(name=name, size=1, modified=AT)], Selection(), is_complete=True)
    assert re.findall(rb'<td class="(\w+)"><a', body) == [drawing.encode()]
    assert f".{drawing} {{ --icon: url(".encode() in body


def found_in_all(wants: Callable[[str], bool]) -> list[Entry]:
    return [entry for entry in ALL if wants(entry.name)]


def test_the_answer_is_what_the_query_and_the_accept_header_ask_for() -> None:
    body, lines = answer(("x",), found_in_all, b"sort=size&order=desc&filter=i", "application/json")
    assert dict(lines)[b"content-type"] == b"application/json"
    assert json.loads(body)["path"] == "/x/"
    assert [entry["name"] for entry in json.loads(body)["entries"]] == ["B.bin"]
    body, lines = answer(("x",), found_in_all, b"", "text/html")
    assert dict(lines)[b"content-type"] == b"text/html; charset=utf-8"
    assert b"form-action 'self'" in dict(lines)[b"content-security-policy"]
    for found in (dict(lines)[b"vary"], dict(lines)[b"x-content-type-options"]):
        assert found in {b"Accept", b"nosniff"}


def test_numbers_in_names_are_in_the_order_of_numbers() -> None:
    names = ["10", "9", "0.2", "0.10", "scene_2b", "scene_10a", "Scene_2", "x", "", "007"]
    entries = [Entry(name=name, size=1, modified=AT) for name in names]
    assert [entry.name for entry in Selection().sort(entries)] == [
        "", "0.2", "0.10", "007", "9", "10", "Scene_2", "scene_2b", "scene_10a", "x"
    ]  # fmt: skip
    backwards = Selection(backwards=True).sort(entries)
    assert [entry.name for entry in backwards[:3]] == ["x", "scene_10a", "scene_2b"]


def test_a_program_that_follows_the_links_finds_the_entries_and_nothing_else() -> None:
    # As Neuroglancer lists a folder: every link, without its query, that is below the folder.
    base = "http://127.0.0.1:8000/x/"
    links = [link.partition("?")[0] for link in page("x").links]
    found = {urljoin(base, link) for link in links if link}
    below = sorted(url.removeprefix(base) for url in found if url.startswith(base) and url != base)
    assert below == ["B.bin", "a.txt", "sub/"]


def test_an_empty_folder_says_so() -> None:
    assert "Nothing is in this folder." in page(entries=[]).words


def test_each_head_sorts_and_the_one_in_force_turns_round() -> None:
    made = page(chosen=Selection(by="size"))
    assert made.links[1:4] == [
        "?sort=name&order=asc", "?sort=size&order=desc", "?sort=date&order=asc"
    ]  # fmt: skip
    assert "▲" in made.words
    backwards = page(chosen=Selection(by="size", backwards=True))
    assert backwards.links[2] == "?sort=size&order=asc"
    assert "▼" in backwards.words


def test_a_page_leads_to_every_entry_and_to_each_folder_above() -> None:
    made = page("x", "y z", entries=ALL)
    assert made.links[:3] == ["../../", "../", "./"]
    assert made.links[6:] == ["../", "./B.bin", "./a.txt", "./sub/"]
    assert "\n/ x / y z\n" in made.words
    assert "\n/\n" in page().words
    assert page().links[4:] == ["./B.bin", "./a.txt", "./sub/"]


def test_the_whole_name_of_a_folder_above_is_the_title_of_its_link() -> None:
    body, _ = as_page(("a" * 200, '"'), ALL, Selection(), is_complete=True)
    text = body.decode()
    assert f'<a href="../" title="{"a" * 200}">{"a" * 200}</a>' in text
    assert '<a href="./" aria-current="page">&quot;</a>' in text
    assert '<a href="../../" title="/">/</a>' in text


def test_sizes_and_dates_are_for_people_and_exact_for_programs() -> None:
    body, _ = as_page((), ALL, Selection(), is_complete=True)
    text = body.decode()
    assert "1 folder, 2 files, 3.0 GiB" in text
    assert 'title="3,221,225,472 bytes">3.0 GiB<' in text
    assert ">1 byte<" in text
    assert '<time datetime="2023-11-14T22:14:20Z">2023-11-14 22:14</time>' in text


@pytest.mark.parametrize(
    ("size", "expected"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1024**6 * 5000, "5000.0 EiB")],
)
def test_a_size_has_the_unit_that_fits(size: int, expected: str) -> None:
    body, _ = as_page((), [Entry(name="x", size=size, modified=0)], Selection(), is_complete=True)
    assert f">{expected}<" in body.decode()


@pytest.mark.parametrize(
    "name", ["<script>x</script>", '" onclick="x', "a:b", "{{rows}}", "&amp;", "#?"]
)
def test_a_name_is_never_markup_and_its_link_is_its_own(name: str) -> None:
    made = page(name, entries=[Entry(name=name, size=1, modified=AT)])
    assert name in made.words
    assert "script" not in made.tags
    assert made.links[-1].startswith("./")
    assert not set(made.links[-1]) & set('<>"#?:&')


def test_a_name_that_is_no_text_is_shown_and_linked_by_its_bytes() -> None:
    made = page(entries=[Entry(name="x\udcff", size=1, modified=AT)])
    assert made.links[-1] == "./x%FF"
    assert "x�" in made.words


@pytest.mark.parametrize("modified", [1e30, float(2**62)])
def test_a_time_that_no_date_can_say_is_the_first(modified: float) -> None:
    body, _ = as_page(
        (), [Entry(name="x", size=1, modified=modified)], Selection(), is_complete=True
    )
    assert "1970-01-01 00:00" in body.decode()


def test_nothing_may_run_or_load_in_the_page() -> None:
    body, policy = as_page((), ALL, Selection(), is_complete=True)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert b"<script" not in body
    assert b"prefers-color-scheme: dark" in body
    assert b'name="viewport"' in body


def test_json_says_the_same() -> None:
    listing = json.loads(as_json("/x/", [FOLDER, SMALL], is_complete=False))
    assert (listing["path"], listing["complete"]) == ("/x/", False)
    assert listing["entries"] == [
        {"name": "sub", "url": "./sub/", "type": "folder", "size": None,
         "modified": "2023-11-14T22:13:20Z"},
        {"name": "a.txt", "url": "./a.txt", "type": "file", "size": 1,
         "modified": "2023-11-14T22:14:20Z"},
    ]  # fmt: skip


def test_a_folder_of_millions_is_listed_in_part_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 2)
    assert take(iter([SMALL, LARGE])) == ([SMALL, LARGE], True)
    entries, is_complete = take(iter([SMALL, LARGE, FOLDER]))
    assert (entries, is_complete) == ([SMALL, LARGE], False)
    body, _ = as_page((), entries, Selection(), is_complete=is_complete)
    assert b"there are more, which are not listed" in body


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/json;q=0.5, text/html;q=0.4", True),
        ("application/json, text/plain, */*", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("text/html, application/json;q=0.9", False),
        ("application/json;q=0", False),
        ("application/json;q=x", False),
        ("application/json;q=0.9, */*", False),
        ("application/json;q=0.9, */*;q=0.8", True),
        ("application/json;q=0.5, text/*;q=0.6", False),
        ("application/json, text/html", True),
        ("application/*", True),
        ("application/*, */*", False),
        ("application/json;q=inf", False),
        ("application/json;q=2", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_json_is_for_who_asks_for_it(accept: str, expected: bool) -> None:
    assert prefers_json(accept) is expected


HELD: list[Listed] = [Unshown.OUTSIDE, SMALL, Unshown.HIDDEN, Unshown.OUTSIDE]


def told_of(entries: list[Listed], query: bytes = b"") -> tuple[dict[str, int], str]:
    """Return what the JSON and the page say of what they do not show."""

    def found(wants: Callable[[str], bool]) -> list[Listed]:
        return [one for one in entries if not isinstance(one, Entry) or wants(one.name)]

    listing, _ = answer((), found, query, "application/json")
    made, _ = answer((), found, query, "text/html")
    words = Page(made.decode()).words
    return json.loads(listing)["unshown"], words


def test_what_is_not_shown_is_counted_and_never_named(monkeypatch: pytest.MonkeyPatch) -> None:
    unshown, words = told_of([*HELD])
    assert unshown == {"outside-folder": 2, "hidden-name": 1}
    assert (
        "0 folders, 1 file, 1 byte; not shown: links that lead out of this folder (2), "
        "names that begin with a dot (1)\n" in words
    )
    unshown, words = told_of([Unshown.SPECIAL])
    assert unshown == {"not-a-file": 1}
    assert "Nothing in this folder is served; not shown: pipes and devices (1)\n" in words
    unshown, words = told_of([SMALL])
    assert (unshown, "not shown" in words) == ({}, False)
    monkeypatch.setattr(module, "MOST_ENTRIES", 1)
    unshown, words = told_of([*HELD, LARGE])
    assert (unshown, "not shown" in words) == ({}, False)


def test_looking_for_a_part_does_not_find_out_hidden_names() -> None:
    for query in (b"filter=a", b"filter=.env"):
        unshown, words = told_of([*HELD], query)
        assert (unshown, "not shown" in words) == ({}, False)

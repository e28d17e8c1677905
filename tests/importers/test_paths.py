from __future__ import annotations

import pytest

from corsmith.importers.paths import Table, ancestors, sample, tabulate


def by_prefix(*prefixes: str) -> object:
    def elsewhere(path: str) -> str | None:
        return next((prefix for prefix in prefixes if path.startswith(prefix)), None)

    return elsewhere


def nowhere(_path: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("template", "path", "row"),
    [
        ("/items", "/items", "/items"),
        ("/items/<int:number>/notes", "/items/1/notes", "/items/"),
        ("/items/<uuid:one>", "/items/00000000-0000-4000-8000-000000000000", "/items/"),
        ("/v<number>/x", "/v1/x", "/"),
        (r"/items/{number:\d{2}}", "/items/1", "/items/"),
        ("/items/{number:float}", "/items/1.0", "/items/"),
    ],
)
def test_a_route_has_a_sample_and_the_row_that_covers_it(
    template: str, path: str, row: str
) -> None:
    assert sample(template) == (path, row)


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        ("/", ("/",)),
        ("/api/items", ("/", "/api", "/api/", "/api/items")),
        ("/api/", ("/", "/api", "/api/")),
        ("/a*b/c", ("/",)),
    ],
)
def test_the_rows_of_a_path_are_itself_and_what_it_is_below(
    path: str, rows: tuple[str, ...]
) -> None:
    assert ancestors(path) == rows


def test_one_value_for_all_is_one_row() -> None:
    table = tabulate({"/items": "a", "/api/notes": "a"}, (), lambda _: "a")
    assert table == Table(rows=(("/", "a"),))


def test_exactly_a_path_is_two_rows() -> None:
    table = tabulate({"/items": "a"}, (), nowhere)
    assert table.rows == (("/items", "a"), ("/items/", None))
    assert table.find("/items") == "a"
    assert table.find("/items/7") is None
    assert table.find("/itemsx") is None


def test_a_route_with_a_parameter_covers_more_and_says_so() -> None:
    table = tabulate({"/items/<number>": "a", "/items": None}, (), nowhere)
    assert table.rows == (("/items/", "a"),)
    assert "/items/" in table.beyond
    assert table.mixed == ()


def test_routes_of_several_values_in_one_row_have_none() -> None:
    routes = {"/items/<number>": "a", "/items/<number>/notes": None, "/items/<number>/x": "b"}
    table = tabulate(routes, (), nowhere)
    assert table.rows == ()
    assert table.mixed == ("/items/<number>", "/items/<number>/x")


def test_other_paths_are_asked_for_and_the_edges_of_rows_compared() -> None:
    def elsewhere(path: str) -> str | None:
        return "a" if path.startswith("/api") else None

    table = tabulate({"/health": None}, ["/api", "/api/", "/a%b"], elsewhere, ["/api7", "no path"])
    assert table.rows == (("/api", "a"),)
    assert table.beyond == ("/apix", "/api7")

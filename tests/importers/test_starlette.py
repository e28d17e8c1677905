from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from corsmith.importers.starlette import read_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.importers.draft import Draft, Imported

APP = "https://app.example"


async def page(_request: object) -> PlainTextResponse:
    return PlainTextResponse("tea")


def read(app: object) -> Imported:
    found = read_app(app)
    assert found is not None
    return found


def draft_of(**settings: Any) -> Draft:
    app = Starlette()
    app.add_middleware(CORSMiddleware, **settings)
    (row,) = read(app).rows
    assert row.path == "/"
    assert row.draft is not None
    return row.draft


def codes(draft: Draft) -> list[str]:
    return [f"{one.code} {one.field}" for one in draft.said if one.code != "answers-differently"]


def test_what_is_written_and_what_is_the_default_are_both_in_force() -> None:
    draft = draft_of(
        allow_origins=[APP],
        allow_origin_regex=r"https://[a-z]+\.app\.example",
        allow_methods=["PUT"],
        allow_headers=["X-Key"],
        allow_credentials=True,
        expose_headers=["ETag", "X-Total-Count"],
    )
    assert draft.origins == (APP,)
    assert [one.text for one in draft.readings] == [r"https://[a-z]+\.app\.example"]
    assert draft.methods == ("PUT",)
    assert draft.headers == (
        "Accept",
        "Accept-Language",
        "Content-Language",
        "Content-Type",
        "X-Key",
    )
    assert draft.expose == ("ETag", "X-Total-Count")
    assert draft.credentials is True
    assert draft.max_age == 600
    assert draft.defaults == {"max_age"}


def test_any_is_any_and_any_method_is_starlettes_list() -> None:
    draft = draft_of(allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    assert draft.origins == ("*",)
    assert draft.headers == ("*", "Authorization")
    assert {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"} <= set(draft.methods)


@pytest.mark.parametrize("credentials", [True, False])
def test_what_any_origin_is_answered_is_told(credentials: bool) -> None:
    draft = draft_of(allow_origins=["*"], allow_credentials=credentials)
    (one,) = [one for one in draft.said if one.field == "Access-Control-Allow-Origin"]
    assert ("as the origin itself" in one.message) is credentials


def test_one_string_for_a_list_of_origins_admits_its_parts() -> None:
    draft = draft_of(allow_origins=f"{APP},https://b.example")
    assert draft.origins == (APP, "https://b.example")
    assert codes(draft) == ["not-a-list origins"]
    (one,) = [one for one in draft.said if one.code == "not-a-list"]
    assert 'Also admitted is "https://app.exampl"' in one.message


def test_a_string_that_holds_no_other_origin_has_no_counter_example() -> None:
    draft = draft_of(allow_origins="nonsense")
    assert draft.origins == ()
    assert not any("Also admitted" in one.message for one in draft.said)


def test_one_string_for_a_list_of_methods_is_sent_letter_by_letter() -> None:
    draft = draft_of(allow_origins=[APP], allow_methods="GET, PUT")
    assert draft.methods == ("GET",)
    assert codes(draft) == ["never-matched methods"]


def test_one_string_for_a_list_of_names_is_none_of_them() -> None:
    draft = draft_of(allow_origins=[APP], allow_headers="X-Key", expose_headers="ETag")
    assert draft.headers == ("Accept", "Accept-Language", "Content-Language", "Content-Type")
    assert draft.expose == ()
    assert codes(draft) == ["never-matched headers", "never-matched expose"]
    draft = draft_of(allow_origins=[APP], allow_headers="*", expose_headers="*")
    assert (draft.headers, draft.expose) == (("*", "Authorization"), ("*",))
    assert codes(draft) == []


def test_an_age_that_is_no_number_of_seconds_is_none() -> None:
    draft = draft_of(allow_origins=[APP], max_age=1.5)
    assert draft.max_age is None
    assert codes(draft) == ["max-age-not-whole-seconds max_age"]


def test_layers_outside_are_named_and_so_is_a_class_of_its_own() -> None:
    class Own(CORSMiddleware):
        pass

    app = FastAPI()
    app.add_middleware(Own, allow_origins=[APP])
    app.add_middleware(GZipMiddleware)
    (row,) = read(app).rows
    assert row.draft is not None
    messages = {one.field: one.message for one in row.draft.said}
    assert "GZipMiddleware" in messages["order"]
    assert messages["code"].startswith("Own is a class of its own")


def test_a_release_without_private_networks_has_nothing_to_tell_of_them() -> None:
    class Older(CORSMiddleware):
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            del self.allow_private_network

    app = Starlette(middleware=[Middleware(Older, allow_origins=[APP])])
    (row,) = read(app).rows
    assert row.draft is not None
    assert not any("Private-Network" in str(one.field) for one in row.draft.said)


def test_of_two_layers_the_outer_is_imported_and_the_other_told() -> None:
    app = Starlette()
    app.add_middleware(CORSMiddleware, allow_origins=["https://inner.example"])
    found = read(CORSMiddleware(app, allow_origins=[APP]))
    (row,) = found.rows
    assert row.draft is not None
    assert row.draft.origins == (APP,)
    assert row.draft.defaults == frozenset()
    assert found.found == (
        "Starlette's CORSMiddleware around the application",
        "Starlette's CORSMiddleware in app.user_middleware",
    )
    assert [one.code for one in found.said] == ["two-layers"]


def sub(**settings: Any) -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, **settings)
    return app


def test_layers_around_parts_become_rows() -> None:
    app = Starlette(
        routes=[
            Route("/health", page),
            Mount("/api", app=sub(allow_origins=[APP])),
            Mount("/old", routes=[Route("/items", page)]),
            Mount(
                "/public",
                routes=[Route("/info", page)],
                middleware=[Middleware(CORSMiddleware, allow_origins=["*"])],
            ),
            Route("/one", page, middleware=[Middleware(CORSMiddleware, allow_origins=[APP])]),
        ]
    )
    found = read(app)
    rows = {row.path: row.draft and row.draft.origins for row in found.rows}
    assert rows == {"/api/": (APP,), "/public/": ("*",), "/one": (APP,), "/one/": None}
    assert found.found == (
        "Starlette's CORSMiddleware in the application at /api",
        "Starlette's CORSMiddleware around /public",
        "Starlette's CORSMiddleware around /one",
    )
    assert [one.field for one in found.said] == ["preflight"]


def test_of_a_part_alone_nothing_is_told_beside_its_row() -> None:
    found = read(Starlette(routes=[Mount("/api", app=sub(allow_origins=[APP]))]))
    assert [row.path for row in found.rows] == ["/api/"]
    assert found.said == ()


def test_a_part_beside_the_layer_around_all_is_only_told() -> None:
    app = sub(allow_origins=[APP])
    app.mount("/api", sub(allow_origins=["*"]))
    found = read(app)
    assert [row.path for row in found.rows] == ["/"]
    assert [one.code for one in found.said] == ["two-layers"]


def test_routes_that_a_path_cannot_tell_apart_are_told() -> None:
    cors = [Middleware(CORSMiddleware, allow_origins=[APP])]
    app = Starlette(
        routes=[
            Route("/items/{number}", page, middleware=cors),
            Route("/items/{number}/notes", page),
            Route("/teas/{number}", page, middleware=cors),
        ]
    )
    found = read(app)
    assert [row.path for row in found.rows] == ["/teas/"]
    fields = [(one.code, one.field) for one in found.said]
    assert ("not-expressible", "paths") in fields
    assert ("answers-differently", "paths") in fields


def nobody(_scope: object) -> None: ...


@pytest.mark.parametrize("make", [Starlette, FastAPI, lambda: nobody])
def test_an_application_without_a_layer_has_nothing_to_import(make: Callable[[], object]) -> None:
    assert read_app(make()) is None

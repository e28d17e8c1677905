from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp_cors
import pytest
from aiohttp import web
from aiohttp_cors.mixin import CorsViewMixin

from corsmith.errors import UsageError
from corsmith.importers.aiohttp_cors import read_app

if TYPE_CHECKING:
    from pathlib import Path

    from corsmith.importers.draft import Draft, Imported

APP = "https://app.example"
ADMIN = "https://admin.example"
ResourceOptions: Any = aiohttp_cors.ResourceOptions  # it has no types
custom_cors: Any = aiohttp_cors.custom_cors  # nor has this
ANYONE = ResourceOptions(allow_headers="*", allow_credentials=True, expose_headers="*")


async def page(_request: web.Request) -> web.Response:
    return web.Response()


def set_up(defaults: dict[str, Any] | None = None) -> tuple[web.Application, Any]:
    app = web.Application()
    return app, aiohttp_cors.setup(app, defaults=defaults or {})


def read(app: object) -> Imported:
    found = read_app(app)
    assert found is not None
    return found


def drafts(app: object) -> dict[str, Draft | None]:
    return {row.path: row.draft for row in read(app).rows}


def codes(draft: Draft | None) -> list[str]:
    assert draft is not None
    return [f"{one.code} {one.field}" for one in draft.said if one.code != "answers-differently"]


def draft_of(options: dict[str, Any], *methods: str, defaults: Any = None) -> Draft:
    """Return the draft of a resource whose routes of these methods have the same options."""
    app, cors = set_up(defaults)
    resource = app.router.add_resource("/items")
    for method in methods:
        cors.add(resource.add_route(method, page), options)
    draft = drafts(app)["/items"]
    assert draft is not None
    return draft


def test_a_resource_has_the_options_of_its_routes_and_their_methods() -> None:
    options = ResourceOptions(
        allow_credentials=True, allow_headers=("X-Key",), expose_headers=("ETag",), max_age=60
    )
    draft = draft_of({APP: options}, "GET", "PUT")
    assert draft.origins == (APP,)
    assert draft.methods == ("GET", "PUT")
    assert (draft.headers, draft.expose) == (("X-Key",), ("ETag",))
    assert (draft.credentials, draft.max_age) == (True, 60)
    assert codes(draft) == ["vary-missing Vary"]


def test_any_is_any_and_what_each_answer_exposes_is_none_with_credentials() -> None:
    draft = draft_of({"*": ANYONE}, "GET")
    assert draft.origins == ("*",)
    assert draft.headers == ("*", "Authorization")
    assert draft.expose == ()
    assert codes(draft) == ["not-expressible expose"]
    draft = draft_of({"*": ResourceOptions(expose_headers="*")}, "GET")
    assert draft.expose == ("*",)


def test_a_star_in_a_list_of_headers_is_a_name() -> None:
    draft = draft_of({APP: ResourceOptions(allow_headers=["*", "X-Key"])}, "GET")
    assert draft.headers == ("X-Key",)
    assert "never-matched headers" in codes(draft)


def test_what_differs_by_origin_is_what_all_have() -> None:
    mixed = {
        APP: ResourceOptions(allow_credentials=True, allow_headers="*", max_age=60),
        ADMIN: ResourceOptions(allow_headers=("X-Key", "X-Other"), max_age=5),
    }
    draft = draft_of(mixed, "GET")
    assert draft.origins == (APP, ADMIN)
    assert draft.headers == ("X-Key", "X-Other")
    assert (draft.credentials, draft.max_age) == (False, 5)
    assert codes(draft)[0] == "not-expressible options"


def test_an_origin_of_some_methods_alone_is_left_out_and_told() -> None:
    app, cors = set_up()
    resource = app.router.add_resource("/items")
    cors.add(resource.add_route("GET", page), {APP: ANYONE})
    cors.add(resource.add_route("PUT", page), {ADMIN: ANYONE})
    draft = drafts(app)["/items"]
    assert draft is not None
    # The first route's options are the resource's own, so its origin has all the methods.
    assert draft.origins == (APP,)
    (one,) = [one for one in draft.said if one.field == "origins"]
    assert f"{ADMIN} for PUT" in one.message


def test_a_method_that_only_some_origins_may_ask_for_is_left_out_and_told() -> None:
    app, cors = set_up(
        {APP: ResourceOptions(allow_methods="*"), ADMIN: ResourceOptions(allow_methods=["PUT"])}
    )
    cors.add(app.router.add_resource("/items"))
    draft = drafts(app)["/items"]
    assert draft is not None
    assert draft.origins == (APP, ADMIN)
    assert draft.methods == ("PUT",)
    (one,) = [one for one in draft.said if one.field == "origins"]
    assert "the methods DELETE, GET, HEAD, PATCH, POST" in one.message


def test_where_no_origin_has_all_of_it_nobody_has_any() -> None:
    app, cors = set_up()
    resource = app.router.add_resource("/items")
    cors.add(resource, {})
    resource.add_route("GET", page)
    cors.add(resource.add_route("PUT", page), {ADMIN: ANYONE})
    draft = drafts(app)["/items"]
    assert draft is not None
    assert draft.origins == ()
    assert [one.code for one in draft.said] == ["not-expressible"]
    (one,) = draft.said
    assert f"{ADMIN} for PUT" in one.message


def test_a_route_for_every_method_counts_as_each() -> None:
    app, cors = set_up({APP: ANYONE})
    resource = app.router.add_resource("/items")
    cors.add(resource)
    resource.add_route("*", page)
    draft = drafts(app)["/items"]
    assert draft is not None
    assert draft.origins == (APP,)
    assert draft.methods == ()


def test_a_class_of_handlers_has_options_of_its_own() -> None:
    class Items(web.View, CorsViewMixin):
        async def get(self) -> web.Response:
            return web.Response()

        async def put(self) -> web.Response:
            return web.Response()

    # As in the body of the class, and by its decorator: neither has types.
    own: Any = Items
    own.cors_config = {APP: ResourceOptions(allow_headers=("X-Key",))}
    custom_cors({ADMIN: ANYONE})(own.put)
    app, cors = set_up()
    cors.add(app.router.add_route("*", "/items", Items))
    draft = drafts(app)["/items"]
    assert draft is not None
    assert draft.origins == (APP,)
    assert draft.methods == ("GET", "PUT")
    assert f"{ADMIN} for PUT" in next(one.message for one in draft.said if one.field == "origins")


def test_a_class_of_handlers_without_options_has_the_defaults() -> None:
    class Items(web.View, CorsViewMixin):
        async def get(self) -> web.Response:
            return web.Response()

    app, cors = set_up({APP: ANYONE})
    cors.add(app.router.add_route("*", "/items", Items))
    draft = drafts(app)["/items"]
    assert draft is not None
    assert draft.origins == (APP,)


# ── paths ────────────────────────────────────────────────────────────────────


def test_resources_become_rows_and_those_without_options_do_not() -> None:
    app, cors = set_up()
    cors.add(app.router.add_get("/items/{number}", page), {APP: ANYONE})
    app.router.add_get("/health", page)
    found = read(app)
    assert [row.path for row in found.rows] == ["/items/"]
    assert found.found == ("aiohttp-cors for /items/{number}",)
    (one,) = found.said
    assert "/items/" in one.message


def test_a_folder_of_files_is_a_row_with_what_is_below(tmp_path: Path) -> None:
    app, cors = set_up()
    cors.add(app.router.add_static("/files", tmp_path), {APP: ANYONE})
    assert list(drafts(app)) == ["/files/"]


def test_resources_that_a_path_cannot_tell_apart_are_told() -> None:
    app, cors = set_up()
    cors.add(app.router.add_get("/items/{number}", page), {APP: ANYONE})
    app.router.add_get("/items/{number}/notes", page)
    found = read(app)
    assert found.rows == ()
    assert [one.code for one in found.said] == ["not-expressible"]


def test_an_application_inside_another_is_read_too() -> None:
    inner, cors = set_up()
    cors.add(inner.router.add_get("/items", page), {APP: ANYONE})
    app = web.Application()
    app.add_subapp("/api", inner)
    assert list(drafts(app)) == ["/api/items", "/api/items/"]


# ── what else there may be ───────────────────────────────────────────────────


def test_an_application_without_options_has_nothing_to_import() -> None:
    app, _ = set_up()
    app.router.add_get("/items", page)
    assert read_app(app) is None
    assert read_app(web.Application()) is None
    assert read_app(page) is None


def test_a_release_that_keeps_its_options_elsewhere_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, cors = set_up()
    cors.add(app.router.add_get("/items", page), {APP: ANYONE})
    moved: Any = {"corsmith": SimpleNamespace(defaults={})}
    stand_in = SimpleNamespace(APP_CONFIG_KEY=aiohttp_cors.APP_CONFIG_KEY, __version__="9.0")
    monkeypatch.setitem(sys.modules, "aiohttp_cors", stand_in)
    app[aiohttp_cors.APP_CONFIG_KEY] = moved["corsmith"]
    with pytest.raises(UsageError, match=r"aiohttp-cors 9\.0 keeps its options"):
        read_app(app)


def test_the_release_before_named_keys_is_read_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    app, cors = set_up()
    cors.add(app.router.add_get("/items", page), {APP: ANYONE})
    monkeypatch.setitem(sys.modules, "aiohttp_cors", SimpleNamespace())
    assert read_app(app) is None

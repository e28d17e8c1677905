from __future__ import annotations

import inspect
import re
from datetime import timedelta
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint, Flask
from flask_cors import CORS, cross_origin

from corsmith.importers.flask_cors import read_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from corsmith.importers.draft import Draft, Imported

APP = "https://app.example"


def new() -> Callable[..., str]:
    """Return a view of its own: flask-cors leaves marks on what it decorates."""

    def view(**_: object) -> str:
        return "tea"

    return view


def flask(*rules: str) -> Flask:
    app = Flask("original", static_folder=None)
    for number, rule in enumerate(rules):
        app.add_url_rule(rule, f"view{number}", new())
    return app


def read(app: object) -> Imported:
    found = read_app(app)
    assert found is not None
    return found


def rows(app: object) -> dict[str, tuple[str, ...] | None]:
    return {row.path: None if row.draft is None else row.draft.origins for row in read(app).rows}


def draft_of(**options: Any) -> Draft:
    app = flask("/items")
    CORS(app, **options)
    (row,) = read(app).rows
    assert row.path == "/"
    assert row.draft is not None
    return row.draft


def said(draft: Draft, code: str) -> list[str]:
    return [f"{one.field}: {one.message}" for one in draft.said if one.code == code]


def test_without_options_any_origin_may_do_what_flask_cors_lists() -> None:
    draft = draft_of()
    assert draft.origins == ("*",)
    assert draft.methods == ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    assert draft.headers == ("*", "Authorization")
    assert draft.expose == ()
    assert draft.credentials is False
    assert draft.max_age is None


def test_options_and_config_are_both_in_force() -> None:
    app = flask("/items")
    app.config["CORS_MAX_AGE"] = 60
    CORS(
        app,
        origins=[APP, "https://App.B.example", r"https://\w+\.c\.example", re.compile("http://d")],
        methods="GET, put",
        allow_headers=["X-Key", r"X-.*"],
        expose_headers=["ETag", "X-Total-Count"],
        supports_credentials=True,
    )
    (row,) = read(app).rows
    draft = row.draft
    assert draft is not None
    # Literals compare without case there, and browsers write origins in lower case.
    assert draft.origins == (APP, "https://app.b.example")
    assert [one.text for one in draft.readings] == [r"https://\w+\.c\.example", "http://d"]
    assert all(one.is_open for one in draft.readings)
    assert draft.methods == ("GET", "PUT")
    assert draft.headers == ("X-Key",)
    assert draft.expose == ("ETag", "X-Total-Count")
    assert draft.credentials is True
    assert draft.max_age == 60
    assert len(said(draft, "not-expressible")) == 1


@pytest.mark.parametrize("origins", ["*", ".*", [APP, "*"], [re.compile(".*")]])
def test_any_origin_has_four_spellings(origins: object) -> None:
    assert draft_of(origins=origins).origins == ("*",)


def test_a_star_is_no_method_there() -> None:
    draft = draft_of(methods=["*", "GET"])
    assert draft.methods == ("GET",)
    assert len(said(draft, "never-matched")) == 1


@pytest.mark.parametrize(
    ("given", "age"),
    [
        (None, None),
        (0, None),
        ("", None),
        ("0", 0),
        (60, 60),
        ("61", 61),
        (timedelta(hours=1), 3600),
        (timedelta(), 0),
    ],
)
def test_a_max_age_is_what_is_sent(given: object, age: int | None) -> None:
    assert draft_of(max_age=given).max_age == age


def test_a_max_age_that_is_no_number_is_none() -> None:
    draft = draft_of(max_age="an hour")
    assert draft.max_age is None
    assert len(said(draft, "max-age-not-whole-seconds")) == 1


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"origins": APP}, "vary-missing"),
        ({"origins": [APP, "https://b.example"], "vary_header": False}, "vary-missing"),
        ({"origins": [APP, "https://b.example"]}, "answers-differently"),
        ({}, "answers-differently"),
    ],
)
def test_a_vary_that_is_missing_is_a_hole_that_is_closed(
    options: dict[str, Any], code: str
) -> None:
    assert [one for one in said(draft_of(**options), code) if one.startswith("Vary: ")]


def test_what_is_sent_without_origin_and_to_private_networks_is_told() -> None:
    draft = draft_of(origins=APP, allow_private_network=True)
    fields = [one.partition(": ")[0] for one in said(draft, "answers-differently")]
    assert "Access-Control-Allow-Private-Network" in fields
    assert "Access-Control-Allow-Origin" in fields
    fields = [
        one.partition(": ")[0]
        for one in said(draft_of(origins=APP, always_send=False), "answers-differently")
    ]
    assert "Access-Control-Allow-Origin" not in fields


# ── paths ────────────────────────────────────────────────────────────────────


def test_resources_become_rows() -> None:
    app = flask("/items", "/api/items", "/public/info")
    CORS(app, resources={r"/api/*": {"origins": APP}, "/public/info": {}})
    assert rows(app) == {
        "/api": (APP,),
        "/public/info": ("*",),
        "/public/info/": None,
    }
    assert read(app).found == ("CORS(…) for /public/info, /api/*",)
    (one,) = read(app).said
    assert "/apix" in one.message


def test_a_decorated_view_has_the_row_of_its_rule() -> None:
    app = flask("/items")
    app.config.update(CORS_METHODS=["PUT"], CORS_ORIGINS=None, OTHER=1)
    app.add_url_rule("/mine", "mine", cross_origin(origins=APP, max_age=timedelta(hours=1))(new()))
    app.add_url_rule("/ours", "ours", cross_origin(origins=APP, automatic_options=False)(new()))
    found = read(app)
    assert rows(app) == {"/mine": (APP,), "/mine/": None, "/ours": (APP,), "/ours/": None}
    draft = found.rows[0].draft
    assert draft is not None
    assert draft.methods == ("PUT",)
    assert draft.max_age == 3600
    assert found.found == ("@cross_origin on mine", "@cross_origin on ours")
    assert any("for ours" in one.message for one in found.said)


def test_a_decorator_below_another_is_seen() -> None:
    from functools import wraps

    def around(inner: Any) -> Any:
        @wraps(inner)
        def outer(**values: object) -> Any:
            return inner(**values)

        return outer

    app = flask()
    app.add_url_rule("/mine", "mine", around(cross_origin(origins=APP)(new())))
    assert rows(app)["/mine"] == (APP,)


def test_views_that_a_path_cannot_tell_apart_have_none_and_are_told() -> None:
    app = flask()
    app.add_url_rule("/items", "list", new())
    app.add_url_rule("/items", "make", cross_origin()(new()), methods=["POST"])
    app.add_url_rule("/teas", "teas", cross_origin()(new()))
    found = read(app)
    assert rows(app) == {"/teas": ("*",), "/teas/": None}
    assert [one.code for one in found.said if one.field == "paths"] == ["not-expressible"]


def test_a_blueprints_extension_reaches_its_own_views_before_the_applications() -> None:
    app = flask("/items")
    part = Blueprint("notes", __name__)
    part.add_url_rule("/notes", "notes", new())
    CORS(part, origins=APP)
    app.register_blueprint(part)
    assert rows(app) == {"/notes": (APP,), "/notes/": None}
    CORS(app, origins="https://b.example")
    found = read(app)
    assert rows(app) == {
        "/": ("https://b.example",),
        "/notes": (APP,),
        "/notes/": ("https://b.example",),
    }
    assert found.found == (
        "CORS(…) of the blueprint notes for /*",
        "CORS(…) for /*",
    )
    draft = found.rows[1].draft
    assert draft is not None
    (one,) = said(draft, "two-layers")
    assert "https://b.example" in one


def test_two_extensions_of_the_same_origins_are_one() -> None:
    app = flask("/items")
    CORS(app, origins=[APP, r"https://\w+\.b\.example"])
    CORS(app, origins=[APP, r"https://\w+\.b\.example"])
    draft = read(app).rows[0].draft
    assert draft is not None
    assert said(draft, "two-layers") == []


def test_a_second_extension_with_expressions_alone_is_told_as_such() -> None:
    app = flask("/items")
    CORS(app, origins=re.compile(r"https://\w+\.b\.example"))
    CORS(app, origins=APP)
    draft = read(app).rows[0].draft
    assert draft is not None
    assert "by an expression" in said(draft, "two-layers")[0]


def test_rules_that_answer_no_options_are_told() -> None:
    app = flask()
    app.add_url_rule("/items", "items", new(), provide_automatic_options=False)
    CORS(app)
    (one,) = read(app).said
    assert "/items" in one.message


# ── what else there may be ───────────────────────────────────────────────────


def test_options_of_older_releases_are_a_mapping() -> None:
    app = flask("/items")
    CORS(app, origins=APP)
    (function,) = app.after_request_funcs[None]
    assert isinstance(function, FunctionType)
    options = inspect.getclosurevars(function).nonlocals["resources"][0][1]
    older: Any = {name: getattr(options, name) for name in ("origins", "methods", "allow_headers")}

    def make(resources: list[Any]) -> Any:
        def cors_after_request(response: Any) -> Any:
            return resources and response

        cors_after_request.__module__ = "flask_cors.extension"
        return cors_after_request

    # One that cannot be read, as of a value that is no pattern, is left out.
    older["origins"] = [*older["origins"], "https://(", 7]
    app.after_request_funcs[None] = [make([(r"/.*", older)]), new()]
    assert rows(app) == {"/": (APP,)}
    app.after_request_funcs[None] = [make([])]
    assert read(app).rows == ()


def test_flask_without_flask_cors_has_nothing_to_import() -> None:
    assert read_app(flask("/items")) is None
    assert read_app(new()) is None

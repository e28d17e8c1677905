"""Which policy holds for which route: what is said is what the application answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from corsmith import Policy, Routes
from corsmith.application.anatomy import Anatomy, Route, Settings, examine
from corsmith.application.anatomy.part import own
from corsmith.application.jurisdiction import Governed, Territory, Why, find_territory, govern
from corsmith.application.memory import InMemory
from tests.application.shops import PARTNER, SHOPS, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable

PAGES = ("https://app.example", "https://partner.example")
GET = frozenset({"GET"})


def told(governed: tuple[Governed, ...]) -> dict[tuple[str, str], Governed]:
    """Return what is said, by sample path and method."""
    return {
        (one.route.path, method): one
        for one in governed
        for method in one.route.methods - {"HEAD", "OPTIONS"}
    }


@pytest.mark.parametrize("name", SHOPS)
def test_what_holds_is_told_with_its_reason(name: str) -> None:
    found = told(govern(examine(SHOPS[name](WHOLE))))
    (items,) = (path for path, method in found if path.startswith("/items/") and method == "GET")
    assert (found[items, "GET"].why, found[items, "GET"].policy) == (Why.WHOLE, WHOLE)
    (dropped,) = (path for path, method in found if method == "DELETE")
    assert (found[dropped, "DELETE"].why, found[dropped, "DELETE"].policy) == (Why.MARK, PARTNER)
    assert (found["/exempt", "GET"].why, found["/exempt", "GET"].policy) == (Why.EXEMPT, None)


@pytest.mark.parametrize("name", SHOPS)
@pytest.mark.parametrize(
    "source",
    [WHOLE, Routes({"/items/": WHOLE, "/exempt": Policy(origins="*")}), Routes({"/other": WHOLE})],
    ids=["policy", "routes", "elsewhere"],
)
def test_preflights_are_answered_by_the_policy_that_is_told(name: str, source: Any) -> None:
    app = SHOPS[name](source)
    governed = told(govern(examine(app)))
    with InMemory(app) as server:
        for (path, method), one in governed.items():
            for page in PAGES:
                headers = (("Origin", page), ("Access-Control-Request-Method", method))
                answer: Any = server.call("OPTIONS", f"https://localhost{path}", headers).result
                allowed = None if one.policy is None else one.policy.answers.actual(page)
                expected = dict(allowed or ()).get("Access-Control-Allow-Origin")
                assert answer.get("access-control-allow-origin") == expected, (path, method, page)


def routes(*paths: str, **options: Any) -> tuple[Route, ...]:
    return tuple(Route(path=path, methods=GET, **options) for path in paths)


def other(**options: Any) -> Settings:
    fields = options.pop("fields", {"origins": ["https://app.example"]})
    return Settings(library="flask-cors", title="flask-cors", fields=fields, **options)


def test_without_a_layer_nothing_holds_and_marks_mean_nothing() -> None:
    anatomy = Anatomy(routes=routes("/items", mark=PARTNER))
    (one,) = govern(anatomy)
    assert (one.why, one.policy, one.meant) == (Why.NONE, None, None)
    assert find_territory(govern(anatomy), None).routes == (one.route,)


def test_a_handler_with_the_mixin_needs_no_layer() -> None:
    (one,) = govern(Anatomy(routes=routes("/items", mark=PARTNER, given="CORSMixin")))
    assert (one.why, one.policy) == (Why.MARK, PARTNER)


def test_the_settings_of_another_library_hold_by_path() -> None:
    rows = (("/api/", {"origins": ["https://a.example"]}), ("/api/internal", None))
    anatomy = Anatomy(
        routes=routes("/api/items", "/api/internal", "/other"),
        cors=(other(known=False, rows=rows),),
    )
    api, internal, elsewhere = govern(anatomy)
    assert (api.why, api.key, api.meant) == (Why.OTHER, "/api/", rows[0][1])
    assert (internal.why, internal.key) == (Why.NONE, "/api/internal")
    assert (elsewhere.why, elsewhere.key) == (Why.NONE, None)
    territory = find_territory((api, internal, elsewhere), anatomy.settings)
    assert [route.path for route in territory.routes] == ["/api/items"]
    assert territory.prefix == "/api/"


def test_the_settings_of_another_library_hold_for_all_without_rows() -> None:
    (one,) = govern(Anatomy(routes=routes("/items"), cors=(other(),)))
    assert (one.why, one.key) == (Why.OTHER, None)


def test_a_function_decides_at_each_request() -> None:
    async def choose(*_: object) -> None: ...

    settings = Settings(library="corsmith", title="corsmith", fields={}, known=False, source=choose)
    governed = govern(Anatomy(routes=routes("/items"), cors=(settings,)))
    assert governed[0].why is Why.FUNCTION
    assert find_territory(governed, settings).prefix == "/"


def test_methods_of_one_endpoint_are_one_route_and_options_alone_are_none() -> None:
    found = govern(
        Anatomy(
            routes=(
                Route(path="/a", methods=frozenset({"GET"})),
                Route(path="/a", methods=frozenset({"HEAD", "OPTIONS"})),
                Route(path="/a", methods=frozenset({"OPTIONS"}), endpoint=govern),
                Route(path="/ws", methods=frozenset(), is_websocket=True),
            )
        )
    )
    assert [(one.route.path, one.route.methods) for one in found] == [
        ("/a", {"GET", "HEAD"}),
        ("/ws", frozenset()),
    ]


def ours(source: Any) -> Callable[[], Any]:
    class Layer:
        policy = source

    return Layer


@pytest.mark.parametrize(
    ("source", "paths", "prefix", "found"),
    [
        (WHOLE, ("/a", "/b"), "/", ["/a", "/b"]),
        (
            Routes({"/api/": WHOLE, "/p": PARTNER}),
            ("/p", "/api/1", "/api/2"),
            "/api/",
            ["/api/1", "/api/2"],
        ),
        (Routes({"/p": WHOLE}), ("/p", "/q"), "/p/", ["/p"]),
        (Routes({"/p": WHOLE}), (), "/p/", ["/p"]),
        (Routes({"/p": None}), ("/p",), "/", []),
    ],
)
def test_the_questions_are_put_where_one_policy_holds(
    source: Any, paths: tuple[str, ...], prefix: str, found: list[str]
) -> None:
    settings = own(ours(source)())
    territory = find_territory(govern(Anatomy(routes=routes(*paths), cors=(settings,))), settings)
    assert territory.prefix == prefix
    assert [route.path for route in territory.routes] == found


def test_where_only_marks_hold_no_other_path_is_covered() -> None:
    settings = own(ours(Routes({}))())
    anatomy = Anatomy(routes=routes("/items", mark=PARTNER), cors=(settings,))
    territory = find_territory(govern(anatomy), settings)
    assert territory == Territory(
        routes=(govern(anatomy)[0].route,), fields=PARTNER.to_mapping(), prefix=None
    )


def test_a_path_of_another_library_that_is_one_resource_covers_its_folder() -> None:
    rows = (("/api/items", {"origins": ["https://a.example"]}),)
    anatomy = Anatomy(routes=routes("/api/items"), cors=(other(known=False, rows=rows),))
    assert find_territory(govern(anatomy), anatomy.settings).prefix == "/api/"

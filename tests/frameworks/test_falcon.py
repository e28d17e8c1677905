"""What is particular to Falcon: resources, sinks, other middleware, and both protocols in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import falcon
import falcon.asgi
import falcon.testing
import pytest
from falcon.routing import CompiledRouter

import corsmith
from corsmith import Policy, PolicyError, Routes
from corsmith.adapters import asgi, wsgi
from corsmith.adapters.falcon import CORS, cors, install
from tests.frameworks.calling import over_asgi, over_wsgi
from tests.frameworks.hosts import falcon as wsgi_host
from tests.frameworks.hosts import falcon_asgi as asgi_host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults

if TYPE_CHECKING:
    from tests.adapters.hosts import Request

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"
OFFERED = ",".join(POLICY.methods)

BOTH = pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"])


def made(*, is_async: bool, **options: Any) -> Any:
    """Return an application with the pages."""
    if is_async:
        return asgi_host.fill(falcon.asgi.App(**options))
    return wsgi_host.fill(falcon.App(**options))


def put(app: Any, request: Request) -> Any:
    """Return the reply of an application of either kind."""
    over = over_asgi if isinstance(app, falcon.asgi.App) else over_wsgi
    return over(app)(request)


class Login:
    """A middleware that lets nobody in, as most ask for a token."""

    def __init__(self, moment: str) -> None:
        self.moment = moment

    def process_request(self, req: Any, resp: Any) -> None:
        if self.moment == "request":
            raise falcon.HTTPUnauthorized(challenges=["Bearer"])

    def process_resource(self, req: Any, resp: Any, resource: Any, params: Any) -> None:
        if self.moment == "resource":
            raise falcon.HTTPUnauthorized(challenges=["Bearer"])

    def process_response(self, req: Any, resp: Any, resource: Any, succeeded: Any) -> None:
        if self.moment == "response":
            raise falcon.HTTPUnauthorized(challenges=["Bearer"])

    async def process_request_async(self, req: Any, resp: Any) -> None:
        self.process_request(req, resp)

    async def process_resource_async(self, req: Any, resp: Any, resource: Any, params: Any) -> None:
        self.process_resource(req, resp, resource, params)

    async def process_response_async(self, req: Any, resp: Any, resource: Any, ok: Any) -> None:
        self.process_response(req, resp, resource, ok)


@BOTH
def test_the_application_stays_the_object_that_it_was(*, is_async: bool) -> None:
    app = made(is_async=is_async)
    assert corsmith.install(app, POLICY) is app
    assert put(app, ask("GET", "/nowhere", APP)).lines(ALLOW) == [APP]


@BOTH
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_one_class_is_the_middleware_of_both_kinds(probe: Any, *, is_async: bool) -> None:
    app = made(is_async=is_async, middleware=[CORS(POLICY)])
    assert faults(probe, put(app, probe.request), probe.statuses) == []


def test_what_is_no_falcon_application_is_refused() -> None:
    with pytest.raises(PolicyError, match="is no Falcon application"):
        install("main:app", POLICY)  # type: ignore[type-var]


@BOTH
def test_an_application_behind_the_layer_of_its_protocol_keeps_working(*, is_async: bool) -> None:
    layer: Any = asgi.CORSMiddleware if is_async else wsgi.CORSMiddleware
    wrapped = layer(made(is_async=is_async), POLICY)
    over = over_asgi if is_async else over_wsgi
    assert over(wrapped)(ask("GET", "/fails", APP)).lines(ALLOW) == [APP]


def test_the_simulated_requests_of_falcons_tests_see_the_headers() -> None:
    client = falcon.testing.TestClient(install(wsgi_host.fill(falcon.App()), POLICY))
    result = client.simulate_get("/items", headers={"Origin": APP})
    assert (result.json, result.headers[ALLOW]) == ({"status": "OK"}, APP)


@BOTH
def test_falcons_own_layer_beside_ours_is_refused(*, is_async: bool) -> None:
    with pytest.raises(PolicyError, match=r"two-layers: cors_enable: .* Leave cors_enable=True"):
        install(made(is_async=is_async, cors_enable=True), POLICY)
    with pytest.raises(ValueError, match="not allowed in conjunction with"):
        made(is_async=is_async, cors_enable=True, middleware=[CORS(POLICY)])


@BOTH
def test_the_headers_that_a_resource_sets_itself_are_replaced(*, is_async: bool) -> None:
    class Own:
        """A resource of somebody who tried by hand."""

        def on_get(self, req: Any, resp: Any) -> None:
            resp.set_header("Access-Control-Allow-Origin", "*")
            resp.set_header("Access-Control-Allow-Credentials", "true")
            resp.set_header("Vary", "Accept")
            resp.set_header("X-Total", "3")

    class AsyncOwn:
        """The same over ASGI."""

        async def on_get(self, req: Any, resp: Any) -> None:
            Own().on_get(req, resp)

    app = install(made(is_async=is_async), POLICY)
    app.add_route("/own", AsyncOwn() if is_async else Own())
    reply = put(app, ask("GET", "/own", OTHER))
    assert reply.cors == {"vary": ["Accept, Origin"]}
    assert reply.lines("x-total") == ["3"]


@BOTH
@pytest.mark.parametrize("moment", ["request", "resource", "response"])
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
def test_a_preflight_passes_whatever_another_middleware_raises(
    moment: str, *, is_first: bool, is_async: bool
) -> None:
    order = [CORS(POLICY), Login(moment)]
    app = made(is_async=is_async, middleware=order if is_first else order[::-1])
    refused = put(app, ask("GET", "/items", APP))
    assert (refused.status, refused.lines(ALLOW)) == (401, [APP])
    for path in ("/items", "/nowhere"):
        reply = put(app, ask("OPTIONS", path, APP))
        if moment == "response" and not is_first:
            assert reply.lines(METHODS) == [OFFERED]  # it raises after ours is done
            continue
        assert (reply.status, reply.body, reply.lines(METHODS)) == (200, b"", [OFFERED])
        assert reply.lines("www-authenticate") == []


@BOTH
def test_a_mark_is_followed_where_another_middleware_raises_after_routing(
    *, is_async: bool
) -> None:
    app = made(is_async=is_async, middleware=[Login("resource"), CORS(POLICY)])
    refused = put(app, ask("DELETE", "/marked", OTHER))
    assert (refused.status, refused.lines(ALLOW)) == (401, [OTHER])
    assert put(app, ask("OPTIONS", "/marked", OTHER, "DELETE")).lines(METHODS) == ["DELETE"]


def sink(ran: list[str], *, is_async: bool) -> Any:
    """Return a sink that notes each request."""

    def note(req: Any, resp: Any, **_: Any) -> None:
        ran.append(req.method)
        resp.text = "sunk"

    async def note_async(req: Any, resp: Any, **_: Any) -> None:
        note(req, resp)

    return note_async if is_async else note


class Own(CompiledRouter):
    """A router that only its author knows."""


@BOTH
@pytest.mark.parametrize("router", [None, CompiledRouter, Own], ids=["none", "Falcon's", "own"])
def test_a_sink_beside_resources_gets_no_preflight_and_no_stranger(
    router: Any, *, is_async: bool
) -> None:
    ran: list[str] = []
    app = made(is_async=is_async, router=router and router())
    app.add_sink(sink(ran, is_async=is_async), "/")
    install(app, POLICY, enforce=True)
    assert put(app, ask("OPTIONS", "/nowhere", APP)).lines(METHODS) == [OFFERED]
    assert put(app, ask("GET", "/nowhere", OTHER)).status == 403
    assert ran == []
    assert put(app, ask("GET", "/nowhere", APP)).body == b"sunk"
    assert put(app, ask("GET", "/nowhere", None)).body == b"sunk"
    # Whether a path is a marked resource's nobody can ask a router of the user's.
    partner = put(app, ask("DELETE", "/marked", OTHER))
    assert partner.status == (403 if router is Own else 200)
    assert put(app, ask("GET", "/items", OTHER)).status == 403


@BOTH
def test_a_static_route_is_guarded_like_a_sink(*, is_async: bool, tmp_path: Any) -> None:
    (tmp_path / "data.txt").write_text("data")
    app = made(is_async=is_async)
    app.add_static_route("/static", tmp_path)
    install(app, POLICY, enforce=True)
    assert put(app, ask("GET", "/static/data.txt", APP)).body == b"data"
    assert put(app, ask("GET", "/static/data.txt", OTHER)).status == 403
    assert put(app, ask("GET", "/exempt", OTHER)).status == 200


@BOTH
def test_converters_of_the_users_are_known(*, is_async: bool) -> None:
    class Even(falcon.routing.BaseConverter):
        """A converter that takes even numbers."""

        def convert(self, value: str) -> int | None:
            return int(value) if value.isdigit() and not int(value) % 2 else None

    ran: list[str] = []
    app = falcon.asgi.App() if is_async else falcon.App()
    app.router_options.converters["even"] = Even

    def on_get(_self: object, req: Any, resp: Any, number: int) -> None:
        resp.media = number

    async def on_get_async(_self: object, req: Any, resp: Any, number: int) -> None:
        resp.media = number

    responder = on_get_async if is_async else on_get
    numbers = type("Numbers", (), {"on_get": responder, "cors_policy": None})()
    app.add_route("/{number:even}", numbers)
    app.add_sink(sink(ran, is_async=is_async), "/")
    install(app, POLICY, enforce=True)
    assert put(app, ask("GET", "/2", OTHER)).status == 200
    assert put(app, ask("GET", "/3", OTHER)).status == 403
    assert ran == []


@BOTH
def test_in_the_list_enforce_asks_the_policy_before_any_mark(*, is_async: bool) -> None:
    middleware = CORS(POLICY, enforce=True)
    app = made(is_async=is_async, middleware=[middleware])
    for path in ("/marked", "/exempt", "/items", "/nowhere"):
        assert put(app, ask("GET", path, OTHER)).status == 403
    assert put(app, ask("GET", "/marked", APP)).status == 403
    assert put(app, ask("GET", "/items", APP)).status == 200
    assert middleware.bind(app) is app
    assert put(app, ask("GET", "/marked", OTHER)).status == 200
    assert put(app, ask("GET", "/exempt", OTHER)).status == 200
    assert put(app, ask("GET", "/items", OTHER)).status == 403


@BOTH
def test_in_the_list_a_preflight_of_a_sink_is_answered_all_the_same(*, is_async: bool) -> None:
    ran: list[str] = []
    app = made(is_async=is_async, middleware=[CORS(POLICY)])
    app.add_sink(sink(ran, is_async=is_async), "/")
    reply = put(app, ask("OPTIONS", "/nowhere", APP))
    assert (reply.status, reply.body, reply.lines(METHODS)) == (200, b"", [OFFERED])
    assert ran == ["OPTIONS"]


@BOTH
@pytest.mark.parametrize("mark", [PARTNER, PARTNER.to_mapping()], ids=["policy", "fields"])
def test_a_resource_is_marked_in_its_class_by_a_decorator_or_as_an_object(
    mark: Any, *, is_async: bool
) -> None:
    base: Any = (asgi_host if is_async else wsgi_host).Items
    decorated = cors(PARTNER)(type("Decorated", (base,), {}))
    own = base()
    own.cors_policy = mark
    app = install(made(is_async=is_async), POLICY)
    app.add_route("/decorated", decorated())
    app.add_route("/own", own)
    for path in ("/decorated", "/own"):
        assert put(app, ask("GET", path, OTHER)).lines(ALLOW) == [OTHER]
        assert put(app, ask("OPTIONS", path, OTHER, "GET")).lines(METHODS) == ["DELETE"]


@BOTH
def test_routes_see_the_path_that_falcon_routes_on(*, is_async: bool) -> None:
    app = install(made(is_async=is_async), Routes({"/items": POLICY, "/items/": PARTNER}))
    assert put(app, ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    assert put(app, ask("GET", "/items/", OTHER)).lines(ALLOW) == [OTHER]
    app.req_options.strip_url_path_trailing_slash = True
    reply = put(app, ask("GET", "/items/", APP))
    assert (reply.status, reply.lines(ALLOW)) == (200, [APP])


def test_each_kind_of_application_calls_its_kind_of_function() -> None:
    async def choose_async(*_shared: Any) -> Policy:
        return POLICY

    def choose(*_shared: Any) -> Policy:
        return POLICY

    with pytest.raises(PolicyError, match="Write def"):
        install(falcon.App(), choose_async)
    with pytest.raises(PolicyError, match="Write async def"):
        install(falcon.asgi.App(), choose)
    for is_async, source in ((True, choose_async), (True, choose), (False, choose)):
        app = made(is_async=is_async, middleware=[CORS(source)])
        for probe in PROBES:
            assert faults(probe, put(app, probe.request), probe.statuses) == []


def test_a_function_that_wsgi_cannot_call_is_told_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def choose(*_shared: Any) -> Policy:
        return POLICY

    middleware = CORS(choose)
    app = made(is_async=False, middleware=[middleware])
    seen: list[Any] = []

    def handle(req: Any, resp: Any, error: Any, params: Any) -> None:
        seen.append(str(error))
        raise falcon.HTTPInternalServerError

    app.add_error_handler(PolicyError, handle)
    assert put(app, ask("GET", "/items", APP)).status == 500
    assert "the policy function is written with async def" in seen[0]
    middleware.policy = POLICY
    assert put(app, ask("GET", "/items", APP)).lines(ALLOW) == [APP]


@BOTH
def test_an_object_that_is_installed_is_kept_to_swap_its_policy(*, is_async: bool) -> None:
    middleware = CORS(POLICY)
    app = made(is_async=is_async)
    assert middleware.install(app) is app
    assert middleware.policy is POLICY
    middleware.policy = PARTNER
    assert put(app, ask("GET", "/items", OTHER)).lines(ALLOW) == [OTHER]

"""What is particular to Quart: its extension, blueprints, URL map, WebSockets and streams."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from quart import Blueprint, Quart, websocket
from quart.views import MethodView

import corsmith
from corsmith import PolicyError
from corsmith.adapters import asgi
from corsmith.adapters.quart import CORS, CORSMiddleware, cors, install
from tests.adapters.hosts import scope_of
from tests.frameworks.calling import converse, over_asgi
from tests.frameworks.hosts.quart import pages
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

if TYPE_CHECKING:
    from tests.adapters.hosts import Request

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def allowed(app: Any, method: str, path: str, origin: str = OTHER) -> list[str]:
    """Return whom an application allows."""
    return over_asgi(app)(ask(method, path, origin)).lines(ALLOW)


def test_the_application_stays_the_object_that_it_was() -> None:
    app = pages()
    assert install(app, POLICY) is app
    layer = app.extensions["corsmith"]
    assert (type(layer), layer.policy, app.asgi_app) == (CORSMiddleware, POLICY, layer)
    other = pages()
    assert corsmith.install(other, POLICY) is other
    assert type(other.asgi_app) is CORSMiddleware


def test_what_is_no_quart_application_is_refused() -> None:
    with pytest.raises(PolicyError, match="is no Quart application"):
        install(Blueprint("shop", __name__), POLICY)  # type: ignore[arg-type]


def test_an_application_behind_the_layer_for_asgi_keeps_working() -> None:
    app = pages()
    app.asgi_app = corsmith.install(app.asgi_app, POLICY)  # type: ignore[method-assign]
    assert type(app.asgi_app) is asgi.CORSMiddleware
    assert allowed(app, "GET", "/fails", APP) == [APP]


def test_an_extension_is_made_once_and_given_each_application_of_a_factory() -> None:
    extension = CORS(POLICY)
    for app in (pages(), pages()):
        extension.init_app(app)
        assert allowed(app, "GET", "/nowhere", APP) == [APP]


def test_a_configuration_of_quart_cors_is_told_with_ours() -> None:
    app = pages()
    app.config["QUART_CORS_ALLOW_ORIGIN"] = [APP]
    with pytest.raises(PolicyError, match=r'origins=app.config\["QUART_CORS_ALLOW_ORIGIN"\]'):
        CORS(app)


def test_a_policy_function_of_an_extension_is_written_with_async_def() -> None:
    async def choose(*_shared: Any) -> Any:
        return POLICY

    app = pages()
    CORS(choose).init_app(app)
    assert allowed(app, "GET", "/items", APP) == [APP]
    with pytest.raises(PolicyError, match="Write async def"):
        CORS(lambda *_: POLICY)


def test_a_view_class_and_a_blueprint_have_policies_of_their_own() -> None:
    class Items(MethodView):
        """A view class with a policy of its own."""

        cors_policy = PARTNER

        async def get(self, number: int) -> Any:
            return {"number": number}

    app, made = pages(), Blueprint("partner", __name__)
    app.add_url_rule("/numbers/<int:number>", view_func=Items.as_view("numbers"))

    @made.get("/report")
    async def report() -> Any:
        return {}

    CORS(made, PARTNER)
    app.register_blueprint(made, url_prefix="/partner")
    assert over_asgi(app)(ask("GET", "/items", OTHER)).cors == {}
    layer = app.extensions["corsmith"]
    CORS(app, POLICY, enforce=True)
    assert app.extensions["corsmith"] is layer
    assert allowed(app, "GET", "/partner/report") == [OTHER]
    assert allowed(app, "GET", "/numbers/1") == [OTHER]
    assert allowed(app, "GET", "/items", APP) == [APP]
    assert over_asgi(app)(ask("GET", "/items", OTHER)).status == 403


def at(host: str, method: str = "GET") -> Request:
    """Return a request of the path / at a host, from the partner's page."""
    request = ask(method, "/", OTHER, "GET")
    lines = tuple((n, host if n == "Host" else v) for n, v in request.headers)
    return request.__class__(method=method, path="/", headers=lines)


def test_hosts_have_marks_of_their_own() -> None:
    app = install(Quart(__name__, host_matching=True, static_host="api.example"), POLICY)

    @app.get("/", host="api.example")
    async def api() -> Any:
        return {}

    @app.get("/", host="partner.example")
    @cors(PARTNER)
    async def partner() -> Any:
        return {}

    reply = over_asgi(app)
    assert reply(at("partner.example")).lines(ALLOW) == [OTHER]
    assert reply(at("partner.example", "OPTIONS")).lines(METHODS) == ["DELETE"]
    assert reply(at("api.example")).lines(ALLOW) == []


def test_an_application_without_marks_is_not_looked_at_again() -> None:
    app = install(Quart(__name__), POLICY)

    @app.get("/items")
    async def items() -> Any:
        return {}

    layer = app.extensions["corsmith"]
    assert allowed(app, "OPTIONS", "/items", APP) == [APP]
    assert layer.marks is not None  # Quart still lets routes be added
    assert allowed(app, "GET", "/items", APP) == [APP]
    assert layer.marks is None


def test_marks_are_found_by_method_and_path_alone_too() -> None:
    app = install(pages(), POLICY)
    assert allowed(app, "GET", "/items", APP) == [APP]
    marks = app.extensions["corsmith"].marks
    assert (marks("DELETE", "/marked"), marks("GET", "/exempt")) == (PARTNER, None)


def test_the_page_of_debug_mode_carries_the_headers() -> None:
    app = install(pages(), POLICY)
    app.debug = True
    reply = over_asgi(app)(ask("GET", "/fails", APP))
    assert (reply.status, reply.lines(ALLOW)) == (500, [APP])
    assert b"LookupError" in reply.body


def test_the_test_client_sees_the_headers() -> None:
    async def see() -> Any:
        client = install(pages(), POLICY).test_client()
        return await client.get("/fails", headers={"Origin": APP})

    response = asyncio.run(see())
    assert (response.status_code, response.headers[ALLOW]) == (500, APP)


def talkative(**options: Any) -> Quart:
    """Return an application with WebSockets."""
    app = Quart(__name__)

    @app.websocket("/chat")
    async def chat() -> None:
        await websocket.send("hello")

    @app.websocket("/partner")
    @cors(PARTNER)
    async def partner() -> None:
        await websocket.send("partner")

    return install(app, POLICY, **options)


def talk(app: Quart, path: str, origin: str) -> list[Any]:
    """Return what the server sends to a WebSocket."""
    sent: list[Any] = []
    scope = scope_of(ask("GET", path, origin), type="websocket", scheme="ws", subprotocols=[])
    asyncio.run(converse(app, scope, sent.append))
    return sent


def greeting(app: Quart, path: str, origin: str) -> str | None:
    """Return what a WebSocket says first; ``None``: the handshake is refused."""
    first, *rest = talk(app, path, origin)
    if first["type"] == "websocket.close":
        assert (first["code"], rest) == (1008, [])
        return None
    said: str = rest[0]["text"]
    return said


def test_a_handshake_is_refused_where_the_policy_is_enforced() -> None:
    assert greeting(talkative(), "/chat", OTHER) == "hello"
    enforcing = talkative(enforce=True)
    assert greeting(enforcing, "/chat", APP) == "hello"
    assert greeting(enforcing, "/chat", OTHER) is None
    assert greeting(enforcing, "/partner", OTHER) == "partner"
    assert greeting(enforcing, "/partner", APP) is None


def test_a_streamed_answer_is_marked_and_passed_on_as_it_comes() -> None:
    app = install(Quart(__name__), POLICY)
    made: list[str] = []
    seen: list[tuple[Any, list[str]]] = []

    @app.get("/stream")
    async def stream() -> Any:
        async def parts() -> Any:
            for part in ("a", "b"):
                made.append(part)
                yield part

        return parts()

    def note(message: Any) -> None:
        seen.append((message, [*made]))

    asyncio.run(converse(app, scope_of(ask("GET", "/stream", APP)), note))
    assert (ALLOW.encode(), APP.encode()) in [
        (name.lower(), value) for name, value in seen[0][0]["headers"]
    ]
    assert [(m.get("body"), so_far) for m, so_far in seen[1:3]] == [
        (b"a", ["a"]),
        (b"b", ["a", "b"]),
    ]

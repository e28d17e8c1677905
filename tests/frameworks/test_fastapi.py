"""What is particular to FastAPI: routers, dependencies, and the object that tools look for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request, Security, WebSocket
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from fastapi.testclient import TestClient

from corsmith import install
from corsmith.adapters.fastapi import CORSMiddleware, cors
from tests.frameworks.calling import over_asgi
from tests.frameworks.hosts import fastapi as host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, PROBES, ask, faults
from tests.frameworks.test_starlette import shake
from tests.frameworks.test_starlette_mounts import THIRD, allowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ALLOW = "access-control-allow-origin"
METHODS = "access-control-allow-methods"


def added(app: FastAPI) -> FastAPI:
    app.add_middleware(
        CORSMiddleware,
        origins=[APP],
        methods=["GET", "PUT"],
        headers=["x-api-key"],
        expose=["x-total"],
    )
    return app


def added_first(app: FastAPI) -> FastAPI:
    """Add the layer, and another one after it, which is then outside of it."""
    added(app)

    @app.middleware("http")
    async def passing(request: Request, call_next: Any) -> Any:
        return await call_next(request)

    return app


@pytest.mark.parametrize("put", [added, added_first])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_answer_can_be_read_behind_add_middleware(put: Any, probe: Any) -> None:
    reply = over_asgi(put(host.pages()))(probe.request)
    assert faults(probe, reply, probe.statuses) == []


@pytest.mark.parametrize("put", [added, added_first, lambda app: install(app, POLICY)])
def test_the_applications_own_handler_answers_once_what_nobody_handled(put: Any) -> None:
    called = []
    app = host.pages()

    @app.exception_handler(Exception)
    async def oops(request: Request, error: Exception) -> JSONResponse:
        called.append(error)
        return JSONResponse({"detail": "oops"}, 500)

    reply = over_asgi(put(app))(ask("GET", "/fails", APP))
    assert (reply.status, reply.body, reply.lines(ALLOW)) == (500, b'{"detail":"oops"}', [APP])
    assert called == [reply.raised]


def test_the_application_is_still_a_fastapi_application() -> None:
    """A server, the test client and ``fastapi dev`` look for one."""
    app: FastAPI = FastAPI()
    app = install(app, POLICY)
    assert type(app) is FastAPI

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    def number() -> int:
        return 1

    @app.get("/later")
    def later(value: int = Depends(number)) -> int:
        return value

    app.dependency_overrides[number] = lambda: 2
    app.router.lifespan_context = lifespan
    with TestClient(app) as client:
        answer = client.get("/later", headers={"Origin": APP})
        assert (answer.json(), answer.headers[ALLOW]) == (2, APP)
        for path in ("/docs", "/openapi.json"):
            assert client.get(path, headers={"Origin": APP}).headers[ALLOW] == APP
    with (
        TestClient(install(host.pages(), POLICY)) as client,
        pytest.raises(LookupError),
    ):
        client.get("/fails")


def test_what_fastapi_refuses_can_be_read_too() -> None:
    app = install(FastAPI(), POLICY)

    @app.get("/numbers/{number}")
    def numbers(number: int) -> int:
        if number == 7:
            raise HTTPException(404, headers={"X-Total": "0"})
        return number

    pages = over_asgi(app)
    for path, status in (("/numbers/x", 422), ("/numbers/7", 404), ("/numbers/1", 200)):
        reply = pages(ask("GET", path, APP))
        assert (reply.status, reply.lines(ALLOW)) == (status, [APP])


def test_no_dependency_and_no_login_meets_a_preflight() -> None:
    met = []

    def login(request: Request, _: Annotated[Any, Security(HTTPBearer())]) -> None:
        met.append(request.method)

    app = install(FastAPI(dependencies=[Depends(login)]), POLICY)

    @app.get("/secret")
    def secret() -> None:
        """Say nothing."""

    pages = over_asgi(app)
    assert pages(ask("OPTIONS", "/secret", APP)).status == 200
    reply = pages(ask("GET", "/secret", APP))
    # Older releases say 403.
    assert (reply.status in {401, 403}, reply.lines(ALLOW)) == (True, [APP])
    assert met == []


def routed() -> FastAPI:
    """Return routers in routers, with marks on endpoints and on one router."""
    app = FastAPI()
    outer = APIRouter(prefix="/outer")
    inner = APIRouter(prefix="/inner")
    marked = cors(PARTNER)(APIRouter(prefix="/marked"))
    below = APIRouter(prefix="/below")

    @inner.get("/{number}")
    def plain(number: int) -> int:
        return number

    @cors(PARTNER)
    @inner.delete("/{number}")
    def above(number: int) -> int:
        return number

    @inner.put("/{number}")
    @cors(origins=[THIRD], methods=["PUT"])
    async def beneath(number: int) -> int:
        return number

    @marked.get("/{number}")
    def of_router(number: int) -> int:
        return number

    @marked.put("/{number}")
    @cors(None)
    def own(number: int) -> int:
        return number

    @below.get("/{number}")
    def of_parent(number: int) -> int:
        return number

    marked.include_router(below)
    outer.include_router(inner, prefix="/v1")
    app.include_router(outer)
    app.include_router(marked)
    app.mount("/sub", install(host.pages(), PARTNER))
    return app


def test_an_endpoint_in_a_router_is_marked_above_or_below_its_decorator() -> None:
    app = install(routed(), POLICY)
    path = "/outer/v1/inner/3"
    assert allowed(app, path) == {APP}
    assert allowed(app, path, "DELETE") == {OTHER}
    assert allowed(app, path, "PUT") == {THIRD}
    assert allowed(app, path, "POST") == {APP}
    assert allowed(app, "/sub/items") == {OTHER}
    assert allowed(app, "/nowhere") == {APP}


def keeps_routers() -> bool:
    """Return whether FastAPI keeps a router that was included, or copies its routes."""
    app = FastAPI()
    app.include_router(APIRouter(prefix="/x"))
    return any(hasattr(route, "original_router") for route in app.routes)


@pytest.mark.skipif(not keeps_routers(), reason="this FastAPI copies the routes of a router")
def test_a_mark_on_a_router_is_that_of_its_routes_and_of_routers_in_it() -> None:
    app = install(routed(), POLICY)
    assert allowed(app, "/marked/3") == {OTHER}
    assert allowed(app, "/marked/below/3") == {OTHER}
    assert allowed(app, "/marked/3", "PUT") == set()


@pytest.mark.skipif(not keeps_routers(), reason="this FastAPI copies the routes of a router")
def test_a_route_that_a_router_gets_later_has_its_mark() -> None:
    app, router = FastAPI(), APIRouter(prefix="/x")
    app.include_router(router)
    assert allowed(install(app, POLICY), "/x/later") == {APP}

    @router.get("/later")
    @cors(PARTNER)
    def later() -> None:
        """Say nothing."""

    assert allowed(app, "/x/later") == {OTHER}


def test_a_mount_and_a_websocket_in_a_router_have_their_marks() -> None:
    app, router = FastAPI(), APIRouter()

    @router.websocket("/talk")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    @router.websocket("/own")
    @cors(PARTNER)
    async def own(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.close()

    app.include_router(router, prefix="/x")
    app.mount("/in", cors(PARTNER)(host.pages()))
    install(app, POLICY, enforce=True)
    opened = ["websocket.accept", "websocket.close"]
    assert shake(app, "/x/talk", APP) == opened
    assert shake(app, "/x/talk", OTHER) == ["websocket.close"]
    assert shake(app, "/x/own", OTHER) == opened
    assert shake(app, "/x/own", APP) == ["websocket.close"]
    assert over_asgi(app)(ask("GET", "/in/items", OTHER)).status == 200
    assert over_asgi(app)(ask("GET", "/in/items", APP)).status == 403


@pytest.mark.parametrize("path", ["/x", "/proxy/x"])
def test_marks_are_found_behind_a_proxy_that_strips_a_prefix(path: str) -> None:
    app = FastAPI()
    app.root_path = "/proxy"

    @app.get("/x")
    @cors(PARTNER)
    def marked() -> None:
        """Say nothing."""

    assert allowed(install(app, POLICY), path) == {OTHER}
    assert allowed(CORSMiddleware(app, POLICY), path) == {OTHER}

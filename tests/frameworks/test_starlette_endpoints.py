"""A request of an application with marks: routed once, and read by whom its mark allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Mount, Route

from corsmith.adapters.starlette import CORSMiddleware, cors, install
from tests.frameworks.calling import over_asgi
from tests.frameworks.hosts import starlette as host
from tests.frameworks.pages import APP, OTHER, PARTNER, POLICY, ask

ALLOW = "access-control-allow-origin"


def installed(app: Starlette) -> Starlette:
    return install(app, POLICY)


def added(app: Starlette) -> Starlette:
    app.add_middleware(CORSMiddleware, POLICY)
    return app


def around(app: Starlette) -> Any:
    return CORSMiddleware(app, POLICY)


EACH = pytest.mark.parametrize("put", [installed, added, around])


class Copying:
    """A middleware that gives what is inside of it another scope."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app({**scope}, receive, send)


@EACH
@pytest.mark.parametrize("inside", [None, Copying])
def test_a_request_is_routed_once_unless_the_router_is_given_a_copy(put: Any, inside: Any) -> None:
    asked: list[str] = []

    class Counted(Route):
        """Notes each time that it is asked."""

        def matches(self, scope: Any) -> Any:
            asked.append(scope["method"])
            return super().matches(scope)

    routes = [Counted("/items", host.items), Counted("/marked", host.delete, methods=["DELETE"])]
    layers = [] if inside is None else [Middleware(inside)]
    pages = over_asgi(put(Starlette(routes=routes, middleware=layers)))
    assert pages(ask("GET", "/items", APP)).lines(ALLOW) == [APP]
    twice = ask("DELETE", "/marked", OTHER)
    twice = replace(twice, headers=(*twice.headers, ("Origin", OTHER)))
    assert pages(twice).lines(ALLOW) == []
    asked.clear()
    assert pages(ask("DELETE", "/marked", OTHER)).lines(ALLOW) == [OTHER]
    assert asked == ["DELETE"] * 2 * (1 if inside is None else 2)


@EACH
def test_a_marked_endpoint_that_fails_is_read_by_whom_its_mark_allows(put: Any) -> None:
    @cors(PARTNER)
    async def fails(request: Any) -> Any:
        raise LookupError

    @cors(None)
    async def exempt(request: Any) -> Any:
        raise LookupError

    routes = [
        Route("/marked", fails, methods=["DELETE"]),
        Route("/exempt", exempt),
        Mount("/static", answers_nothing),
    ]
    pages = over_asgi(put(Starlette(routes=routes)))
    reply = pages(ask("DELETE", "/marked", OTHER))
    assert (reply.status, reply.lines(ALLOW)) == (500, [OTHER])
    assert pages(ask("GET", "/exempt", APP)).cors == {}
    reply = pages(ask("GET", "/static/none", APP))
    assert (reply.status, reply.lines(ALLOW)) == (404, [APP])
    assert pages(ask("GET", "/static/none", OTHER)).lines(ALLOW) == []


async def answers_nothing(scope: Any, receive: Any, send: Any) -> None:
    """Stand for files that are not there."""
    await Response(status_code=404)(scope, receive, send)

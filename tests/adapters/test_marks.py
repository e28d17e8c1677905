"""A mark comes before the policy, and a preflight follows the method that it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from corsmith import Policy
from corsmith.adapters import asgi, native, wsgi
from corsmith.marks import UNMARKED, Mark
from tests.adapters.hosts import Request, asked_of, environ_of, run, scope_of
from tests.adapters.table import APP, POLICY, get, preflight

OTHER = "https://partner.example"
PARTNER = Policy(origins=[OTHER], methods=["DELETE"])


def marks(method: str, path: str) -> Mark:
    """Mark what deletes, and exempt a path."""
    if path == "/health":
        return None
    return PARTNER if method == "DELETE" else UNMARKED


def over_asgi(source: Any, request: Request, **options: Any) -> dict[str, str]:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    middleware = asgi.CORSMiddleware(app, source, **options)
    middleware.marks = marks
    assert middleware.marks is marks
    unread: Any = None  # the application reads nothing
    assert run(middleware(scope_of(request), unread, send)) is None
    return {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}


def over_wsgi(source: Any, request: Request, **options: Any) -> dict[str, str]:
    heads: list[Any] = []

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return [b""]

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        heads.append(headers)

    middleware = wsgi.CORSMiddleware(app, source, **options)
    middleware.marks = marks
    assert middleware.marks is marks
    middleware(environ_of(request), start_response)
    return {name.lower(): value for name, value in heads[0]}


def over_native(source: Any, request: Request, **options: Any) -> dict[str, str]:
    treatment = native.Layer(source, marks=marks, **options).treat(asked_of(request))
    lines = treatment.mark(()) if treatment.answer is None else treatment.answer.headers
    return {name.lower(): value for name, value in lines}


EACH = pytest.mark.parametrize("over", [over_asgi, over_wsgi, over_native])
ALLOW = "access-control-allow-origin"


@EACH
def test_a_marked_endpoint_has_its_own_policy_and_the_others_the_applications(over: Any) -> None:
    assert over(POLICY, get(OTHER, method="DELETE")).get(ALLOW) == OTHER
    assert over(POLICY, get(OTHER)).get(ALLOW) is None
    assert over(POLICY, get(APP)).get(ALLOW) == APP
    assert over(POLICY, get(APP, method="DELETE")).get(ALLOW) is None


@EACH
def test_a_preflight_follows_the_method_that_it_asks_for(over: Any) -> None:
    answer = over(POLICY, preflight(OTHER, method="DELETE"))
    assert answer["access-control-allow-methods"] == "DELETE"
    assert over(POLICY, preflight(OTHER, method="PUT")).get(ALLOW) is None
    assert over(POLICY, preflight(APP, method="PUT"))["access-control-allow-methods"] == "PUT"


@EACH
def test_an_options_that_is_no_preflight_is_a_method_like_others(over: Any) -> None:
    assert over(POLICY, preflight(APP, method=None)).get(ALLOW) == APP
    assert over(POLICY, Request(method="OPTIONS")) == {"vary": "Origin"}


@EACH
def test_an_exempt_endpoint_is_not_touched(over: Any) -> None:
    assert over(POLICY, get(APP, path="/health")) == {}
    assert ALLOW not in over(POLICY, preflight(APP, path="/health"))


def test_a_layer_without_marks_again_asks_the_policy() -> None:
    layer = native.Layer(POLICY, marks=marks)
    assert layer.marks is marks
    layer.marks = None
    assert ("Access-Control-Allow-Origin", APP) in layer.treat(asked_of(get(APP))).pairs

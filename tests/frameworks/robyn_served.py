"""A Robyn server that is told over the wire which policy and which application it shall be.

``python -m tests.frameworks.robyn_served pages|scripted PORT``

What lives here: the recipe of the how-to page around two applications. What does not: who asks
(``hosts/robyn.py``).
"""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass
from typing import Any

from robyn import Headers, Response, Robyn
from robyn.exceptions import HTTPException

from corsmith import Policy
from corsmith.adapters.native import Asked, Layer
from corsmith.marks import UNMARKED, Mark
from tests.adapters.hosts import App
from tests.frameworks.pages import PARTNER

CONTROL = "/control"
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
MARKS = {("DELETE", "/marked"): PARTNER, ("GET", "/exempt"): None}


def marks(method: str, path: str) -> Mark:
    """Return the mark of a page."""
    return MARKS.get((method, path), UNMARKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which policy shall hold, and what the application shall answer; no options: a swap."""

    source: Any
    options: dict[str, Any] | None = None
    app: App | None = None


@dataclass(slots=True)
class State:
    """What is in force, and whether the application ran since it was asked last."""

    layer: Layer
    app: App
    ran: bool = False


state = State(Layer(Policy(origins="*"), marks=marks), App())
server: Any = Robyn(__file__)


def asked(request: Any) -> Asked:
    """Return what a request says, each header as its list of lines."""
    lines = request.headers.get_headers()  # by lower-case name, each with its list of values
    return Asked(
        method=request.method,
        path=request.url.path,
        origins=lines.get("origin", []),
        methods=lines.get("access-control-request-method", []),
        names=lines.get("access-control-request-headers", []),
        sites=lines.get("sec-fetch-site", []),
        scheme=request.url.scheme,
        host=request.headers.get("host"),
    )


def lines_of(headers: Any) -> list[tuple[str, str]]:
    """Return Robyn's headers as lines."""
    return [(name, value) for name, values in headers.get_headers().items() for value in values]


def headers_of(lines: Any) -> Any:
    """Return header lines as Robyn has them."""
    headers = Headers({})
    for name, value in lines:
        headers.append(name, value)
    return headers


@server.before_request()
def before(request: Any) -> Any:
    """Answer preflights and refusals in place of the application."""
    if request.url.path == CONTROL:
        return control(request.body)
    answer = state.layer.treat(asked(request)).answer
    if answer is None:
        return request
    return Response(answer.status, headers_of(answer.headers), answer.body)


@server.after_request()
def after(request: Any, response: Any) -> Any:
    """Mark what the application answered."""
    if request.url.path == CONTROL:
        return response
    treatment = state.layer.treat(asked(request))
    if treatment.answer is None:
        response.headers = headers_of(treatment.mark(lines_of(response.headers)))
    return response


def control(body: Any) -> Any:
    """Do as the tests say; tell whether the application ran."""
    content = bytes.fromhex(body if isinstance(body, str) else body.decode())
    if content:
        order: Order = pickle.loads(content)  # noqa: S301  from the test that started this process
        if order.options is None:
            state.layer.policy = order.source
        else:
            state.layer = Layer(order.source, marks=marks, **order.options)
        state.app = order.app or state.app
    ran, state.ran = state.ran, False
    return Response(200, Headers({}), str(ran))


@server.exception
def failed(error: Exception) -> Any:
    """Answer what a handler raised."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    return Response(status, Headers({}), "")


def items(request: Any) -> Any:
    return {"status": "OK"}


def teapot(request: Any) -> Any:
    raise HTTPException(418)


def fails(request: Any) -> Any:
    raise LookupError


PAGES = (
    ("GET", "/items", items),
    ("GET", "/slash/", items),
    ("GET", "/teapot", teapot),
    ("GET", "/fails", fails),
    ("GET", "/marked", items),
    ("DELETE", "/marked", items),
    ("GET", "/exempt", items),
)


def scripted(request: Any) -> Any:
    """Answer as the script says."""
    state.ran = True
    if state.app.error is not None:
        raise state.app.error
    return Response(state.app.status, headers_of(state.app.headers), state.app.body)


def main(kind: str, port: int) -> None:
    """Serve the pages, or the script on every path."""
    everywhere = [(method, path, scripted) for method in METHODS for path in ("/", "/*path")]
    for route in PAGES if kind == "pages" else everywhere:
        server.add_route(*route)
    server.start(host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""CORS for Sanic: ``install(app, policy)`` on the application itself.

What lives here: Sanic's requests, responses and routes. What does not: any judgement.

Facts that shape the code:

* Sanic runs request middlewares also where no route was found, the highest priority first:
  ours answers a preflight before any login, whatever the router says;
* it runs response middlewares from the lowest priority to the highest, and one that raises or
  returns a response of its own ends them. So ours is the first and the last, and a signal that
  comes after them all marks what they have made; what is streamed is sent before that signal;
* a request remembers in ``ctx`` what was decided about it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from sanic import HTTPResponse, Sanic
from sanic.exceptions import MethodNotAllowed, SanicException
from sanic.signals import Event

from corsmith.adapters.native import Answer, Asked, Layer, Treatment, text_of_bytes
from corsmith.diagnostics import diagnose, quote
from corsmith.errors import PolicyError
from corsmith.gate import admit
from corsmith.headers import OWNED_RESPONSE_HEADERS
from corsmith.marks import UNMARKED, Mark, cors, mark_of, read_mark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from sanic import Request
    from sanic.response import BaseHTTPResponse
    from sanic_routing.route import Route

    from corsmith.gate import Source

    # What an application keeps in its configuration and context is its author's choice.
    App: TypeAlias = Sanic[Any, Any]

__all__ = ["cors", "install"]

_HIGHEST: Final = sys.maxsize


def install(
    app: App,
    policy: Source | None = None,
    *,
    enforce: bool = False,
    **fields: object,
) -> App:
    """Return ``app`` itself, with ``policy`` on all of its answers.

    The policy is a ``Policy``, ``Routes``, or an ``async def`` of origin, scheme, host and
    path; or its fields are given directly. ``app.ctx.corsmith.policy = new`` swaps it.
    ``enforce`` answers 403 before the application runs where the Origin is not allowed.
    Raises ``PolicyError``.
    """
    if not isinstance(app, Sanic):
        message = f"{quote(app)} is no Sanic application."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message)])
    if app.router.finalized:
        message = f"{quote(app)} is already started."
        fix = "Install corsmith before that: its middlewares are fixed by now."
        raise PolicyError([diagnose("wrong-type", "app", quote(app), message, fix)])
    source = admit(policy, fields, asynchronous=True)
    is_new = not hasattr(app.ctx, "corsmith")
    app.ctx.corsmith = Layer(source, enforce=enforce, asynchronous=True)
    if is_new:
        app.register_middleware(_meet, "request", priority=_HIGHEST)
        for priority in (-_HIGHEST, _HIGHEST):
            app.register_middleware(_mark, "response", priority=priority)
        app.add_signal(_mark, Event.HTTP_LIFECYCLE_RESPONSE)
        app.register_listener(_check_marks, "before_server_start")
    return app


async def _check_marks(app: App, *_: object) -> None:
    """Read every mark once, so that a bad one is told when the server starts."""
    for route in app.router.routes:
        for method in route.methods:
            _mark_of(route, method)


async def _meet(request: Request) -> HTTPResponse | None:
    """Decide about a request; what is returned is sent, and the application does not run."""
    layer: Layer = request.app.ctx.corsmith
    mark = _mark_at(request, request.method)
    if mark is UNMARKED and request.method != "OPTIONS":
        pairs = layer.pairs(_lines(request, "origin"))
        if pairs is not None:
            request.ctx.corsmith = Treatment(pairs=pairs, owned=OWNED_RESPONSE_HEADERS)
            return None
    asked = _ask(request)
    asked.mark = _mark_at(request, asked.wanted) if asked.is_preflight else mark
    treatment = request.ctx.corsmith = await layer.treat_async(asked)
    return None if treatment.answer is None else _respond(treatment.answer)


async def _mark(request: Request, response: BaseHTTPResponse) -> None:
    """Put the headers on a response."""
    if not hasattr(request.ctx, "corsmith"):
        # What comes before every middleware has failed.
        await _meet(request)
    treatment: Treatment = request.ctx.corsmith
    if treatment.answer is None:
        treatment.put(response.headers)


def _respond(answer: Answer) -> HTTPResponse:
    # Sanic names a type wherever there may be a body.
    return HTTPResponse(answer.body, answer.status, dict(answer.headers), "text/plain")


def _ask(request: Request) -> Asked:
    hosts = _lines(request, "host")
    return Asked(
        method=request.method,
        # Sanic routes on what it received, and decodes what is in it.
        path=unquote(request.path),
        raw_path=request.path,
        origins=_lines(request, "origin"),
        methods=_lines(request, "access-control-request-method"),
        names=_lines(request, "access-control-request-headers"),
        sites=_lines(request, "sec-fetch-site"),
        scheme=request.scheme,
        host=hosts[0] if len(hosts) == 1 else None,
        is_websocket=request.headers.get("upgrade", "").lower() == "websocket",
    )


def _lines(request: Request, name: str) -> Sequence[str]:
    return text_of_bytes(request.headers.getall(name, ()))


def _mark_at(request: Request, method: str) -> Mark:
    """Return the mark of the route that a method goes to, at the path of a request."""
    if request.route is not None and method == request.method:
        return _mark_of(request.route, method)
    try:
        return _found_mark(request, method)
    except MethodNotAllowed as refused:
        # The policy of the path's methods tells the page which there are, if it is one.
        methods = {*(refused.allowed_methods or ())} - {"OPTIONS"}
        marks = {_found_mark(request, other) for other in methods}
        return marks.pop() if len(marks) == 1 else UNMARKED
    except SanicException:  # there is no such path
        return UNMARKED


def _found_mark(request: Request, method: str) -> Mark:
    host = request.headers.getone("host", None)
    route, _, _ = request.app.router.get(request.path, method, host)
    return _mark_of(route, method)


def _mark_of(route: Route, method: str) -> Mark:
    """Return the mark of a route: its own, then that of its handler."""
    mark = getattr(route.ctx, "cors", UNMARKED)
    if mark is not UNMARKED:
        return read_mark(mark)
    handler = route.handler
    view = getattr(handler, "view_class", None)
    return mark_of(getattr(view, method.lower(), None), handler, view)

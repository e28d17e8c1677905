"""Sanic: the router's routes, our layer, and a handler that raises.

Read from ``app.router`` and ``app.ctx``; a handler that raises is added before the application
is started, as its routes are fixed then.
"""

import sys
from collections.abc import Iterator
from typing import Any, Final

from corsmith.application.anatomy.part import (
    Added,
    Anatomy,
    Fault,
    Route,
    class_names,
    crash,
    own,
    sample_path,
)
from corsmith.marks import UNMARKED, Mark, mark_of, read_mark

__all__ = ["examine"]

_APP: Final = "sanic.app.Sanic"


def examine(app: Any) -> Anatomy | None:
    """Return what a Sanic application tells; ``None`` if it is none."""
    if _APP not in class_names(app):
        return None
    layer = getattr(app.ctx, "corsmith", None)
    added = Added(lambda path: _add(app, path, added))
    return Anatomy(
        framework="sanic",
        title="Sanic",
        routes=tuple(_routes(app)),
        layers=("middleware", "router"),
        cors=() if layer is None else (own(layer),),
        raising=added.raising(_error),
        prepare=added.prepare,
    )


def _routes(app: Any) -> Iterator[Route]:
    for route in app.router.routes:
        template = f"/{route.path.lstrip('/')}"
        path, fixed = sample_path(template)
        is_websocket = bool(getattr(route.extra, "websocket", False))
        found: dict[tuple[Mark, str], set[str]] = {}
        for name in () if is_websocket else sorted(route.methods):
            found.setdefault(_mark(route, name), set()).add(name)
        for (mark, given), methods in found.items() or [(_mark(route, "GET"), set[str]())]:
            yield Route(
                path=path,
                methods=frozenset(methods),
                fixed=fixed,
                template=template,
                endpoint=getattr(route.handler, "view_class", route.handler),
                mark=mark,
                given=given,
                is_websocket=is_websocket,
            )


def _mark(route: Any, method: str) -> tuple[Mark, str]:
    mark = getattr(route.ctx, "cors", UNMARKED)
    if mark is not UNMARKED:
        return read_mark(mark), "ctx_cors"
    view = getattr(route.handler, "view_class", None)
    return mark_of(getattr(view, method.lower(), None), route.handler, view), "@cors"


# ── a handler that raises ────────────────────────────────────────────────────


def _add(app: Any, path: str, added: Added) -> None:
    exceptions = sys.modules["sanic.exceptions"]

    async def fail(_request: object) -> None:
        added.fail()
        raise exceptions.NotFound

    app.add_route(fail, path, methods=["GET"], name="corsmith_raises")


def _error(fault: Fault) -> Exception:
    if fault == "crash":
        return crash()
    raised: Exception = sys.modules["sanic.exceptions"].SanicException("raised by corsmith", 418)
    return raised

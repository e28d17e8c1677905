"""Tornado: the rules of its routers, our layer, and a handler that raises.

Read from ``app.default_router`` and ``app.settings``; a handler that raises is added, which
Tornado cannot undo, and answers 404 otherwise.
"""

import re
import sys
from collections.abc import Iterable, Iterator
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
from corsmith.importers.objects import mro_names
from corsmith.importers.readings import examples
from corsmith.marks import Mark, mark_of

__all__ = ["examine"]

_APP: Final = "tornado.web.Application"
_HANDLER: Final = "tornado.web.RequestHandler"
_WEBSOCKET: Final = "tornado.websocket.WebSocketHandler"
_MIXIN: Final = "corsmith.adapters.tornado.CORSMixin"
_SETTING: Final = "corsmith"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def examine(app: Any) -> Anatomy | None:
    """Return what a Tornado application tells; ``None`` if it is none."""
    if _APP not in class_names(app):
        return None
    layer = app.settings.get(_SETTING)
    added = Added(lambda path: _add(app, path, added))
    return Anatomy(
        framework="tornado",
        title="Tornado",
        routes=tuple(_routes(app.default_router.rules)),
        layers=("transforms", "RequestHandler"),
        cors=() if layer is None else (own(layer),),
        raising=added.raising(_error),
        prepare=added.prepare,
    )


def _routes(rules: Iterable[Any]) -> Iterator[Route]:
    for rule in rules:
        target = rule.target
        if hasattr(target, "rules"):
            yield from _routes(target.rules)
            continue
        pattern = getattr(rule.matcher, "regex", None)
        if not isinstance(target, type) or pattern is None or _HANDLER not in mro_names(target):
            continue
        yield from _of_handler(pattern, target)


def _of_handler(pattern: re.Pattern[str], handler: Any) -> Iterator[Route]:
    template = pattern.pattern.removesuffix("$")
    path = next((text for text in examples(template) if pattern.match(text)), template)
    fixed = sample_path(template)[1] and re.escape(path).replace(r"\-", "-") == template
    fixed = fixed or path == template
    names = mro_names(handler)
    is_websocket = _WEBSOCKET in names
    base = sys.modules["tornado.web"].RequestHandler
    own_methods = [
        name
        for name in _METHODS
        if getattr(handler, name.lower(), None) is not getattr(base, name.lower())
    ]
    methods: dict[Mark, set[str]] = {}
    for name in () if is_websocket else own_methods:
        mark = mark_of(getattr(handler, name.lower(), None), handler)
        methods.setdefault(mark, set()).add(name)
    for mark, found in methods.items() or [(mark_of(handler), set[str]())]:
        yield Route(
            path=path,
            methods=frozenset(found),
            fixed=fixed,
            template=template,
            endpoint=handler,
            mark=mark,
            given="CORSMixin" if _MIXIN in names else "cors_policy",
            is_websocket=is_websocket,
        )


# ── a handler that raises ────────────────────────────────────────────────────


def _add(app: Any, path: str, added: Added) -> None:
    web = sys.modules["tornado.web"]

    def get(_handler: object) -> None:
        added.fail()
        raise web.HTTPError(404)

    handler = type("Failing", (web.RequestHandler,), {"get": get})
    app.add_handlers(".*", [(re.escape(path), handler)])


def _error(fault: Fault) -> Exception:
    if fault == "crash":
        return crash()
    raised: Exception = sys.modules["tornado.web"].HTTPError(418)
    return raised

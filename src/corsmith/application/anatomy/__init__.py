"""What an application tells about itself: its framework, routes and CORS layers.

What lives here: finding the framework's object inside what is wrapped around it. What does
not: importing the application (``loading``), and what its answers mean (``appraisal``). Nothing
of a framework is imported: what is not in ``sys.modules`` cannot have made the application.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from corsmith.application.anatomy import (
    aiohttp,
    django,
    falcon,
    flask,
    litestar,
    sanic,
    starlette,
    tornado,
)
from corsmith.application.anatomy.part import (
    Anatomy,
    Cookie,
    Fault,
    Fields,
    Framework,
    Raising,
    Route,
    Settings,
    Spot,
    class_names,
    of_source,
    own,
    sample_page,
)
from corsmith.importers import import_app
from corsmith.importers.draft import Draft
from corsmith.importers.objects import layers as layers_of

__all__ = [
    "Anatomy",
    "Cookie",
    "Fault",
    "Fields",
    "Framework",
    "Raising",
    "Route",
    "Settings",
    "Spot",
    "examine",
    "of_source",
    "sample_page",
]

_READERS: Final = (
    starlette.examine,
    flask.examine,
    django.examine,
    litestar.examine,
    aiohttp.examine,
    falcon.examine,
    tornado.examine,
    sanic.examine,
)
_OURS: Final = frozenset(
    {"corsmith.adapters.asgi.CORSMiddleware", "corsmith.adapters.wsgi.CORSMiddleware"}
)
_DEEPEST: Final = 20
"""The longest chain of layers that is followed."""

_IMPORTED: Final = frozenset({"flask-cors", "aiohttp-cors", "django-cors-headers"})


def examine(app: object) -> Anatomy:
    """Return what ``app`` tells, from the outside in."""
    found = Anatomy()
    around: list[Settings] = []
    outside: list[object] = []
    above: list[object] = []
    for layer in _inwards(app):
        told = next((one for read in _READERS if (one := read(layer)) is not None), None)
        if told is not None:
            found = told
            break
        settings = _around(layer)
        if settings is not None:
            above = above or [*outside]
            around.append(settings)
        outside.append(layer)
    names = tuple(type(layer).__name__ for layer in outside)
    return replace(
        found,
        layers=(*(names if found.framework else ()), *found.layers),
        cors=tuple(_whole(app, one) for one in (*around, *found.cors)),
        above=(*(type(one) for one in above),)
        if around
        else (*(type(one) for one in outside if found.framework), *found.above),
    )


def _inwards(app: object) -> Iterator[object]:
    """Yield an application and what it wraps, also by names that nobody knows.

    Whoever has found what they look for stops: a framework's own object holds a lot.
    """
    seen: list[object] = []
    layer: object | None = app
    while layer is not None and len(seen) < _DEEPEST:
        seen += [one for one in layers_of(layer) if all(one is not other for other in seen)]
        yield from layers_of(layer)
        last = seen[-1]
        inside = (one for one in _held(last) if all(one is not other for other in seen))
        layer = next(inside, None)


def _held(layer: object) -> Iterator[object]:
    """Yield what a layer keeps that may be an application: in its attributes or its closure."""
    cells = getattr(layer, "__closure__", None) or ()
    values = [*getattr(layer, "__dict__", {}).values()]
    for cell in cells:
        with suppress(ValueError):  # not filled yet
            values.append(cell.cell_contents)
    return (one for one in values if callable(one) and not isinstance(one, type))


def _around(layer: object) -> Settings | None:
    """Return the settings of a CORS layer that is around an application."""
    if _OURS & class_names(layer):
        return own(layer)
    return starlette.settings_around(layer)


def _whole(app: object, settings: Settings) -> Settings:
    """Return settings with what differs by path, where their reader knows only a part."""
    if settings.known or settings.library not in _IMPORTED:
        return settings
    with suppress(Exception):  # settings that are wrong may be wrong in any way
        imported = import_app(app)
        if imported is not None:
            rows = tuple((row.path, _fields(row.draft)) for row in imported.rows)
            drafts = [row.draft for row in imported.rows if row.draft is not None]
            readings = dict.fromkeys(one for draft in drafts for one in draft.readings)
            fields: Fields = settings.fields or next(_given(rows), {})
            return replace(settings, fields=fields, rows=rows, readings=tuple(readings))
    return settings


def _given(rows: tuple[tuple[str, Fields | None], ...]) -> Iterator[Fields]:
    return (fields for _, fields in rows if fields is not None)


def _fields(draft: Draft | None) -> Mapping[str, Any] | None:
    if draft is None:
        return None
    return {
        "origins": [*draft.origins],
        "readings": draft.readings,
        "methods": [*draft.methods],
        "headers": [*draft.headers],
        "expose": [*draft.expose],
        "credentials": draft.credentials,
    }

"""What an application tells about itself: its framework, routes and CORS settings.

What lives here: finding the framework's object inside what is wrapped around it. What does
not: importing the application (``apps``), and what its answers mean (``appraisal``). Nothing
of a framework is imported: what is not in ``sys.modules`` cannot have made the application.
"""

from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from corsmith.application.anatomy import django, flask, starlette
from corsmith.application.anatomy.part import Anatomy, Fault, Raising, Route, Settings
from corsmith.importers.objects import layers as layers_of
from corsmith.policy import Policy

__all__ = ["Anatomy", "Fault", "Raising", "Route", "Settings", "examine"]

_READERS: Final = (starlette.examine, flask.examine, django.examine)
_OURS: Final = frozenset({"corsmith.adapters.asgi", "corsmith.adapters.wsgi"})


def examine(app: object) -> Anatomy:
    """Return what ``app`` tells, from the outside in."""
    found = Anatomy()
    ours: Settings | None = None
    outside: list[str] = []
    for layer in layers_of(app):
        if type(layer).__module__ in _OURS:
            ours = ours or _our_settings(layer)
        ours = ours or starlette.settings_around(layer)
        told = next((one for read in _READERS if (one := read(layer)) is not None), None)
        if told is not None:
            found = told
            if told.framework == "flask":
                ours = ours or _inside_flask(layer)
            break
        outside.append(type(layer).__name__)
    layers = (*(outside if found.framework else ()), *found.layers)
    return replace(found, layers=layers, settings=ours or found.settings)


def _inside_flask(app: Any) -> Settings | None:  # noqa: ANN401
    """Return our settings where they wrap ``app.wsgi_app``, which is Flask's own place."""
    outside = takewhile(lambda layer: layer is not app, layers_of(app.wsgi_app))
    ours = (_our_settings(layer) for layer in outside if type(layer).__module__ in _OURS)
    return next(ours, None)


def _our_settings(layer: Any) -> Settings:  # noqa: ANN401
    policy = layer.policy
    known = isinstance(policy, Policy)
    fields: dict[str, object] = dict(policy.to_mapping()) if known else {}
    return Settings(library="corsmith", title="corsmith", fields=fields, known=known)

"""The objects of an application: what wraps what, and of which classes they are.

What lives here: finding one's way without importing any framework. What does not: what a
framework's own object tells.
"""

from collections.abc import Iterator
from typing import Final

__all__ = ["class_names", "layers", "mro_names"]

_INSIDE: Final = ("app", "wsgi_app", "asgi_app", "application", "_app", "__self__")
"""What a wrapper calls the application that it wraps."""

_DEEPEST: Final = 20


def layers(app: object) -> Iterator[object]:
    """Yield an application and what it wraps, from the outside in."""
    seen: set[int] = set()
    layer: object | None = app
    while layer is not None and id(layer) not in seen and len(seen) < _DEEPEST:
        seen.add(id(layer))
        yield layer
        inside = (getattr(layer, name, None) for name in _INSIDE)
        layer = next((one for one in inside if callable(one)), None)


def mro_names(kind: object) -> set[str]:
    """Return the full names of a class and those that it is made of; empty for no class."""
    mro = kind.__mro__ if isinstance(kind, type) else ()
    return {f"{one.__module__}.{one.__qualname__}" for one in mro}


def class_names(value: object) -> set[str]:
    """Return the full names of the classes of a value, so that none need be imported."""
    return mro_names(type(value))

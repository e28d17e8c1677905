"""What an application tells about itself, as values.

What lives here: ``Anatomy`` and its parts. What does not: how each framework is read.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from corsmith.importers.objects import class_names

__all__ = ["Anatomy", "Fault", "Raising", "Route", "Settings", "class_names", "sample_path"]

Fault: TypeAlias = Literal["error", "crash"]
"""What a handler is made to raise: the framework's own HTTP error, or what nobody handles."""

Raising: TypeAlias = Callable[[Fault], AbstractContextManager[str | None]]
"""Makes a handler raise, and gives its path; all is as before afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path that the application answers, with samples in place of its parameters."""

    path: str
    methods: frozenset[str]
    fixed: bool = True
    key: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The CORS settings of an application: whose, and the fields of a policy that they mean.

    A field is as the user gave it, so it may be wrong; ``words`` has the name of each field
    in the words of that library.
    """

    library: Literal["starlette", "flask-cors", "django-cors-headers", "corsmith"]
    title: str
    fields: Mapping[str, Any]
    words: Mapping[str, str] = field(default_factory=dict)
    known: bool = True

    @property
    def any_origin(self) -> bool:
        """Whether any page may read."""
        origins = self.fields.get("origins")
        return origins == "*" or (isinstance(origins, list | tuple | set) and "*" in origins)

    @property
    def listed(self) -> tuple[str, ...]:
        """The origins as words, also where one string was given for all."""
        origins = self.fields.get("origins") or ()
        words = origins.split(",") if isinstance(origins, str) else origins
        return tuple(word.strip() for word in words if isinstance(word, str))

    @property
    def page(self) -> str | None:
        """An origin that is allowed by name, or is meant to be; ``None`` where there is none."""
        words = [word.rstrip("/") for word in self.listed]
        named = [word for word in words if _ORIGIN.match(word)]
        return next(iter(sorted(named, key=lambda word: not word.startswith("https:"))), None)

    def lists(self, origin: str) -> bool:
        """Return whether an origin is meant to be allowed, as far as the settings tell."""
        regex = self.fields.get("origin_regex")
        if isinstance(regex, str) and re.fullmatch(regex, origin):
            return True
        return self.any_origin or origin in self.listed


_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """What was found; empty where the application tells nothing.

    ``layers`` are the classes around the router, outermost first, ``host`` a name that the
    application's Host check lets through.
    """

    framework: Literal["fastapi", "starlette", "flask", "django"] | None = None
    title: str = "an application of no framework that is known here"
    routes: tuple[Route, ...] = ()
    layers: tuple[str, ...] = ()
    settings: Settings | None = None
    host: str | None = None
    raising: Raising | None = None


_SAMPLES: Final = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2000-01-01",
    "float": "1.0",
}
_PARAMETER: Final = re.compile(
    # Flask and Django: <int:name>; Starlette: {name:int}
    r"<(?:(?P<before>\w+)(?:\([^)]*\))?:)?\w+>|\{\w+(?::(?P<after>\w+))?\}"
)


def sample_path(template: str) -> tuple[str, bool]:
    """Return a path with samples for its parameters, and whether it has none.

    >>> sample_path("/items/<int:number>"), sample_path("/items/{id:uuid}")[1]
    (('/items/1', False), False)
    """
    path = _PARAMETER.sub(
        lambda found: _SAMPLES.get(found["before"] or found["after"] or "", "1"), template
    )
    return path, path == template


def first_host(allowed: Iterable[object]) -> str | None:
    """Return a host that a list of allowed hosts lets through, ``None`` for any."""
    for host in allowed:
        if isinstance(host, str) and host != "*":
            return host.removeprefix("*").lstrip(".") or None
        if host == "*":
            return None
    return None

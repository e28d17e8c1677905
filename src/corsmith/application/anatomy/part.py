"""What an application tells about itself, as values.

What lives here: ``Anatomy`` and its parts. What does not: how each framework is read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol, TypeAlias

from corsmith.importers.objects import class_names
from corsmith.importers.paths import sample
from corsmith.importers.readings import Reading, examples
from corsmith.marks import UNMARKED, Mark
from corsmith.origin import parse_origin
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = [
    "Added",
    "Anatomy",
    "Cookie",
    "Fault",
    "Fields",
    "Framework",
    "Raising",
    "Route",
    "Settings",
    "Spot",
    "class_names",
    "crash",
    "faulty_path",
    "first_host",
    "of_source",
    "own",
    "sample_page",
    "sample_path",
]

Framework: TypeAlias = Literal[
    "aiohttp",
    "django",
    "falcon",
    "fastapi",
    "flask",
    "litestar",
    "quart",
    "sanic",
    "starlette",
    "tornado",
]

Fault: TypeAlias = Literal["error", "crash"]
"""What a handler is made to raise: the framework's own HTTP error, or what nobody handles."""

Fields: TypeAlias = Mapping[str, Any]
"""The fields of a policy as somebody wrote them, so they may be wrong."""

FAULTY_PATH: Final = "corsmith-raises"
"""The last segment of the path of a handler that raises, where one is added for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a handler shall raise: the path of a route, or else below ``prefix``."""

    route: str | None = None
    prefix: str = "/"


class Raising(Protocol):
    """Makes a handler raise, and gives its path, or ``None`` where there is none."""

    def __call__(self, fault: Fault, spot: Spot = ..., /) -> AbstractContextManager[str | None]:
        """Return what makes it raise for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A path that the application answers, with samples in place of its parameters.

    ``template`` is the path as it is written, ``endpoint`` what answers there. ``mark`` is the
    policy of its own, ``given`` how that was written.
    """

    path: str
    methods: frozenset[str]
    fixed: bool = True
    key: object = None
    template: str = ""
    endpoint: object = None
    mark: Mark = UNMARKED
    given: str = "@cors"
    is_websocket: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """A cookie that the framework sets by its settings, and the words of those.

    ``crosses`` says whether browsers send it from pages of another site.
    """

    name: str
    setting: str
    crosses: bool
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One CORS layer of an application: whose, and the fields of a policy that it means.

    A field is as the user gave it, so it may be wrong; ``words`` has the name of each field
    in the words of that library. ``source`` is what our own layer asks. ``rows`` are the
    fields by path, where they differ; ``readings`` the regular expressions for origins.
    """

    library: Literal[
        "starlette",
        "flask-cors",
        "django-cors-headers",
        "aiohttp-cors",
        "litestar",
        "falcon",
        "corsmith",
    ]
    title: str
    fields: Fields
    words: Mapping[str, str] = field(default_factory=dict)
    known: bool = True
    source: object = None
    rows: tuple[tuple[str, Fields | None], ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def any_origin(self) -> bool:
        """Whether any page may read."""
        origins = self.fields.get("origins")
        return origins == "*" or (isinstance(origins, list | tuple | set) and "*" in origins)

    @property
    def listed(self) -> tuple[str, ...]:
        """The origins as words, also where one string was given for all."""
        return _listed(self.fields)

    @property
    def page(self) -> str | None:
        """An origin that is allowed, or is meant to be; ``None`` where none is known."""
        return sample_page(self.fields, self.readings)

    def lists(self, origin: str) -> bool:
        """Return whether an origin is meant to be allowed, as far as the settings tell."""
        regex = self.fields.get("origin_regex")
        if isinstance(regex, str) and re.fullmatch(regex, origin):
            return True
        return self.any_origin or origin in self.listed


def own(layer: Any) -> Settings:
    """Return the settings of a layer of ours, which has a ``policy``."""
    return of_source(layer.policy, "corsmith")


def of_source(source: object, title: str) -> Settings:
    """Return the settings of a layer of ours that asks ``source``."""
    if isinstance(source, Policy):
        fields = dict(source.to_mapping())
        return Settings(library="corsmith", title=title, fields=fields, source=source)
    rows: tuple[tuple[str, Fields | None], ...] = ()
    if isinstance(source, Routes):
        rows = tuple(
            (path, None if policy is None else dict(policy.to_mapping()))
            for path, policy in source.entries.items()
        )
    return Settings(
        library="corsmith", title=title, fields={}, known=False, source=source, rows=rows
    )


def _listed(fields: Fields) -> tuple[str, ...]:
    origins = fields.get("origins") or ()
    words = origins.split(",") if isinstance(origins, str) else origins
    return tuple(word.strip() for word in words if isinstance(word, str))


def sample_page(fields: Fields, readings: Iterable[Reading] = ()) -> str | None:
    """Return an origin that these fields allow, or mean to; best one that they name, over TLS.

    >>> sample_page({"origins": ["http://localhost:*", "https://*.app.example"]})
    'https://a.app.example'
    """
    words = [_filled(word.rstrip("/")) for word in _listed(fields)]
    named = [word for word in words if _ORIGIN.match(word)]
    texts = [text for reading in readings for text in examples(reading.text)]
    regex = fields.get("origin_regex")
    texts += examples(regex) if isinstance(regex, str) else ()
    named += [text for text in texts if parse_origin(text) is not None]
    return next(iter(sorted(named, key=lambda word: not word.startswith("https:"))), None)


def _filled(word: str) -> str:
    """Return an origin that a pattern means."""
    word = "http://localhost:*" if word == "@loopback" else word
    word = word.removesuffix(":*") + (":3000" if word.endswith(":*") else "")
    return word.replace("://*.", "://a.", 1).replace("*", "1", 1)


_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Anatomy:
    """What was found; empty where the application tells nothing.

    ``layers`` are the classes around the router, outermost first, ``cors`` those of them that
    are CORS layers, and ``above`` the layers outside of the outermost of those. ``host`` is a
    name that the application's Host check lets through. ``prepare`` is called before the
    application is started, where a handler that raises can only be added then.
    """

    framework: Framework | None = None
    title: str = "an application of no framework that is known here"
    routes: tuple[Route, ...] = ()
    layers: tuple[str, ...] = ()
    cors: tuple[Settings, ...] = ()
    above: tuple[object, ...] = ()
    cookies: tuple[Cookie, ...] = ()
    host: str | None = None
    raising: Raising | None = None
    prepare: Callable[[Spot], None] | None = None

    @property
    def settings(self) -> Settings | None:
        """The outermost CORS layer."""
        return self.cors[0] if self.cors else None


class Added:
    """A handler that is added once and stays, and raises only while it is asked to."""

    def __init__(self, add: Callable[[str], None]) -> None:
        """Take what adds the handler at a path, where it calls ``fail``."""
        self._add = add
        self._paths: set[str] = set()
        self._error: Exception | None = None

    def prepare(self, spot: Spot) -> None:
        """Add the handler at a spot, unless it is there."""
        path = faulty_path(spot)
        if path not in self._paths:
            self._add(path)
            self._paths.add(path)

    def fail(self) -> None:
        """Raise, as the handler."""
        if self._error is not None:
            raise self._error

    def raising(self, make: Callable[[Fault], Exception]) -> Raising:
        """Return what makes the handler raise what ``make`` returns."""

        @contextmanager
        def raising(fault: Fault, spot: Spot = Spot(), /) -> Iterator[str]:
            self.prepare(spot)
            self._error = make(fault)
            try:
                yield faulty_path(spot)
            finally:
                self._error = None

        return raising


def crash() -> RuntimeError:
    """Return what no handler of any framework handles."""
    return RuntimeError("raised by corsmith, in place of an error in a handler")


def faulty_path(spot: Spot) -> str:
    """Return the path of a handler that is added to raise."""
    return f"{spot.prefix.rstrip('/')}/{FAULTY_PATH}"


def sample_path(template: str) -> tuple[str, bool]:
    """Return a path with samples for its parameters, and whether it has none.

    >>> sample_path("/items/<int:number>"), sample_path("/items/{id:uuid}")[1]
    (('/items/1', False), False)
    """
    path, _ = sample(template)
    return path, path == template


def first_host(allowed: Iterable[object]) -> str | None:
    """Return a host that a list of allowed hosts lets through, ``None`` for any."""
    for host in allowed:
        if isinstance(host, str) and host != "*":
            return host.removeprefix("*").lstrip(".") or None
        if host == "*":
            return None
    return None

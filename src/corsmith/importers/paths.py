"""Which policy for which path, out of rules that are written in another way.

What lives here: a table of plain paths, as ``Routes`` has them, made from routes and from
examples of what expressions match, and how it differs from the rules. What does not: the rules
of any library.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["Table", "ancestors", "sample", "tabulate"]

T = TypeVar("T")

_PARAMETER: Final = re.compile(
    # Flask and Django: <int:name>; Starlette and aiohttp: {name:int}, {name:\d+}
    r"<(?:(?P<before>\w+)(?:\([^)]*\))?:)?\w+>|\{\w+(?::(?P<after>[^{}]*(?:\{[^}]*\})?[^{}]*))?\}"
)
_SAMPLES: Final = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2000-01-01",
    "float": "1.0",
}
_ODD: Final = re.compile(r"//|/\.\.?(?:/|\Z)|[%\\*?#\x00-\x1f\x7f]")
_NOWHERE: Final = "corsmith-no-such-path"
"""A path below another one that no application has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[T]):
    """Rows of paths and values, and where the rules say something else.

    ``mixed`` are routes that share a row with others of another value, so that they have
    none; ``beyond`` are paths that no route has, which the table treats otherwise.
    """

    rows: tuple[tuple[str, T | None], ...]
    mixed: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    def find(self, path: str) -> T | None:
        """Return the value of the longest row that covers a path, as ``Routes`` does."""
        return dict(self.rows).get(_covering(path, [key for key, _ in self.rows]))


def sample(template: str) -> tuple[str, str]:
    """Return a path of a route with samples for its parameters, and the row that covers it.

    >>> sample("/items/<int:number>/notes"), sample("/items")
    (('/items/1/notes', '/items/'), ('/items', '/items'))
    """
    path = _PARAMETER.sub(
        lambda found: _SAMPLES.get(found["before"] or found["after"] or "", "1"), template
    )
    first = _PARAMETER.search(template)
    if first is None:
        return path, path
    return path, template[: first.start()].rpartition("/")[0] + "/"


def ancestors(path: str) -> tuple[str, ...]:
    """Return the rows that could cover a path, the path itself last.

    >>> ancestors("/api/items")
    ('/', '/api', '/api/', '/api/items')
    """
    found = ["/"]
    parts = path.strip("/").split("/")
    for end in range(1, len(parts) + 1):
        folder = "/" + "/".join(parts[:end])
        found += [folder, f"{folder}/"] if end < len(parts) or path.endswith("/") else [folder]
    return tuple(key for key in dict.fromkeys(found) if not _ODD.search(key))


def _covers(key: str, path: str) -> bool:
    return path.startswith(key) and (key.endswith("/") or path == key or path[len(key)] == "/")


def _covering(path: str, keys: Iterable[str]) -> str:
    return max((key for key in keys if _covers(key, path)), key=len, default="")


def tabulate(
    routes: Mapping[str, T | None],
    keys: Iterable[str],
    elsewhere: Callable[[str], T | None],
    examples: Iterable[str] = (),
) -> Table[T]:
    """Return the table of the routes' values; ``elsewhere`` says what other paths have.

    ``examples`` are paths that are compared too.

    A row that covers routes of several values has none: never more than the rules.
    """
    samples = {template: sample(template) for template in routes}
    wanted = {"/", *keys}
    for _, key in samples.values():
        # Exactly a path, and not what is below it, takes two rows.
        wanted |= {key} if key.endswith("/") else {key, f"{key}/"}
    known = sorted(sorted(key for key in wanted if not _is_odd(key)), key=len)
    held: dict[str, list[str]] = {key: [] for key in known}
    for template, (path, _) in samples.items():
        held[_covering(path, known)].append(template)
    values: dict[str, T | None] = {}
    mixed: list[str] = []
    for key, templates in held.items():
        first = routes[templates[0]] if templates else elsewhere(_inside(key))
        if any(routes[template] != first for template in templates):
            mixed += [template for template in templates if routes[template] is not None]
            first = None
        values[key] = first
    table = Table(rows=tuple(_pruned(values)))
    paths = {path for path, _ in samples.values()}
    edges = (probe for key in known for probe in _beyond(key))
    probes = [probe for probe in (*edges, *examples) if probe not in paths and not _is_odd(probe)]
    beyond = [probe for probe in dict.fromkeys(probes) if table.find(probe) != elsewhere(probe)]
    return Table(rows=table.rows, mixed=tuple(mixed), beyond=tuple(beyond))


def _is_odd(path: str) -> bool:
    return not path.startswith("/") or _ODD.search(path) is not None


def _inside(key: str) -> str:
    return f"{key}{_NOWHERE}" if key.endswith("/") else key


def _beyond(key: str) -> tuple[str, ...]:
    """Return paths at the edges of a row."""
    if key.endswith("/"):
        return (key, f"{key}{_NOWHERE}", f"{key}{_NOWHERE}/x")
    return (key, f"{key}x", f"{key}/{_NOWHERE}")


def _pruned(values: Mapping[str, T | None]) -> Iterable[tuple[str, T | None]]:
    """Yield the rows that say something else than the row around them, shortest first."""
    kept: dict[str, T | None] = {}
    for key, value in values.items():
        if value != kept.get(_covering(_inside(key), kept)):
            kept[key] = value
    return kept.items()

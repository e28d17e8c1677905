"""Which policy holds for which route of an application, and why.

What lives here: the rule that a mark comes before the policy of the whole, and which part of
an application the eight questions are put to. What does not: reading the application
(``anatomy``), and how it is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from corsmith.application.anatomy import Anatomy, Fields, Route, Settings
from corsmith.marks import UNMARKED
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["Governed", "Territory", "Why", "find_territory", "govern"]


class Why(StrEnum):
    """Why a policy holds for a route, or none does."""

    MARK = "mark"
    EXEMPT = "exempt"
    ENTRY = "routes"
    WHOLE = "whole"
    FUNCTION = "function"
    OTHER = "other-library"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Governed:
    """A route and what holds for it: a policy, or the fields of another library's settings.

    ``key`` is the entry of ``Routes``, or the path of the other library, that covers it.
    """

    route: Route
    why: Why
    policy: Policy | None = None
    fields: Fields | None = None
    key: str | None = None

    @property
    def meant(self) -> Fields | None:
        """The fields of what holds, whichever it is."""
        return self.fields if self.policy is None else self.policy.to_mapping()


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """The part of an application that is asked about: the routes that one policy holds for.

    ``prefix`` begins the paths without a route that it covers, ``None`` where it covers none.
    """

    routes: tuple[Route, ...] = ()
    fields: Fields | None = None
    prefix: str | None = "/"


def govern(anatomy: Anatomy) -> tuple[Governed, ...]:
    """Return what holds for each route, in the order of the routes."""
    has_ours = any(one.library == "corsmith" for one in anatomy.cors)
    return tuple(
        _governed(route, anatomy.settings, reads_marks=has_ours) for route in _tidy(anatomy.routes)
    )


def _tidy(routes: Iterable[Route]) -> Iterator[Route]:
    """Yield the routes, methods of one endpoint together, and without the OPTIONS of all."""
    grouped: dict[object, Route] = {}
    templates: dict[tuple[str, bool], int] = {}
    for route in routes:
        methods = route.methods - {"OPTIONS"}
        if not methods and not route.is_websocket and route.methods:
            continue  # a preflight has the mark of what it asks for
        template = route.template or route.path
        # Flask and Quart count a route once more for each of its methods' marks.
        key = (template, route.mark, id(route.endpoint), route.is_websocket)
        known = grouped.get(key)
        grouped[key] = replace(
            route, template=template, methods=methods | (known.methods if known else frozenset())
        )
        templates[template, route.is_websocket] = 1
    yield from grouped.values()


def _governed(route: Route, settings: Settings | None, *, reads_marks: bool) -> Governed:
    # A handler of Tornado's with the mixin has its policy without a layer.
    if route.mark is not UNMARKED and (reads_marks or route.given == _MIXIN):
        if route.mark is None:
            return Governed(route=route, why=Why.EXEMPT)
        return Governed(route=route, why=Why.MARK, policy=route.mark)
    if settings is None:
        return Governed(route=route, why=Why.NONE)
    if settings.library != "corsmith":
        key, fields = _row(settings, route.path)
        why = Why.NONE if fields is None else Why.OTHER
        return Governed(route=route, why=why, fields=fields, key=key)
    source = settings.source
    if isinstance(source, Routes):
        key, _ = _row(settings, route.path)
        policy = None if key is None else source.entries[key]
        why = Why.NONE if key is None else Why.ENTRY
        if key is not None and policy is None:
            why = Why.EXEMPT
        return Governed(route=route, why=why, policy=policy, key=key)
    if isinstance(source, Policy):
        return Governed(route=route, why=Why.WHOLE, policy=source)
    return Governed(route=route, why=Why.FUNCTION)


_MIXIN: Final = "CORSMixin"
_ANYONE: Final = Policy(origins="*")


def _row(settings: Settings, path: str) -> tuple[str | None, Fields | None]:
    """Return the row that covers a path, the longest first, and what stands there."""
    if not settings.rows:
        return None, settings.fields
    for key, fields in sorted(settings.rows, key=lambda row: -len(row[0])):
        if Routes({key: _ANYONE}).policy_for(path) is not None:
            return key, fields
    return None, None


# ── what is asked about ──────────────────────────────────────────────────────


def find_territory(governed: Sequence[Governed], settings: Settings | None) -> Territory:
    """Return the routes with GET that one policy holds for, the most that there are.

    What has no policy at all is one territory too: there the application is seen as it is.
    """
    parts: dict[object, list[Governed]] = {}
    for one in governed:
        if "GET" in one.route.methods and not one.route.is_websocket and one.why in _HELD:
            parts.setdefault((one.why in _OWN, one.key, one.policy), []).append(one)
    if parts:
        # The policy of the whole before that of an entry, and that before a mark.
        chosen = max(parts.values(), key=lambda part: (_HELD[part[0].why], len(part)))
        first = chosen[0]
        return Territory(
            routes=tuple(one.route for one in chosen),
            fields=first.meant,
            prefix=None if first.why is Why.MARK else _prefix(first.key, first.why),
        )
    row = None if settings is None else next((row for row in settings.rows if row[1]), None)
    if row is None:
        asked = (one.route for one in governed if not one.route.is_websocket)
        held = () if settings is not None else tuple(asked)
        return Territory(routes=held, fields=None if settings is None else settings.fields)
    key, fields = row
    entry = Route(path=key, methods=frozenset({"GET"}))
    return Territory(routes=(entry,), fields=fields, prefix=_prefix(key, Why.ENTRY))


_HELD: Final = {Why.WHOLE: 3, Why.OTHER: 2, Why.FUNCTION: 2, Why.ENTRY: 1, Why.MARK: 0}
_OWN: Final = frozenset({Why.MARK})


def _prefix(key: str | None, why: Why) -> str:
    """Return what is covered below an entry, or beside what is one resource elsewhere."""
    if key is None:
        return "/"
    folder = key.rpartition("/")[0] if why is Why.OTHER else key.rstrip("/")
    return f"{folder}/"

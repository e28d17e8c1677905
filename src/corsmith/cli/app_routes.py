"""``corsmith check main:app --routes``: which policy holds for each route, and why.

What lives here: the table, for people and for programs. What does not: what holds
(``jurisdiction``). Nothing is asked of the application: it is read.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import click

from corsmith.application.anatomy import Anatomy, Settings
from corsmith.application.jurisdiction import Governed, Why, govern
from corsmith.application.places import name_of, place_of
from corsmith.cli.app_source import Loaded, load
from corsmith.cli.columns import encodable, wrapped
from corsmith.cli.status import Status
from corsmith.errors import AppError
from corsmith.policy import Policy

__all__ = ["check_routes"]

_WIDEST: Final = 34
"""The widest path that has its methods beside it."""

_WEBSOCKET: Final = "WebSocket"
_DEFAULTS: Final = Policy(origins=["https://app.example"]).to_mapping()


def check_routes(target: str, *, file: bool, form: Literal["text", "json"]) -> Status:
    """Write which policy holds for each route of an application, and return the status."""
    try:
        loaded = load(target, is_file=file)
    except AppError as error:
        click.echo(f"corsmith: {error}", err=True)
        return Status.UNKNOWN
    table = _Table.read(loaded)
    click.echo(table.as_json() if form == "json" else encodable("\n".join(table.lines())))
    return Status.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """The routes, and the different policies among them in the order that they are met."""

    target: str
    anatomy: Anatomy
    governed: tuple[Governed, ...]
    policies: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, loaded: Loaded) -> "_Table":
        """Return the table of an application."""
        governed = govern(loaded.anatomy)
        policies: list[Mapping[str, Any]] = []
        for one in governed:
            meant = _shown(one)
            if meant is not None and meant not in policies:
                policies.append(meant)
        return cls(
            target=loaded.target,
            anatomy=loaded.anatomy,
            governed=governed,
            policies=tuple(policies),
        )

    def number(self, one: Governed) -> int | None:
        """Return which of the policies holds for a route, from 1."""
        meant = _shown(one)
        return None if meant is None else self.policies.index(meant) + 1

    # ── for people ───────────────────────────────────────────────────────────

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table, the answer first."""
        yield self._answer()
        width = min(max((len(_path(one)) for one in self.governed), default=0), _WIDEST)
        methods = max((len(_methods(one)) for one in self.governed), default=0)
        if self.governed:
            yield ""
        for one in self.governed:
            yield from self._row(one, width, methods)
        if self.policies:
            yield ""
        for number, policy in enumerate(self.policies, 1):
            yield from wrapped(_policy(policy), "     ", f"  {number}  ")

    def _answer(self) -> str:
        count = len(self.governed)
        title = self.anatomy.title
        if not count:
            return f"no route of {self.target} is known here: {title}"
        routes = "1 route" if count == 1 else f"{count} routes"
        settings = self.anatomy.settings
        by = "without a CORS layer" if settings is None else f"CORS by {settings.title}"
        return f"{routes} of {self.target}: {title}, {by}"

    def _row(self, one: Governed, width: int, methods: int) -> Iterator[str]:
        number = self.number(one)
        mark = "-" if number is None else str(number)
        start = f"  {_path(one):<{width}}  {_methods(one):<{methods}}  {mark}  "
        indent = " " * (width + methods + 9)
        if len(_path(one)) > width:
            yield f"  {_path(one)}"
            start = f"  {'':<{width}}  {_methods(one):<{methods}}  {mark}  "
        yield from wrapped(_reason(one, self.anatomy.settings), indent, start)

    # ── for programs ─────────────────────────────────────────────────────────

    def as_json(self) -> str:
        """Return the table as JSON."""
        settings = self.anatomy.settings
        return json.dumps(
            {
                "target": self.target,
                "framework": self.anatomy.framework,
                "cors": None if settings is None else settings.library,
                "routes": [self._route(one) for one in self.governed],
                "policies": [dict(policy) for policy in self.policies],
            },
            indent=2,
        )

    def _route(self, one: Governed) -> dict[str, object]:
        number = self.number(one)
        return {
            "path": one.route.template,
            "methods": sorted(one.route.methods),
            "websocket": one.route.is_websocket,
            "policy": None if number is None else number - 1,
            "why": one.why,
            "reason": _reason(one, self.anatomy.settings),
            "endpoint": name_of(one.route.endpoint) or None,
            "place": place_of(one.route.endpoint),
        }


def _path(one: Governed) -> str:
    return one.route.template


def _methods(one: Governed) -> str:
    if one.route.is_websocket:
        return _WEBSOCKET
    names = one.route.methods
    # Frameworks answer HEAD wherever they answer GET.
    shown = sorted(names - ({"HEAD"} if "GET" in names else set()))
    return ",".join(shown)


def _reason(one: Governed, settings: Settings | None) -> str:
    """Return why a policy holds, in a few words."""
    entry = f'Routes["{one.key}"]'
    marked = _marked(one, one.route.given)
    title = "" if settings is None else settings.title
    partly = f"{title}, for {one.key}" if one.key not in {None, "/"} else title
    return {
        Why.MARK: marked,
        Why.EXEMPT: f"exempt, by {marked if one.key is None else entry}",
        Why.ENTRY: entry,
        Why.WHOLE: "the policy of the whole application",
        Why.FUNCTION: "the policy function decides at each request",
        Why.OTHER: partly,
        Why.NONE: _uncovered(settings),
    }[one.why]


def _uncovered(settings: Settings | None) -> str:
    if settings is None:
        return "no CORS layer"
    if settings.library == "corsmith":
        return "no entry of Routes covers it"
    return f"{settings.title} does not cover it"


def _marked(one: Governed, given: str) -> str:
    name = name_of(one.route.endpoint)
    place = place_of(one.route.endpoint)
    where = f" ({place})" if place else ""
    return f"{given} on {name}{where}" if name else given


def _shown(one: Governed) -> Mapping[str, Any] | None:
    """Return the fields of what holds, as plain values."""
    meant = one.meant
    if meant is None:
        return None
    return {name: _plain(value) for name, value in meant.items() if name != "readings"}


def _plain(value: object) -> object:
    if isinstance(value, list | tuple | set | frozenset):
        return [str(one) for one in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _policy(policy: Mapping[str, Any]) -> str:
    """Return what is particular to a policy: its origins, and what differs from the default."""
    parts = []
    for name, value in policy.items():
        if name == "origins" or (value != _DEFAULTS.get(name) and value not in (None, [], False)):
            parts.append(f"{name} {_words(value)}")
    return "; ".join(parts)


def _words(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value)) or "none"
    return "yes" if value is True else str(value)

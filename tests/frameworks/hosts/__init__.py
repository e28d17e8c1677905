"""The frameworks that corsmith is tested in: each module here is one host, found by its name.

What lives here: finding the hosts. What does not: what is right (the tests).

A host is a module with

* ``NAME``, and ``DISTRIBUTIONS``: the packages that it needs, as they are called in an index;
* ``probed(source, **options)``: an application with the pages of ``pages.PAGES``, corsmith
  installed in it, as a function from a request to its reply;
* ``scripted(source, app, **options)``: an application that answers every method and path as
  ``app`` says, likewise;
* ``swappable(source)``: the pages again, as a pair: the function, and another that puts a
  policy in force in their place;

* ``PER_ROUTE``: its idiom for the policy of one route, for the table in the documentation;

and, where its framework cannot be asked everything, ``can_ask(request, app) -> bool``; where it
answers a probe with another status than most, ``STATUSES``: by the probe's name.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from corsmith import Policy, PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from tests.adapters.hosts import App, Reply, Request
    from tests.frameworks.pages import Probe

    Ask = Callable[[Request], Reply]

NAMES = tuple(sorted(module.name for module in iter_modules(__path__)))
"""The hosts that there are; importing one imports its framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One framework, and how it is asked."""

    key: str
    module: ModuleType

    @property
    def name(self) -> str:
        """What people call the framework."""
        name: str = self.module.NAME
        return name

    @property
    def distributions(self) -> tuple[str, ...]:
        """The packages that it needs."""
        distributions: tuple[str, ...] = self.module.DISTRIBUTIONS
        return distributions

    @property
    def version(self) -> str:
        """The version that is installed."""
        return version(self.distributions[0])

    def probed(self, source: Any, **options: Any) -> Ask:
        """Return the pages behind corsmith."""
        ask: Ask = self.module.probed(source, **options)
        return ask

    def scripted(self, source: Any, app: App, **options: Any) -> Ask:
        """Return an application that does as it is told behind corsmith."""
        ask: Ask = self.module.scripted(source, app, **options)
        return ask

    def swappable(self, source: Any) -> tuple[Ask, Callable[[Any], None]]:
        """Return the pages, and what puts another policy in force."""
        pair: tuple[Ask, Callable[[Any], None]] = self.module.swappable(source)
        return pair

    @property
    def per_route(self) -> str:
        """How one route gets a policy of its own."""
        idiom: str = self.module.PER_ROUTE
        return idiom

    def statuses(self, probe: Probe) -> frozenset[int]:
        """Return the statuses that a probe may be answered with."""
        own: dict[str, set[int]] = getattr(self.module, "STATUSES", {})
        return frozenset(own.get(probe.name, probe.statuses))

    def can_ask(self, request: Request, app: App) -> bool:
        """Return whether the framework can be sent this, and can answer so."""
        return bool(self.module.can_ask(request, app)) if hasattr(self.module, "can_ask") else True


@cache
def host(key: str) -> Host:
    """Return one host; raises ``ImportError`` where its framework is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a framework warns of when it is loaded is its own
        module = import_module(f"{__name__}.{key}")
    return Host(key=key, module=module)


@cache
def calls_async(key: str) -> bool:
    """Return whether a host calls policy functions as ``async def``: it refuses the other."""
    try:
        host(key).probed(_exempt)
    except PolicyError:
        return True
    return False


def _exempt(*_shared: Any) -> Policy | None:
    return None


def is_installed(distributions: tuple[str, ...]) -> bool:
    """Return whether every package of these is installed."""
    try:
        return all(version(name) for name in distributions)
    except PackageNotFoundError:
        return False
